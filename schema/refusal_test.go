package schema_test

import (
	"testing"

	"github.com/authzed/spicedb/pkg/development"
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	devinterface "github.com/authzed/spicedb/pkg/proto/developer/v1"
	"github.com/authzed/spicedb/pkg/tuple"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/schema"
)

// TestTheEngineRefusesWhatNoFactMayImply writes relationships that would break a rule whatever the rest of the server did. The schema has
// no place for them.
func TestTheEngineRefusesWhatNoFactMayImply(t *testing.T) {
	for _, c := range []struct{ rule, relationship string }{
		{"S1", `chatbot:b#can_update@platform:main#everyone`},
		{"S1", `chatbot:b#read_write@platform:main#everyone`},
		{"S12", `chatbot:b#can_deploy@team:t#member`},
		{"S12", `chatbot:b#can_deploy@organization:o#staff`},
		{"K3", `chatbot:b#can_deploy@api_key:k`},
		{"K3", `chatbot:b#read_write@api_key:k`},
		{"K3", `organization:o#manager@api_key:k`},
		{"L1", `chatbot:b#can_interact@visitor:*`},
		{"L1", `chatbot:b#can_interact@platform:main#logged_in`},
		{"L1", `chatbot:b#can_read@platform:main#logged_in[link_presented:{"link":"l"}]`},
		{"L1", `chatbot:b#can_read@visitor:*[link_presented:{"link":"l"}]`},
		{"C1", `chatbot:b#can_interact@user:*`},
		{"E1", `organization:o#person@organization:p#person`},
		{"E1", `organization:o#person@user:*`},
		{"P1", `organization:o#person@platform:main#site_admin`},
		{"P1", `organization:o#staff@service:main`},
		{"P4", `platform:main#site_admin@user:*`},
		{"P4", `platform:main#content_admin@service:main`},
		{"T2", `team:t#admin@team:u#admin`},
		{"M1", `matrix:b#row_read@team:t#member`},
		{"G8", `gatehouse:b#exempt@user:*`},
		{"G8", `gatehouse:b#exempt@visitor:*`},
		{"R1", `document:d#viewer@role:r#assignee`},
		{"R1", `metric:m#viewer@organization:o#staff`},
	} {
		relationship := tuple.MustParse(c.relationship)
		_, devErrors, err := development.NewDevContext(t.Context(), &devinterface.RequestContext{
			Schema:        schema.Text,
			Relationships: []*core.RelationTuple{relationship.ToCoreTuple()},
		})
		require.NoError(t, err, c.relationship)
		require.NotEmpty(t, devErrors.GetInputErrors(), "%s: the engine stores %s", c.rule, c.relationship)
	}
}
