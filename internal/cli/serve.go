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
		Short: "Run the server",
		Long: `Runs the server until it is interrupted. Without flags it needs nothing else: it keeps everything in two files in the data directory.
The first start prints the first account key, once, unless GRANTWAY_ROOT_KEY is set.

With GRANTWAY_DATASTORE_URI the server keeps everything in a database, which several servers can share: facts in the schema "grantway",
relationships in the schema "public". Each server has its own data directory, and all have the same GRANTWAY_HASH_KEY. A server opens up
to 16 connections for facts (change it with pool_max_conns=N in the URI) and up to 12 for relationships.

The store contains only hashes of secrets. The key that hashes them is not in the store: it is GRANTWAY_HASH_KEY, or the file hash.key in
the data directory. To replace it, put a new key (openssl rand -hex 32) on the first line of the file and restart the server. Secrets
hashed with an older key are accepted until you remove that key, and are hashed with the new key when they are next used.

Users call with tokens of OpenID providers. --oidc-issuer and --oidc-audience configure one provider. --oidc-config names a file that
describes several, and what their claims give; see deploy/sign-in.md.

--demo loads the worked examples of the access model into a data directory of its own, and prints commands to try.`,
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
				log.Warn("--engine-writable lets clients of the engine change access past every rule and without a record")
			}
			server.TuneRuntime()
			return served(server.Run(cmd.Context(), c, func(s server.Started) { greet(std.out, s) }))
		},
	}
	addStorageFlags(cmd, &c)
	flags := cmd.Flags()
	flags.StringVar(&c.Listen, "listen", "127.0.0.1:8080", "serve the HTTP API at this `HOST:PORT`")
	flags.StringVar(&c.PublicURL, "public-url", "", "`URL` at which callers reach the server: https, or http on this machine; required behind a proxy that ends TLS; with a path (https://HOST/PATH), everything is also served under that path")
	markDefault(cmd, "public-url", "made from --listen")
	flags.StringVar(&c.TLSCert, "tls-cert", "", "PEM `FILE` with the TLS certificate")
	flags.StringVar(&c.TLSKey, "tls-key", "", "PEM `FILE` with the key of the TLS certificate")
	flags.StringSliceVar(&c.TrustedProxies, "trusted-proxies", nil,
		"CIDR `RANGES` of proxies whose X-Forwarded-For is trusted, separated by commas")
	markDefault(cmd, "trusted-proxies", "none")
	flags.StringVar(&c.RootKey, "root-key", "",
		"first account `KEY`, with at least 128 bits (openssl rand -base64 32); prefer the variable, because other users can see flags")
	markDefault(cmd, "root-key", "made at the first start and printed once")
	flags.StringVar(&c.HashKey, "hash-key", "",
		"`KEY` that hashes secrets, in hexadecimal; several, separated by commas, with the current one first; prefer the variable")
	markDefault(cmd, "hash-key", "hash.key in the data directory, made at the first start")
	flags.StringVar(&c.OIDCIssuer, "oidc-issuer", "", "`URL` of the OpenID provider whose tokens (JWTs) users can call with")
	flags.StringSliceVar(&c.OIDCAudience, "oidc-audience", nil, "`AUDIENCES`, separated by commas; a token must name one of them")
	markDefault(cmd, "oidc-audience", "none")
	flags.Var(&onlyOnce{to: &c.OIDCConfig}, "oidc-config", "YAML `FILE` that describes OpenID providers and the meaning of their claims")
	flags.DurationVar(&c.OIDCClockSkew, "oidc-clock-skew", server.DefaultOIDCClockSkew,
		"how far the clocks of OpenID providers can be ahead, as a `DURATION` of at most 1h; expired tokens are always refused")
	flags.StringVar(&c.SMTPURL, "smtp-url", "", "`URL` of the mail server, smtp://USER:PASSWORD@HOST:PORT or smtps://…; prefer the variable, because of the password")
	markDefault(cmd, "smtp-url", "no emails")
	flags.StringVar(&c.MailFrom, "mail-from", "", "`SENDER` of all emails, such as \"Grantway <no-reply@example.org>\"")
	flags.IntVar(&c.OutsideMails, "outside-mails", server.DefaultOutsideMails,
		"`NUMBER` of emails per hour that one actor can send to people outside their organizations, a tenth of them from one organization to one person; further ones are sent later")
	flags.DurationVar(&c.RequestTTL, "request-ttl", server.DefaultRequestTTL,
		"how long a share request can be decided, as a `DURATION`")
	flags.DurationVar(&c.InvitationTTL, "invitation-ttl", server.DefaultInvitationTTL, "how long an invitation can be accepted, as a `DURATION`")
	flags.BoolVar(&c.Demo, "demo", false, "load the worked examples into "+demoData+" (or --data) and print commands to try")
	flags.DurationVar(&c.RecordRetention, "record-retention", 0, "how long entries of the record are kept, as a `DURATION` such as 8760h; 0 keeps them forever")
	flags.StringVar(&c.RecordDecisions, "record-decisions", "none",
		"which `DECISIONS` to record: none, denials or all; a server that is killed loses those of the last moments")
	flags.StringVar(&c.EngineListen, "engine-listen", "", "offer the embedded engine's SpiceDB API, for reading, at this `HOST:PORT`")
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
	flags.StringVar(&c.Data, "data", defaultData, "`DIRECTORY` of the store, the embedded engine and the hash key")
	flags.StringVar(&c.DatastoreURI, "datastore-uri", "",
		"`URI` of a PostgreSQL or CockroachDB for store and engine, postgres://USER:PASSWORD@HOST:PORT/DATABASE; prefer the variable, because of the password")
	markDefault(cmd, "datastore-uri", "files in --data")
	flags.Var(&onlyOnce{to: &c.SchemaExtension}, "schema-extension", "SpiceDB validation `FILE` with additional definitions; one at most")
	flags.StringVar(&c.SpiceDBEndpoint, "spicedb-endpoint", "", "`HOST:PORT` of a SpiceDB to use instead of the embedded engine; several nodes are separated by commas")
	flags.StringVar(&c.SpiceDBToken, "spicedb-token", "", "`TOKEN` (preshared key) of this SpiceDB")
	flags.StringVar(&c.SpiceDBCA, "spicedb-ca", "", "PEM `FILE` with the certificate authority of this SpiceDB")
	markDefault(cmd, "spicedb-ca", "those of the system")
	flags.BoolVar(&c.SpiceDBInsecure, "spicedb-insecure", false, "connect to this SpiceDB without TLS")
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
		return fmt.Errorf("it is set twice; the first value is %q", *o.to)
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
	cmd.Flags().StringVar(&l.level, "log-level", "info", "lowest `LEVEL` to log: debug, info, warn or error")
}

func (l *logging) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.level)); err != nil {
		return nil, fmt.Errorf("--log-level must be debug, info, warn or error, not %q", l.level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch l.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format must be text or json, not %q", l.format)
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
	fmt.Fprintf(w, "\nLook at the console as one of these people. Each link signs in once, within an hour:\n\n")
	for _, p := range s.People {
		fmt.Fprintf(w, "  %s, %s\n    %s\n", p.User, p.Is, p.Link)
	}
	fmt.Fprintf(w, "\nIts account key is %s\n\nTry this in another terminal:\n", s.Demo)
	call := "GRANTWAY_KEY=" + s.Demo + " "
	if s.URL != defaultServer {
		call += "GRANTWAY_SERVER=" + s.URL + " "
	}
	call += commandName()
	for _, example := range []struct{ tells, args string }{
		{"Can carla, a client of the agency, use its chatbot otherbot? Not yet:", "check user:carla interact chatbot:otherbot"},
		{"Share it with her:", "share otherbot user:carla use_only"},
		{"Now she can, as the first command shows:", "check user:carla interact chatbot:otherbot --output json"},
		{"devon can read the conversations of supportbot. Why can he not change anything there?", "explain user:devon update chatbot:supportbot"},
	} {
		fmt.Fprintf(w, "\n%s\n  %s %s\n", example.tells, call, example.args)
	}
	fmt.Fprintf(w, "\nStop the server with Ctrl-C. Its data is kept for the next start.\n")
}

// commandName is how to call this program from another terminal, in any directory.
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
