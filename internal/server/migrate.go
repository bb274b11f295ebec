package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/outbox"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/spice/embedded"
	"github.com/grantway/grantway/internal/spice/zed"
	"github.com/grantway/grantway/internal/store"
)

// Plan is what a migration changes, or would change.
type Plan struct {
	Tables []string // what is done to tables in a database, a line each
	Schema []string // the differences in the engine's schema, a line each
	Refold bool     // all relationships are rebuilt from the facts
	Fresh  bool     // nothing has been installed before
	Beside []string // versions of the schema whose gateways may run on beside this program's
	Stops  []string // versions whose gateways may not: they make no change any more and do not start
}

// Difference says what Migrate would change, and changes nothing but the tables of a store in a file, which are brought up to date by being opened.
// What is in tables that are not up to date cannot be compared: then they are all that it tells of.
func Difference(ctx context.Context, c Config) (Plan, error) {
	if _, err := os.Stat(c.Data); err != nil && c.DatastoreURI == "" {
		return Plan{}, dataFault(c.Data, err)
	}
	if tables, err := pendingTables(ctx, c); err != nil || len(tables) > 0 {
		return Plan{Tables: tables}, err
	}
	return withBackend(ctx, c, func(b *backend, x *spice.Extension) (Plan, error) {
		s, err := b.standing(ctx, x)
		return s.plan, err
	})
}

// Migrate brings the store and the engine's schema up to date with this program, without serving, and says what it changed. Where that would leave
// other gateways behind, which share the store, it refuses unless they are said to have been stopped.
func Migrate(ctx context.Context, c Config, othersStopped bool) (plan Plan, err error) {
	tables, err := pendingTables(ctx, c)
	if err != nil {
		return Plan{}, err
	}
	return withBackend(ctx, c, func(b *backend, x *spice.Extension) (Plan, error) {
		err := b.store.Exclusively(ctx, func(ctx context.Context) error {
			if err := outbox.Claim(ctx, b.store, b.engine); err != nil {
				return claimFault(err)
			}
			s, err := b.standing(ctx, x)
			if err != nil {
				return err
			}
			plan = s.plan
			plan.Tables = tables
			if b.shared && len(plan.Stops) > 0 && !othersStopped {
				return &StartError{
					Problem: "other gateways cannot run beside this version:\n" + plan.String(),
					Advice:  "Stop all of them, then repeat this command with --others-stopped. Gateways that are still running can no longer make changes.",
				}
			}
			_, err = b.bring(ctx, x, s, c)
			return err
		})
		return plan, err
	})
}

// pendingTables tells what opening the store and the engine would do to tables in a database.
func pendingTables(ctx context.Context, c Config) (lines []string, err error) {
	if err := c.check(); err != nil || c.DatastoreURI == "" {
		return nil, err
	}
	database, names, err := store.Pending(ctx, c.DatastoreURI)
	if err != nil {
		return nil, databaseFault(err)
	}
	for _, name := range names {
		lines = append(lines, "the store's tables: "+name)
	}
	if c.SpiceDBEndpoint != "" {
		return lines, nil
	}
	from, to, err := embedded.Pending(ctx, embedded.Config{URI: c.DatastoreURI, Database: database})
	if err != nil {
		return nil, databaseFault(err)
	}
	if from != to {
		lines = append(lines, fmt.Sprintf("the engine's tables: from %s to %s", cmp.Or(from, "nothing"), to))
	}
	return lines, nil
}

func withBackend[T any](ctx context.Context, c Config, fn func(*backend, *spice.Extension) (T, error)) (found T, err error) {
	if err := c.check(); err != nil {
		return found, err
	}
	x, err := readExtension(c.SchemaExtension)
	if err != nil {
		return found, err
	}
	c.migrating = true
	b, err := openBackend(ctx, c)
	if err != nil {
		return found, err
	}
	found, err = fn(b, x)
	return found, errors.Join(c.remoteFault(err), b.close())
}

// standing is how the engine stands to this program.
type standing struct {
	empty   bool // the engine has no schema
	program program
	now     installed
	next    installed // after a migration by this program
	plan    Plan
}

// standing compares what is installed with what this program brings. It fails where a newer one was here, and this one was not told to stay.
func (b *backend) standing(ctx context.Context, x *spice.Extension) (s standing, err error) {
	text, err := b.engine.Schema(ctx)
	if err != nil {
		return s, err
	}
	s.empty = text == ""
	if s.plan.Schema, err = zed.Compare(text, x.Schema()); err != nil {
		return s, err
	}
	if s.program, err = b.release.program(x); err != nil {
		return s, err
	}
	if err := b.store.View(ctx, func(tx *store.Tx) (err error) {
		s.now, err = installedIn(tx)
		return err
	}); err != nil {
		return s, err
	}
	if s.fits() {
		s.next = s.now
		if s.program != s.now.last() {
			s.plan = Plan{} // what a newer one has added is not in the way
		}
		return s, nil
	}
	// Nobody runs beside this program on a store that it does not share.
	next, stopped, err := s.now.next(s.program, b.release, !b.shared || loses(s.plan.Schema))
	if err != nil {
		return s, newerFault(err)
	}
	s.next, s.plan.Fresh = next, s.empty && len(s.now.Programs) == 0
	s.plan.Refold = s.now.Folded != s.program.Version && !s.plan.Fresh
	if b.shared {
		s.plan.Beside, s.plan.Stops = versions(next.Programs[:len(next.Programs)-1]), versions(stopped)
	}
	return s, nil
}

// fits reports whether this program can run on what is there. The one that migrated last finds its own schema, unless somebody has changed it past
// Grantway; those beside it find more.
func (s standing) fits() bool {
	return !s.empty && s.now.admits(s.program) && (s.program != s.now.last() || len(s.plan.Schema) == 0)
}

// unfinished reports whether the first start on this store was interrupted after it had given the engine this program's schema: nobody else has ever
// run on it.
func (s standing) unfinished() bool {
	mine := len(s.now.Programs) == 0 || s.now.Folded == 0 && slices.Equal(s.now.Programs, []program{s.program})
	return mine && !s.empty && len(s.plan.Schema) == 0
}

// bring gives the engine the schema and the relationships of the extension, notes who may run on it, and brings it to the state of the store.
func (b *backend) bring(ctx context.Context, x *spice.Extension, s standing, c Config) (*outbox.Carrier, error) {
	undo, err := b.retract(ctx, x)
	if err != nil {
		return nil, err
	}
	if _, err := b.engine.Install(ctx, x); err != nil {
		return nil, errors.Join(schemaFault(c, err), undo(ctx))
	}
	if err := b.store.Update(ctx, func(tx *store.Tx) error {
		if s.empty || s.now.Folded == 0 { // nobody has run on it yet
			return s.next.put(tx)
		}
		return errors.Join(s.next.put(tx), b.announce(tx))
	}); err != nil {
		return nil, err
	}
	carrier, err := outbox.Open(ctx, b.store, b.engine, sharing.Project, c.Log)
	if err != nil {
		return nil, err
	}
	if s.next.Folded == s.program.Version {
		return carrier, nil
	}
	if s.plan.Refold {
		if err := carrier.Mend(ctx, sharing.Project); err != nil {
			return nil, err
		}
	}
	s.next.Folded = s.program.Version
	return carrier, b.store.Update(ctx, s.next.put)
}

// leftBehindFault says what to do once a migration has left a running gateway behind.
func leftBehindFault(err error) error {
	return &StartError{Problem: reason(err), Cause: err, Advice: "Start the version that migrated the engine."}
}

// misfitFault says what to do about an engine that this program does not fit.
func misfitFault(s standing) error {
	return &StartError{
		Problem: "the engine, which this gateway shares with others, has another schema than this gateway:\n" + s.plan.String(),
		Advice: "If this version or schema extension is the new one, run grantway migrate with the same flags (--dry-run changes nothing), then " +
			"start it. Otherwise start it like the others: the same version and --schema-extension.",
	}
}

func newerFault(err error) error {
	return &StartError{
		Problem: detail(err), Cause: err,
		Advice: "Start the newer version. If it can run beside older ones, you can also start this one with the schema extension that it had before.",
	}
}

// String tells a plan, a line for each change.
func (p Plan) String() string {
	lines := slices.Concat(p.Tables, p.Schema)
	if p.Refold {
		lines = append(lines, "all relationships are rebuilt from the facts")
	}
	if len(p.Beside) > 0 {
		lines = append(lines, fmt.Sprintf("gateways of schema version %s can keep running beside it", access.Listed(p.Beside)))
	}
	if len(p.Stops) > 0 {
		lines = append(lines, fmt.Sprintf("gateways of schema version %s that were started with another schema have to stop", access.Listed(p.Stops)))
	}
	return strings.Join(lines, "\n")
}

// versions lists the versions of the programs, each once.
func versions(programs []program) (all []string) {
	for _, p := range programs {
		all = append(all, strconv.Itoa(p.Version))
	}
	return slices.Compact(all)
}

// isPermission reports whether a line of a difference is about the expression of a permission.
func isPermission(line string) bool { return strings.Contains(line, ": permission ") }
