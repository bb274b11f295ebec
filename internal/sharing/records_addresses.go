package sharing

import (
	"encoding/json"

	"github.com/grantway/grantway/internal/access"
)

// hideAddresses removes from an entry the states of users whose address the reader may not see (O7): those for whom the organization of the record
// was not the home in that state, unless the reader sees the address now. Text searches ignore what is removed.
func (r *recordReader) hideAddresses(e *access.Record) (err error) {
	if r.since == nil {
		return nil
	}
	if e.Resource.Type == access.TypeUser {
		for _, state := range []*string{&e.Before, &e.After} {
			if *state, err = r.hiddenState(e.Organization, *state); err != nil {
				return err
			}
		}
	}
	if e.Effects == "" {
		return nil
	}
	var effects []struct {
		Kind   string          `json:"kind"`
		Before json.RawMessage `json:"before,omitempty"`
		After  json.RawMessage `json:"after,omitempty"`
	}
	if err := json.Unmarshal([]byte(e.Effects), &effects); err != nil {
		return err
	}
	hidden := false
	for i := range effects {
		if effects[i].Kind != string(access.TypeUser) {
			continue
		}
		for _, state := range []*json.RawMessage{&effects[i].Before, &effects[i].After} {
			text, err := r.hiddenState(e.Organization, string(*state))
			if err != nil {
				return err
			}
			hidden = hidden || text != string(*state)
			*state = json.RawMessage(text)
		}
	}
	if hidden {
		e.Effects, err = asJSON(effects)
	}
	return err
}

// hiddenState is the state of a user as a reader of that organization's record may see it.
func (r *recordReader) hiddenState(of access.OrganizationID, state string) (string, error) {
	if state == "" {
		return "", nil
	}
	var u access.User
	if err := json.Unmarshal([]byte(state), &u); err != nil {
		return "", err
	}
	if u.Email == "" || u.Organization == of {
		return state, nil
	}
	now, _, err := r.User(u.ID)
	if err != nil {
		return "", err
	}
	if sees, err := r.seesAddress(now); err != nil || sees {
		return state, err
	}
	return asJSON(hiddenUser(u))
}
