package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReadyzTellsWhichPartIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down error
		asked := 0
		hang, stopping := make(chan struct{}), false
		a := &api{Config: Config{Stopping: func() bool { return stopping }}, parts: newParts(map[string]func(context.Context) error{
			"store": func(context.Context) error { return nil },
			"engine": func(context.Context) error {
				asked++
				return down
			},
			"mail": func(context.Context) error { // it does not even listen to its context
				<-hang
				return nil
			},
		}, slog.New(slog.DiscardHandler))}
		ready := func() (int, string) {
			began := time.Now()
			w := httptest.NewRecorder()
			a.readyz(w, nil)
			require.LessOrEqual(t, time.Since(began), readyWithin)
			return w.Code, w.Body.String()
		}
		status, text := ready()
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.JSONEq(t, `{"status":"unavailable","parts":{"store":"ok","engine":"ok","mail":"unavailable"}}`, text)

		close(hang)
		time.Sleep(readyFor)
		status, text = ready()
		require.Equal(t, http.StatusOK, status)
		require.JSONEq(t, `{"status":"ready","parts":{"store":"ok","engine":"ok","mail":"ok"}}`, text)

		time.Sleep(readyFor)
		asked, down = 0, errors.New("dial SECRET")
		for range 10 {
			status, text = ready()
			require.Equal(t, http.StatusServiceUnavailable, status)
			require.JSONEq(t, `{"status":"unavailable","parts":{"store":"ok","engine":"unavailable","mail":"ok"}}`, text)
		}
		require.Equal(t, 1, asked, "a part is not asked at the will of whoever calls")

		down = fmt.Errorf("since noon: %w", ErrBehind)
		time.Sleep(readyFor)
		status, text = ready()
		require.Equal(t, http.StatusOK, status, "questions are answered all the same")
		require.JSONEq(t, `{"status":"behind","parts":{"store":"ok","engine":"behind","mail":"ok"}}`, text)

		down, stopping = nil, true
		time.Sleep(readyFor)
		status, text = ready()
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.JSONEq(t, `{"status":"stopping","parts":{"store":"ok","engine":"ok","mail":"ok"}}`, text)
	})
}
