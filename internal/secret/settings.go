package secret

import (
	"crypto/hmac"
	"errors"
)

const (
	// settingHashKey names the setting in which earlier versions kept the hash key itself.
	settingHashKey = "secret.hash_key"
	// settingCheck names the setting by which the store knows its hash key: the digest of checked under it.
	settingCheck = "secret.check"
	checked      = "the key that hashes the secrets of this store"
)

// ErrOtherKey says that the store's secrets were hashed with a key that is not among those given: nothing that was made with it would be
// known again.
var ErrOtherKey = errors.New("the secrets in the store were hashed with another key")

// Settings is where a store remembers which hash key it was used with; a transaction of the store is one.
type Settings interface {
	Setting(name string) (string, bool, error)
	PutSetting(name, value string) error
	DeleteSetting(name string) error
}

// Origin says where a store's hash key must come from.
type Origin struct {
	Kept string // the key itself, in hexadecimal, where an earlier version kept it in the store; else ""
	Used bool   // whether the store was used with a key, so that a new one would not do
}

// OriginOf reads it.
func OriginOf(s Settings) (o Origin, err error) {
	if o.Kept, o.Used, err = s.Setting(settingHashKey); err != nil || o.Used {
		return o, err
	}
	_, o.Used, err = s.Setting(settingCheck)
	return o, err
}

// Confirm refuses keys of which none is the one that the store was used with last, with ErrOtherKey. Else it notes the current one, and takes
// a key that an earlier version kept out of the store: the caller keeps it elsewhere, already. All happens in the caller's transaction.
func (h *Hasher) Confirm(s Settings) error {
	kept, found, err := s.Setting(settingHashKey)
	if err != nil {
		return err
	}
	if found {
		of, err := ParseHasher(kept)
		if err != nil {
			return err
		}
		if !h.Knows(of.Digest(checked)) {
			return ErrOtherKey
		}
		if err := s.DeleteSetting(settingHashKey); err != nil {
			return err
		}
	}
	check, found, err := s.Setting(settingCheck)
	if err != nil {
		return err
	}
	if found && !h.Knows(check) {
		return ErrOtherKey
	}
	return s.PutSetting(settingCheck, h.Digest(checked))
}

// Checks are what the keys are known by to who has the same, the current one first. They are of no use for finding out a key.
func (h *Hasher) Checks() []string { return h.Digests(checked) }

// Knows reports whether the check value was made under one of the keys.
func (h *Hasher) Knows(check string) bool {
	for _, d := range h.Checks() {
		if hmac.Equal([]byte(d), []byte(check)) {
			return true
		}
	}
	return false
}
