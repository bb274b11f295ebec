package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
)

// MatrixRow is one member in a chatbot's matrix as callers see it.
type MatrixRow struct {
	User      access.UserID            `json:"user"`
	Role      access.OrgRole           `json:"role" doc:"in the chatbot's organization"`
	Row       []access.Action          `json:"row" nullable:"true" doc:"the cells that were set; null for no row, and empty for no access at all (M6)"`
	Asleep    bool                     `json:"asleep" doc:"whether the row has no effect because the chatbot is owner_only (M1)"`
	Ceiling   []access.Action          `json:"ceiling" nullable:"false" doc:"the most a row can give; the chatbot's owner has no row and every action (M3)"`
	Effective []access.Action          `json:"effective" nullable:"false" doc:"the actions that decisions allow"`
	Because   map[access.Action]string `json:"because" doc:"why each of the five actions is allowed or denied"`
}

func showMatrixRow(r decision.MatrixRow) MatrixRow {
	return MatrixRow{
		User: r.User, Role: r.Role, Row: r.Row, Asleep: r.Asleep, Ceiling: some(r.Ceiling), Effective: some(r.Effective), Because: r.Because,
	}
}

type chatbotQuery struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	pageQuery
}

func (a *api) listPermissions(ctx context.Context, actor access.Actor, in *chatbotQuery) (*list[MatrixRow], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	if err := a.Sharing.MayReadMatrix(ctx, actor, in.Chatbot); err != nil {
		return nil, err
	}
	rows, next, err := a.Decisions.Matrix(ctx, actor, in.Chatbot, access.UserID(p.After), p.Limit)
	return listOf(rows, string(next), err, showMatrixRow)
}

type permissionPath struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	User    access.UserID    `path:"user"`
}

// RowPatch is the body of a PUT on a row of the matrix.
type RowPatch struct {
	Actions []access.Action `json:"actions" nullable:"false" doc:"the actions the member has; empty for no access at all (M6)"`
}

type putPermission struct {
	permissionPath
	Body RowPatch
}

// RowChanged is a row of the matrix after a change.
type RowChanged struct {
	Chatbot access.ChatbotID `json:"chatbot"`
	User    access.UserID    `json:"user"`
	Actions []access.Action  `json:"actions" nullable:"false"`
	Changed
	Warnings []string `json:"warnings" nullable:"false" doc:"such as update without read (M4)"`
}

func (a *api) putPermission(ctx context.Context, actor access.Actor, in *putPermission) (*RowChanged, error) {
	r, err := a.Sharing.PutRow(ctx, actor, in.Chatbot, in.User, in.Body.Actions)
	if err != nil {
		return nil, err
	}
	return &RowChanged{
		Chatbot: in.Chatbot, User: in.User, Actions: some(r.Row.Actions), Changed: changed(r.Change), Warnings: some(r.Warnings),
	}, nil
}

func (a *api) deletePermission(ctx context.Context, actor access.Actor, in *permissionPath) (*Changed, error) {
	return done(a.Sharing.DeleteRow(ctx, actor, in.Chatbot, in.User))
}
