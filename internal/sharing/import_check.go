package sharing

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/secret"
)

// form collects the faults of a row's fields; the first one counts.
type form struct{ err error }

// refuse notes the fault of a field.
func (f *form) refuse(field string, err error) {
	if f.err != nil || err == nil {
		return
	}
	named := &access.Error{Kind: access.KindInvalid, Detail: field + ": " + err.Error()}
	var known *access.Error
	if errors.As(err, &known) {
		named.Rule, named.Detail = known.Rule, field+": "+known.Detail
	}
	f.err = named
}

// id checks a required ID.
func id[T access.AnyID](f *form, field string, v T) {
	_, err := access.ParseID[T](string(v))
	f.refuse(field, err)
}

// maybe checks an optional ID.
func maybe[T access.AnyID](f *form, field string, v T) {
	if v != "" {
		id(f, field, v)
	}
}

// word checks a field with a fixed set of values.
func word[T ~string](f *form, field string, v T, words []T) {
	_, err := access.ParseWord(string(v), words)
	f.refuse(field, err)
}

// maybeWord checks an optional field with a fixed set of values.
func maybeWord[T ~string](f *form, field string, v T, words []T) {
	if v != "" {
		word(f, field, v, words)
	}
}

// ownerless refuses an owner for something marked as having none.
func ownerless(f *form, said bool, owner access.UserID) {
	if said && owner != "" {
		f.refuse("ownerless", access.Invalidf("O3", "must be false or left out if there is an owner"))
	}
}

// email normalizes an address (I2).
func email(f *form, v *access.Email) {
	if *v == "" {
		return
	}
	parsed, err := access.ParseEmail(string(*v))
	f.refuse("email", err)
	if err == nil {
		*v = parsed
	}
}

// principal refuses a missing principal; its syntax was checked when it was read.
func principal(f *form, v access.Principal) {
	if v.Kind == "" {
		f.refuse("principal", access.Invalidf("S1", "is missing"))
	}
}

// digest checks the digest of a secret: 32 bytes in hexadecimal.
func digest(f *form, field, v string) {
	if sum, err := hex.DecodeString(v); err != nil || len(sum) != sha256.Size || strings.ToLower(v) != v {
		f.refuse(field, access.Invalidf("K2", "must be 64 hexadecimal digits in lower case"))
	}
}

// moment rounds a time to the store's precision, in UTC.
func moment(t *time.Time) { *t = t.UTC().Truncate(time.Microsecond) }

// asker checks the field that names a requester or inviter.
func asker(f *form, field, v string) {
	kind, name, _ := strings.Cut(v, ":")
	if kind != string(access.TypeUser) && kind != string(typeKey) {
		f.refuse(field, access.Invalidf("", "must be user:ID or key:ID"))
	}
	id(f, field, name)
}

// key checks the fields that chatbots' keys and account keys share.
func key(f *form, rule, name string, expiresAt, createdAt *time.Time, allowedIPs *[]string) {
	if name == "" {
		f.refuse("name", access.Invalidf(rule, "a key needs a name"))
	}
	*expiresAt = expiresAt.UTC().Truncate(time.Second)
	moment(createdAt)
	ranges, err := ParseRanges(*allowedIPs, rule)
	f.refuse("allowed_ips", err)
	*allowedIPs = ranges
}

func (r *HashKeyRow) Check() error {
	var f form
	digest(&f, "check", r.Value)
	return f.err
}

func (r *UserRow) Check() error {
	var f form
	id(&f, "user", r.User)
	email(&f, &r.Email)
	maybeWord(&f, "type", r.Type, access.UserTypes)
	maybe(&f, "organization", r.Organization)
	moment(&r.TokensAfter)
	if r.Deleted && (*r != UserRow{User: r.User, Deleted: true, TokensAfter: r.TokensAfter}) {
		f.refuse("deleted", access.Invalidf("N2", "a deleted user can have no other fields"))
	}
	return f.err
}

func (r *HomeRow) Check() error {
	var f form
	id(&f, "user", r.User)
	id(&f, "organization", r.Organization)
	return f.err
}

func (r *OrganizationRow) Check() error {
	var f form
	id(&f, "organization", r.Organization)
	maybe(&f, "owner", r.Owner)
	ownerless(&f, r.Ownerless, r.Owner)
	maybeWord(&f, "public_access", r.PublicAccess, access.Audiences)
	return f.err
}

func (r *MembershipRow) Check() error {
	var f form
	id(&f, "organization", r.Organization)
	id(&f, "user", r.User)
	word(&f, "role", r.Role, access.OrgRoles)
	email(&f, &r.Email)
	maybeWord(&f, "type", r.Type, access.UserTypes)
	maybeWord(&f, "source", r.Source, access.MembershipSources)
	moment(&r.Since)
	return f.err
}

func (r *PlatformRoleRow) Check() error {
	var f form
	word(&f, "role", r.Role, access.PlatformRoles)
	id(&f, "user", r.User)
	return f.err
}

func (r *RoleRow) Check() error {
	var f form
	id(&f, "role", r.Role)
	maybe(&f, "organization", r.Organization)
	return f.err
}

func (r *GroupRow) Check() error {
	var f form
	id(&f, "group", r.Group)
	maybe(&f, "organization", r.Organization)
	return f.err
}

func (r *TeamRow) Check() error {
	var f form
	id(&f, "team", r.Team)
	maybe(&f, "organization", r.Organization)
	return f.err
}

func (r *TeamMemberRow) Check() error {
	var f form
	id(&f, "team", r.Team)
	maybe(&f, "organization", r.Organization)
	id(&f, "user", r.User)
	word(&f, "role", r.Role, access.TeamRoles)
	return f.err
}

func (r *TeamNestingRow) Check() error {
	var f form
	id(&f, "team", r.Team)
	id(&f, "inner", r.Inner)
	return f.err
}

func (r *RoleAssignmentRow) Check() error {
	var f form
	id(&f, "role", r.Role)
	id(&f, "user", r.User)
	return f.err
}

func (r *GroupMemberRow) Check() error {
	var f form
	id(&f, "group", r.Group)
	principal(&f, r.Principal)
	return f.err
}

func (r *ChatbotRow) Check() error {
	var f form
	id(&f, "chatbot", r.Chatbot)
	maybe(&f, "organization", r.Organization)
	maybe(&f, "owner", r.Owner)
	ownerless(&f, r.Ownerless, r.Owner)
	maybeWord(&f, "visibility", r.Visibility, access.Visibilities)
	return f.err
}

func (r *PolicyRow) Check() error {
	var f form
	id(&f, "chatbot", r.Chatbot)
	for _, t := range r.UserTypes {
		word(&f, "user_types", t, access.UserTypes)
	}
	return f.err
}

func (r *FeatureRow) Check() error {
	var f form
	id(&f, "chatbot", r.Chatbot)
	_, err := access.ParseFeatureName(r.Feature)
	f.refuse("feature", err)
	for _, t := range r.UserTypes {
		word(&f, "user_types", t, access.UserTypes)
	}
	return f.err
}

func (r *ShareRow) Check() error {
	var f form
	id(&f, "chatbot", r.Chatbot)
	principal(&f, r.Principal)
	word(&f, "access", r.Access, access.Levels)
	r.ExpiresAt = r.ExpiresAt.UTC().Truncate(time.Second) // S13
	return f.err
}

func (r *MatrixRow) Check() error {
	var f form
	id(&f, "chatbot", r.Chatbot)
	id(&f, "user", r.User)
	if r.Actions == nil {
		f.refuse("actions", access.Invalidf("M6", "required; use an empty list for no access"))
	}
	for _, a := range r.Actions {
		word(&f, "actions", a, access.RowActions)
	}
	slices.SortFunc(r.Actions, func(a, b access.Action) int {
		return slices.Index(access.RowActions, a) - slices.Index(access.RowActions, b)
	})
	r.Actions = slices.Compact(r.Actions)
	return f.err
}

func (r *PublicLinkRow) Check() error {
	var f form
	id(&f, "chatbot", r.Chatbot)
	word(&f, "mode", r.Mode, []access.Audience{access.AudienceAuthenticated, access.AudienceEveryone})
	digest(&f, "link_digest", r.Digest)
	return f.err
}

func (r *APIKeyRow) Check() error {
	var f form
	id(&f, "api_key", r.APIKey)
	id(&f, "chatbot", r.Chatbot)
	word(&f, "access", r.Access, access.Levels)
	digest(&f, "digest", r.Digest)
	key(&f, "K1", r.Name, &r.ExpiresAt, &r.CreatedAt, &r.AllowedIPs)
	f.refuse("allowed_ips", judgeKeyRanges(r.AllowedIPs))
	return f.err
}

func (r *AccountKeyRow) Check() error {
	var f form
	id(&f, "account_key", r.AccountKey)
	if r.AccountKey == secret.RootKey || r.AccountKey == access.System.Key || r.AccountKey.IsIssuer() {
		f.refuse("account_key", access.Invalidf("B1", "%q cannot be imported as a key", r.AccountKey))
	}
	word(&f, "access", r.Access, access.KeyAccesses)
	maybe(&f, "organization", r.Organization)
	if r.ActorRequired && r.Access != access.KeyFull {
		f.refuse("actor_required", access.Invalidf("B1", "only a full key can act for users"))
	}
	digest(&f, "digest", r.Digest)
	key(&f, "B1", r.Name, &r.ExpiresAt, &r.CreatedAt, &r.AllowedIPs)
	for _, person := range r.BelongsTo {
		id(&f, "belongs_to", person)
	}
	maybe(&f, "parent", r.Parent)
	moment(&r.RefusedAt)
	moment(&r.FormerUntil)
	if r.FormerDigest != "" {
		digest(&f, "former_digest", r.FormerDigest)
	}
	if r.Version < 0 || (r.FormerDigest == "") != r.FormerUntil.IsZero() {
		f.refuse("former_until", access.Invalidf("B5", "former_until and former_digest must come together, and version must not be negative"))
	}
	return f.err
}

func (r *RequestRow) Check() error {
	var f form
	id(&f, "chatbot", r.Chatbot)
	principal(&f, r.Principal)
	if _, decided := decisionFor("", r.Principal); !decided {
		f.refuse("principal", access.Invalidf("S4", "a share with %s needs no approval", r.Principal))
	}
	word(&f, "access", r.Access, access.Levels)
	if r.Principal.Kind == access.PrincipalEveryone && !access.ReadOnly.AtLeast(r.Access) {
		f.refuse("access", access.Invalidf("S1", "a share with everyone can give at most read_only"))
	}
	asker(&f, "requester", r.Requester)
	if r.Revision < 0 {
		f.refuse("revision", access.Invalidf("S9", "must not be negative"))
	}
	r.ShareExpiresAt = r.ShareExpiresAt.UTC().Truncate(time.Second) // S13
	moment(&r.CreatedAt)
	moment(&r.ExpiresAt)
	return f.err
}

func (r *InvitationRow) Check() error {
	var f form
	id(&f, "invitation", r.Invitation)
	id(&f, "organization", r.Organization)
	switch {
	case r.User != "":
		id(&f, "user", r.User)
		if r.Email != "" || r.Role != access.OrgOwner || len(r.Shares) > 0 {
			f.refuse("user", access.Invalidf("O7", "an ownership offer has the role owner, and no email address and no shares"))
		}
	case r.Email == "":
		f.refuse("email", access.Invalidf("N1", "is missing"))
	}
	email(&f, &r.Email)
	word(&f, "role", r.Role, access.OrgRoles)
	for i, s := range r.Shares {
		id(&f, "shares", s.Chatbot)
		word(&f, "shares", s.Access, access.Levels)
		if slices.ContainsFunc(r.Shares[:i], func(other InvitedShare) bool { return other.Chatbot == s.Chatbot }) {
			f.refuse("shares", access.Invalidf("N1", "a chatbot can be listed only once"))
		}
	}
	if len(r.Shares) > maxInvitationShares {
		f.refuse("shares", access.Invalidf("N1", "an invitation can have at most %d chatbots", maxInvitationShares))
	}
	if len(r.Shares) == 0 {
		r.Shares = nil
	}
	if r.Inviter != "" {
		asker(&f, "inviter", r.Inviter)
	}
	maybe(&f, "key", r.InviterKey)
	maybe(&f, "confined", r.Confined)
	if r.Revision < 1 {
		f.refuse("revision", access.Invalidf("N1", "must be at least 1"))
	}
	digest(&f, "digest", r.Digest)
	moment(&r.CreatedAt)
	moment(&r.ExpiresAt)
	return f.err
}

func (r *ResourceRow) Check() error {
	var f form
	id(&f, string(r.Type), r.ID)
	maybe(&f, "chatbot", r.Chatbot)
	maybeWord(&f, "access", r.Access, access.Modes)
	for _, p := range r.Allowed {
		principal(&f, p)
	}
	return f.err
}
