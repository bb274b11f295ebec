package sharing

import (
	"slices"
	"time"

	"github.com/grantway/grantway/internal/access"
)

// Offboard configures an offboarding (N2), a removal from an organization or a demotion there (O3).
type Offboard struct {
	Successor access.UserID // who becomes an owner where the user is the last one (O1), or ""
	KeysTo    access.UserID // the user who takes over the account keys (B5), or "" to refuse them
	KeysGrace time.Duration // how long the old secrets keep working, without KeyFull; at most MaxKeyGrace
	DryRun    bool          // preview only: nothing changes
}

// HandedOver is an account key that got a new owner at an offboarding or a removal, with its new secret, which is returned only here.
type HandedOver struct {
	Key    access.AccountKey
	Secret string // "" in a dry run
}

// handover is the recipient of account keys within a change.
type handover struct {
	to    access.UserID
	grace time.Duration
}

// handsOverKeys notes who takes over the account keys of a user who is offboarded, removed or demoted. They move as in a take-over by the actor, who
// manages them and learns their secrets: until one of the two takes a key over alone, it depends on the rights of both (B5).
//
// If a role in an organization ends or is lowered, the recipient must have a role there: without one they could hold none of the keys, and the
// organization must not learn whether such a person exists (C6).
func (c *change) handsOverKeys(leaving access.UserID, org access.OrganizationID, o Offboard) error {
	switch {
	case o.KeysTo == "" && o.KeysGrace != 0:
		return access.Unprocessablef("B5", "keys_grace needs keys_to")
	case o.KeysTo == "":
		return nil
	case o.KeysGrace < 0 || o.KeysGrace > MaxKeyGrace:
		return access.Unprocessablef("B5", "keys_grace must be at most 7 days (168h)")
	case o.KeysTo == leaving:
		return access.Unprocessablef("B5", "keys_to must not be the user whose keys are handed over")
	}
	if err := c.handlesKeys(); err != nil {
		return err
	}
	if org != "" {
		_, member, err := c.Membership(org, o.KeysTo)
		if err != nil {
			return err
		}
		if !member {
			return access.Unprocessablef("B5", "keys_to: %s has no role in %s", access.Obj(access.TypeUser, o.KeysTo), access.Obj(access.TypeOrganization, org))
		}
	}
	if _, err := c.activeUser(o.KeysTo, "B5"); err != nil {
		return err
	}
	c.handover = &handover{to: o.KeysTo, grace: o.KeysGrace}
	return nil
}

// handOver gives the key to the recipient, and reports whether it did. A key that the actor does not manage, that has expired, or that the recipient
// could not hold is refused like any other.
func (c *change) handOver(k access.AccountKey) (bool, error) {
	if c.handover == nil || k.ExpiredAt(c.now) {
		return false, nil
	}
	if err := c.mayHandleKeys(k.Organization); err != nil {
		return false, unlessRefused(err)
	}
	after, err := c.takenOver(k, c.handover.grace, c.handover.to)
	if err != nil {
		return false, unlessRefused(err)
	}
	minted := c.s.secrets.RenewAccountKey(k.ID)
	after.Preview = minted.Preview
	former, _, err := c.AccountKeyDigest(k.ID)
	if err != nil {
		return false, err
	}
	if err := c.PutAccountKey(after, minted.Digest); err != nil {
		return false, err
	}
	if c.handover.grace > 0 {
		if err := c.KeepFormerAccountKeyDigest(k.ID, former); err != nil {
			return false, err
		}
	}
	c.handedOver = append(c.handedOver, HandedOver{Key: after, Secret: minted.Text})
	c.changed = true
	holder, _ := keyHolder(k)
	return true, c.addEffect(altered(string(typeKey), withoutPreview(k), withoutPreview(after)), holder)
}

// handedOverForActor lists the keys that moved, for the answer. A dry run creates no secrets.
func (c *change) handedOverForActor(o Offboard) []HandedOver {
	told := slices.Clone(c.handedOver)
	for i := range told {
		if o.DryRun {
			told[i].Secret = ""
		}
	}
	return told
}

// notifyHandedOver notifies the person who took keys over, unless that is the actor.
func (c *change) notifyHandedOver(org access.OrganizationID, ids []access.KeyID, from access.UserID) error {
	return c.notifyEach(access.Notification{
		Kind: access.NotifyKeysHandedOver, Organization: org, AccountKeys: ids, Principal: access.Principal{Kind: access.PrincipalUser, ID: string(from)},
	}, []access.UserID{c.handover.to}, true)
}

// unlessRefused returns the error, or nil if a rule refused something.
func unlessRefused(err error) error {
	if kind := access.KindOf(err); kind == access.KindDenied || kind == access.KindNotFound {
		return nil
	}
	return err
}
