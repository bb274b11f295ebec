package httpapi_test

import (
	"testing"

	"github.com/grantway/grantway/internal/access"
)

// TestSharing tells the main story: a chatbot is shared, and the backend sees it at once.
func TestSharing(t *testing.T) {
	e := newWorld(t)
	e.Can(mel, access.ManageAccess, helper)
	e.Can(bob, access.Read, helper)
	e.Cannot(bob, access.Update, helper)
	e.Cannot(cal, access.Interact, helper)

	e.As(mel).Shares(helper, cal, access.UseOnly)
	e.Can(cal, access.Interact, helper)
	e.As(mel).Shares(helper, cal, access.ReadOnly)
	e.Can(cal, access.Read, helper)
	e.As(mel).Unshares(helper, cal)
	e.Cannot(cal, access.Interact, helper)
	e.As(mel).Refused(access.KindNotFound, "").Unshares(helper, cal)

	e.As(bob).Refused(access.KindDenied, "").Shares(helper, cal, access.UseOnly)
	e.As(gus).Refused(access.KindNotFound, "").Shares(helper, cal, access.UseOnly)
	e.As(mel).Refused(access.KindUnprocessable, "S2").Shares(helper, mel, access.UseOnly)
	e.As(mel).Refused(access.KindUnprocessable, "S2").Shares(helper, access.UserID("nobody"), access.UseOnly)

	e.As(mel).Transfers(helper, bob)
	e.Can(bob, access.Transfer, helper)
	e.Cannot(mel, access.Transfer, helper)

	e.Admin().RemovesMember(acme, bob)
	e.Cannot(bob, access.Interact, helper)
	e.Can(alice, access.Delete, helper)
}
