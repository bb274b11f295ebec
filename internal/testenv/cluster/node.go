package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// startWithin is how long a node may take until it answers.
const startWithin = time.Minute

// node is one spicedb process, which keeps its addresses when it is started again.
type node struct {
	api, dispatch, metrics string         // host:port
	release                []func() error // of the addresses
	log                    *os.File
	process                *exec.Cmd
	ended                  chan struct{} // closed when the process has ended
}

// start runs the process and waits until it accepts connections at all its addresses.
func (n *node) start(ctx context.Context, binary string, arguments []string) error {
	n.process = exec.Command(binary, append(arguments,
		"--grpc-addr", n.api, "--dispatch-cluster-addr", n.dispatch, "--metrics-addr", n.metrics)...)
	n.process.Env = append(os.Environ(), "SPICEDB_ENDS_WITH_STDIN=1")
	n.process.Stdout, n.process.Stderr = n.log, n.log
	if _, err := n.process.StdinPipe(); err != nil { // which closes when this process ends
		return err
	}
	if err := n.process.Start(); err != nil {
		return err
	}
	n.ended = make(chan struct{})
	go func(process *exec.Cmd, ended chan struct{}) {
		_ = process.Wait() // why it ended is in its log
		close(ended)
	}(n.process, n.ended)
	return n.await(ctx, "has not started", func() bool { return accepts(n.api) && accepts(n.dispatch) && accepts(n.metrics) })
}

// await waits until it is true, and fails where the process ends before.
func (n *node) await(ctx context.Context, problem string, is func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		if is() {
			return nil
		}
		select {
		case <-n.ended:
			return fmt.Errorf("the SpiceDB at %s has ended: its log is %s", n.api, n.log.Name())
		case <-ctx.Done():
			return fmt.Errorf("the SpiceDB at %s %s: its log is %s: %w", n.api, problem, n.log.Name(), ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func accepts(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// signal sends it to the process; one that has ended does not mind.
func (n *node) signal(s syscall.Signal) error {
	err := n.process.Process.Signal(s)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// figures is what the node says about itself to Prometheus.
func (n *node) figures(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.metrics+"/metrics", nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}
