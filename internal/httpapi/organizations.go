package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Organization is an organization as callers see one.
type Organization struct {
	ID             access.OrganizationID `json:"id"`
	Name           string                `json:"name"`
	PublicAccess   access.Audience       `json:"public_access" doc:"the widest mode of public links (O5)"`
	OutsideSharing bool                  `json:"outside_sharing" doc:"whether its groups, roles and shares can give access to people outside the organization (O5)"`
	AllowedIPs     []string              `json:"allowed_ips" nullable:"true" doc:"the ranges it can be read and changed from (B4); null for anywhere"`
}

func showOrganization(o access.Organization) Organization {
	return Organization{ID: o.ID, Name: o.Name, PublicAccess: o.PublicAccess, OutsideSharing: o.OutsideSharing, AllowedIPs: o.AllowedIPs}
}

// OrganizationChanged is an organization after a change.
type OrganizationChanged struct {
	Organization
	Removal
}

type organizationPath struct {
	Org access.OrganizationID `path:"org"`
}

func (a *api) listOrganizations(ctx context.Context, actor access.Actor, in *pageQuery) (*list[Organization], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	orgs, next, err := a.Sharing.Organizations(ctx, actor, p)
	return listFrom(p, orgs, next, err, showOrganization)
}

func (a *api) getOrganization(ctx context.Context, actor access.Actor, in *organizationPath) (*Organization, error) {
	o, err := a.Sharing.Organization(ctx, actor, in.Org)
	if err != nil {
		return nil, err
	}
	return ref(showOrganization(o)), nil
}

// OrganizationPatch is the body of a PUT on an organization.
type OrganizationPatch struct {
	Name           access.Optional[string]          `json:"name,omitzero"`
	Owner          access.Optional[access.UserID]   `json:"owner,omitzero" doc:"its first owner; at creation only"`
	PublicAccess   access.Optional[access.Audience] `json:"public_access,omitzero" doc:"default everyone; lowering it closes public links that exceed it"`
	OutsideSharing access.Optional[bool]            `json:"outside_sharing,omitzero" doc:"default true; false removes what groups, roles and shares give to people outside the organization. Their addresses stay listed in groups, but give nothing unless they become verified addresses of its people (O5)"`
	AllowedIPs     access.Optional[[]string]        `json:"allowed_ips,omitzero" doc:"IP addresses and CIDR ranges; they must include the caller's own"`
}

type putOrganization struct {
	Org  access.OrganizationID `path:"org"`
	Body OrganizationPatch
}

func (a *api) putOrganization(ctx context.Context, actor access.Actor, in *putOrganization) (*OrganizationChanged, error) {
	r, err := a.Sharing.PutOrganization(ctx, actor, in.Org, sharing.OrganizationPatch(in.Body))
	if err != nil {
		return nil, err
	}
	return &OrganizationChanged{Organization: showOrganization(r.Organization), Removal: Removal{Changed: changed(r.Change), Removed: some(r.Removed)}}, nil
}

func (a *api) deleteOrganization(ctx context.Context, actor access.Actor, in *organizationPath) (*Removal, error) {
	return removal(a.Sharing.DeleteOrganization(ctx, actor, in.Org))
}
