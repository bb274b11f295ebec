package store

import (
	"strings"

	"github.com/grantway/grantway/internal/access"
)

// OrganizationOf gives the organization that a thing belongs to, and false if it belongs to none, as users and platform-wide roles do, or does not
// exist. A feature belongs where its chatbot does, whether or not it is set there: every chatbot has every feature, off.
func (tx *Tx) OrganizationOf(o access.Object) (access.OrganizationID, bool, error) {
	var query string
	args := []any{o.ID}
	switch o.Type {
	case access.TypeOrganization:
		query = `SELECT id FROM organizations WHERE id = $1`
	case access.TypeTeam:
		query = `SELECT organization FROM teams WHERE id = $1`
	case access.TypeRole:
		query = `SELECT organization FROM roles WHERE id = $1`
	case access.TypeGroup:
		query = `SELECT organization FROM email_groups WHERE id = $1`
	case access.TypeChatbot:
		query = `SELECT organization FROM chatbots WHERE id = $1`
	case access.TypeFeature:
		slash := strings.LastIndexByte(o.ID, '/') // I1
		if slash < 0 {
			return "", false, nil
		}
		query = `SELECT organization FROM chatbots WHERE id = $1`
		args = []any{o.ID[:slash]}
	case access.TypeDocument, access.TypeMCPServer, access.TypeMetric:
		query = `SELECT organization FROM chatbots WHERE id = (SELECT chatbot FROM resources WHERE id = $1 AND type = $2)`
		args = append(args, o.Type)
	default:
		return "", false, nil
	}
	return recalled(tx, fact{kind: "organization", id: o.ID, of: string(o.Type)}, func() (access.OrganizationID, bool, error) {
		org, found, err := one(tx, scanString[access.OrganizationID], query, args...)
		return org, found && org != "", err
	})
}
