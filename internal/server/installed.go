package server

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/schema"
)

// settingInstalled names the setting that says what the engine was migrated to, and who may use it.
const settingInstalled = "engine.installed"

// release is what one release of this program says about itself (schema.Version).
type release struct {
	version int // of the schema and the folding
	oldest  int // the oldest version that may run beside it
}

// thisRelease is this program's.
var thisRelease = release{version: schema.Version, oldest: schema.Oldest}

// program is a gateway, as far as it concerns those that run beside it on the same store.
type program struct {
	Version int    `json:"version"`
	Digest  string `json:"digest"` // of all that it gives the engine: the schema, and its extension's relationships
}

func (r release) program(x *spice.Extension) (program, error) {
	relationships, err := x.Changes().Marshal()
	if err != nil {
		return program{}, err
	}
	sum := sha256.Sum256(append([]byte(x.Schema()+"\x00"), relationships...))
	return program{Version: r.version, Digest: hex.EncodeToString(sum[:])}, nil
}

// installed says what the engine was migrated to. The zero value is an engine that no such note was made of.
type installed struct {
	Programs []program `json:"programs"` // those that may run: the one that migrated last at the end, and before it those that may run beside it
	Folded   int       `json:"folded"`   // the version by which all facts were folded last: less than the last program's while its migration is under way
}

// last is the program that migrated last.
func (i installed) last() program {
	if len(i.Programs) == 0 {
		return program{}
	}
	return i.Programs[len(i.Programs)-1]
}

// admits reports whether the program may run.
func (i installed) admits(p program) bool {
	return slices.Contains(i.Programs, p) && i.Folded >= p.Version
}

// next is what a migration by the program of the release makes of it, and which programs may not run any more. What the schema loses, or what a
// version that is too old would fold otherwise, is what tells them from those that may. An older program migrates nothing back.
func (i installed) next(p program, r release, loses bool) (next installed, stopped []program, err error) {
	if newest := i.last().Version; newest > p.Version {
		return i, nil, access.Conflictf("", "the engine was migrated to version %d of the schema, by a newer Grantway; this one has version %d", newest, p.Version)
	}
	next.Folded = i.Folded
	for _, other := range i.Programs {
		switch {
		case other == p:
		case loses || other.Version < r.oldest:
			stopped = append(stopped, other)
		default:
			next.Programs = append(next.Programs, other)
		}
	}
	next.Programs = append(next.Programs, p)
	return next, stopped, nil
}

// loses reports whether a difference between schemas takes away what an older program may use: a changed permission is asked about as before, and
// what is added is not in its way.
func loses(difference []string) bool {
	return slices.ContainsFunc(difference, func(line string) bool {
		return line[0] == '-' || line[0] == '~' && !isPermission(line)
	})
}

// installedIn reads it, within a transaction.
func installedIn(tx *store.Tx) (i installed, err error) {
	text, found, err := tx.Setting(settingInstalled)
	if err != nil || !found {
		return i, err
	}
	if err := json.Unmarshal([]byte(text), &i); err != nil {
		return i, fmt.Errorf("cannot read the setting %s: %w", settingInstalled, err)
	}
	return i, nil
}

func (i installed) put(tx *store.Tx) error {
	text, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return tx.PutSetting(settingInstalled, string(text))
}

// errLeftBehind says that this gateway cannot run beside the one that has migrated the engine.
var errLeftBehind = errors.New("another gateway has migrated the store past this version")

// leftBehind is what a running gateway does when a migration has gone on without it: nothing more.
func leftBehind(p program) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		i, err := installedIn(tx)
		if err != nil || i.admits(p) {
			return err
		}
		return access.Unavailable(fmt.Errorf("%w: the engine was migrated to version %d of the schema, and this gateway has version %d",
			errLeftBehind, i.last().Version, p.Version))
	}
}
