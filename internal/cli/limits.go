package cli

import (
	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/server"
)

// addLimitFlags are those that bound what callers can make a server do, and how it stops.
func addLimitFlags(cmd *cobra.Command, c *server.Config) {
	l, most, flags := &c.Limits, server.DefaultLimits, cmd.Flags()
	flags.Int64Var(&l.Body, "max-body", most.Body, "largest request body, in `BYTES`; imports have their own limit")
	flags.IntVar(&c.MaxToken, "max-token", server.DefaultMaxToken, "largest token of an OpenID provider, in `BYTES`, at most 1048576; proxies have their own limits for headers")
	flags.Int64Var(&l.ImportBody, "max-import", most.ImportBody, "largest import, in `BYTES`; 0 means no limit")
	flags.Int64Var(&c.MaxStaging, "max-staging", server.DefaultMaxStaging,
		"disk space that all imports and backups together can use, in `BYTES`; while others wait, one caller gets at most a quarter")
	flags.Int64Var(&c.MinFree, "min-free", server.DefaultMinFree,
		"disk space that imports and backups leave free, in `BYTES`, but at most a tenth of the volume")
	flags.IntVar(&l.Evaluations, "max-evaluations", most.Evaluations, "largest `NUMBER` of evaluations in one call, at most 1000")
	flags.IntVar(&c.MaxConnections, "max-connections", server.DefaultMaxConnections,
		"`NUMBER` of open connections, shared fairly among addresses; those of --trusted-proxies are not counted, and --engine-listen has as many of its own")
	flags.IntVar(&l.Calls, "max-calls", most.Calls,
		"`NUMBER` of checks and short reads served at the same time; while others wait, one caller gets at most a quarter of this and the next limits")
	markDefault(cmd, "max-calls", "2 for each core, at least 4; 256 with a database or a SpiceDB elsewhere")
	flags.IntVar(&l.Searches, "max-searches", most.Searches,
		"`NUMBER` of searches, batches, explanations, reviews and lists served at the same time")
	markDefault(cmd, "max-searches", "2 for each core, at least 4; 64 with a database or a SpiceDB elsewhere")
	flags.IntVar(&l.Changes, "max-changes", most.Changes, "`NUMBER` of changes accepted at the same time; they are made one after the other")
	flags.IntVar(&l.Transfers, "max-transfers", most.Transfers, "`NUMBER` of imports and exports served at the same time")
	flags.IntVar(&l.Waiting, "max-waiting", most.Waiting,
		"`NUMBER` of calls that can wait at each of these four limits; further calls are answered 429")
	flags.DurationVar(&l.Wait, "max-wait", most.Wait, "how long such a call waits before it is answered 429, as a `DURATION`")
	flags.Int64Var(&l.Buffers, "max-buffers", most.Buffers,
		"memory for the request bodies and answers of all calls together, in `BYTES`; imports and exports do not use it")
	flags.DurationVar(&l.Call, "call-timeout", most.Call,
		"how long a call can take before it is answered 503, as a `DURATION`; callers can ask for less with Grantway-Timeout: 250ms")
	flags.DurationVar(&l.Search, "search-timeout", most.Search, "how long a search can take before it is answered 503, as a `DURATION`")
	flags.DurationVar(&l.IO, "io-timeout", most.IO,
		"how long a caller can take to send a body or to read a part of an answer, as a `DURATION`; for imports and exports, each part")
	flags.Int64Var(&l.TransferRate, "min-transfer-rate", most.TransferRate,
		"slowest average rate of an import or export, in `BYTES` per second, checked after twice --io-timeout; 0 means no limit")
	flags.Float64Var(&l.KeyRate, "key-rate", most.KeyRate,
		"`CALLS` per second for one account key or user, with bursts of five times as many; 0 means no limit")
	flags.Float64Var(&l.StrangerRate, "stranger-rate", most.StrangerRate,
		"`CALLS` per second without valid credentials from one address (or IPv6 /64), with bursts of five times as many; 0 means no limit")
	flags.DurationVar(&c.StartTimeout, "start-timeout", server.DefaultStartTimeout,
		"how long to retry at the start while the database or SpiceDB does not answer, as a `DURATION`; 0 tries once")
	flags.DurationVar(&c.StopDelay, "stop-delay", 0,
		"how long to accept new calls after a signal to stop, while /readyz already fails, as a `DURATION`; gives load balancers time to notice")
	flags.DurationVar(&c.StopTimeout, "stop-timeout", server.DefaultStopTimeout,
		"how long running calls can take after that before they are cut off, as a `DURATION`")
}
