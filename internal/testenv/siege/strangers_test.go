package siege_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// strangers ask for what everybody may read, on HTTP/2 with a window of 0 bytes and on HTTP/1.1 with the smallest buffer, and never read the answers.
var strangers = attack{
	name: "A1",
	does: "strangers ask for open pages on 4 HTTP/2 connections of 97 streams and 90 HTTP/1.1 connections, and never read the answers",
	wage: func(ctx context.Context, s *siege) {
		among(ctx, floods+90, func(ctx context.Context, i int) {
			from, pages := attackersFrom[i%len(attackersFrom)], openPages
			if i < floods-1 {
				pages = pages[:1]
			}
			if i < floods {
				s.floodHTTP2(ctx, from, pages)
			} else {
				s.holdHTTP1(ctx, from, pages[i%len(pages)])
			}
			pause(ctx, 200*time.Millisecond)
		})
	},
}

// floods is how many HTTP/2 connections there are. All but the last ask for the longest page only.
const floods = 4

var openPages = []string{"/openapi.json", "/docs", "/.well-known/authzen-configuration", "/metrics"}

// pause waits for a while, or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// floodHTTP2 keeps 97 streams open on one connection, until that is broken off.
func (s *siege) floodHTTP2(ctx context.Context, from string, pages []string) {
	conn, err := dialer(from).DialContext(ctx, "tcp", s.server.address)
	if err != nil {
		s.answered("HTTP/2: no connection: %v", unwrapped(err))
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	f := &flood{siege: s, pages: pages, conn: conn, framer: http2.NewFramer(conn, bufio.NewReader(conn))}
	f.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.encoder = hpack.NewEncoder(&f.block)
	if err := f.begin(97); err == nil {
		err = f.refill()
		s.answered("HTTP/2: the connection ended: %v", unwrapped(err))
	}
}

// unwrapped is what an error says without addresses.
func unwrapped(err error) error {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok || inner.Unwrap() == nil {
			return err
		}
		err = inner.Unwrap()
	}
}

// flood is one connection.
type flood struct {
	*siege
	pages   []string
	conn    net.Conn
	framer  *http2.Framer
	encoder *hpack.Encoder
	block   bytes.Buffer
	next    uint32 // stream
}

func (f *flood) begin(streams int) error {
	if _, err := io.WriteString(f.conn, http2.ClientPreface); err != nil {
		return err
	}
	if err := f.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}); err != nil {
		return err
	}
	f.next = 1
	for range streams {
		if err := f.open(); err != nil {
			return err
		}
	}
	return nil
}

// open asks for a page on a new stream.
func (f *flood) open() error {
	f.block.Reset()
	for _, h := range [][2]string{
		{":method", "GET"}, {":scheme", "http"}, {":authority", f.server.address}, {":path", f.pages[int(f.next/2)%len(f.pages)]},
	} {
		if err := f.encoder.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]}); err != nil {
			return err
		}
	}
	err := f.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: f.next, BlockFragment: f.block.Bytes(), EndStream: true, EndHeaders: true})
	f.next += 2
	return err
}

// refill opens a stream for each one that ends, at most 50 a second.
func (f *flood) refill() error {
	for {
		frame, err := f.framer.ReadFrame()
		if err != nil {
			return err
		}
		ended := false
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				err = f.framer.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !frame.IsAck() {
				err = f.framer.WritePing(true, frame.Data)
			}
		case *http2.MetaHeadersFrame:
			f.answered("HTTP/2: %s", frame.PseudoValue("status"))
			ended = frame.StreamEnded()
		case *http2.DataFrame:
			ended = frame.StreamEnded()
		case *http2.RSTStreamFrame:
			f.answered("HTTP/2: reset: %s", frame.ErrCode)
			ended = true
		case *http2.GoAwayFrame:
			return fmt.Errorf("go away: %s", frame.ErrCode)
		}
		if err == nil && ended {
			time.Sleep(20 * time.Millisecond)
			err = f.open()
		}
		if err != nil {
			return err
		}
	}
}

// holdHTTP1 asks for a page and reads a byte of it.
func (s *siege) holdHTTP1(ctx context.Context, from, page string) {
	d := dialer(from)
	d.Control = func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 1) })
	}
	conn, err := d.DialContext(ctx, "tcp", s.server.address)
	if err != nil {
		s.answered("HTTP/1.1: no connection: %v", unwrapped(err))
		return
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", page, s.server.address); err != nil {
		s.answered("HTTP/1.1: %v", unwrapped(err))
		return
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	line := make([]byte, 12)
	if _, err := io.ReadFull(conn, line); err != nil {
		s.answered("HTTP/1.1: %v", unwrapped(err))
		return
	}
	s.answered("HTTP/1.1: %s", strings.TrimPrefix(string(line), "HTTP/1.1 "))
	pause(ctx, time.Minute)
}
