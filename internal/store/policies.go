package store

import (
	"slices"

	"github.com/grantway/grantway/internal/access"
)

const selectPolicies = `SELECT chatbot, email_domains, user_types, entities, allowed_roles, required_roles, allowed_users, denied_users
	FROM policies`

var putPolicy = upsert("policies", "chatbot",
	"email_domains, user_types, entities, allowed_roles, required_roles, allowed_users, denied_users")

func scanPolicy(r row) (p access.Policy, err error) {
	err = r.Scan(&p.Chatbot, asJSON(&p.EmailDomains), asJSON(&p.UserTypes), asJSON(&p.Entities), asJSON(&p.AllowedRoles),
		asJSON(&p.RequiredRoles), asJSON(&p.AllowedUsers), asJSON(&p.DeniedUsers))
	return p, err
}

// Policy gives the chatbot's gates. A gate that is set but empty is not nil (G8).
func (tx *Tx) Policy(chatbot access.ChatbotID) (access.Policy, bool, error) {
	return one(tx, scanPolicy, selectPolicies+` WHERE chatbot = $1`, chatbot)
}

// PutPolicy inserts or replaces the chatbot's gates.
func (tx *Tx) PutPolicy(p access.Policy) error {
	err := tx.exec(putPolicy, p.Chatbot, asJSON(&p.EmailDomains), asJSON(&p.UserTypes), asJSON(&p.Entities), asJSON(&p.AllowedRoles),
		asJSON(&p.RequiredRoles), asJSON(&p.AllowedUsers), asJSON(&p.DeniedUsers))
	if err != nil {
		return err
	}
	if err := tx.exec(`DELETE FROM policy_names WHERE chatbot = $1`, p.Chatbot); err != nil {
		return err
	}
	return tx.insertAll("policy_names (chatbot, kind, id)", policyNames(p))
}

// policyNames is what the gates name: the rows by which PoliciesNaming finds them.
func policyNames(p access.Policy) (names [][]any) {
	for _, org := range p.Entities {
		names = append(names, []any{p.Chatbot, access.TypeOrganization, org})
	}
	for _, role := range slices.Concat(p.AllowedRoles, p.RequiredRoles) {
		names = append(names, []any{p.Chatbot, access.TypeRole, role})
	}
	for _, user := range slices.Concat(p.AllowedUsers, p.DeniedUsers) {
		names = append(names, []any{p.Chatbot, access.TypeUser, user})
	}
	return names
}

// DeletePolicy removes all of the chatbot's gates.
func (tx *Tx) DeletePolicy(chatbot access.ChatbotID) error {
	return tx.exec(`DELETE FROM policies WHERE chatbot = $1`, chatbot)
}

// PoliciesNaming lists the policies of which a gate names the organization, role or user, by chatbot. The kind is one of these words;
// a platform role is a role with the ID "platform:site_admin" and so on (G5).
func (tx *Tx) PoliciesNaming(kind, id string) ([]access.Policy, error) {
	l := from(selectPolicies+`
	WHERE chatbot IN (SELECT chatbot FROM policy_names WHERE kind = $1 AND id = $2) ORDER BY chatbot`, kind, id)
	return many(tx, scanPolicy, l)
}
