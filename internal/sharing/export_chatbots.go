package sharing

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/spice"
	"github.com/grantway/grantway/internal/store"
)

func (e *exporting) chatbots() error {
	if !e.wants(KindChatbot, KindPolicy, KindFeature, KindRow, KindPublicLink, KindShare, KindAPIKey) {
		return nil
	}
	return paged(
		func(after string) ([]access.Chatbot, error) {
			return e.Chatbots(store.ChatbotFilter{}, access.ChatbotID(after), exportPage)
		},
		func(b access.Chatbot) string { return string(b.ID) },
		func(b access.Chatbot) error {
			if e.query.Ungated {
				if _, narrows, err := e.narrowing(b); err != nil || narrows {
					return err
				}
			}
			err := e.row(&ChatbotRow{
				Chatbot: b.ID, Organization: b.Organization, Owner: b.Owner, Ownerless: b.Owner == "", Visibility: b.Visibility, Name: b.Name,
			})
			if err != nil {
				return err
			}
			for _, part := range []func(access.Chatbot) error{e.policy, e.features, e.matrix, e.link, e.shares, e.apiKeys} {
				if err := part(b); err != nil {
					return err
				}
			}
			return nil
		})
}

// narrowing returns the chatbot's policy, and whether it keeps anybody out.
func (e *exporting) narrowing(b access.Chatbot) (access.Policy, bool, error) {
	p, _, err := e.Policy(b.ID)
	return p, !p.Empty() || !b.Enabled, err
}

func (e *exporting) policy(b access.Chatbot) error {
	if !e.wants(KindPolicy) {
		return nil
	}
	p, narrows, err := e.narrowing(b)
	if err != nil || !narrows {
		return err
	}
	r := &PolicyRow{
		Chatbot: b.ID, EmailDomains: p.EmailDomains, UserTypes: p.UserTypes, Entities: p.Entities, AllowedRoles: p.AllowedRoles,
		RequiredRoles: p.RequiredRoles, AllowedUsers: p.AllowedUsers, DeniedUsers: p.DeniedUsers,
	}
	if !b.Enabled {
		r.Enabled = &b.Enabled
	}
	return e.row(r)
}

func (e *exporting) features(b access.Chatbot) error {
	if !e.wants(KindFeature) {
		return nil
	}
	features, err := e.Features(b.ID, "", 0)
	if err != nil {
		return err
	}
	return eachFact(features, func(f access.Feature) error {
		return e.row(&FeatureRow{
			Chatbot: b.ID, Feature: f.Name, Enabled: &f.Enabled, AllowedRoles: f.AllowedRoles, UserTypes: f.UserTypes, Limits: f.Limits,
		})
	})
}

// matrix writes each row as far as it has an effect now: without cells above a ceiling that a later change of role lowered (M2).
func (e *exporting) matrix(b access.Chatbot) error {
	if !e.wants(KindRow) {
		return nil
	}
	return paged(
		func(after string) ([]access.Row, error) { return e.Rows(b.ID, access.UserID(after), exportPage) },
		func(r access.Row) string { return string(r.User) },
		func(r access.Row) error {
			m, _, err := e.Membership(b.Organization, r.User)
			if err != nil {
				return err
			}
			grants, err := e.PlatformGrants(r.User)
			if err != nil {
				return err
			}
			ceiling := spice.RowCeiling(m.Role, slices.Contains(grants, access.SiteAdmin))
			row := &MatrixRow{Chatbot: b.ID, User: r.User, Actions: []access.Action{}}
			for _, a := range r.Actions {
				if slices.Contains(ceiling, a) {
					row.Actions = append(row.Actions, a)
				}
			}
			return e.row(row)
		})
}

func (e *exporting) shares(b access.Chatbot) error {
	if !e.wants(KindShare) {
		return nil
	}
	owner, _, err := e.User(b.Owner)
	if err != nil {
		return err
	}
	return paged(
		func(after string) ([]access.Share, error) { return e.Shares(b.ID, after, exportPage) },
		func(s access.Share) string { return s.Principal.String() },
		func(s access.Share) error {
			ownAddress := s.Principal.Kind == access.PrincipalEmail && access.Email(s.Principal.ID) == owner.Verified()
			if ownAddress || s.ExpiredAt(e.now) {
				return nil
			}
			return e.row(&ShareRow{Chatbot: b.ID, Principal: s.Principal, Access: s.Level, ExpiresAt: s.ExpiresAt})
		})
}

func (e *exporting) resources() error {
	for _, t := range []access.Type{access.TypeDocument, access.TypeMCPServer, access.TypeMetric} {
		if !e.wants(Kind(t)) {
			continue
		}
		err := paged(
			func(after string) ([]access.Resource, error) {
				return e.Resources(t, store.ResourceFilter{}, after, exportPage)
			},
			func(r access.Resource) string { return r.ID },
			func(r access.Resource) error {
				if e.query.Ungated {
					b, _, err := e.Chatbot(r.Chatbot)
					if err != nil {
						return err
					}
					if _, narrows, err := e.narrowing(b); err != nil || narrows {
						return err
					}
				}
				return e.row(&ResourceRow{Type: t, ID: r.ID, Chatbot: r.Chatbot, Access: r.Mode, Allowed: r.Allowed})
			})
		if err != nil {
			return err
		}
	}
	return nil
}
