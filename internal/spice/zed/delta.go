package zed

import (
	"github.com/authzed/spicedb/pkg/diff/caveats"
	"github.com/authzed/spicedb/pkg/diff/namespace"
)

// namespaceDelta tells one change of a definition, with + for what is added, - for what is removed and ~ for what becomes another. Changed
// comments tell nothing.
func namespaceDelta(d namespace.Delta) (text, sign string, tells bool) {
	switch d.Type {
	case namespace.AddedRelation:
		return "relation " + d.RelationName, "+", true
	case namespace.RemovedRelation:
		return "relation " + d.RelationName, "-", true
	case namespace.AddedPermission:
		return "permission " + d.RelationName, "+", true
	case namespace.RemovedPermission:
		return "permission " + d.RelationName, "-", true
	case namespace.ChangedPermissionImpl:
		return "permission " + d.RelationName, "~", true
	case namespace.LegacyChangedRelationImpl:
		return "relation " + d.RelationName, "~", true
	case namespace.RelationAllowedTypeAdded:
		return "relation " + d.RelationName + ": " + allowed(d.AllowedType), "+", true
	case namespace.RelationAllowedTypeRemoved:
		return "relation " + d.RelationName + ": " + allowed(d.AllowedType), "-", true
	}
	return "", "", false
}

// caveatDelta tells one change of a caveat.
func caveatDelta(d caveats.Delta) (text, sign string, tells bool) {
	switch d.Type {
	case caveats.AddedParameter:
		return "parameter " + d.ParameterName, "+", true
	case caveats.RemovedParameter:
		return "parameter " + d.ParameterName, "-", true
	case caveats.ParameterTypeChanged:
		return "parameter " + d.ParameterName, "~", true
	case caveats.CaveatExpressionChanged:
		return "expression", "~", true
	}
	return "", "", false
}
