package spice

import (
	core "github.com/authzed/spicedb/pkg/proto/core/v1"
	implv1 "github.com/authzed/spicedb/pkg/proto/impl/v1"
	expr "google.golang.org/genproto/googleapis/api/expr/v1alpha1"
	"google.golang.org/protobuf/proto"
)

const (
	// maxSteps is how many parts of an expression are computed at most for one question. SpiceDB takes 0.2 to 4 µs for each, and knows no limit of its own.
	maxSteps = 100_000
	// maxSent is how many items a list or a map has at most that comes with a question: the shortest takes 4 bytes of MaxValueBytes.
	maxSent = MaxValueBytes / 4
)

// checkCost refuses a caveat by which one question could keep the engine busy: all, exists, map and filter go through what a caller sends, and within each
// other through it again and again.
func (c *compiledExtension) checkCost(d *core.CaveatDefinition) error {
	var decoded implv1.DecodedCaveat
	if err := proto.Unmarshal(d.GetSerializedExpression(), &decoded); err != nil {
		return c.file.refuse(c.line(d.GetSourcePosition()), "caveat %q: %s", d.GetName(), err)
	}
	if steps(decoded.GetCel().GetExpr(), 1) > maxSteps {
		return c.file.refuse(c.line(d.GetSourcePosition()), "caveat %q iterates over the values sent so often that one question could take %d steps or more; "+
			"use `in` instead of a loop within a loop", d.GetName(), maxSteps)
	}
	return nil
}

// steps is how many parts of the expression are computed, each as often as the loops around it go round: at most a little more than maxSteps.
func steps(e *expr.Expr, times int) int {
	n := times
	add := func(part *expr.Expr, times int) {
		if part != nil && n <= maxSteps && times <= maxSteps {
			n += steps(part, times)
		} else if part != nil {
			n = maxSteps + 1
		}
	}
	switch e.GetExprKind().(type) {
	case *expr.Expr_SelectExpr:
		add(e.GetSelectExpr().GetOperand(), times)
	case *expr.Expr_CallExpr:
		add(e.GetCallExpr().GetTarget(), times)
		for _, arg := range e.GetCallExpr().GetArgs() {
			add(arg, times)
		}
	case *expr.Expr_ListExpr:
		for _, item := range e.GetListExpr().GetElements() {
			add(item, times)
		}
	case *expr.Expr_StructExpr:
		for _, entry := range e.GetStructExpr().GetEntries() {
			add(entry.GetMapKey(), times)
			add(entry.GetValue(), times)
		}
	case *expr.Expr_ComprehensionExpr:
		loop := e.GetComprehensionExpr()
		add(loop.GetIterRange(), times)
		add(loop.GetAccuInit(), times)
		within := times * items(loop.GetIterRange())
		add(loop.GetLoopCondition(), within)
		add(loop.GetLoopStep(), within)
		add(loop.GetResult(), times)
	}
	return n
}

// items is how many items the value of an expression has at most, where it is a list or a map.
func items(e *expr.Expr) int {
	switch e.GetExprKind().(type) {
	case *expr.Expr_ListExpr:
		return len(e.GetListExpr().GetElements())
	case *expr.Expr_StructExpr:
		return len(e.GetStructExpr().GetEntries())
	case *expr.Expr_ComprehensionExpr: // of map and filter: one for each, or none
		return items(e.GetComprehensionExpr().GetIterRange())
	case *expr.Expr_CallExpr:
		n := 0
		for _, arg := range e.GetCallExpr().GetArgs() { // such as lists that are added up
			n += items(arg)
		}
		return max(n, maxSent)
	}
	return maxSent
}
