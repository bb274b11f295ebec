package sharing

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/store"
)

// link writes the chatbot's public link. A link without a digest dates from a version in which anybody could read links.
func (e *exporting) link(b access.Chatbot) error {
	if b.PublicMode == access.AudienceNone || b.LinkDigest == "" {
		return nil
	}
	return e.row(&PublicLinkRow{Chatbot: b.ID, Mode: b.PublicMode, Digest: b.LinkDigest, Nonce: b.LinkNonce})
}

func (e *exporting) apiKeys(b access.Chatbot) error {
	if !e.wants(KindAPIKey) {
		return nil
	}
	return paged(
		func(after string) ([]access.APIKey, error) {
			return e.APIKeys(store.APIKeyFilter{Chatbot: b.ID}, access.KeyID(after), exportPage)
		},
		func(k access.APIKey) string { return string(k.ID) },
		func(k access.APIKey) error {
			if k.ExpiredAt(e.now) {
				return nil
			}
			digest, _, err := e.APIKeyDigest(k.ID)
			if err != nil {
				return err
			}
			return e.row(&APIKeyRow{
				APIKey: k.ID, Chatbot: k.Chatbot, Name: k.Name, Access: k.Level, ExpiresAt: k.ExpiresAt, AllowedIPs: k.AllowedIPs, Digest: digest,
				Preview: k.Preview, CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt, CreatorLostDeploy: k.CreatorLostDeploy,
			})
		})
}

func (e *exporting) accountKeys() error {
	if !e.wants(KindAccountKey) {
		return nil
	}
	return paged(
		func(after string) ([]access.AccountKey, error) {
			return e.AccountKeys(store.AccountKeyFilter{}, access.KeyID(after), exportPage)
		},
		func(k access.AccountKey) string { return string(k.ID) },
		func(k access.AccountKey) error {
			if !k.ExpiresAt.IsZero() && !e.now.Before(k.ExpiresAt) {
				return nil
			}
			digest, _, err := e.AccountKeyDigest(k.ID)
			if err != nil {
				return err
			}
			r := &AccountKeyRow{
				AccountKey: k.ID, Name: k.Name, Access: k.Access, Organization: k.Organization, ActorRequired: k.ActorRequired,
				ExpiresAt: k.ExpiresAt, AllowedIPs: k.AllowedIPs, Digest: digest, Preview: k.Preview, CreatedBy: k.CreatedBy, CreatedAt: k.CreatedAt,
				BelongsTo: append([]access.UserID{}, k.BelongsTo...), Parent: k.Parent, RefusedFor: k.RefusedFor, RefusedAt: k.RefusedAt, Version: k.Version,
			}
			if e.now.Before(k.FormerUntil) {
				r.FormerUntil = k.FormerUntil
				if r.FormerDigest, _, err = e.FormerAccountKeyDigest(k.ID); err != nil {
					return err
				}
			}
			return e.row(r)
		})
}
