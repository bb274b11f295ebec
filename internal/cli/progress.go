package cli

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/grantway/grantway/internal/client"
)

// progress draws how far an import is: first the bytes that were sent, then the rows of each phase. Without a terminal it draws nothing.
type progress struct {
	terminal io.Writer // nil without one
	bar      *progressbar.ProgressBar
	phase    string
}

func newProgress(w io.Writer, size int64) *progress {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return &progress{}
	}
	p := &progress{terminal: w}
	p.bar = p.draw("sending", size, progressbar.OptionShowBytes(true))
	return p
}

func (p *progress) draw(phase string, total int64, more ...progressbar.Option) *progressbar.ProgressBar {
	p.phase = phase
	if total == 0 {
		total = -1 // a spinner
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(p.terminal), progressbar.OptionSetDescription(phase), progressbar.OptionSetWidth(30),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100 * time.Millisecond), progressbar.OptionClearOnFinish(),
	}
	return progressbar.NewOptions64(total, append(options, more...)...)
}

// sent notes that n more bytes are on their way.
func (p *progress) sent(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n) // fails only where the terminal is gone
	}
}

// event notes how many rows of a phase are done.
func (p *progress) event(e client.Event) {
	if p.bar == nil {
		return
	}
	if e.Phase != p.phase {
		p.clear()
		p.bar = p.draw(e.Phase, e.Total, progressbar.OptionSetItsString("rows"), progressbar.OptionShowIts())
	}
	_ = p.bar.Set64(e.Rows) // fails only where the terminal is gone
}

// clear makes room for a line of text.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear() // fails only where the terminal is gone
	}
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish() // fails only where the terminal is gone
	}
}
