package decision_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/decision"
	"github.com/grantway/grantway/internal/sharing"
	"github.com/grantway/grantway/internal/testenv/kit"
)

// Mia shares her chatbot with three people and takes it back, again and again, while others ask about it in every way: who made a change sees it at once,
// and nobody hears at any time that mia has lost her chatbot, or that zoe has got it.
func TestC3ManyAskBesideChanges(t *testing.T) {
	const rounds, askers = 10, 4
	root := access.Actor{Key: "root", Access: access.KeyFull}
	k := kit.New(t, kit.Config{})
	ctx := t.Context()
	for _, u := range []access.UserID{"mia", "zoe", "guest-0", "guest-1", "guest-2"} {
		_, err := k.PutUser(ctx, root, u, sharing.UserPatch{})
		require.NoError(t, err)
	}
	_, err := k.PutOrganization(ctx, root, "acme", sharing.OrganizationPatch{Owner: access.Some[access.UserID]("mia")})
	require.NoError(t, err)
	_, err = k.PutChatbot(ctx, root, "helper",
		sharing.ChatbotPatch{Organization: access.Some[access.OrganizationID]("acme"), Owner: access.Some[access.UserID]("mia")})
	require.NoError(t, err)
	s := decision.New(decision.Config{
		Engine: k.Engine, Directory: decision.FromStore(k.Store), Fresh: k.Carrier.Fresh, Metrics: prometheus.NewRegistry(),
	})
	reads := func(u access.UserID) decision.Request { return asks(user(string(u)), "read", chatbot("helper")) }

	var changers, crowd sync.WaitGroup
	changed := make(chan struct{})
	for n := range 3 {
		changers.Go(func() {
			guest := access.UserID(fmt.Sprintf("guest-%d", n))
			for round := range rounds {
				var err error
				if with := (access.Principal{Kind: access.PrincipalUser, ID: string(guest)}); round%2 == 0 {
					_, err = k.PutShare(ctx, root, "helper", with, sharing.SharePatch{Access: access.Some(access.ReadOnly)})
				} else {
					_, err = k.DeleteShare(ctx, root, "helper", with)
				}
				if err != nil {
					t.Error(err)
					return
				}
				if a, err := s.Evaluate(ctx, backend, reads(guest)); err != nil || a.Allowed != (round%2 == 0) {
					t.Errorf("round %d: %s is answered %v, %v", round, guest, a.Allowed, err)
				}
			}
		})
	}
	ways := []func(context.Context) (mia, zoe bool, err error){
		func(ctx context.Context) (bool, bool, error) {
			all, err := s.EvaluateAll(ctx, backend, []decision.Request{reads("mia"), reads("zoe"), reads("guest-0")})
			if err != nil {
				return false, false, err
			}
			return all[0].Allowed, all[1].Allowed, nil
		},
		func(ctx context.Context) (bool, bool, error) {
			readers, err := s.SearchSubjects(ctx, backend, asks(user(""), "read", chatbot("helper")), decision.Page{})
			return slices.Contains(readers.IDs, "mia"), slices.Contains(readers.IDs, "zoe"), err
		},
		func(ctx context.Context) (bool, bool, error) {
			mias, err := s.SearchResources(ctx, backend, asks(user("mia"), "read", chatbot("")), decision.Page{})
			if err != nil {
				return false, false, err
			}
			zoes, err := s.SearchResources(ctx, backend, asks(user("zoe"), "read", chatbot("")), decision.Page{})
			return len(mias.IDs) == 1, len(zoes.IDs) > 0, err
		},
		func(ctx context.Context) (bool, bool, error) {
			about := []decision.Request{reads("mia"), reads("zoe")}
			about[0].Explain, about[1].Explain = true, true
			why, err := s.EvaluateAll(ctx, backend, about)
			if err != nil {
				return false, false, err
			}
			return len(why[0].Why.Because) > 0, len(why[1].Why.StoppedBy) == 0, nil
		},
	}
	for n := range askers {
		crowd.Go(func() {
			for way := n; ; way++ {
				if mia, zoe, err := ways[way%len(ways)](ctx); err != nil || !mia || zoe {
					t.Errorf("way %d: mia %v, zoe %v, %v", way%len(ways), mia, zoe, err)
				}
				select {
				case <-changed:
					return
				default:
				}
			}
		})
	}
	changers.Wait()
	close(changed)
	crowd.Wait()
}
