package httpapi

import (
	"context"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// Feature is a chatbot's feature as callers see one. As in gates, null is a condition that is not set, and an empty list one that deletions
// have emptied (G8).
type Feature struct {
	ID           string             `json:"id" doc:"its ID as a resource in decisions"`
	Chatbot      access.ChatbotID   `json:"chatbot"`
	Name         string             `json:"name"`
	Enabled      bool               `json:"enabled"`
	AllowedRoles []string           `json:"allowed_roles" nullable:"true"`
	UserTypes    []access.UserType  `json:"user_types" nullable:"true"`
	Limits       map[string]float64 `json:"limits" nullable:"false" doc:"a limit max_X bounds the value X of a request"`
}

func showFeature(f access.Feature) Feature {
	shown := Feature{
		ID: access.FeatureID(f.Chatbot, f.Name), Chatbot: f.Chatbot, Name: f.Name, Enabled: f.Enabled, AllowedRoles: f.AllowedRoles,
		UserTypes: f.UserTypes, Limits: f.Limits,
	}
	if shown.Limits == nil {
		shown.Limits = map[string]float64{}
	}
	return shown
}

// FeatureChanged is a feature after a change.
type FeatureChanged struct {
	Feature
	Changed
}

type featuresQuery struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	pageQuery
}

func (a *api) listFeatures(ctx context.Context, actor access.Actor, in *featuresQuery) (*list[Feature], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	features, next, err := a.Sharing.Features(ctx, actor, in.Chatbot, p)
	return listOf(features, next, err, showFeature)
}

type featurePath struct {
	Chatbot access.ChatbotID `path:"chatbot"`
	Feature string           `path:"feature" format:"feature-name"`
}

func (a *api) getFeature(ctx context.Context, actor access.Actor, in *featurePath) (*Feature, error) {
	f, err := a.Sharing.Feature(ctx, actor, in.Chatbot, in.Feature)
	if err != nil {
		return nil, err
	}
	return ref(showFeature(f)), nil
}

// FeaturePatch is the body of a PUT on a feature.
type FeaturePatch struct {
	Enabled      access.Optional[bool]               `json:"enabled,omitzero" doc:"default false"`
	AllowedRoles access.Optional[[]string]           `json:"allowed_roles,omitzero" doc:"at least one of these roles; platform roles are written platform:site_admin and so on"`
	UserTypes    access.Optional[[]access.UserType]  `json:"user_types,omitzero"`
	Limits       access.Optional[map[string]float64] `json:"limits,omitzero" doc:"such as max_file_size_mb, which bounds the value file_size_mb; a number from 0 to 2^53"`
}

type putFeature struct {
	featurePath
	Body FeaturePatch
}

func (a *api) putFeature(ctx context.Context, actor access.Actor, in *putFeature) (*FeatureChanged, error) {
	r, err := a.Sharing.PutFeature(ctx, actor, in.Chatbot, in.Feature, sharing.FeaturePatch(in.Body))
	if err != nil {
		return nil, err
	}
	return &FeatureChanged{Feature: showFeature(r.Feature), Changed: changed(r.Change)}, nil
}

func (a *api) deleteFeature(ctx context.Context, actor access.Actor, in *featurePath) (*Changed, error) {
	return done(a.Sharing.DeleteFeature(ctx, actor, in.Chatbot, in.Feature))
}
