package store

import (
	"errors"
	"os"
	"syscall"
)

// Lock opens the file at path so that nobody else can, and fails if somebody has. Windows closes it when the process ends, however it ends.
func Lock(path string) (release func() error, err error) {
	const sharingViolation = syscall.Errno(32) // ERROR_SHARING_VIOLATION
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, os.NewSyscallError("CreateFile", err)
	}
	return func() error { return syscall.CloseHandle(h) }, nil
}

// SyncDir does nothing: Windows writes changes of names to its own log.
func SyncDir(string) error { return nil }
