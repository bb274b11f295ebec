// Package deps pins dependencies while the code that uses them is being written.
package deps

import (
	_ "github.com/authzed/authzed-go/v1"
	_ "github.com/authzed/spicedb/pkg/cmd/server"
	_ "github.com/authzed/spicedb/pkg/datastore"
	_ "github.com/authzed/spicedb/pkg/datastore/test"
	_ "github.com/authzed/spicedb/pkg/development"
	_ "github.com/cockroachdb/cockroach-go/v2/crdb"
	_ "github.com/danielgtaylor/huma/v2"
	_ "github.com/danielgtaylor/huma/v2/adapters/humago"
	_ "github.com/google/uuid"
	_ "github.com/pressly/goose/v3"
	_ "github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/spf13/cobra"
	_ "github.com/spf13/viper"
	_ "github.com/stretchr/testify/require"
	_ "github.com/swaggest/swgui/v5emb"
	_ "golang.org/x/net/idna"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/term"
	_ "modernc.org/sqlite"
	_ "zombiezen.com/go/sqlite"
	_ "zombiezen.com/go/sqlite/sqlitex"
	_ "gopkg.in/yaml.v3"
)
