package cli

import (
	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/server"
)

// addLimitFlags are those that bound what callers can make a server do, and how it stops.
func addLimitFlags(cmd *cobra.Command, c *server.Config) {
	l, most, flags := &c.Limits, server.DefaultLimits, cmd.Flags()
	flags.Int64Var(&l.Body, "max-body", most.Body, "longest body of a call, in `BYTES`; imports have their own limit")
	flags.IntVar(&c.MaxToken, "max-token", server.DefaultMaxToken, "longest token of an OpenID provider, in `BYTES`, at most 1048576; proxies in front have limits of their own for headers")
	flags.Int64Var(&l.ImportBody, "max-import", most.ImportBody, "longest body of an import, in `BYTES`; 0 is no limit")
	flags.Int64Var(&c.MaxStaging, "max-staging", server.DefaultMaxStaging,
		"how many `BYTES` of the data directory's volume imports and backups may use together; while others wait, one caller has a quarter at most")
	flags.Int64Var(&c.MinFree, "min-free", server.DefaultMinFree,
		"how many `BYTES` imports and backups leave free on that volume, but at most a tenth of it")
	flags.IntVar(&l.Evaluations, "max-evaluations", most.Evaluations, "`NUMBER` of evaluations that one call may ask for, at most 1000")
	flags.IntVar(&c.MaxConnections, "max-connections", server.DefaultMaxConnections,
		"`NUMBER` of connections at a time, shared by address as the calls below are by caller; those of --trusted-proxies are not counted; as many again at --engine-listen")
	flags.IntVar(&l.Calls, "max-calls", most.Calls,
		"`NUMBER` of checks and short readings that are worked on at the same time; while others wait, one caller has at most a quarter of them, as of all below")
	markDefault(cmd, "max-calls", "2 for each core, at least 4; 256 with a database or a SpiceDB elsewhere")
	flags.IntVar(&l.Searches, "max-searches", most.Searches,
		"the same `NUMBER` for what costs more: searches, batches, explanations, reviews and lists")
	markDefault(cmd, "max-searches", "2 for each core, at least 4; 64 with a database or a SpiceDB elsewhere")
	flags.IntVar(&l.Changes, "max-changes", most.Changes, "`NUMBER` of changes that are accepted at the same time; they are made one after the other")
	flags.IntVar(&l.Transfers, "max-transfers", most.Transfers, "`NUMBER` of imports and exports that are worked on at the same time")
	flags.IntVar(&l.Waiting, "max-waiting", most.Waiting,
		"`NUMBER` of calls beyond each of these four that wait for a place, the callers in turn; the others are refused with 429")
	flags.DurationVar(&l.Wait, "max-wait", most.Wait, "how long they wait before they are refused, as a `DURATION`")
	flags.Int64Var(&l.Buffers, "max-buffers", most.Buffers,
		"memory for bodies that arrive and answers that leave, of all calls together, in `BYTES`; imports and exports need none of it")
	flags.DurationVar(&l.Call, "call-timeout", most.Call,
		"how long a call may take, as a `DURATION`, before it is answered with 503; callers ask for less with Grantway-Timeout: 250ms")
	flags.DurationVar(&l.Search, "search-timeout", most.Search, "the same for a search, as a `DURATION`")
	flags.DurationVar(&l.IO, "io-timeout", most.IO,
		"how long a caller may take to send a body, or to take a part of an answer, as a `DURATION`; for imports and exports, each part of both")
	flags.Int64Var(&l.TransferRate, "min-transfer-rate", most.TransferRate,
		"`BYTES` a second that a caller sends of an import, or takes of an export, at least: on average, and after twice --io-timeout; 0 is no limit")
	flags.Float64Var(&l.KeyRate, "key-rate", most.KeyRate,
		"`CALLS` a second that one account key or user may make, and five times as many at once; 0 is no limit")
	flags.Float64Var(&l.StrangerRate, "stranger-rate", most.StrangerRate,
		"`CALLS` a second from one address (or IPv6 /64) that bring no credentials, or bad ones, and five times as many at once; good ones are always let in; 0 is no limit")
	flags.DurationVar(&c.StartTimeout, "start-timeout", server.DefaultStartTimeout,
		"how long a start tries again, as a `DURATION`, while the database or the SpiceDB does not answer; 0 tries once")
	flags.DurationVar(&c.StopDelay, "stop-delay", 0,
		"how long new calls are still taken after the server was told to stop, as a `DURATION`, while /readyz says that it stops: for balancers to notice")
	flags.DurationVar(&c.StopTimeout, "stop-timeout", server.DefaultStopTimeout,
		"how long calls that are under way may take then, as a `DURATION`, before they are cut off")
}
