package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
)

const (
	ownersForm  = "owners [-idp IDP] [-o json] [ACCOUNT [USER]]"
	releaseForm = "owners release [-idp IDP] [-expect DIGEST] [ACCOUNT [USER]]"
)

// selection says which owners are meant: all where nothing is named.
type selection struct {
	account, user, idp string
}

// owned is a RAM user and its owner, for programs.
type owned struct {
	Account string    `json:"account"`
	User    string    `json:"user"`
	IdP     string    `json:"idp"`
	Person  string    `json:"person"`
	Since   time.Time `json:"since"`
}

// owners tells who owns which RAM user, and takes it from them.
func (p program) owners(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "release" {
		return p.ownersRelease(ctx, args[1:])
	}
	flags := newFlags("owners", ownersForm[len("owners "):])
	idp, output := flags.String("idp", "", "identity provider"), flags.output()
	words, err := flags.parseWords(args, 2)
	if err != nil {
		return err
	}
	if err := flags.needOutput(*output); err != nil {
		return err
	}
	_, list, err := p.selected(ctx, words, *idp)
	if err != nil {
		return err
	}
	if *output == "json" {
		all := []owned{}
		for _, o := range list {
			all = append(all, owned{o.Account, o.User, o.Owner.IdP, o.Owner.Person, o.Owner.Since.UTC()})
		}
		return p.sayJSON(all)
	}
	p.sayOwners(list)
	return nil
}

// ownersRelease makes RAM users belong to nobody, once somebody has seen whom they
// belong to: without the digest of that it only shows it. Whoever signs in as one of
// them next owns it.
func (p program) ownersRelease(ctx context.Context, args []string) error {
	flags := newFlags("owners release", releaseForm[len("owners release "):])
	idp, expect := flags.String("idp", "", "identity provider"), flags.String("expect", "", "what was shown")
	words, err := flags.parseWords(args, 2)
	if err != nil {
		return err
	}
	if len(words) < 2 && *idp == "" {
		return wrong("owners release: name an account and a user, or an identity provider all of whose people are meant; write ssoctl %s", releaseForm)
	}
	people, list, err := p.selected(ctx, words, *idp)
	if err != nil {
		return err
	}
	switch seen := digestOf(list); {
	case len(list) == 0:
		p.say("nothing to release: ")
		p.sayOwners(list)
		return nil
	case *expect == "":
		p.sayOwners(list)
		p.say("to release %s, write ssoctl %s\n", count(len(list), "user"), repeated(words, *idp, seen))
		return changesError{}
	case *expect != seen:
		p.sayOwners(list)
		return fmt.Errorf("nothing was released: these are others than -expect %.80s; read them, and write ssoctl %s", *expect, repeated(words, *idp, seen))
	}
	return p.release(ctx, people, list)
}

// release is done one by one, each if it is still as it was shown. What is cut off is
// repeated with the digest of what is left.
func (p program) release(ctx context.Context, people *store.People, list []store.Owned) error {
	var failed []error
	for _, o := range list {
		if err := people.Release(ctx, o); err != nil {
			failed = append(failed, fmt.Errorf("%s %s stays: %w", o.Account, o.User, err))
			continue
		}
		p.say("released %s", describeOwned(o))
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %s were not released: %w", len(failed), count(len(list), "user"), errors.Join(failed...))
	}
	return nil
}

// selected reads the owners that are meant.
func (p program) selected(ctx context.Context, words []string, idp string) (*store.People, []store.Owned, error) {
	d, err := p.deployment()
	if err != nil {
		return nil, nil, err
	}
	s, err := p.selection(ctx, d, words, idp)
	if err != nil {
		return nil, nil, err
	}
	people := store.NewPeople(d.client)
	list, err := people.Owned(ctx, s.account)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read owners: %w; ssoctl apply makes the table if that is missing", err)
	}
	return people, slices.DeleteFunc(list, func(o store.Owned) bool { return !s.has(o) }), nil
}

func (s selection) has(o store.Owned) bool {
	return (s.user == "" || o.User == s.user) && (s.idp == "" || o.Owner.IdP == s.idp)
}

// selection takes an account's ID even if the federation has it no more: its users
// still have owners. An identity provider may be gone too.
func (p program) selection(ctx context.Context, d deployment, words []string, idp string) (selection, error) {
	s := selection{idp: idp}
	if len(words) > 0 {
		account, err := p.accountID(ctx, d, words[0])
		if err != nil {
			return s, err
		}
		s.account = account
	}
	if len(words) > 1 {
		user, err := ram.FoldUserName(words[1])
		if err != nil {
			return s, wrong("owners: %w; write the name of the RAM user without its @ and suffix, all of which mean the same user", err)
		}
		s.user = user
	}
	return s, nil
}

func (p program) accountID(ctx context.Context, d deployment, name string) (string, error) {
	if id, err := ram.ParseAccountID(name); err == nil {
		return id.String(), nil
	}
	revision, err := p.present(ctx, d)
	if err != nil {
		return "", err
	}
	account, ok := revision.AccountNamed(name)
	if !ok {
		return "", wrong("owners: there is no account %.80q", name)
	}
	return account.ID().String(), nil
}

func (p program) sayOwners(list []store.Owned) {
	if len(list) == 0 {
		p.say("nobody owns such a user\n")
	}
	for _, o := range list {
		p.say("%s", describeOwned(o))
	}
}

// describeOwned quotes the person: an identity provider says what stands there.
func describeOwned(o store.Owned) string {
	return fmt.Sprintf("%s %s: %s of %s, since %s\n", o.Account, o.User, strconv.Quote(o.Owner.Person), o.Owner.IdP, moment(o.Owner.Since))
}

// digestOf names what was shown.
func digestOf(list []store.Owned) string {
	hash := sha256.New()
	for _, o := range list {
		_, _ = fmt.Fprintf(hash, "%q %q %q %q %d\n", o.Account, o.User, o.Owner.IdP, o.Owner.Person, o.Owner.Since.Unix()) // no hash ever fails
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// repeated is the command that releases what was shown.
func repeated(words []string, idp, digest string) string {
	command := "owners release"
	if idp != "" {
		command += " -idp " + idp
	}
	command += " -expect " + digest
	for _, word := range words {
		command += " " + word
	}
	return command
}
