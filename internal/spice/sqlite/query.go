package sqlite

import (
	"errors"
	"math/bits"
	"strings"
	"time"

	"github.com/authzed/spicedb/pkg/datastore"
	"github.com/authzed/spicedb/pkg/datastore/options"
	"github.com/authzed/spicedb/pkg/tuple"
)

// The columns that identify a relationship, in the order of the primary key.
const (
	resourceType = iota
	resourceID
	relation
	subjectType
	subjectID
	subjectRelation
	keyColumns
)

var keyNames = [keyColumns]string{"resource_type", "resource_id", "relation", "subject_type", "subject_id", "subject_relation"}

// keyOf returns the values of those columns for a relationship.
func keyOf(ref *tuple.RelationshipReference) [keyColumns]string {
	return [keyColumns]string{
		ref.Resource.ObjectType, ref.Resource.ObjectID, ref.Resource.Relation,
		ref.Subject.ObjectType, ref.Subject.ObjectID, ref.Subject.Relation,
	}
}

// Each order is that of an index, so that sorted results need no sorting.
var (
	byResource = []int{resourceType, resourceID, relation, subjectType, subjectID, subjectRelation}
	bySubject  = []int{subjectType, subjectID, subjectRelation, resourceType, relation, resourceID}
)

// A selection is a query for relationships under construction.
type selection struct {
	where []string
	args  []any
	// fixed holds the columns that have one value in every result. They are not
	// read back, and have no part in ordering.
	fixed [keyColumns]string
	// Which side names its objects, so that the query reads a few rows.
	namesResources, namesSubjects bool
	onlySubjectSets               bool

	order []int
	limit *uint64

	skipCaveats    bool
	skipExpiration bool
}

func (s *selection) and(condition string, args ...any) {
	s.where = append(s.where, condition)
	s.args = append(s.args, args...)
}

func (s *selection) fix(column int, value string) {
	if value != "" {
		s.and(keyNames[column]+" = ?", value)
		s.fixed[column] = value
	}
}

// oneOf limits an ID column to values, none of them empty.
func (s *selection) oneOf(column int, values []string) error {
	switch len(values) {
	case 0:
		return nil
	case 1:
		if values[0] == "" {
			return errEmptyID
		}
		s.fix(column, values[0])
	default:
		condition, args, err := in(keyNames[column], values)
		if err != nil {
			return err
		}
		s.and(condition, args...)
	}
	if column == resourceID {
		s.namesResources = true
	} else {
		s.namesSubjects = true
	}
	return nil
}

// The indexes that a query is forced to use. The first is the primary key.
const (
	indexByResource  = "sqlite_autoindex_relationship_1"
	indexBySubject   = "relationship_by_subject"
	indexSubjectSets = "relationship_subject_sets"
)

// index returns the index to read, "" where SQLite may choose. SQLite does not know
// how many resources a subject such as user:* can have, so it is told to read the
// index of the side that names its objects, and the resource's if both do.
func (s *selection) index() string {
	switch {
	case s.namesResources && s.fixed[resourceType] != "" && s.onlySubjectSets:
		return indexSubjectSets
	case s.namesResources && s.fixed[resourceType] != "":
		return indexByResource
	case s.namesSubjects && s.fixed[subjectType] != "":
		return indexBySubject
	}
	return ""
}

var (
	errEmptyID      = errors.New("an object ID in a filter is empty")
	errIDsAndPrefix = errors.New("a filter has object IDs as well as a prefix")
)

// in returns the condition that a column has one of values. The list is filled up
// to a power of two by repeating the last value, so that few different statements
// are prepared and kept.
func in(column string, values []string) (string, []any, error) {
	size := 1 << bits.Len(uint(len(values)-1))
	args := make([]any, size)
	for i := range args {
		value := values[min(i, len(values)-1)]
		if value == "" {
			return "", nil, errEmptyID
		}
		args[i] = value
	}
	return column + " IN (?" + strings.Repeat(",?", size-1) + ")", args, nil
}

// filter applies what a caller asks for from the resource side.
func (s *selection) filter(f datastore.RelationshipsFilter) error {
	s.fix(resourceType, f.OptionalResourceType)
	s.fix(relation, f.OptionalResourceRelation)
	if err := s.oneOf(resourceID, f.OptionalResourceIds); err != nil {
		return err
	}
	if prefix := f.OptionalResourceIDPrefix; prefix != "" {
		if len(f.OptionalResourceIds) > 0 {
			return errIDsAndPrefix
		}
		s.and("resource_id >= ?", prefix)
		if end := prefixEnd(prefix); end != "" {
			s.and("resource_id < ?", end)
		}
	}
	if err := s.subjects(f.OptionalSubjectsSelectors); err != nil {
		return err
	}
	switch f.OptionalCaveatNameFilter.Option {
	case datastore.CaveatFilterOptionHasMatchingCaveat:
		s.and("caveat_name = ?", f.OptionalCaveatNameFilter.CaveatName)
	case datastore.CaveatFilterOptionNoCaveat:
		s.and("caveat_name IS NULL")
	}
	switch f.OptionalExpirationOption {
	case datastore.ExpirationFilterOptionHasExpiration:
		s.and("expiration IS NOT NULL")
	case datastore.ExpirationFilterOptionNoExpiration:
		s.and("expiration IS NULL")
	}
	return nil
}

// prefixEnd returns the first string after all that begin with prefix, in the
// order of bytes, and "" where there is none.
func prefixEnd(prefix string) string {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return string(end[:i+1])
		}
	}
	return ""
}

// subjects limits the subjects to those that any of the selectors selects.
func (s *selection) subjects(selectors []datastore.SubjectsSelector) error {
	selectors = merge(selectors)
	if len(selectors) == 1 {
		return s.subject(selectors[0])
	}
	var alternatives selection
	for _, selector := range selectors {
		var one selection
		if err := one.subject(selector); err != nil {
			return err
		}
		if len(one.where) == 0 {
			return nil // This one selects every subject.
		}
		alternatives.and("("+strings.Join(one.where, " AND ")+")", one.args...)
	}
	if len(alternatives.where) > 0 {
		s.and("("+strings.Join(alternatives.where, " OR ")+")", alternatives.args...)
	}
	return nil
}

// merge joins selectors that differ only in their subject IDs, as those for a user
// and for every user do. An index serves one list of IDs, but not alternatives.
func merge(selectors []datastore.SubjectsSelector) []datastore.SubjectsSelector {
	if len(selectors) < 2 {
		return selectors
	}
	first := selectors[0]
	var ids []string
	for _, selector := range selectors {
		if selector.OptionalSubjectType != first.OptionalSubjectType || selector.RelationFilter != first.RelationFilter ||
			len(selector.OptionalSubjectIds) == 0 {
			return selectors
		}
		ids = append(ids, selector.OptionalSubjectIds...)
	}
	first.OptionalSubjectIds = ids
	return []datastore.SubjectsSelector{first}
}

func (s *selection) subject(selector datastore.SubjectsSelector) error {
	s.fix(subjectType, selector.OptionalSubjectType)
	if err := s.oneOf(subjectID, selector.OptionalSubjectIds); err != nil {
		return err
	}
	wanted := selector.RelationFilter
	switch {
	case wanted.OnlyNonEllipsisRelations:
		s.and("subject_relation <> '...'") // As in the index that holds only these.
		s.onlySubjectSets = true
	case wanted.IncludeEllipsisRelation && wanted.NonEllipsisRelation != "":
		s.and("subject_relation IN (?,?)", tuple.Ellipsis, wanted.NonEllipsisRelation)
	case wanted.IncludeEllipsisRelation:
		s.fix(subjectRelation, tuple.Ellipsis)
	default:
		s.fix(subjectRelation, wanted.NonEllipsisRelation)
	}
	return nil
}

// sort sets the order of the results. Cursors need one.
func (s *selection) sort(order options.SortOrder) {
	switch order {
	case options.ByResource:
		s.order = byResource
	case options.BySubject:
		s.order = bySubject
	case options.ChooseEfficient:
		s.order = byResource
		if s.index() == indexBySubject {
			s.order = bySubject
		}
	}
}

// bound leaves out what lies up to the cursor, or with "<=" what lies after it.
func (s *selection) bound(comparison string, cursor options.Cursor) error {
	if cursor == nil {
		return nil
	}
	if s.order == nil {
		return datastore.ErrCursorsWithoutSorting
	}
	key := keyOf(&cursor.RelationshipReference)
	var names []string
	var values []any
	for _, column := range s.order {
		if s.fixed[column] == "" {
			names, values = append(names, keyNames[column]), append(values, key[column])
		}
	}
	switch {
	case len(names) > 0:
		s.and("("+strings.Join(names, ",")+") "+comparison+" (?"+strings.Repeat(",?", len(names)-1)+")", values...)
	case comparison == ">":
		// Everything is fixed, so the cursor stands on the only result there can be.
		s.and("FALSE")
	}
	return nil
}

// at limits the selection to what a snapshot sees, at the present time.
func (s *selection) at(snapshot revision, now time.Time) {
	s.and("created_tx <= ? AND deleted_tx > ?", snapshot, snapshot)
	if !s.skipExpiration {
		s.and("(expiration IS NULL OR expiration > ?)", now.UnixMicro())
	}
}

// statement returns the SQL. Its result has the columns that are not fixed, the
// caveat and the expiration, as scan expects them.
func (s *selection) statement() string {
	var sql strings.Builder
	sql.WriteString("SELECT ")
	separator := ""
	for column, name := range keyNames {
		if s.fixed[column] == "" {
			sql.WriteString(separator + name)
			separator = ", "
		}
	}
	if !s.skipCaveats {
		sql.WriteString(separator + "caveat_name, caveat_context")
		separator = ", "
	}
	if !s.skipExpiration {
		sql.WriteString(separator + "expiration")
		separator = ", "
	}
	if separator == "" {
		sql.WriteString("1")
	}
	s.finish(&sql)
	return sql.String()
}

// count returns the SQL that counts the results.
func (s *selection) count() string {
	var sql strings.Builder
	sql.WriteString("SELECT count(*)")
	s.finish(&sql)
	return sql.String()
}

func (s *selection) finish(sql *strings.Builder) {
	sql.WriteString(" FROM relationship")
	if index := s.index(); index != "" {
		sql.WriteString(" INDEXED BY " + index)
	}
	separator := " WHERE "
	for _, condition := range s.where {
		sql.WriteString(separator + condition)
		separator = " AND "
	}
	separator = " ORDER BY "
	for _, column := range s.order {
		if s.fixed[column] == "" {
			sql.WriteString(separator + keyNames[column])
			separator = ", "
		}
	}
	if s.limit != nil {
		sql.WriteString(" LIMIT ?")
		s.args = append(s.args, int64(min(*s.limit, alive)))
	}
}
