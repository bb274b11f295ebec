package embedded

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	v1 "github.com/authzed/authzed-go/proto/authzed/api/v1"
	"github.com/stretchr/testify/require"
)

const benchSchema = `
definition user {}

definition team {
	relation member: user | team#member
}

definition chatbot {
	relation can_interact: user | user:* | team#member
	relation pointer: chatbot
	permission interact = pointer->can_interact
}
`

// benchEngine starts an engine with teams of 10 members and chatbots that are each
// shared with 19 users and one team: about n relationships.
func benchEngine(b *testing.B, n int) (*Engine, v1.PermissionsServiceClient) {
	b.Helper()
	engine, err := Start(b.Context(), Config{Path: filepath.Join(b.TempDir(), "engine.db")})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, engine.Close()) })
	_, err = v1.NewSchemaServiceClient(engine.Conn()).WriteSchema(b.Context(), &v1.WriteSchemaRequest{Schema: benchSchema})
	require.NoError(b, err)
	client := v1.NewPermissionsServiceClient(engine.Conn())
	const perBot = 31
	imported := importAll(b, client, n/perBot*perBot, func(i int) *v1.Relationship {
		bot, k := i/perBot, i%perBot
		switch {
		case k < 19:
			return benchRel("chatbot", fmt.Sprintf("bot-%d", bot), "can_interact", "user", benchUser(bot, k), "")
		case k == 19:
			return benchRel("chatbot", fmt.Sprintf("bot-%d", bot), "can_interact", "team", fmt.Sprintf("team-%d", bot), "member")
		case k == 20:
			return benchRel("chatbot", fmt.Sprintf("bot-%d", bot), "pointer", "chatbot", fmt.Sprintf("bot-%d", bot), "")
		default:
			return benchRel("team", fmt.Sprintf("team-%d", bot), "member", "user", benchUser(bot, k), "")
		}
	})
	require.EqualValues(b, n/perBot*perBot, imported)
	return engine, client
}

func benchUser(bot, k int) string { return fmt.Sprintf("user-%d-%d", bot/20, (bot*7+k)%100) }

func benchRel(resource, id, relation, subject, subjectID, subjectRelation string) *v1.Relationship {
	return &v1.Relationship{
		Resource: &v1.ObjectReference{ObjectType: resource, ObjectId: id},
		Relation: relation,
		Subject: &v1.SubjectReference{
			Object:           &v1.ObjectReference{ObjectType: subject, ObjectId: subjectID},
			OptionalRelation: subjectRelation,
		},
	}
}

// importAll imports n relationships in streams of 10,000 and returns how many the
// engine counted.
func importAll(tb testing.TB, client v1.PermissionsServiceClient, n int, relationship func(int) *v1.Relationship) (imported uint64) {
	tb.Helper()
	for from := 0; from < n; from += 10_000 {
		stream, err := client.ImportBulkRelationships(tb.Context())
		require.NoError(tb, err)
		for at := from; at < min(from+10_000, n); at += 1000 {
			request := &v1.ImportBulkRelationshipsRequest{}
			for i := at; i < min(at+1000, from+10_000, n); i++ {
				request.Relationships = append(request.Relationships, relationship(i))
			}
			require.NoError(tb, stream.Send(request))
		}
		answer, err := stream.CloseAndRecv()
		require.NoError(tb, err)
		imported += answer.NumLoaded
	}
	return imported
}

func benchCheck(bot, k int) *v1.CheckPermissionRequest {
	return &v1.CheckPermissionRequest{
		Consistency: &v1.Consistency{Requirement: &v1.Consistency_FullyConsistent{FullyConsistent: true}},
		Resource:    &v1.ObjectReference{ObjectType: "chatbot", ObjectId: fmt.Sprintf("bot-%d", bot)},
		Permission:  "interact",
		Subject:     &v1.SubjectReference{Object: &v1.ObjectReference{ObjectType: "user", ObjectId: benchUser(bot, k)}},
	}
}

// BenchmarkCheck asks questions of which each is new to the caches until all
// chatbots have been asked about.
func BenchmarkCheck(b *testing.B) {
	for _, size := range []int{10_000, 100_000} {
		_, client := benchEngine(b, size)
		ask := func(b *testing.B, ctx context.Context, i int) {
			bots := size / 31
			answer, err := client.CheckPermission(ctx, benchCheck(i%bots, i/bots%31))
			require.NoError(b, err)
			_ = answer
		}
		b.Run(fmt.Sprintf("uncached/%d", size), func(b *testing.B) {
			for i := range b.N {
				ask(b, b.Context(), i)
			}
		})
		b.Run(fmt.Sprintf("cached/%d", size), func(b *testing.B) {
			for range b.N {
				ask(b, b.Context(), 1)
			}
		})
		b.Run(fmt.Sprintf("after-a-write/%d", size), func(b *testing.B) {
			for i := range b.N {
				b.StopTimer()
				_, err := client.WriteRelationships(b.Context(), touch(benchRel("team", "elsewhere", "member", "user", fmt.Sprint(i), "")))
				require.NoError(b, err)
				b.StartTimer()
				ask(b, b.Context(), i)
			}
		})
	}
}

func touch(relationships ...*v1.Relationship) *v1.WriteRelationshipsRequest {
	request := &v1.WriteRelationshipsRequest{}
	for _, relationship := range relationships {
		request.Updates = append(request.Updates, &v1.RelationshipUpdate{
			Operation:    v1.RelationshipUpdate_OPERATION_TOUCH,
			Relationship: relationship,
		})
	}
	return request
}

// BenchmarkWrite measures one relationship in a call, durably written.
func BenchmarkWrite(b *testing.B) {
	_, client := benchEngine(b, 10_000)
	b.ResetTimer()
	for i := range b.N {
		_, err := client.WriteRelationships(b.Context(), touch(benchRel("team", "new", "member", "user", fmt.Sprint(i), "")))
		require.NoError(b, err)
	}
}

// BenchmarkImport measures 100,000 relationships in ten streams.
func BenchmarkImport(b *testing.B) {
	for range b.N {
		benchEngine(b, 100_000)
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "relationships/s")
}
