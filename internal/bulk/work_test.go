package bulk

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// TestAnImportCostsWhatItsRowsTouch: what else the store holds is neither read nor copied.
func TestAnImportCostsWhatItsRowsTouch(t *testing.T) {
	type work struct {
		rows  int   // read from the store and copied from it
		disk  int64 // bytes of it at the most
		asked int64 // questions to the engine
	}
	costs := func(others int) (w work) {
		e := newEnv(t)
		e.takes(root, "m.csv", memberFile)
		require.NoError(t, e.db.Update(t.Context(), func(tx *store.Tx) error {
			for i := range others {
				if err := tx.PutUser(access.User{ID: access.UserID(fmt.Sprint("other", i)), Name: "Somebody Else", Active: true}); err != nil {
					return err
				}
			}
			return nil
		}))
		q := e.bulk.quota
		q.space = func(string) (int64, int64, error) {
			w.disk = max(w.disk, q.used)
			return 0, 0, nil
		}
		spans := tracetest.NewSpanRecorder()
		ctx, call := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test").Start(t.Context(), "import")
		before := e.asked.Load()
		got := e.post(ctx, as("olga"), "dry_run=true", "f.jsonl", roles(300))
		call.End()
		w.asked = e.asked.Load() - before
		require.Equal(t, http.StatusOK, got.status)
		require.NotNil(t, got.sum)
		require.EqualValues(t, 300, got.sum.Written)
		for _, s := range spans.Ended() {
			for _, a := range s.Attributes() {
				if a.Key == "db.response.returned_rows" {
					w.rows += int(a.Value.AsInt64())
				}
			}
		}
		return w
	}
	few := costs(200)
	require.Positive(t, few.rows)
	require.Positive(t, few.disk)
	require.Less(t, few.asked, int64(10), "each question is asked once, however many rows ask it")
	require.Equal(t, few, costs(20_000))
}
