package bulk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// narrowed has three chatbots, of which one is gated, one disabled and one neither, each with all that the tables can say of it.
func narrowed(t *testing.T) *env {
	e := newEnv(t)
	e.takes(root, "m.csv", memberFile, "b.csv", "chatbot,organization,owner,name\ngated,acme,bob,\noff,acme,bob,\nopen,acme,bob,\n",
		"s.csv", "chatbot,principal,access\ngated,user:gina,use_only\noff,user:gina,use_only\nopen,user:gina,use_only\n",
		"r.csv", "chatbot,user,actions\ngated,carla,read\noff,carla,read\nopen,carla,read\n",
		"d.csv", "document,chatbot\nd-gated,gated\nd-off,off\nd-open,open\n", "t.csv", "mcp_server,chatbot\nm-gated,gated\nm-off,off\nm-open,open\n",
		"x.csv", "metric,chatbot\nx-gated,gated\nx-off,off\nx-open,open\n",
		"p.jsonl", `{"kind":"policy","chatbot":"gated","user_types":["internal"]}
{"kind":"policy","chatbot":"off","enabled":false}
`)
	return e
}

func TestTheExportAsCSVNeverOpensAChatbot(t *testing.T) {
	from, to := narrowed(t), newEnv(t)
	files := unzip(t, from.export("format=csv"))
	for i := 0; i < len(files)-2; i += 2 {
		assert.NotContains(t, files[i+1], "gated", files[i])
		assert.NotContains(t, files[i+1], "off", files[i])
		assert.Equal(t, files[i+1], string(from.export("format=csv&table="+strings.TrimSuffix(files[i], ".csv"))), "alone as in the archive")
	}
	assert.Equal(t, "LEFT-OUT.txt", files[len(files)-2])
	said := files[len(files)-1]
	_, list, _ := strings.Cut(said, "where the tables are imported.\n")
	assert.Equal(t, `// chatbot "gated" is left out: it has gates or is disabled
// chatbot "off" is left out: it has gates or is disabled
// Use JSON Lines to move everything.
`, list)

	to.takes(root, files...)
	taken := unzip(t, to.export("format=csv"))
	for i := 0; i < len(files)-2; i += 2 {
		assert.Equal(t, files[i+1], taken[i+1], files[i])
		if !strings.HasPrefix(files[i], "team_") && !strings.HasPrefix(files[i], "role_") && !strings.HasPrefix(files[i], "group_") {
			assert.Greater(t, strings.Count(taken[i+1], "\n"), 1, files[i])
		}
	}
}
