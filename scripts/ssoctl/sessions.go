package main

import (
	"context"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/fc-sso/fc-sso/shared/store"
)

const sessionsEndForm = "sessions end -idp IDP PERSON"

// sessions ends those of a person who left, or whose browser is in other hands.
func (p program) sessions(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "end" {
		return wrong("sessions: write ssoctl %s", sessionsEndForm)
	}
	flags := newFlags("sessions end", sessionsEndForm[len("sessions end "):])
	idp := flags.String("idp", "", "identity provider")
	words, err := flags.parseWords(args[1:], 1)
	if err != nil {
		return err
	}
	if len(words) == 0 || words[0] == "" || *idp == "" {
		return wrong("sessions end: name an identity provider and a person; write ssoctl %s", sessionsEndForm)
	}
	if !utf8.ValidString(words[0]) {
		return wrong("sessions end: %q is no text in UTF-8", words[0])
	}
	return p.endSessions(ctx, *idp, words[0])
}

// endSessions asks for an identity provider of the federation, for a mistake in its name
// would end nobody's sessions. Of a person's name nobody here can know whether it is
// right: of most people who sign in nothing is kept.
func (p program) endSessions(ctx context.Context, idp, person string) error {
	d, err := p.deployment()
	if err != nil {
		return err
	}
	revision, err := p.present(ctx, d)
	if err != nil {
		return err
	}
	if _, ok := revision.IdentityProvider(idp); !ok {
		return wrong("sessions end: there is no identity provider %.80q, so nobody is signed in by it", idp)
	}
	people, now := store.NewPeople(d.client), p.now()
	known, _, err := people.Known(ctx, idp, person, [32]byte{})
	if err == nil {
		err = people.EndSessions(ctx, idp, person, now)
	}
	if err != nil {
		return fmt.Errorf("no session was ended: %w; ssoctl apply makes the tables if one is missing", err)
	}
	p.say("sessions of %s of %s that began until %s have ended\n", strconv.Quote(person), idp, moment(now))
	if known.ValidFrom.IsZero() && len(known.Favourites)+len(known.Recent) == 0 {
		p.say("nothing was known of such a person before; is this what person of the record calls them?\n")
	}
	return nil
}
