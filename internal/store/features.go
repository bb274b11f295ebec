package store

import "github.com/grantway/grantway/internal/access"

const selectFeatures = `SELECT chatbot, name, enabled, allowed_roles, user_types, limits FROM features`

const featuresNaming = selectFeatures + ` JOIN feature_names USING (chatbot, name) WHERE role = $1 ORDER BY feature_names.chatbot, feature_names.name`

var putFeature = upsert("features", "chatbot, name", "enabled, allowed_roles, user_types, limits")

func scanFeature(r row) (f access.Feature, err error) {
	err = r.Scan(&f.Chatbot, &f.Name, &f.Enabled, asJSON(&f.AllowedRoles), asJSON(&f.UserTypes), asJSON(&f.Limits))
	return f, err
}

// Feature gives the chatbot's feature of that name. A condition that is set but empty is not nil (G8).
func (tx *Tx) Feature(chatbot access.ChatbotID, name string) (access.Feature, bool, error) {
	return recalled(tx, fact{kind: "feature", id: name, of: string(chatbot)}, func() (access.Feature, bool, error) {
		return one(tx, scanFeature, selectFeatures+` WHERE chatbot = $1 AND name = $2`, chatbot, name)
	})
}

// PutFeature inserts or replaces the feature.
func (tx *Tx) PutFeature(f access.Feature) error {
	err := tx.exec(putFeature, f.Chatbot, f.Name, f.Enabled, asJSON(&f.AllowedRoles), asJSON(&f.UserTypes), asJSON(&f.Limits))
	if err != nil {
		return err
	}
	if err := tx.exec(`DELETE FROM feature_names WHERE chatbot = $1 AND name = $2`, f.Chatbot, f.Name); err != nil {
		return err
	}
	names := make([][]any, len(f.AllowedRoles))
	for i, role := range f.AllowedRoles {
		names[i] = []any{f.Chatbot, f.Name, role}
	}
	return tx.insertAll("feature_names (chatbot, name, role)", names)
}

// DeleteFeature removes the feature.
func (tx *Tx) DeleteFeature(chatbot access.ChatbotID, name string) error {
	return tx.exec(`DELETE FROM features WHERE chatbot = $1 AND name = $2`, chatbot, name)
}

// Features lists the chatbot's features by name.
func (tx *Tx) Features(chatbot access.ChatbotID, after string, limit int) ([]access.Feature, error) {
	return many(tx, scanFeature, from(selectFeatures+` WHERE chatbot = $1`, chatbot).page("name", after, limit))
}

// FeaturesNaming lists the features whose role condition names the role, by chatbot and name. Roles are spelled as in PoliciesNaming.
func (tx *Tx) FeaturesNaming(role string) ([]access.Feature, error) {
	l := from(featuresNaming, role)
	return many(tx, scanFeature, l)
}
