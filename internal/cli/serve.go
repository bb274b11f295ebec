package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantway/grantway/internal/server"
)

const (
	defaultData = "./grantway-data"
	demoData    = "./grantway-demo"
)

func newServe(std streams) *cobra.Command {
	var c server.Config
	var l logging
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "run the server",
		Long: `Runs the server until it is interrupted. Without flags it needs nothing else: relationships and facts are in two files in the data directory.
Its first start prints the first account key, once, unless GRANTWAY_ROOT_KEY is set.

With GRANTWAY_DATASTORE_URI they are in a database, which several servers can share: facts in its schema "grantway", relationships in
"public". Each server has a data directory of its own, and all of them the same GRANTWAY_HASH_KEY. A server takes at most 16 connections
for the facts (pool_max_conns=N in the URI says otherwise) and 12 for the relationships.

Secrets are kept hashed, with a key that is not in the store: GRANTWAY_HASH_KEY, or the file hash.key in the data directory. To replace it,
put a new one (openssl rand -hex 32) before it, as the first line of the file, and start again. What was hashed with the old one is known
until that is taken out, and hashed anew when it is used.

Users call with the tokens of OpenID providers: --oidc-issuer and --oidc-audience name one; --oidc-config names a file that describes several, and what
their claims give. The README says what is in it.

--demo loads the worked examples of the access model, into a data directory of its own, and prints commands to try.`,
		Example: `  grantway serve --demo
  grantway serve --listen 127.0.0.1:9000 --data /var/lib/grantway`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := l.logger(std.err)
			if err != nil {
				return misuse(cmd, err)
			}
			c.Log = log
			if c.OIDCClockSkew == 0 { // the default otherwise
				c.OIDCClockSkew = server.NoOIDCClockSkew
			}
			slog.SetDefault(log)
			if c.Demo && !cmd.Flags().Changed("data") {
				c.Data = demoData
			}
			if c.EngineWritable {
				log.Warn("--engine-writable: clients of the engine can change access past every rule, and without a record")
			}
			server.TuneRuntime()
			return served(server.Run(cmd.Context(), c, func(s server.Started) { greet(std.out, s) }))
		},
	}
	addStorageFlags(cmd, &c)
	flags := cmd.Flags()
	flags.StringVar(&c.Listen, "listen", "127.0.0.1:8080", "`HOST:PORT` of the HTTP API")
	flags.StringVar(&c.PublicURL, "public-url", "", "`URL` at which callers find the server, https or on this machine, needed behind a proxy that ends TLS; with a path (https://HOST/PATH) everything is served under that path, too")
	markDefault(cmd, "public-url", "made from --listen")
	flags.StringVar(&c.TLSCert, "tls-cert", "", "PEM `FILE` with the certificate, to serve with TLS")
	flags.StringVar(&c.TLSKey, "tls-key", "", "PEM `FILE` with the certificate's key")
	flags.StringSliceVar(&c.TrustedProxies, "trusted-proxies", nil,
		"`RANGES` (CIDR, separated by commas) of the proxies in front of the server, whose X-Forwarded-For is believed")
	markDefault(cmd, "trusted-proxies", "none")
	flags.StringVar(&c.RootKey, "root-key", "",
		"first account `KEY`, of 128 bits or more (openssl rand -base64 32); rather give it as a variable, since other users see the flags of a program")
	markDefault(cmd, "root-key", "made at the first start and printed once")
	flags.StringVar(&c.HashKey, "hash-key", "",
		"`KEY` that hashes secrets, as hexadecimal; several, separated by commas, with the current one first; rather give it as a variable")
	markDefault(cmd, "hash-key", "hash.key in the data directory, made at the first start")
	flags.StringVar(&c.OIDCIssuer, "oidc-issuer", "", "`URL` of the OpenID provider whose tokens (JWTs) users may call with")
	flags.StringSliceVar(&c.OIDCAudience, "oidc-audience", nil, "`AUDIENCES` (separated by commas) of which its tokens must name one")
	markDefault(cmd, "oidc-audience", "none")
	flags.Var(&onlyOnce{to: &c.OIDCConfig}, "oidc-config", "YAML `FILE` of OpenID providers, with what the claims of their tokens mean")
	flags.DurationVar(&c.OIDCClockSkew, "oidc-clock-skew", server.DefaultOIDCClockSkew,
		"how far the clocks of OpenID providers may be ahead of the server's, as a `DURATION`, at most 1h; expired tokens are always refused")
	flags.StringVar(&c.SMTPURL, "smtp-url", "", "`URL` of the mail server, smtp://USER:PASSWORD@HOST:PORT or smtps://…; rather give it as a variable, for the password")
	markDefault(cmd, "smtp-url", "no e-mails")
	flags.StringVar(&c.MailFrom, "mail-from", "", "`SENDER` of all e-mails, such as \"Grantway <no-reply@example.org>\"")
	flags.IntVar(&c.OutsideMails, "outside-mails", server.DefaultOutsideMails,
		"`NUMBER` of e-mails that an actor can cause to people outside their organizations in an hour, a tenth of them from one organization to one person; more are sent later")
	flags.DurationVar(&c.RequestTTL, "request-ttl", server.DefaultRequestTTL,
		"how long a request to share waits for its decision, as a `DURATION` such as 720h")
	flags.DurationVar(&c.InvitationTTL, "invitation-ttl", server.DefaultInvitationTTL, "how long an invitation can be accepted, as a `DURATION` such as 72h")
	flags.BoolVar(&c.Demo, "demo", false, "load the worked examples into "+demoData+", unless --data says otherwise, and print commands to try")
	flags.DurationVar(&c.RecordRetention, "record-retention", 0, "how long entries of the record are kept, as a `DURATION` such as 8760h; 0 is for ever")
	flags.StringVar(&c.RecordDecisions, "record-decisions", "none",
		"which `DECISIONS` are recorded beside the changes: none, denials or all; the last instants' are lost if the server is killed")
	flags.StringVar(&c.EngineListen, "engine-listen", "", "`HOST:PORT` at which the embedded engine's own SpiceDB API is offered, for reading")
	flags.StringVar(&c.EngineToken, "engine-token", "", "`TOKEN` that clients of the engine must send")
	flags.BoolVar(&c.EngineWritable, "engine-writable", false,
		"let clients of the engine write relationships too, past every rule of the model and without a record")
	addLimitFlags(cmd, &c)
	l.addTo(cmd)
	return cmd
}

// addStorageFlags are those of the commands that open the store and the engine themselves.
func addStorageFlags(cmd *cobra.Command, c *server.Config) {
	flags := cmd.Flags()
	flags.StringVar(&c.Data, "data", defaultData, "`DIRECTORY` of the store, the embedded engine and the key that hashes secrets")
	flags.StringVar(&c.DatastoreURI, "datastore-uri", "",
		"`URI` of a PostgreSQL or CockroachDB for store and engine, postgres://USER:PASSWORD@HOST:PORT/DATABASE; rather give it as a variable, for the password")
	markDefault(cmd, "datastore-uri", "files in --data")
	flags.Var(&onlyOnce{to: &c.SchemaExtension}, "schema-extension", "SpiceDB validation `FILE` with definitions beside the built-in ones; one at most")
	flags.StringVar(&c.SpiceDBEndpoint, "spicedb-endpoint", "", "`HOST:PORT` of a SpiceDB to use instead of the embedded engine; those of its nodes are separated by commas")
	flags.StringVar(&c.SpiceDBToken, "spicedb-token", "", "`TOKEN` (preshared key) of that SpiceDB")
	flags.StringVar(&c.SpiceDBCA, "spicedb-ca", "", "PEM `FILE` with the certificate authority of that SpiceDB")
	markDefault(cmd, "spicedb-ca", "those of the system")
	flags.BoolVar(&c.SpiceDBInsecure, "spicedb-insecure", false, "speak to that SpiceDB without TLS")
}

// onlyOnce is a flag for a text that is refused when it comes again: the last one would stand, and the others would be left out without a word.
type onlyOnce struct {
	to  *string
	set bool
}

func (o *onlyOnce) String() string {
	if o.to == nil {
		return ""
	}
	return *o.to
}

func (o *onlyOnce) Set(text string) error {
	if o.set {
		return fmt.Errorf("it comes twice, and there can be only one; %q is the first", *o.to)
	}
	*o.to, o.set = text, true
	return nil
}

func (o *onlyOnce) Type() string { return "string" }

// logging is the flags about the log, which goes to standard error.
type logging struct {
	format, level string
}

func (l *logging) addTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.format, "log-format", "text", "`FORMAT` of the log: text or json")
	cmd.Flags().StringVar(&l.level, "log-level", "info", "least `LEVEL` that is logged: debug, info, warn or error")
}

func (l *logging) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.level)); err != nil {
		return nil, fmt.Errorf("--log-level is debug, info, warn or error, not %q", l.level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format is text or json, not %q", l.format)
}

// served adds the advice of package server to its errors.
func served(err error) error {
	var f *server.StartError
	if errors.As(err, &f) {
		return hinted(f, "%s", f.Advice)
	}
	return err
}

// greet tells people that the server answers, and what to do first.
func greet(w io.Writer, s server.Started) {
	fmt.Fprintf(w, "Grantway answers at %s (reference: %s/docs)\nIts data is in %s\n", s.URL, s.URL, s.Data)
	if s.Engine != "" {
		fmt.Fprintf(w, "The engine's SpiceDB API is at %s\n", s.Engine)
	}
	if s.RootKey != "" {
		fmt.Fprintf(w, "\nThis is the first account key. It is not shown again:\n\n  %s\n\nGive it to the other commands: export GRANTWAY_KEY=%s\n",
			s.RootKey, s.RootKey)
	}
	if s.Demo != "" {
		greetDemo(w, s)
	}
}

// greetDemo prints commands that can be pasted into another terminal as they stand.
func greetDemo(w io.Writer, s server.Started) {
	fmt.Fprintf(w, "Its account key is %s\n\nTry this in another terminal:\n", s.Demo)
	call := "GRANTWAY_KEY=" + s.Demo + " "
	if s.URL != defaultServer {
		call += "GRANTWAY_SERVER=" + s.URL + " "
	}
	call += commandName()
	for _, example := range []struct{ tells, args string }{
		{"May carla, a client of the agency, use its chatbot otherbot? Not yet:", "check user:carla interact chatbot:otherbot"},
		{"Share it with her:", "share otherbot user:carla use_only"},
		{"Now she may. The first command says so, too:", "check user:carla interact chatbot:otherbot --output json"},
		{"devon reads the conversations of supportbot. Why may he change nothing there?", "explain user:devon update chatbot:supportbot"},
	} {
		fmt.Fprintf(w, "\n%s\n  %s %s\n", example.tells, call, example.args)
	}
	fmt.Fprintf(w, "\nStop the server with Ctrl-C. What was shared is still there when it starts again.\n")
}

// commandName is how this program is called from another terminal, whatever the directory there.
func commandName() string {
	self, err := os.Executable()
	if err != nil {
		return "grantway"
	}
	if found, err := exec.LookPath("grantway"); err == nil && sameFile(found, self) {
		return "grantway"
	}
	return shellQuote(self)
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// shellQuote makes one word of s, for a shell.
func shellQuote(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+:", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
