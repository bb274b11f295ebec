//go:build linux || darwin

package store

import (
	"os"
	"syscall"
)

// FreeSpace is how many bytes this process may still write to the volume on which the directory lies, and how many the volume holds in all.
// Both are 0 on systems that do not say.
func FreeSpace(dir string) (free, total int64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, os.NewSyscallError("statfs", err)
	}
	return int64(s.Bavail * uint64(s.Bsize)), int64(s.Blocks * uint64(s.Bsize)), nil // volumes are smaller than 8 EiB
}
