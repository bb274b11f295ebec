package store

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// region is all rows of a table that a statement may read or change: those for which a condition holds, or, with in, those whose column has one of the
// values that another region lists.
type region struct {
	table string
	where string // with the placeholders of the statement

	column string
	in     *region // and its column is the one with the values
}

// bind gives the condition with placeholders from 1 on, and the values for them.
func (r region) bind(args []any) (where string, values []any) {
	where = placeholder.ReplaceAllStringFunc(r.where, func(mark string) string {
		n, _ := strconv.Atoi(mark[1:])
		values = append(values, args[n-1])
		return "$" + strconv.Itoa(len(values))
	})
	return where, values
}

var (
	placeholder = regexp.MustCompile(`\$\d+`)
	space       = regexp.MustCompile(`\s+`)

	reading   = regexp.MustCompile(`^SELECT [\w, '().<>*]+? FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY [\w, ]+)?(?: LIMIT \S+)?(?: OFFSET \S+)?$`)
	updating  = regexp.MustCompile(`^UPDATE (\w+) SET .+? WHERE (.+?)(?: RETURNING .+)?$`)
	deleting  = regexp.MustCompile(`^DELETE FROM (\w+) WHERE (.+)$`)
	upserting = regexp.MustCompile(`^INSERT INTO (\w+) \(([\w, ]+)\) VALUES .+ ON CONFLICT \(([\w, ]+)\) DO (?:UPDATE|NOTHING)`)
	inserting = regexp.MustCompile(`^INSERT INTO (\w+) \([\w, ]+\) VALUES [^A-Z]+(?:ON CONFLICT DO NOTHING)?$`)

	listed = regexp.MustCompile(`(\w+) (?:=|IN) \(SELECT (\w+) FROM (\w+) WHERE ([^()]+)\)`)
)

// joins are the statements that say what they are about in another way than all others do. What is new in the overlay has been read or written there
// before something that names it could be.
var joins = map[string][]region{
	featuresNaming: {
		{table: "feature_names", where: "role = $1"},
		{table: "features", where: "(chatbot, name) IN (SELECT chatbot, name FROM feature_names WHERE role = $1)"},
	},
	resourcesAllowing: {
		{table: "resource_names", where: "principal = $1"},
		{table: "resources", where: "(type, id) IN (SELECT type, id FROM resource_names WHERE principal = $1)"},
	},
	hasNestings: {
		{table: "teams", where: "organization = $1"},
		{table: "team_nestings", where: "outer_team IN (SELECT id FROM teams WHERE organization = $1)"},
	},
	ownerOrAnybody: {{table: "chatbots", where: "id = $1"}}, // anybody of the overlay will do
}

// regionsOf are all rows that decide what the statement does.
func (u *under) regionsOf(query string) ([]region, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if known, ok := u.regions[query]; ok {
		return known, nil
	}
	found, err := regionsOf(query)
	if err == nil {
		u.regions[query] = found
	}
	return found, err
}

func regionsOf(query string) ([]region, error) {
	if known, ok := joins[query]; ok {
		return known, nil
	}
	query = space.ReplaceAllString(strings.TrimSpace(query), " ")
	var table, where string
	switch {
	case reading.MatchString(query):
		parts := reading.FindStringSubmatch(query)
		if table, where = parts[1], parts[2]; where == "" {
			where = "1 = 1"
		}
	case updating.MatchString(query):
		parts := updating.FindStringSubmatch(query)
		table, where = parts[1], parts[2]
	case deleting.MatchString(query):
		parts := deleting.FindStringSubmatch(query)
		table, where = parts[1], parts[2]
	case upserting.MatchString(query):
		parts := upserting.FindStringSubmatch(query)
		table = parts[1]
		columns, key := strings.Split(parts[2], ", "), strings.Split(parts[3], ", ")
		if !slices.Equal(columns[:len(key)], key) {
			return nil, fmt.Errorf("overlay: unknown key column: %s", query)
		}
		for i, column := range key {
			key[i] = fmt.Sprintf("%s = $%d", column, i+1)
		}
		where = strings.Join(key, " AND ")
	case inserting.MatchString(query):
		return nil, nil
	}
	if list := listed.FindStringSubmatch(where); list != nil {
		return []region{{table: table, column: list[1], in: &region{table: list[3], where: list[4], column: list[2]}}}, nil
	}
	if table == "" || strings.Contains(where, "SELECT") {
		return nil, fmt.Errorf("overlay: unknown table: %s", query)
	}
	return []region{{table: table, where: where}}, nil
}
