package spice

import (
	"crypto/sha256"
	"encoding/binary"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"google.golang.org/protobuf/proto"
)

// Digest stands for a part of a relationship where many are compared. Two parts that differ have different digests.
type Digest [16]byte

// Part is in which of so many parts of all relationships the one with the digest is.
func (d Digest) Part(of uint64) uint64 { return binary.BigEndian.Uint64(d[:]) % of }

// Identity is the digest of what SpiceDB tells relationships by: all but the caveat.
func Identity(r *v1.Relationship) Digest { return digestOf([]byte(key(r))) }

// Condition is the digest of the caveat.
func Condition(r *v1.Relationship) Digest {
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(r.GetOptionalCaveat())
	if err != nil {
		panic(err) // a defect: what came from the engine, or goes to it, is valid
	}
	return digestOf(data)
}

func digestOf(data []byte) (d Digest) {
	sum := sha256.Sum256(data)
	copy(d[:], sum[:])
	return d
}

// Name spells a relationship for people, without its caveat, in which there may be a secret.
func Name(r *v1.Relationship) string {
	s := r.GetSubject()
	name := decoded(r.GetResource()) + "#" + r.GetRelation() + "@" + decoded(s.GetObject())
	if s.GetOptionalRelation() != "" {
		name += "#" + s.GetOptionalRelation()
	}
	return name
}

func decoded(o *v1.ObjectReference) string { return o.GetObjectType() + ":" + Decode(o.GetObjectId()) }
