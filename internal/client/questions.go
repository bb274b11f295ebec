package client

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// asker draws random questions about what a server holds: all its IDs are in memory, about a hundred bytes each.
type asker struct {
	rng       *rand.Rand
	from      *Client
	users     []string
	emails    []string // of users, and of shares with nobody's address
	keys      []string
	resources []access.Object
	domains   []string // of gates
	addresses []string // from which some key may be used
	links     map[string]string

	organizationOf map[string]string             // of a chatbot
	chatbotOf      map[access.Object]string      // of what hangs on it
	people         map[string][]string           // of an organization
	named          map[access.Object][]string    // users whom a fact names together with the resource
	keysOf         map[string][]string           // of a chatbot
	limits         map[string]map[string]float64 // of a feature
	linked         map[string]bool               // chatbots with a public link
}

func newAsker(from *Client, seed uint64) *asker {
	return &asker{
		rng: rand.New(rand.NewPCG(seed, 0)), from: from, resources: []access.Object{access.PlatformObject},
		links: map[string]string{}, organizationOf: map[string]string{}, chatbotOf: map[access.Object]string{}, people: map[string][]string{},
		named: map[access.Object][]string{}, keysOf: map[string][]string{}, limits: map[string]map[string]float64{}, linked: map[string]bool{},
	}
}

// learn takes in a line of the export of the server.
func (a *asker) learn(e exported) error {
	bot := access.Object{Type: access.TypeChatbot, ID: e.Chatbot}
	switch e.Kind {
	case "user":
		a.users = append(a.users, e.User)
		if e.Email != "" {
			a.emails = append(a.emails, e.Email)
		}
	case "organization":
		a.resources = append(a.resources, access.Object{Type: access.TypeOrganization, ID: e.Organization})
	case "membership":
		a.people[e.Organization] = append(a.people[e.Organization], e.User)
	case "team":
		a.resources = append(a.resources, access.Object{Type: access.TypeTeam, ID: e.Team})
	case "team_member":
		a.name(access.Object{Type: access.TypeTeam, ID: e.Team}, "user:"+e.User)
	case "platform_role":
		a.name(access.PlatformObject, "user:"+e.User)
	case "chatbot":
		a.resources = append(a.resources, bot)
		a.organizationOf[e.Chatbot] = e.Organization
		a.name(bot, "user:"+e.Owner)
	case "policy":
		a.domains = append(a.domains, e.EmailDomains...)
	case "row":
		a.name(bot, "user:"+e.User)
	case "share":
		a.name(bot, e.Principal)
	case "public_link":
		a.linked[e.Chatbot] = true
	case "api_key":
		a.keys = append(a.keys, e.APIKey)
		a.keysOf[e.Chatbot] = append(a.keysOf[e.Chatbot], e.APIKey)
		for _, text := range e.AllowedIPs {
			if prefix, err := netip.ParsePrefix(text); err == nil {
				a.addresses = append(a.addresses, prefix.Addr().String())
			} else if address, err := netip.ParseAddr(text); err == nil {
				a.addresses = append(a.addresses, address.String())
			}
		}
	case "feature":
		id := access.FeatureID(access.ChatbotID(e.Chatbot), e.Feature)
		a.hang(access.Object{Type: access.TypeFeature, ID: id}, e)
		a.limits[id] = e.Limits
	case "document":
		a.hang(access.Object{Type: access.TypeDocument, ID: e.Document}, e)
	case "mcp_server":
		a.hang(access.Object{Type: access.TypeMCPServer, ID: e.MCPServer}, e)
	case "metric":
		a.hang(access.Object{Type: access.TypeMetric, ID: e.Metric}, e)
	}
	return nil
}

// hang notes a thing that hangs on a chatbot.
func (a *asker) hang(o access.Object, e exported) {
	a.resources = append(a.resources, o)
	a.chatbotOf[o] = e.Chatbot
	for _, p := range e.Allowed {
		a.name(o, p)
	}
}

// name notes whom a fact names together with a resource.
func (a *asker) name(o access.Object, principal string) {
	if id, ok := strings.CutPrefix(principal, "user:"); ok {
		a.named[o] = append(a.named[o], id)
	} else if address, ok := strings.CutPrefix(principal, "email:"); ok {
		a.emails = append(a.emails, address)
	}
}

// pick is one of the items, or "" where there is none.
func (a *asker) pick(items []string) string {
	if len(items) == 0 {
		return ""
	}
	return items[a.rng.IntN(len(items))]
}

// question draws one. Mostly it is about somebody who has to do with the resource: of all pairs, most are about strangers.
func (a *asker) question(ctx context.Context) (Question, error) {
	o := a.resources[a.rng.IntN(len(a.resources))]
	bot := a.chatbotOf[o]
	if o.Type == access.TypeChatbot {
		bot = o.ID
	}
	actions := access.Actions[o.Type]
	q := Question{
		Subject: a.subject(o, bot), Action: Action{Name: string(actions[a.rng.IntN(len(actions))])}, Resource: EntityOf(o),
		Context: map[string]any{"consistency": "full"},
	}
	if limits := a.limits[o.ID]; o.Type == access.TypeFeature && a.rng.IntN(4) > 0 {
		q.Action.Properties = map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(limits)) { // in an order, so that a seed draws the same
			q.Action.Properties[strings.TrimPrefix(name, "max_")] = limits[name] * float64(a.rng.IntN(5)) / 2
		}
	}
	if ip := a.pick(append(a.addresses, "198.51.100.7", "")); ip != "" {
		q.Context["ip"] = ip
	}
	if bot != "" && a.rng.IntN(3) > 0 {
		link, err := a.link(ctx, bot)
		if err != nil {
			return q, err
		}
		if link != "" {
			q.Context["link"] = link
		}
	}
	return q, nil
}

// subject draws who is asked about.
func (a *asker) subject(o access.Object, bot string) Entity {
	switch n := a.rng.IntN(16); {
	case n == 0:
		return Entity{Type: string(access.TypeVisitor), ID: "somebody"}
	case n <= 2 && len(a.keys) > 0:
		key := a.pick(a.keysOf[bot])
		if key == "" || n == 1 {
			key = a.pick(a.keys)
		}
		return Entity{Type: string(access.TypeAPIKey), ID: key, Properties: map[string]any{"by": "id"}}
	}
	users := a.users
	switch a.rng.IntN(4) {
	case 0, 1:
		users = a.named[o]
		if len(users) == 0 {
			users = a.named[access.Object{Type: access.TypeChatbot, ID: bot}]
		}
	case 2:
		organization := a.organizationOf[bot]
		if o.Type == access.TypeOrganization {
			organization = o.ID
		}
		users = a.people[organization]
	}
	id := a.pick(users)
	if id == "" {
		id = a.pick(append(a.users, "unknown person"))
	}
	s := Entity{Type: string(access.TypeUser), ID: id}
	switch a.rng.IntN(3) {
	case 0:
		if address := a.pick(a.emails); address != "" {
			s.Properties = map[string]any{"email": address}
		}
	case 1:
		if domain := a.pick(a.domains); domain != "" {
			s.Properties = map[string]any{"email": "somebody@" + domain}
		}
	}
	return s
}

// link is the public link of the chatbot, as the server shows it, or "".
func (a *asker) link(ctx context.Context, bot string) (string, error) {
	if !a.linked[bot] {
		return "", nil
	}
	if link, known := a.links[bot]; known {
		return link, nil
	}
	data, err := a.from.answer(ctx, request{method: http.MethodGet, path: []string{"v1", "chatbots", bot, "public-access"}})
	if err != nil {
		return "", err
	}
	var shown struct {
		Link string `json:"link"`
	}
	if err := json.Unmarshal(data, &shown); err != nil {
		return "", err
	}
	a.links[bot] = shown.Link
	return shown.Link, nil
}
