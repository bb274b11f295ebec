package bulk

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/httpapi/problem"
)

func TestTheStreamIsNeverSilentForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := httptest.NewRecorder()
		s := newStream(w, problem.Writer{})
		require.NoError(t, s.Progress(Event{Phase: Checking, Rows: 1, Total: 2}))
		time.Sleep(5*time.Second + time.Second/2)
		s.close(Summary{Rows: 2}, nil, "")
		synctest.Wait()
		beats := strings.Count(w.Body.String(), `{"phase":"check","rows":1,"total":2}`)
		assert.GreaterOrEqual(t, beats, 4)
		assert.True(t, w.Flushed)
		assert.True(t, strings.HasSuffix(w.Body.String(), `{"summary":{"rows":2,"written":0,"pending":0,"unchanged":0,"expired":0,"rejected":0,"dry_run":false,"refused":false}}`+"\n"))
	})
}

func TestWhatAKilledServerLeftIsRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "imports")
	rows, err := stageIn(t, dir)
	require.NoError(t, err)
	require.NoError(t, rows.conn.Close())
	_, err = New(Config{Dir: dir})
	require.NoError(t, err)
	_, err = os.Stat(dir)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
