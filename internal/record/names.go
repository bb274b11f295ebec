package record

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/grantway/grantway/internal/store"
)

// settingNames names the setting that holds the key under which the numbers of entries are named.
const settingNames = "record.names"

// Names names entries to callers. The number of an entry counts the changes of everybody, so that whoever reads two of them learns how busy others
// are: callers are given the number as encrypted with a key of the store's, one block of AES. It stays the same for as long as the store lives,
// also in backups. It is safe for concurrent use.
type Names struct{ block cipher.Block }

// OpenNames reads the key. Where there is none yet it returns nil.
func OpenNames(tx *store.Tx) (*Names, error) {
	text, found, err := tx.Setting(settingNames)
	if err != nil || !found {
		return nil, err
	}
	key, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the setting %s is damaged: %w", settingNames, err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("the setting %s is damaged: %w", settingNames, err)
	}
	return &Names{block}, nil
}

// MakeNames is OpenNames, and makes the key where there is none. One process at a time does so.
func MakeNames(tx *store.Tx) (*Names, error) {
	if err := tx.LockChanges(); err != nil {
		return nil, err
	}
	names, err := OpenNames(tx)
	if err != nil || names != nil {
		return names, err
	}
	key := make([]byte, 16)
	rand.Read(key) // never fails: crypto/rand ends the process instead
	if err := tx.PutSetting(settingNames, hex.EncodeToString(key)); err != nil {
		return nil, err
	}
	return OpenNames(tx)
}

// Name is the name of the entry with the number.
func (n *Names) Name(seq int64) string {
	var block [aes.BlockSize]byte
	binary.BigEndian.PutUint64(block[8:], uint64(seq))
	n.block.Encrypt(block[:], block[:])
	return hex.EncodeToString(block[:])
}

// Seq is the number of the entry with the name, and false for what is no name of an entry.
func (n *Names) Seq(name string) (int64, bool) {
	block, err := hex.DecodeString(name)
	if err != nil || len(block) != aes.BlockSize {
		return 0, false
	}
	n.block.Decrypt(block, block)
	return int64(binary.BigEndian.Uint64(block[8:])), binary.BigEndian.Uint64(block[:8]) == 0
}
