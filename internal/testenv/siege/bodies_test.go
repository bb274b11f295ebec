package siege_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// slowBodies begin calls whose bodies do not come.
var slowBodies = attack{
	name:    "A2",
	does:    "300 questions and 80 changes of 1,000,000 bytes of which one comes, a few without credentials, and 4 imports of a byte each 8 s",
	exports: true,
	wage: func(ctx context.Context, s *siege) {
		kinds := []struct {
			n                 int
			what, credentials string
		}{
			{256, "POST /access/v1/evaluation", s.nobody}, {44, "POST /access/v1/evaluation", ""},
			{64, "PUT /v1/chatbots/malbot/shares/user:alice", s.nobody}, {16, "PUT /v1/chatbots/malbot/shares/user:alice", ""},
			{3, "POST /v1/imports?format=csv&dry_run=true", s.nobody}, {1, "POST /v1/imports?format=csv", s.mallory}, // who has a right to import
		}
		var all sync.WaitGroup
		for _, k := range kinds {
			all.Go(func() {
				among(ctx, k.n, func(ctx context.Context, i int) {
					s.holdBody(ctx, i, k.what, k.credentials)
					pause(ctx, 100*time.Millisecond)
				})
			})
		}
		all.Wait()
	},
}

// holdBody sends a call without most of its body, until the server breaks it off.
func (s *siege) holdBody(ctx context.Context, i int, what, credentials string) {
	conn, err := dialer(attackersFrom[i%len(attackersFrom)]).DialContext(ctx, "tcp", s.server.address)
	if err != nil {
		s.answered("%s: no connection: %v", what, unwrapped(err))
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	header := "Content-Type: application/json\r\nContent-Length: 1000000\r\n"
	if credentials != "" {
		header += "Authorization: Bearer " + credentials + "\r\n"
	}
	if _, err := fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\n%s\r\n{", what, s.server.address, header); err != nil {
		s.answered("%s: %v", what, unwrapped(err))
		return
	}
	if strings.Contains(what, "import") {
		go func() { // a byte each 8 s
			for pause(ctx, 8*time.Second); ctx.Err() == nil; pause(ctx, 8*time.Second) {
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
			}
		}()
	}
	line := make([]byte, 12)
	if _, err := io.ReadFull(conn, line); err != nil {
		if ctx.Err() == nil {
			s.answered("%s: %v", what, unwrapped(err))
		}
		return
	}
	s.answered("%s: %s", what, strings.TrimPrefix(string(line), "HTTP/1.1 "))
}
