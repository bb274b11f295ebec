package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/grantway/grantway/internal/fair"
)

// The limits of one connection between calls: to say what is wanted, and to say nothing. Package httpapi has those of a call.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// maxStreams is how many calls one HTTP/2 connection carries at once, and receiveBuffer how much of their bodies it sends before they are read,
	// in bytes.
	maxStreams    = 100
	receiveBuffer = 256 << 10
	// abortWithin is how long calls that were cut off may take to end. Then their resources are closed.
	abortWithin = 5 * time.Second
)

// Started is what a server that answers tells about itself.
type Started struct {
	URL     string // where it is found from this machine
	Data    string
	RootKey string   // the key that was made at this, the first, start; else ""
	Demo    string   // the key to try the demonstration with; else ""
	People  []Person // of the demonstration, each with a link that signs in once
	Engine  string   // where the embedded engine's own API is offered, or ""
}

// Run opens a server, calls started when it answers, and serves until ctx ends. Calls that are under way are finished then.
func Run(ctx context.Context, c Config, started func(Started)) error {
	s, err := Open(ctx, c)
	if err != nil {
		return err
	}
	serving, end := context.WithCancelCause(ctx)
	defer end(nil)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		s.watch(serving, end)
	}()
	err = s.listenAndServe(serving, started)
	end(nil)
	<-watched
	if cause := context.Cause(serving); errors.Is(cause, errLeftBehind) {
		err = errors.Join(leftBehindFault(cause), err)
	}
	return errors.Join(err, s.Close())
}

// watchEvery is how often a gateway looks whether a migration has left it behind. It makes no change from the moment of the migration on; what it
// decides in between, it asks of a schema that it does not know.
const watchEvery = time.Second

// watch ends the serving once another gateway has migrated the store past this version.
func (s *Server) watch(ctx context.Context, end func(error)) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.admitted(ctx); errors.Is(err, errLeftBehind) {
				end(err)
				return
			}
		}
	}
}

func (s *Server) listenAndServe(ctx context.Context, started func(Started)) error {
	socket, err := net.Listen("tcp", s.config.Listen)
	if err != nil {
		return addressFault("--listen", s.config.Listen, err)
	}
	// The calls outlive ctx, which only says that no new ones are taken.
	calls, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	var underWay atomic.Int64
	server := &http.Server{
		Handler: counted(s.Handler(), &underWay), ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: max(maxHeaderBytes, s.config.MaxToken+maxHeaderBytes/2),
		BaseContext: func(net.Listener) context.Context { return calls },
		Protocols:   protocols(), HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams, MaxReceiveBufferPerConnection: receiveBuffer, MaxReceiveBufferPerStream: receiveBuffer,
		},
	}
	if s.config.TLSCert != "" {
		certificate, err := s.config.openCertificate()
		if err != nil {
			return errors.Join(err, socket.Close())
		}
		server.TLSConfig = certificate.config()
		go certificate.watch(calls)
	}
	connections := fair.Listen(calls, socket, s.config.MaxConnections, s.config.proxies.Trust)
	ended := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			ended <- server.ServeTLS(connections, "", "")
			return
		}
		ended <- server.Serve(connections)
	}()
	started(s.started(socket.Addr().String()))

	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.config.Log.Info("stopping; finishing running calls")
	s.stopping.Store(true)
	select {
	case err := <-ended:
		return err
	case <-time.After(s.config.StopDelay):
	}
	grace, cancel := context.WithTimeout(calls, s.config.StopTimeout)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		// An import is continued by repeating it, and so is everything else that is not answered.
		s.config.Log.Warn("running calls were cut off, because they took too long", "after", s.config.StopTimeout.String())
		cutOff()
		err := server.Close()
		waitFor(&underWay, abortWithin)
		return err
	}
	return nil
}

// counted counts the calls that are under way.
func counted(h http.Handler, underWay *atomic.Int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		underWay.Add(1)
		defer underWay.Add(-1)
		h.ServeHTTP(w, r)
	})
}

// waitFor waits until no call is running, or for this time at most.
func waitFor(underWay *atomic.Int64, most time.Duration) {
	for late := time.Now().Add(most); underWay.Load() > 0 && time.Now().Before(late); {
		time.Sleep(10 * time.Millisecond)
	}
}

// protocols are HTTP/1.1 and 2, the latter also without TLS.
func protocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return p
}

func (s *Server) started(address string) Started {
	return Started{URL: s.config.urlOf(address), Data: s.config.place(), RootKey: s.printOnce, Demo: s.demoKey, People: s.demoPeople, Engine: s.offers}
}
