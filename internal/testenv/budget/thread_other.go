//go:build unix && !linux

package budget

import "syscall"

// rusageThread counts the whole process, where a thread cannot be counted alone.
const rusageThread = syscall.RUSAGE_SELF
