package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
)

// Holdings counts what an export holds, by kind.
type Holdings struct {
	Kinds    map[string]int64 // how many lines of each kind
	HashKeys []string         // what tells the keys under which its digests were made, the current one first; nil where it has none

	sums map[string]uint64 // of the lines of each kind, in any order
}

// kindHashKey is the kind of line that holds no fact: it tells the key under which the digests of an export were made.
const kindHashKey = "hash_key"

// NewHoldings holds nothing.
func NewHoldings() *Holdings { return &Holdings{Kinds: map[string]int64{}, sums: map[string]uint64{}} }

// exported is one line of an export, as far as it is read here.
type exported struct {
	Kind         string             `json:"kind"`
	Check        string             `json:"check"`
	User         string             `json:"user"`
	Email        string             `json:"email"`
	Deleted      bool               `json:"deleted"`
	Organization string             `json:"organization"`
	Team         string             `json:"team"`
	Chatbot      string             `json:"chatbot"`
	Owner        string             `json:"owner"`
	Principal    string             `json:"principal"`
	Feature      string             `json:"feature"`
	Limits       map[string]float64 `json:"limits"`
	EmailDomains []string           `json:"email_domains"`
	APIKey       string             `json:"api_key"`
	AllowedIPs   []string           `json:"allowed_ips"`
	Document     string             `json:"document"`
	MCPServer    string             `json:"mcp_server"`
	Metric       string             `json:"metric"`
	Allowed      []string           `json:"allowed"`
}

// add counts one line of an export as JSON Lines, and reads it.
func (h *Holdings) add(line []byte) (exported, error) {
	var e exported
	if err := json.Unmarshal(line, &e); err != nil || e.Kind == "" {
		return e, fmt.Errorf("%q is not a line of an export", line[:min(len(line), 80)])
	}
	if e.Kind == kindHashKey {
		h.HashKeys = append(h.HashKeys, e.Check)
		return e, nil
	}
	sum := fnv.New64a()
	sum.Write(line)
	h.Kinds[e.Kind]++
	h.sums[e.Kind] += sum.Sum64()
	return e, nil
}

// Same reports whether two exports hold the same of a kind.
func (h *Holdings) Same(other *Holdings, kind string) bool {
	return h.Kinds[kind] == other.Kinds[kind] && h.sums[kind] == other.sums[kind]
}

// HashesAlike reports whether what was digested at one place is known at the other: its current key is one of the other's. It is true where
// one of them has no digests.
func (h *Holdings) HashesAlike(other *Holdings) bool {
	return len(h.HashKeys) == 0 || len(other.HashKeys) == 0 || slices.Contains(other.HashKeys, h.HashKeys[0])
}

// Count reads an export as JSON Lines to its end.
func (h *Holdings) Count(r io.Reader) error {
	return h.read(r, func(exported) error { return nil })
}

func (h *Holdings) read(r io.Reader, each func(exported) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxAnswerBytes)
	for lines.Scan() {
		e, err := h.add(lines.Bytes())
		if err == nil {
			err = each(e)
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// holdings reads everything that the server has.
func (c *Client) holdings(ctx context.Context, each func(exported) error) (*Holdings, error) {
	h := NewHoldings()
	stream, into := io.Pipe()
	defer stream.Close()
	go func() { into.CloseWithError(c.Export(ctx, "jsonl", "", into)) }()
	if err := h.read(stream, each); err != nil {
		return nil, err
	}
	return h, nil
}

// errNothingToAsk says that there is nobody and nothing to ask about.
var errNothingToAsk = errors.New("the server to compare with has no data to ask about")
