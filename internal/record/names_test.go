package record

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/store"
	"github.com/grantway/grantway/internal/testenv/postgres"
)

// TestC5NamesOfEntriesCountNothing: two that follow each other have nothing in common, and only the store knows their order.
func TestC5NamesOfEntriesCountNothing(t *testing.T) {
	for database, uri := range map[string]string{"SQLite": "", "PostgreSQL": postgres.Database(t)} {
		t.Run(database, func(t *testing.T) {
			db := open(t)
			if uri != "" {
				var err error
				db, err = store.Open(t.Context(), uri)
				require.NoError(t, err)
			}
			defer db.Close()
			made := make([]*Names, 4) // by several gateways at once
			var all sync.WaitGroup
			for i := range made {
				all.Go(func() {
					if err := db.Update(t.Context(), func(tx *store.Tx) (err error) { made[i], err = MakeNames(tx); return err }); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			seen := map[string]bool{}
			for seq := int64(1); seq <= 1000; seq++ {
				name := made[0].Name(seq)
				require.Len(t, name, 32)
				require.False(t, seen[name[:8]] || seen[name[24:]], "names have a part in common")
				seen[name[:8]], seen[name[24:]] = true, true
				for _, other := range made {
					got, ok := other.Seq(name)
					require.True(t, ok)
					require.Equal(t, seq, got)
				}
			}
			for _, none := range []string{"", "1", "0000000000000001", made[0].Name(1)[:31], made[0].Name(1) + "00", "00000000000000000000000000000001"} {
				_, ok := made[0].Seq(none)
				require.False(t, ok, none)
			}
		})
	}
}
