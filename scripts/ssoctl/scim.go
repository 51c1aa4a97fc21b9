package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/bearer"
)

const (
	scimTokenForm  = "scim token [-o json] IDP" //nolint:gosec // how to write a command
	scimListForm   = "scim list [-o json]"
	scimRevokeForm = "scim revoke IDP [DIGEST]"
)

// shortDigest is as much of a token's digest as names it among two.
const shortDigest = 12

// scim looks after the tokens by which identity providers push people.
func (p program) scim(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "token":
			return p.scimToken(ctx, args[1:])
		case "list":
			return p.scimList(ctx, args[1:])
		case "revoke":
			return p.scimRevoke(ctx, args[1:])
		}
	}
	return wrong("scim: write ssoctl %s, ssoctl %s or ssoctl %s", scimTokenForm, scimListForm, scimRevokeForm)
}

// given is a new token, with where it is shown.
type given struct {
	URL    string `json:"url"`
	Token  string `json:"token"`
	SHA256 string `json:"sha256"`
}

func (p program) scimToken(ctx context.Context, args []string) error {
	flags := newFlags("scim token", scimTokenForm[len("scim token "):])
	output := flags.output()
	idp, err := flags.parseWith(args)
	if err == nil {
		err = flags.needOutput(*output)
	}
	if err != nil {
		return err
	}
	if idp == "" {
		return wrong("scim token: name an identity provider; write ssoctl %s", scimTokenForm)
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	if err := p.mustHave(ctx, d, idp); err != nil {
		return err
	}
	made, err := p.giveToken(ctx, d, idp)
	if err != nil {
		return err
	}
	if *output == "json" {
		return p.sayJSON(made)
	}
	p.say("url    %s\ntoken  %s\n", made.URL, made.Token)
	p.say("This is the only time that the token is shown: give it to %s now. ssoctl scim revoke %s %s takes it back.\n", idp, idp, made.SHA256[:shortDigest])
	return nil
}

// mustHave refuses a mistake in a name: nobody would ever show that token.
func (p program) mustHave(ctx context.Context, d deployment, idp string) error {
	revision, err := p.present(ctx, d)
	if err != nil {
		return err
	}
	if _, ok := revision.IdentityProvider(idp); !ok {
		return wrong("scim token: there is no identity provider %.80q", idp)
	}
	return nil
}

func (p program) giveToken(ctx context.Context, d deployment, idp string) (given, error) {
	tokens, version, err := d.tokens(ctx, idp)
	if err != nil {
		return given{}, err
	}
	secret, token, err := bearer.New(rand.Reader, idp, d.who, p.now())
	if err != nil {
		return given{}, err
	}
	tokens, ok := tokens.With(token)
	if !ok {
		return given{}, wrong("scim token: %s has %d tokens, which is as many as may be: ssoctl scim list shows them, ssoctl scim revoke %s DIGEST takes the one back that is not used any more", idp, bearer.Most, idp)
	}
	return given{d.url + "/scim/v2", secret.Reveal(), token.SHA256}, d.putTokens(ctx, idp, tokens, version)
}

func (d deployment) tokens(ctx context.Context, idp string) (bearer.Tokens, int64, error) {
	row, version, err := d.trust.SCIM(ctx, idp)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot read tokens: %w", err)
	}
	tokens, err := bearer.Parse(row)
	return tokens, version, err
}

func (d deployment) putTokens(ctx context.Context, idp string, tokens bearer.Tokens, version int64) error {
	row, err := tokens.Row()
	if err == nil {
		err = d.trust.PutSCIM(ctx, idp, row, version)
	}
	if err != nil {
		return fmt.Errorf("cannot write tokens: %w", err)
	}
	return nil
}

// held is a token in the list.
type held struct {
	IdP    string    `json:"idp"`
	SHA256 string    `json:"sha256"`
	Since  time.Time `json:"since"`
	By     string    `json:"by"`
}

func (p program) scimList(ctx context.Context, args []string) error {
	flags := newFlags("scim list", scimListForm[len("scim list "):])
	output := flags.output()
	if err := flags.parse(args); err != nil {
		return err
	}
	if err := flags.needOutput(*output); err != nil {
		return err
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	rows, err := d.trust.AllSCIM(ctx)
	if err != nil {
		return fmt.Errorf("cannot read tokens: %w", err)
	}
	list := []held{}
	for _, idp := range slices.Sorted(maps.Keys(rows)) {
		tokens, err := bearer.Parse(rows[idp])
		if err != nil {
			return err
		}
		for _, t := range tokens {
			list = append(list, held{idp, t.SHA256, t.Since, t.By})
		}
	}
	if *output == "json" {
		return p.sayJSON(list)
	}
	if len(list) == 0 {
		p.say("no identity provider has a token\n")
	}
	for _, t := range list {
		p.say("%s %s, since %s, by %s\n", t.IdP, t.SHA256[:shortDigest], moment(t.Since), t.By)
	}
	return nil
}

func (p program) scimRevoke(ctx context.Context, args []string) error {
	flags := newFlags("scim revoke", scimRevokeForm[len("scim revoke "):])
	words, err := flags.parseWords(args, 2)
	if err != nil {
		return err
	}
	if len(words) == 0 || words[0] == "" {
		return wrong("scim revoke: name an identity provider; write ssoctl %s", scimRevokeForm)
	}
	idp, digest := words[0], ""
	if len(words) == 2 {
		if digest = words[1]; len(digest) < shortDigest {
			return wrong("scim revoke: %q names no token: write the %d characters of its digest that ssoctl scim list shows", digest, shortDigest)
		}
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	tokens, version, err := d.tokens(ctx, idp)
	if err != nil {
		return err
	}
	left := tokens.Without(digest)
	if len(left) == len(tokens) {
		return wrong("scim revoke: %.80s has no such token; ssoctl scim list shows them", idp)
	}
	if err := d.putTokens(ctx, idp, left, version); err != nil {
		return err
	}
	p.say("%s has %s fewer; functions that have read them go by them for up to 30 seconds more\n", idp, count(len(tokens)-len(left), "token"))
	return nil
}
