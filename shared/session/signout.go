package session

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// SignOut ends all sessions that a person has here, in every browser, by word of
// the identity provider.
//
// Why not by the browser: its post comes from another site, so the session's
// cookie does not come with it. Why not by a list of the person's sessions: one
// that is just being opened would be missed. So a row of the person says since
// when sign-ins count, and each read of a session compares. That costs a read
// more, which cannot go with the first: only the opened session says whose it is.
//
// A request that names one SessionIndex ends the others too: who is signed in at
// the identity provider still has another in a click.
func (k Keeper) SignOut(ctx context.Context, logout validate.Logout) error {
	if logout.IsZero() {
		return reason.New(reason.Internal, "session: nobody signed out")
	}
	now := k.Now()
	row := Row{
		Kind: kindSignedOut, Body: binary.BigEndian.AppendUint64(nil, unix(now)),
		Expires: now.Add(Absolute + time.Hour), Seen: now, // longer than any session that it ends
	}
	if err := k.Rows.Replace(ctx, personKey(logout.IdentityProvider(), logout.Subject()), row); err != nil {
		return fmt.Errorf("sign-out: %w", err)
	}
	return nil
}

// stillSignedIn refuses a session that began before the person signed out. A
// store that does not answer is a refusal too.
func (k Keeper) stillSignedIn(ctx context.Context, s Session) error {
	row, err := k.Rows.Get(ctx, personKey(s.who.IdentityProvider(), s.who.Subject()))
	switch {
	case reason.Of(err) == reason.SessionMissing:
		return nil
	case err != nil:
		return fmt.Errorf("sign-out: %w", err)
	case row.Kind != kindSignedOut || len(row.Body) != 8:
		return reason.New(reason.SessionMissing, "the row of the person is no sign-out")
	}
	if since := fromUnix(binary.BigEndian.Uint64(row.Body)); !s.span.began.After(since) {
		return reason.New(reason.SessionMissing, "the person signed out at the identity provider at %s", since.UTC().Format(time.RFC3339))
	}
	return nil
}

// personKey cannot confuse two people: neither part has a zero byte, for the one
// is an ID of ours and the other came out of XML.
func personKey(idp, subject string) [32]byte {
	return hashOf("fc-sso signed out", idp+"\x00"+subject)
}
