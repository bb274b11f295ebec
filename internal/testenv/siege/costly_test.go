package siege_test

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// costlyInput is input that may cost far more than its length.
var costlyInput = attack{
	name: "A3",
	does: "nobody sends bodies, addresses, links and import lines that cost out of proportion, one of each kind at a time",
	wage: func(ctx context.Context, s *siege) {
		inputs := costlyInputs()
		among(ctx, len(inputs), func(ctx context.Context, i int) {
			in := inputs[i]
			c := s.server.from(attackersFrom[0], s.nobody)
			defer c.http.CloseIdleConnections()
			patient, cancel := context.WithTimeout(ctx, 3*time.Second) // the client goes away then
			defer cancel()
			status, _, err := c.call(patient, in.method, in.path, strings.NewReader(in.body))
			s.tallies(ctx, in.what, status, err)
		})
	},
	judge: func(s *siege) {
		const times = 5
		c := s.server.from(attackersFrom[0], s.nobody)
		for _, in := range costlyInputs() {
			began := s.server.cpu()
			for range times {
				if _, _, err := c.call(s.Context(), in.method, in.path, strings.NewReader(in.body)); err != nil {
					s.miss("%s: %v", in.what, unwrapped(err))
				}
			}
			each := (s.server.cpu() - began) / times
			s.note("%s, %d KiB: %d ms of CPU a call", in.what, len(in.body)>>10, each.Milliseconds())
			if each > mostCPU {
				s.miss("%s takes %s of CPU", in.what, each)
			}
		}
	},
}

// mostCPU is what one call of at most 1 MiB may cost.
const mostCPU = time.Second

// input is one call that may cost much.
type input struct{ what, method, path, body string }

// letters is a text of n different letters.
func letters(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteRune(rune(0x4E00 + i))
	}
	return b.String()
}

func costlyInputs() []input {
	const one = `{"subject":{"type":"user","id":"nobody"},"action":{"name":"interact"},"resource":{"type":"chatbot","id":"bot-1"}%s}`
	wide := `{"` + fill("n", 500_000) + `":[` + fill("0,", 499_999) + `]}`
	address := "a@" + letters(20_000) + ".test"
	withAddress := fmt.Sprintf(`{"type":"user","id":"nobody","properties":{"email":%q}}`, "a@"+letters(3000)+".test")
	items := strings.Repeat(`{},`, 999) + `{}`
	var names strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&names, `"name-%010d":1,`, i)
	}
	return []input{
		{"a long name and 250,000 items in a change", "PUT", "/v1/chatbots/malbot", wide},
		{"a long name and 250,000 items in a question", "POST", "/access/v1/evaluation", fmt.Sprintf(one, `,"context":`+wide)},
		{"an address of 20,000 letters in a question", "POST", "/access/v1/evaluation",
			fmt.Sprintf(`{"subject":{"type":"user","id":"nobody","properties":{"email":%q}},"action":{"name":"interact"},"resource":{"type":"chatbot","id":"bot-1"}}`, address)},
		{"an address of 20,000 letters in an invitation", "POST", "/v1/organizations/evil/invitations", fmt.Sprintf(`{"email":%q,"role":"member"}`, address)},
		{"an address of 3,000 letters in a batch", "POST", "/access/v1/evaluations",
			fmt.Sprintf(`{"subject":%s,"action":{"name":"interact"},"resource":{"type":"chatbot","id":"bot-1"},"evaluations":[%s]}`, withAddress, items)},
		{"a link of 900,000 bytes in a batch of 1,000", "POST", "/access/v1/evaluations",
			fmt.Sprintf(one, `,"context":{"link":"`+fill("l", 900_000)+`"},"evaluations":[`+items+`]`)},
		{"an import line 9,900 deep", "POST", "/v1/imports?format=jsonl&dry_run=true",
			`{"kind":"share","chatbot":` + strings.Repeat(`{"`+fill("n", 90)+`":`, 9900) + "1" + strings.Repeat("}", 9900) + "}\n"},
		{"an import line of 60,000 names", "POST", "/v1/imports?format=jsonl&dry_run=true", `{"kind":"share",` + names.String() + `"chatbot":"x"}` + "\n"},
	}
}
