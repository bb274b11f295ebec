package server

import (
	"github.com/grantway/grantway/internal/access"
	"github.com/grantway/grantway/internal/sharing"
)

// demoSteps are the worked examples of the access model, with the people that they need.
var demoSteps = []demoStep{
	// An agency: carla, a client, may read, test and talk to one chatbot of two; the lead consultant has everything but transfer and delete.
	person("olga", "olga@agency.example", access.Internal),
	person("lena", "lena@agency.example", access.Internal),
	person("carla", "carla@client.example", access.External),
	organization("agency", "The agency", "olga"),
	member("agency", "lena", access.OrgAdmin),
	member("agency", "carla", access.OrgClient),
	chatbot("acmebot", "agency", "olga", access.Shared),
	chatbot("otherbot", "agency", "olga", access.Shared),
	row("acmebot", "carla", access.Read, access.Test),

	// A support team: devon reads the conversations of supportbot and nothing else of it, and hrbot not at all.
	person("ada", "ada@acme.com", access.Internal),
	person("devon", "devon@acme.com", access.Internal),
	person("mel", "mel@acme.com", access.Internal),
	organization("acme", "Acme", "ada"),
	member("acme", "devon", access.OrgMember),
	member("acme", "mel", access.OrgMember),
	chatbot("supportbot", "acme", "ada", access.OrganizationVisible),
	chatbot("hrbot", "acme", "ada", access.OrganizationVisible),
	row("supportbot", "devon", access.Read),
	row("hrbot", "devon"),

	// Two companies: all of globex but its clients may use helper.
	person("gil", "gil@globex.example", access.External),
	person("gwen", "gwen@globex.example", access.External),
	person("gus", "gus@globex.example", access.External),
	organization("globex", "Globex", "gil"),
	member("globex", "gwen", access.OrgMember),
	member("globex", "gus", access.OrgClient),
	chatbot("helper", "acme", "mel", access.Shared),
	share("helper", access.Principal{Kind: access.PrincipalOrganization, ID: "globex"}, access.UseOnly),
	// The agency's owner and its admin have not decided yet whether they want it, too.
	request("mel", "helper", access.Principal{Kind: access.PrincipalOrganization, ID: "agency"}, access.UseOnly),

	// Premium support: external subscribers of one customer, with uploads of at most 10 MB.
	person("petra", "petra@premium.example", access.External),
	organization("premium-customers", "Premium customers", "petra"),
	role("premium-subscriber", "acme", "petra", "gwen"),
	chatbot("premium-support", "acme", "ada", access.Shared),
	share("premium-support", access.Everyone, access.UseOnly),
	gates("premium-support", sharing.PolicyPatch{
		UserTypes:     access.Some([]access.UserType{access.External}),
		Entities:      access.Some([]access.OrganizationID{"premium-customers"}),
		RequiredRoles: access.Some([]string{"premium-subscriber"}),
	}),
	feature("premium-support", "traces", sharing.FeaturePatch{Enabled: access.Some(false)}),
	feature("premium-support", "file_upload", sharing.FeaturePatch{
		Enabled:      access.Some(true),
		AllowedRoles: access.Some([]string{"premium-subscriber"}),
		Limits:       access.Some(map[string]float64{"max_file_size_mb": 10}),
	}),

	// Partners: everyone with an address at one of two exact domains.
	chatbot("partnerbot", "acme", "ada", access.Shared),
	share("partnerbot", access.Everyone, access.UseOnly),
	gates("partnerbot", sharing.PolicyPatch{EmailDomains: access.Some([]string{"acme.com", "partner.org"})}),
}
