package spice

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/schema"
)

// ChatbotState is all that decides where a chatbot's actions are decided.
type ChatbotState struct {
	Chatbot access.Chatbot
	HasRows bool
	Policy  access.Policy
}

// everything names what the owner and the managers of a chatbot's organization have at once.
var everything = []string{schema.RelCanInteract, schema.RelCanRead, schema.RelCanUpdate, schema.RelCanDeploy}

// FoldChatbot is what a chatbot, its visibility, its link, its pointers and its gates imply; rows and shares are facts of their own.
func FoldChatbot(s ChatbotState) Relationships {
	c := s.Chatbot
	bot := object(access.TypeChatbot, c.ID)
	org := object(access.TypeOrganization, c.Organization)
	rs := Relationships{
		rel(bot, schema.RelOrganization, sub(org)),
	}
	if c.Owner != "" {
		rs = append(rs, rel(bot, schema.RelOwner, user(c.Owner)))
		rs = append(rs, each(bot, everything, user(c.Owner))...)
	}

	switch c.Visibility {
	case access.OwnerOnly: // owners and admins keep what the schema gives them through #organization
	case access.OrganizationVisible:
		rs = append(rs, each(bot, everything, set(org, schema.PermInsider))...)
		fallthrough
	case access.Shared:
		rs = append(rs, each(bot, everything, set(org, schema.RelManager))...)
	}

	if c.LinkDigest == "" { // no digest, no link: nothing that a caller presents may match
		c.PublicMode = access.AudienceNone
	}
	link := caveat(schema.CaveatLinkPresented, map[string]any{schema.StoredLink: c.LinkDigest})
	switch c.PublicMode {
	case access.AudienceEveryone:
		rs = append(rs, rel(bot, schema.RelCanInteract, all(access.TypeVisitor), link))
		fallthrough
	case access.AudienceAuthenticated:
		rs = append(rs, rel(bot, schema.RelCanInteract, set(platform(), schema.PermLoggedIn), link))
	case access.AudienceNone:
	}

	if s.HasRows {
		rs = append(rs, rel(object(schema.TypeMatrix, c.ID), schema.RelChatbot, sub(bot)))
	}
	decidedAt := object(s.rulebook(), c.ID)
	rs = append(rs, rel(bot, schema.RelRulebook, sub(decidedAt)))
	if !s.Policy.Empty() {
		gates, common := foldPolicy(c.ID, s.Policy)
		rs = append(rs, common...)
		for _, g := range s.gatehouses() {
			gatehouse := object(g.Type, g.ID)
			rs = append(rs,
				rel(gatehouse, schema.RelBeyond, sub(decidedAt)),
				rel(gatehouse, schema.RelExempt, all(access.TypeAPIKey)))
			if c.Owner != "" {
				rs = append(rs, rel(gatehouse, schema.RelExempt, user(c.Owner)))
			}
			for _, gate := range gates {
				rs = append(rs, rel(gatehouse, schema.RelGate, sub(gate)))
			}
			rs = append(rs, g.foldDomains()...)
		}
	}
	if c.Enabled {
		for _, entrance := range s.entrances() {
			rs = append(rs, rel(bot, schema.RelEntrance, sub(object(entrance.Type, entrance.ID))))
		}
	}
	return rs
}

// rulebook is the type of the object at which the chatbot's actions are decided: itself, or its matrix where that is awake (M1).
func (s ChatbotState) rulebook() access.Type {
	if s.HasRows && s.Chatbot.Visibility != access.OwnerOnly {
		return schema.TypeMatrix
	}
	return access.TypeChatbot
}

// entrances are the objects at which `interact` is decided, one of which is enough: that where all else is, unless there are gates in front of it.
func (s ChatbotState) entrances() []access.Object {
	if s.Policy.Empty() {
		return []access.Object{access.Obj(s.rulebook(), s.Chatbot.ID)}
	}
	var all []access.Object
	for _, g := range s.gatehouses() {
		all = append(all, g.Object)
	}
	return all
}

// Admitted asks whether the subject would interact with the chatbot if it were enabled (G1): it would if one of the answers is yes. The questions lack
// the values for caveats.
func (s ChatbotState) Admitted(subject access.Subject) []Question {
	var all []Question
	for _, entrance := range s.entrances() {
		all = append(all, Question{Subject: subject, Permission: schema.PermAdmitted, Resource: entrance})
	}
	return all
}

// gatehouse is an object with the gates of a chatbot.
type gatehouse struct {
	access.Object
	gate    *v1.ObjectReference // the gate email_domains of this gatehouse
	domains []string            // that pass it, or nil where it is not set
}

// The domains of a gatehouse take at most maxDomainBytes, with domainOverhead for the encoding of each: SpiceDB on PostgreSQL keeps the caveat in
// an index, whose rows have 2,704 bytes, with the ID of the subject.
const (
	maxDomainBytes = 1700
	domainOverhead = 8
)

// gatehouses are those of the chatbot: one, unless it has more email domains than one caveat takes. Then each has a part of the domains and all other
// gates. The ID of the others holds a control character, which no chatbot's ID does (I1).
func (s ChatbotState) gatehouses() []gatehouse {
	bot := s.Chatbot.ID
	all := []gatehouse{{Object: access.Obj(schema.TypeGatehouse, bot), gate: gateOf(string(bot), "email_domains"), domains: s.Policy.EmailDomains}}
	begin, bytes := 0, 0
	for i, d := range s.Policy.EmailDomains {
		size := len(d) + domainOverhead
		if bytes += size; bytes > maxDomainBytes {
			n := strconv.Itoa(len(all) + 1)
			all[len(all)-1].domains = s.Policy.EmailDomains[begin:i]
			all = append(all, gatehouse{
				Object: access.Object{Type: schema.TypeGatehouse, ID: string(bot) + "\x1f" + n}, gate: gateOf(string(bot), "email_domains/"+n),
				domains: s.Policy.EmailDomains[i:],
			})
			begin, bytes = i, size
		}
	}
	return all
}

// MostGates is how many gates a chatbot's gatehouses may have together. A change of all of them is carried in one part.
const MostGates = 4000

// Gates counts the gates of all gatehouses but email_domains: each gatehouse has all of them.
func (s ChatbotState) Gates() int {
	gates, _ := foldPolicy(s.Chatbot.ID, s.Policy)
	return len(gates) * len(s.gatehouses())
}

// foldDomains is the gate of users by their verified addresses, and of those that have none by the one that is sent (G2, C2).
func (g gatehouse) foldDomains() Relationships {
	if g.domains == nil {
		return nil
	}
	rs := Relationships{rel(object(g.Type, g.ID), schema.RelGate, sub(g.gate))}
	for _, d := range g.domains {
		rs = append(rs, rel(g.gate, schema.RelPasser, set(object(schema.TypeEmailDomain, d), schema.RelHolder)))
	}
	return append(rs, rel(g.gate, schema.RelPasser, all(access.TypeUser), caveat(schema.CaveatEmailDomainIn, map[string]any{schema.StoredDomains: anys(g.domains)})))
}

// foldPolicy is one gate for each list that is set, but email_domains, and one for each required role, since all of those must be held (G5). A list
// that is set and empty is a gate with no passers (G8).
func foldPolicy(bot access.ChatbotID, p access.Policy) (gates []*v1.ObjectReference, rs Relationships) {
	gate := func(name string) *v1.ObjectReference {
		g := gateOf(string(bot), name)
		gates = append(gates, g)
		return g
	}
	pass := func(g *v1.ObjectReference, s *v1.SubjectReference) {
		rs = append(rs, rel(g, schema.RelPasser, s))
	}
	if p.UserTypes != nil {
		g := gate("user_types")
		for _, t := range p.UserTypes {
			pass(g, userType(t))
		}
	}
	if p.Entities != nil {
		g := gate("entities")
		for _, o := range p.Entities {
			pass(g, set(object(access.TypeOrganization, o), schema.RelPerson))
		}
	}
	if p.AllowedRoles != nil {
		g := gate("allowed_roles")
		for _, r := range p.AllowedRoles {
			pass(g, roleHolders(r))
		}
	}
	if p.RequiredRoles != nil {
		if len(p.RequiredRoles) == 0 {
			gate("required_roles")
		}
		for _, r := range p.RequiredRoles {
			pass(gate("required_roles/"+digest(r)), roleHolders(r))
		}
	}
	if p.AllowedUsers != nil {
		g := gate("allowed_users")
		for _, u := range p.AllowedUsers {
			pass(g, user(u))
		}
	}
	if p.DeniedUsers != nil {
		g := gate("denied_users")
		pass(g, all(access.TypeUser))
		pass(g, all(access.TypeVisitor))
		for _, u := range p.DeniedUsers {
			rs = append(rs, rel(g, schema.RelDenied, user(u)))
		}
	}
	return gates, rs
}

// FoldFeature is what a feature implies (F1). A feature that is off has no #enabled, and so nobody uses it.
func FoldFeature(f access.Feature) Relationships {
	id := access.FeatureID(f.Chatbot, f.Name)
	feature := object(access.TypeFeature, id)
	var rs Relationships
	if f.Enabled {
		bot := sub(object(access.TypeChatbot, f.Chatbot))
		if len(f.Limits) == 0 {
			rs = append(rs, rel(feature, schema.RelEnabled, bot))
		} else {
			limits := make(map[string]any, len(f.Limits))
			for name, limit := range f.Limits {
				limits[name] = limit
			}
			rs = append(rs, rel(feature, schema.RelEnabled, bot, caveat(schema.CaveatWithinLimits, map[string]any{schema.StoredLimits: limits})))
		}
	}
	condition := func(name string) *v1.ObjectReference {
		g := gateOf(id, "feature/"+name)
		rs = append(rs, rel(feature, schema.RelCondition, sub(g)))
		return g
	}
	if f.AllowedRoles == nil && f.UserTypes == nil {
		open := &v1.ObjectReference{ObjectType: schema.TypeGate, ObjectId: openGate}
		rs = append(rs, rel(feature, schema.RelCondition, sub(open)))
	}
	if f.AllowedRoles != nil {
		g := condition("allowed_roles")
		for _, r := range f.AllowedRoles {
			rs = append(rs, rel(g, schema.RelPasser, roleHolders(r)))
		}
	}
	if f.UserTypes != nil {
		g := condition("user_types")
		for _, t := range f.UserTypes {
			rs = append(rs, rel(g, schema.RelPasser, userType(t)))
		}
	}
	return rs
}

// gateOf is the gate of that name which belongs to a chatbot, or, its name beginning with feature/, to a feature: a chatbot may have the
// same ID as another's feature. Encoded IDs hold no slash, so gates of two owners never share an ID.
func gateOf(owner, name string) *v1.ObjectReference {
	return &v1.ObjectReference{ObjectType: schema.TypeGate, ObjectId: Encode(owner) + "/" + name}
}

// digest names a gate by what it asks for where the name itself could make the ID longer than the engine's 1,024 bytes.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// roleHolders is who holds a role, or a platform role named platform:site_admin and so on (G5).
func roleHolders(role string) *v1.SubjectReference {
	if platformRole, ok := access.PlatformRoleOf(role); ok {
		return set(platform(), string(platformRole))
	}
	return set(object(access.TypeRole, role), schema.RelAssignee)
}

func userType(t access.UserType) *v1.SubjectReference {
	if t == access.Internal {
		return set(platform(), schema.RelInternal)
	}
	return set(platform(), schema.PermExternal)
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
