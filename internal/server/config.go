// Package server is the configuration and the only wiring: it opens the store and the engine, connects the packages between them, and serves.
//
// It owns the order of starting and stopping, and the messages about failed starts. It must not contain rules of the access model or handle
// requests.
package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/authn"
	"github.com/grantway/grantway/internal/bulk"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/httpapi"
	"github.com/grantway/grantway/internal/notify"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/telemetry"
)

// DefaultRequestTTL and DefaultInvitationTTL are the defaults of RequestTTL and InvitationTTL.
const (
	DefaultRequestTTL    = sharing.DefaultRequestTTL
	DefaultInvitationTTL = sharing.DefaultInvitationTTL
	// DefaultOutsideMails is the OutsideMails.
	DefaultOutsideMails = sharing.DefaultOutsideMails
)

// Limits are those of package httpapi.
type Limits = httpapi.Limits

// DefaultLimits are the default Limits.
var DefaultLimits = httpapi.DefaultLimits

// DefaultMaxStaging and DefaultMinFree are the defaults of MaxStaging and MinFree.
const (
	DefaultMaxStaging = bulk.DefaultMaxStaging
	DefaultMinFree    = bulk.DefaultMinFree
)

// DefaultMaxConnections is the default of MaxConnections.
const DefaultMaxConnections = 2048

// DefaultOIDCClockSkew and DefaultMaxToken are the defaults of OIDCClockSkew and MaxToken. NoOIDCClockSkew accepts no token from the future.
const (
	DefaultOIDCClockSkew = authn.DefaultClockSkew
	DefaultMaxToken      = authn.DefaultMaxToken
	NoOIDCClockSkew      = time.Nanosecond
)

const (
	minMaxToken, maxMaxToken = 1 << 10, 1 << 20
	maxOIDCClockSkew         = time.Hour
)

// DefaultStartTimeout is the StartTimeout of grantway serve.
const DefaultStartTimeout = 30 * time.Second

// DefaultStopTimeout is the default of StopTimeout.
const DefaultStopTimeout = 20 * time.Second

// Config is how a server is to run. Its zero value, but for Data and Listen, is a good one.
type Config struct {
	Data      string // the directory of the store, of the embedded engine and of hash.key, used by one server; it is created, for its owner only
	Listen    string // host:port of the HTTP API
	PublicURL string // where callers find the server; "" is made from Listen

	DatastoreURI string // a PostgreSQL or CockroachDB database for store and embedded engine, instead of files in Data; "" is the files

	TLSCert, TLSKey string // PEM files; both or none

	TrustedProxies []string // IP addresses and CIDR ranges of proxies whose X-Forwarded-For is believed; nil for none
	proxies        authn.Proxies

	OIDCIssuer   string   // the URL of the identity provider whose tokens are believed, or ""
	OIDCAudience []string // a token must name one of them
	OIDCConfig   string   // a YAML file of identity providers instead, as authn.ParseIssuers reads it, or ""
	issuers      []authn.Issuer

	OIDCClockSkew time.Duration // how far the clocks of identity providers may be ahead; 0 means DefaultOIDCClockSkew
	MaxToken      int           // the longest token of an identity provider, in bytes; 0 means DefaultMaxToken

	RootKey  string  // the first full key; "" is one made at the first start
	firstKey *string // the root key that this start has made, maybe at an earlier try; "" until then
	HashKey  string  // the keys that hash secrets, in hexadecimal, the current one first, separated by commas; "" is those of hash.key in Data
	Demo     bool    // load the worked examples of the model

	RecordRetention time.Duration // how long entries of the record are kept; 0 keeps them forever
	RecordDecisions string        // none, denials or all; "" is none

	SchemaExtension string // a SpiceDB validation file with definitions beside the built-in ones, or ""

	EngineListen   string // host:port at which the embedded engine's gRPC API is offered, or ""
	EngineToken    string
	EngineWritable bool

	SpiceDBEndpoint string // host:port of a SpiceDB to use instead of the embedded one, or those of its nodes, separated by commas, or ""
	SpiceDBToken    string
	SpiceDBCA       string // PEM file of its certificate authority; "" is those of the system
	SpiceDBInsecure bool   // speak to it without TLS

	SMTPURL  string // the mail server, as notify.ParseServer reads it; "" sends no emails
	MailFrom string // the sender of all emails, such as Grantway <no-reply@example.org>

	// StartTimeout is how long a start tries again while the database or the SpiceDB does not answer; 0 tries once.
	StartTimeout time.Duration

	MaxConnections int // at a time, shared by address; 0 is DefaultMaxConnections

	Limits Limits // of what callers can make the server do; the zero value is DefaultLimits
	// MaxStaging is how many bytes of the disk imports and backups may use together, and MinFree how many they leave free on the volume, but at most
	// a tenth of it; 0 means DefaultMaxStaging and DefaultMinFree.
	MaxStaging, MinFree int64
	// StopDelay is how long the server, told to stop, still takes new calls while it says that it is not ready, so that balancers notice.
	StopDelay   time.Duration
	StopTimeout time.Duration // how long calls may take then to be finished, before they are cut off; 0 means DefaultStopTimeout

	RequestTTL    time.Duration // how long a request to share waits for its decision (S7); 0 means DefaultRequestTTL
	InvitationTTL time.Duration // how long an invitation can be accepted (N1); 0 means DefaultInvitationTTL
	OutsideMails  int           // how many emails an actor sends to people outside their organizations in an hour (S11); 0 means DefaultOutsideMails

	release   release // the zero value is this program's
	migrating bool    // nothing is served

	Now func() time.Time // nil means time.Now
	Log *slog.Logger     // nil means slog.Default

	SpanExporter sdktrace.SpanExporter // where traces go; nil is what the OTEL_ variables say
	traces       *telemetry.Traces
	figures      *prometheus.Registry
	dial         []grpc.DialOption // for the connection to the engine
}

var databaseScheme = regexp.MustCompile("^postgres(ql)?://")

// place describes where the data is, for messages: it contains no password.
func (c *Config) place() string {
	if c.DatastoreURI == "" {
		return c.Data
	}
	u, err := url.Parse(c.DatastoreURI)
	if err != nil {
		return "a database"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// check refuses settings that contradict each other, and fills in defaults.
func (c *Config) check() error {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.release == (release{}) {
		c.release = thisRelease
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits
	}
	if c.MaxConnections == 0 {
		c.MaxConnections = DefaultMaxConnections
	}
	if c.StopTimeout == 0 {
		c.StopTimeout = DefaultStopTimeout
	}
	switch {
	case c.Data == "":
		return errors.New("--data must not be empty")
	case c.DatastoreURI != "" && !databaseScheme.MatchString(c.DatastoreURI):
		return errors.New("--datastore-uri must be postgres://USER:PASSWORD@HOST:PORT/DATABASE (for CockroachDB too)")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key must be set together")
	case c.RecordRetention < 0:
		return errors.New("--record-retention must not be negative (0 keeps entries forever)")
	case c.RecordDecisions != "" && !slices.Contains(decision.Recordings, decision.Recording(c.RecordDecisions)):
		return fmt.Errorf("--record-decisions must be one of %s, not %q", access.Listed(decision.Recordings), c.RecordDecisions)
	case c.MaxToken != 0 && (c.MaxToken < minMaxToken || c.MaxToken > maxMaxToken):
		return fmt.Errorf("--max-token must be between %d and %d bytes", minMaxToken, maxMaxToken)
	case c.OIDCClockSkew < 0 || c.OIDCClockSkew > maxOIDCClockSkew:
		return fmt.Errorf("--oidc-clock-skew must be between 0 and %s", maxOIDCClockSkew)
	case c.OutsideMails < 0:
		return errors.New("--outside-mails must be positive")
	case c.RequestTTL < 0:
		return errors.New("--request-ttl must be positive")
	case c.EngineListen != "" && c.EngineToken == "":
		return errors.New("--engine-listen needs --engine-token")
	case c.EngineWritable && c.EngineListen == "":
		return errors.New("--engine-writable needs --engine-listen")
	case c.SpiceDBEndpoint != "" && c.EngineListen != "":
		return errors.New("--engine-listen offers the embedded engine, and cannot be used with --spicedb-endpoint")
	case c.SpiceDBEndpoint != "" && c.SpiceDBToken == "":
		return errors.New("--spicedb-endpoint needs --spicedb-token")
	case c.SpiceDBEndpoint == "" && (c.SpiceDBToken != "" || c.SpiceDBCA != "" || c.SpiceDBInsecure):
		return errors.New("the --spicedb flags need --spicedb-endpoint")
	case c.InvitationTTL < 0:
		return errors.New("--invitation-ttl must be positive")
	case c.SMTPURL != "" && c.MailFrom == "":
		return errors.New("--smtp-url needs --mail-from")
	case c.SMTPURL == "" && c.MailFrom != "":
		return errors.New("--mail-from needs --smtp-url")
	case c.SMTPURL != "" && c.Demo:
		return errors.New("--demo cannot be used with --smtp-url: its people are made up")
	case c.SpiceDBInsecure && c.SpiceDBCA != "":
		return errors.New("--spicedb-ca cannot be used with --spicedb-insecure, which turns TLS off")
	}
	if c.MaxStaging < 0 || c.MinFree < 0 {
		return errors.New("--max-staging and --min-free must not be negative")
	}
	if c.MaxConnections < 0 {
		return errors.New("--max-connections must be at least 1")
	}
	if c.StartTimeout < 0 {
		return errors.New("--start-timeout must not be negative")
	}
	if c.StopDelay < 0 || c.StopTimeout < 0 {
		return errors.New("--stop-delay and --stop-timeout must not be negative")
	}
	if err := c.Limits.Check(); err != nil {
		return err
	}
	c.Limits = c.Limits.Sized(c.DatastoreURI != "" || c.SpiceDBEndpoint != "")
	var err error
	if c.proxies, err = authn.ParseProxies(c.TrustedProxies); err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	if c.issuers, err = c.readIssuers(); err != nil {
		return err
	}
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || !isPort(port) {
		return fmt.Errorf("--listen must be HOST:PORT, not %q", c.Listen)
	}
	if err := c.checkNodes(); err != nil {
		return err
	}
	if _, err := c.mails(); err != nil {
		return err
	}
	return c.checkPublicURL()
}

// checkNodes refuses a list with an invalid address. A single address can be anything that gRPC resolves.
func (c *Config) checkNodes() error {
	nodes := strings.Split(c.SpiceDBEndpoint, ",")
	for _, node := range nodes {
		if host, port, err := net.SplitHostPort(node); len(nodes) > 1 && (err != nil || host == "" || !isPort(port)) {
			return fmt.Errorf("--spicedb-endpoint must be HOST:PORT or HOST:PORT,HOST:PORT, not %q", node)
		}
	}
	return nil
}

// mails is what the configuration says of the mail server. Its errors never hold the URL, in which there is a password.
func (c *Config) mails() (m notify.Config, err error) {
	if c.SMTPURL == "" {
		return m, nil
	}
	if m.Server, err = notify.ParseServer(c.SMTPURL); err != nil {
		return m, fmt.Errorf("--smtp-url: %w", err)
	}
	if m.From, err = notify.ParseFrom(c.MailFrom); err != nil {
		return m, fmt.Errorf("--mail-from: %w", err)
	}
	return m, nil
}

// urlOf is where a server that listens at the address is found from the same machine.
func (c *Config) urlOf(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
