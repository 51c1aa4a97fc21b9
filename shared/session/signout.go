package session

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Marked is a role that a person marked or took, and when.
type Marked = struct {
	Role ram.RoleARN
	At   time.Time
}

// Known is what is known of a person beyond a sign-in.
type Known = struct {
	ValidFrom  time.Time // sign-ins that began then or before count no more; zero: all do
	Left       bool      // none counts
	Favourites []Marked
	Recent     []Marked
}

// People is what is known of people: store.People. Known reads it, and beside it, in the
// same call, the row of sessions under a key, the zero row where there is none.
type People interface {
	Known(ctx context.Context, idp, person string, beside [32]byte) (Known, Row, error)
	EndSessions(ctx context.Context, idp, person string, at time.Time) error
}

// ErrEnded is in the refusal of a session that somebody ended before its time.
var ErrEnded = errors.New("the session was ended")

// SignOut ends all sessions that a person has here, in every browser, by word of
// the identity provider.
//
// Why not by the browser: its post comes from another site, so the session's
// cookie does not come with it. Why not by a list of the person's sessions: one
// that is just being opened would be missed. So a row of the person says since
// when sign-ins count, and each read of a session compares. That costs a read
// more, which cannot go with the first: only the opened session says whose it is.
//
// There are two such rows. The identity provider says NameIDs alone, and a function that
// hears it knows no more: that one is of a subject, and forgotten when it can end nothing
// any more. The other is of the person beyond a sign-in, who may come under another
// NameID each time; an operator and the person themselves write it, and it stays. Both
// are read in one call.
//
// A request that names one SessionIndex ends the others too: who is signed in at
// the identity provider still has another in a click.
func (k Keeper) SignOut(ctx context.Context, logout validate.Logout) error {
	if logout.IsZero() {
		return reason.New(reason.Internal, "session: nobody signed out")
	}
	return k.signOut(ctx, logout.IdentityProvider(), logout.Subject(), k.Now())
}

// EndAll ends all sessions of the person of s, in every browser: as the identity
// provider's word does, and those too that they have under other NameIDs. It writes both
// rows where it can: the federation may come to call the person otherwise. That of s
// stays until it is read or over, so that a second click learns what the first one did:
// so the row that ends more is written first.
func (k Keeper) EndAll(ctx context.Context, s Session) error {
	at, idp := k.Now(), s.who.IdentityProvider()
	if at.Before(s.span.began) { // by another instance's clock
		at = s.span.began
	}
	if s.person != "" {
		if err := k.People.EndSessions(ctx, idp, s.person, at); err != nil {
			return fmt.Errorf("sign-out: %w", err)
		}
	}
	if err := k.signOut(ctx, idp, s.who.Subject(), at); err != nil {
		return err
	}
	return k.forgetToken(ctx, s)
}

func (k Keeper) signOut(ctx context.Context, idp, subject string, now time.Time) error {
	row := Row{
		Kind: kindSignedOut, Body: binary.BigEndian.AppendUint64(nil, unix(now)),
		Expires: now.Add(Absolute + time.Hour), Seen: now, // longer than any session that it ends
	}
	if err := k.Rows.Replace(ctx, personKey(idp, subject), row); err != nil {
		return fmt.Errorf("sign-out: %w", err)
	}
	return nil
}

// stillSignedIn is s with what is known of its person. It ends and refuses a session
// whose person has left, or that began before that person's sign-ins ceased to count. A store that does not answer
// is a refusal too.
func (k Keeper) stillSignedIn(ctx context.Context, s Session) (Session, error) {
	if k.Person == nil || k.People == nil {
		return Session{}, reason.New(reason.Internal, "session: who does not know people reads no sessions")
	}
	var err error
	if s.person, err = k.Person(ctx, s.who); err != nil {
		return Session{}, fmt.Errorf("session: person: %w", err)
	}
	var signedOut time.Time
	if s.known, signedOut, err = k.since(ctx, s); err != nil {
		return Session{}, err
	}
	if s.known.Left {
		return Session{}, cmp.Or(k.End(ctx, s), reason.New(reason.PersonLeft, "%q of %q has left", s.person, s.who.IdentityProvider()))
	}
	for _, since := range []time.Time{signedOut, s.known.ValidFrom} {
		if s.counts(since) {
			continue
		}
		if err := k.End(ctx, s); err != nil {
			return Session{}, err
		}
		return Session{}, reason.New(reason.SessionMissing, "sign-ins of the person count since %s, this was at %s: %w",
			since.UTC().Format(time.RFC3339Nano), s.span.began.UTC().Format(time.RFC3339Nano), ErrEnded)
	}
	return s, nil
}

// counts says whether s began after the moment since when sign-ins count, if there is one.
func (s Session) counts(since time.Time) bool { return since.IsZero() || s.span.began.After(since) }

// since is what is known of the person of s, and when they signed out at the identity
// provider.
func (k Keeper) since(ctx context.Context, s Session) (Known, time.Time, error) {
	idp, key := s.who.IdentityProvider(), personKey(s.who.IdentityProvider(), s.who.Subject())
	var known Known
	var row Row
	var err error
	if s.person == "" {
		row, err = k.Rows.Get(ctx, key)
	} else {
		known, row, err = k.People.Known(ctx, idp, s.person, key)
	}
	switch {
	case reason.Of(err) == reason.SessionMissing || err == nil && row.Kind == "":
		return known, time.Time{}, nil
	case err != nil:
		return Known{}, time.Time{}, fmt.Errorf("sign-out: %w", err)
	case row.Kind != kindSignedOut || len(row.Body) != 8:
		return Known{}, time.Time{}, reason.New(reason.SessionMissing, "the row of the person is no sign-out")
	}
	return known, fromUnix(binary.BigEndian.Uint64(row.Body)), nil
}

// personKey cannot confuse two people: neither part has a zero byte, for the one
// is an ID of ours and the other came out of XML.
func personKey(idp, subject string) [32]byte {
	return hashOf("fc-sso signed out", idp+"\x00"+subject)
}
