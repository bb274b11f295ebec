package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/console"
	"github.com/grantway/grantway/internal/secret"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/store"
)

const (
	// demoKeyFile keeps the key of a demonstration, so that what was printed at its first start works at the next one too. Other servers
	// keep no key that can be read.
	demoKeyFile = "demo.key"
	// settingDemo names the setting that is yes once the worked examples are loaded.
	settingDemo = "demo.loaded"
	// demoLoaded is that setting once all is loaded.
	demoLoaded = "yes"
)

// prepareDemo loads the worked examples into a store that is empty, and leaves one that has them as it is. It returns the key to try them
// with.
func prepareDemo(ctx context.Context, c Config, db *store.DB, s *sharing.Service, secrets *secret.Hasher) (string, error) {
	var loaded string
	var foreign bool
	if err := db.View(ctx, func(tx *store.Tx) (err error) {
		if loaded, _, err = tx.Setting(settingDemo); err != nil || loaded != "" {
			return err
		}
		users, err := tx.Users(store.UserFilter{IncludeDeleted: true}, "", 1)
		foreign = len(users) > 0
		return err
	}); err != nil {
		return "", err
	}
	if foreign {
		return "", &StartError{
			Problem: fmt.Sprintf("%s already contains other data", c.place()),
			Advice:  "Choose another place with --data or --datastore-uri, or leave out --demo.",
		}
	}
	key, err := demoKey(c, secrets)
	if err != nil || loaded == demoLoaded {
		return key, err
	}
	// Until all is loaded the store is half a demonstration, which the next start completes.
	if err := db.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(settingDemo, "begun") }); err != nil {
		return "", err
	}
	if err := loadDemo(ctx, s); err != nil {
		return "", fmt.Errorf("cannot load the demo: %w", err)
	}
	return key, db.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(settingDemo, demoLoaded) })
}

// demoKey is the key in the configuration, else the one in the data directory, which is made at the first start.
func demoKey(c Config, secrets *secret.Hasher) (string, error) {
	if c.RootKey != "" {
		return c.RootKey, nil
	}
	path := filepath.Join(c.Data, demoKeyFile)
	data, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	key := secrets.NewAccountKey().Text
	return key, os.WriteFile(path, []byte(key+"\n"), 0o600)
}

// Person is somebody of the demonstration, to look at the console as.
type Person struct {
	User access.UserID
	Is   string // what they are there
	Link string // signs in once
}

// demoSignIns makes a link to the console for four people of the worked examples. Those of an earlier start stop working.
func demoSignIns(ctx context.Context, c Config, s *sharing.Service) ([]Person, error) {
	people := []Person{
		{User: "ada", Is: "owner of acme and its chatbots"},
		{User: "lena", Is: "admin of agency"},
		{User: "mel", Is: "member of acme, who owns helper"},
		{User: "carla", Is: "client of agency"},
	}
	for i, p := range people {
		made, err := s.MakeSignInLink(ctx, access.Actor{Key: secret.RootKey, Access: access.KeyFull}, p.User)
		if err != nil {
			return nil, fmt.Errorf("a link to the console for %s: %w", p.User, err)
		}
		people[i].Link = strings.TrimRight(c.PublicURL, "/") + console.Path + "/sign-in/link#" + made.Secret
	}
	return people, nil
}

// loadDemo makes the worked examples through the use cases, as the key of the installation.
func loadDemo(ctx context.Context, s *sharing.Service) error {
	actor := access.Actor{Key: secret.RootKey, Access: access.KeyFull}
	for _, step := range demoSteps {
		if err := step(ctx, s, actor); err != nil {
			return err
		}
	}
	return nil
}

// demoStep makes one fact.
type demoStep func(context.Context, *sharing.Service, access.Actor) error

func person(id access.UserID, email access.Email, t access.UserType) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		_, err := s.PutUser(ctx, a, id, sharing.UserPatch{
			Email: access.Some(email), EmailVerified: access.Some(true), Type: access.Some(t),
		})
		return err
	}
}

func organization(id access.OrganizationID, name string, owner access.UserID) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		_, err := s.PutOrganization(ctx, a, id, sharing.OrganizationPatch{Name: access.Some(name), Owner: access.Some(owner)})
		return err
	}
}

func member(org access.OrganizationID, user access.UserID, role access.OrgRole) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		_, err := s.PutMember(ctx, a, org, user, role, sharing.Offboard{})
		return err
	}
}

func role(id access.RoleID, org access.OrganizationID, assignees ...access.UserID) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		if _, err := s.PutRole(ctx, a, id, sharing.RolePatch{Organization: access.Some(org)}); err != nil {
			return err
		}
		for _, user := range assignees {
			if _, err := s.AssignRole(ctx, a, id, user); err != nil {
				return err
			}
		}
		return nil
	}
}

func chatbot(id access.ChatbotID, org access.OrganizationID, owner access.UserID, v access.Visibility) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		_, err := s.PutChatbot(ctx, a, id, sharing.ChatbotPatch{
			Organization: access.Some(org), Owner: access.Some(owner), Visibility: access.Some(v),
		})
		return err
	}
}

func share(bot access.ChatbotID, with access.Principal, level access.Level) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		_, err := s.PutShare(ctx, a, bot, with, sharing.SharePatch{Access: access.Some(level)})
		return err
	}
}

// request asks for a share as the user, for others to decide.
func request(from access.UserID, bot access.ChatbotID, with access.Principal, level access.Level) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		a.User = from
		_, err := s.PutShare(ctx, a, bot, with, sharing.SharePatch{Access: access.Some(level)})
		return err
	}
}

func row(bot access.ChatbotID, user access.UserID, actions ...access.Action) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		_, err := s.PutRow(ctx, a, bot, user, actions)
		return err
	}
}

func gates(bot access.ChatbotID, p sharing.PolicyPatch) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		_, err := s.PutPolicy(ctx, a, bot, p)
		return err
	}
}

func feature(bot access.ChatbotID, name string, p sharing.FeaturePatch) demoStep {
	return func(ctx context.Context, s *sharing.Service, a access.Actor) error {
		_, err := s.PutFeature(ctx, a, bot, name, p)
		return err
	}
}
