package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// The limits of one connection. A body may take as long as it needs, for an import is a long one; what may not take long is to say what
// is wanted, and to say nothing.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	// finishWithin is how long calls that are under way may take after the server was told to stop. An import that takes longer is cut off,
	// and continued by repeating it.
	finishWithin = 20 * time.Second
)

// Started is what a server that answers tells about itself.
type Started struct {
	URL     string // where it is found from this machine
	Data    string
	RootKey string // the key that was made at this, the first, start; else ""
	Demo    string // the key to try the demonstration with; else ""
	Engine  string // where the embedded engine's own API is offered, or ""
}

// Run opens a server, calls started when it answers, and serves until ctx ends. Calls that are under way are finished then.
func Run(ctx context.Context, c Config, started func(Started)) error {
	s, err := Open(ctx, c)
	if err != nil {
		return err
	}
	err = s.listenAndServe(ctx, started)
	return errors.Join(err, s.Close())
}

func (s *Server) listenAndServe(ctx context.Context, started func(Started)) error {
	socket, err := net.Listen("tcp", s.config.Listen)
	if err != nil {
		return addressFault("--listen", s.config.Listen, err)
	}
	// The calls outlive ctx, which only says that no new ones are taken.
	calls, cutOff := context.WithCancel(context.WithoutCancel(ctx))
	defer cutOff()
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		BaseContext: func(net.Listener) context.Context { return calls },
		Protocols:   protocols(),
	}
	if s.config.TLSCert != "" {
		certificate, err := tls.LoadX509KeyPair(s.config.TLSCert, s.config.TLSKey)
		if err != nil {
			return errors.Join(fmt.Errorf("the TLS certificate cannot be used: %w", err), socket.Close())
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	ended := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			ended <- server.ServeTLS(socket, "", "")
			return
		}
		ended <- server.Serve(socket)
	}()
	started(s.started(socket.Addr().String()))

	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	s.config.Log.Info("stopping; calls that are under way are finished")
	grace, cancel := context.WithTimeout(calls, finishWithin)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		s.config.Log.Warn("calls were cut off, for they took too long to finish", "after", finishWithin.String())
		cutOff()
		return server.Close()
	}
	return nil
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
	return Started{URL: s.config.urlOf(address), Data: s.config.Data, RootKey: s.printOnce, Demo: s.demoKey, Engine: s.offers}
}
