package store

import "github.com/grantway/grantway/internal/access"

const selectResources = `SELECT type, id, chatbot, mode, allowed FROM resources`

const resourcesAllowing = selectResources + ` JOIN resource_names USING (type, id) WHERE principal = $1 ORDER BY resource_names.type, resource_names.id`

var putResource = upsert("resources", "type, id", "chatbot, mode, allowed")

func scanResource(r row) (o access.Resource, err error) {
	err = r.Scan(&o.Type, &o.ID, &o.Chatbot, &o.Mode, asJSON(&o.Allowed))
	return o, err
}

// Resource gives the document, MCP server or metric.
func (tx *Tx) Resource(t access.Type, id string) (access.Resource, bool, error) {
	return recalled(tx, fact{kind: "resource", id: id, of: string(t)}, func() (access.Resource, bool, error) {
		return one(tx, scanResource, selectResources+` WHERE type = $1 AND id = $2`, t, id)
	})
}

// PutResource inserts or replaces the resource.
func (tx *Tx) PutResource(o access.Resource) error {
	if err := tx.exec(putResource, o.Type, o.ID, o.Chatbot, o.Mode, asJSON(&o.Allowed)); err != nil {
		return err
	}
	if err := tx.exec(`DELETE FROM resource_names WHERE type = $1 AND id = $2`, o.Type, o.ID); err != nil {
		return err
	}
	names := make([][]any, len(o.Allowed))
	for i, p := range o.Allowed {
		names[i] = []any{o.Type, o.ID, p.String()}
	}
	return tx.insertAll("resource_names (type, id, principal)", names)
}

// DeleteResource removes the resource.
func (tx *Tx) DeleteResource(t access.Type, id string) error {
	return tx.exec(`DELETE FROM resources WHERE type = $1 AND id = $2`, t, id)
}

// ResourceFilter narrows Resources.
type ResourceFilter struct {
	Chatbot access.ChatbotID
}

// Resources lists the resources of the type by ID.
func (tx *Tx) Resources(t access.Type, f ResourceFilter, after string, limit int) ([]access.Resource, error) {
	l := from(selectResources+` WHERE type = $1`, t).is("chatbot", string(f.Chatbot))
	return many(tx, scanResource, l.page("id", after, limit))
}

// ResourcesAllowing lists the resources on whose list the principal itself is, by type and ID.
func (tx *Tx) ResourcesAllowing(p access.Principal) ([]access.Resource, error) {
	l := from(resourcesAllowing, p.String())
	return many(tx, scanResource, l)
}
