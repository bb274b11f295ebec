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

// settingNames is the setting with the key that encrypts the numbers of entries.
const settingNames = "record.names"

// Names translates the numbers of entries into names for callers. A number counts everybody's changes, so two of them would reveal how active others
// are. The name is the number, encrypted as one block of AES with a key in the store. It stays the same as long as the store exists, also in backups.
// Names is safe for concurrent use.
type Names struct{ block cipher.Block }

// OpenNames reads the key. It returns nil if there is none yet.
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

// MakeNames is OpenNames, but creates the key if there is none. Only one process at a time may call it.
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

// Name returns the name of the entry with the number.
func (n *Names) Name(seq int64) string {
	var block [aes.BlockSize]byte
	binary.BigEndian.PutUint64(block[8:], uint64(seq))
	n.block.Encrypt(block[:], block[:])
	return hex.EncodeToString(block[:])
}

// Seq returns the number of the entry with the name, and false for an invalid name.
func (n *Names) Seq(name string) (int64, bool) {
	block, err := hex.DecodeString(name)
	if err != nil || len(block) != aes.BlockSize {
		return 0, false
	}
	n.block.Decrypt(block, block)
	return int64(binary.BigEndian.Uint64(block[8:])), binary.BigEndian.Uint64(block[:8]) == 0
}
