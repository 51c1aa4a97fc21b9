package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// keys is about our own signing keys.
func (p program) keys(ctx context.Context, args []string) error {
	word := ""
	if len(args) > 0 {
		word = args[0]
	}
	switch word {
	case "", "show":
		return p.keysShow(ctx, args[min(1, len(args)):])
	case "init":
		return p.keysInit(ctx, args[1:])
	case "rotate":
		return p.keysRotate(ctx, args[1:])
	case "withdraw":
		return p.keysWithdraw(ctx, args[1:])
	}
	return wrong("keys: write ssoctl keys, ssoctl keys init, ssoctl keys rotate or ssoctl keys withdraw")
}

// ourKeys is what there is to work with: the row as it was read, and where the private
// keys are.
type ourKeys struct {
	trust   *store.Trust
	kms     keys.KMS
	key     string // in KMS; "": a file has them
	file    string
	row     own.Keys
	version int64
	needs   []own.Need
	at      string // our metadata, as an identity provider reads it; "": there is none
	signers []signer
	local   bool
	dry     bool // nothing is written
}

func (p program) ourKeys(ctx context.Context) (ourKeys, error) {
	d, err := p.deployment()
	if err != nil {
		return ourKeys{}, err
	}
	settings, err := config.Load(p.lookup, config.Store)
	if err != nil {
		return ourKeys{}, wrong("%w", err)
	}
	credentials, err := p.credentials()
	if err != nil {
		return ourKeys{}, err
	}
	o := ourKeys{trust: d.trust, local: d.local, key: settings.SigningKMSKey, file: settings.SigningKeyFile}
	o.kms = keys.KMS{
		API: openapi.New(p.now, rand.Reader), Endpoint: settings.KMSEndpoint,
		Credentials: func(context.Context) (ram.Credentials, error) { return credentials, nil },
	}
	body, version, err := d.trust.Own(ctx)
	if err != nil {
		return ourKeys{}, fmt.Errorf("cannot read our own keys: %w", err)
	}
	if o.row, err = own.Parse(body); err != nil {
		return ourKeys{}, err
	}
	o.version = version
	revision, err := p.present(ctx, d)
	if err != nil {
		return ourKeys{}, err
	}
	for _, source := range revision.IdentityProviders() {
		if source.Kind() == trust.KindSAML {
			o.at = settings.URL + "/saml/" + source.ID + "/metadata"
		}
	}
	o.signers = signers(settings.URL, revision)
	o.needs, err = o.needed(ctx, revision)
	return o, err
}

// needed are the places that must have our certificate before its key signs.
func (o *ourKeys) needed(ctx context.Context, revision federation.Revision) ([]own.Need, error) {
	var needs []own.Need
	for _, account := range revision.Accounts() {
		places := map[string]string{}
		if arn := account.FederatedProvider(); !arn.IsZero() {
			places[arn.String()] = "SAML provider " + arn.String()
		}
		if _, ok := account.UserSSO(); ok {
			places[memory.UserSSO] = "user SSO"
		}
		if len(places) == 0 {
			continue
		}
		row, _, err := o.trust.Account(ctx, account.ID().String())
		if err != nil {
			return nil, fmt.Errorf("cannot read what is known of account %s: %w", account.Name(), err)
		}
		known, _ := memory.Parse(row) // of a row that cannot be read nothing is known
		unread := ""
		switch {
		case account.MaintenanceRole().IsZero():
			unread = " (where nobody can look: the account has no maintenanceRole)"
		case known.Failing > 0:
			unread = " (where the last run failed: write ssoctl push)"
		}
		for _, place := range slices.Sorted(maps.Keys(places)) {
			needs = append(needs, own.Need{Account: account.Name(), What: places[place] + unread, Confirmed: confirmed(known, place)})
		}
	}
	return needs, nil
}

// confirmed is since when RAM is known to have each certificate at a place. Where the
// last run failed, what was seen there before it may be gone.
func confirmed(known memory.Account, place string) map[string]time.Time {
	since := map[string]time.Time{}
	if known.Failing > 0 {
		return since
	}
	for fingerprint, seen := range known.Providers[place].Certificates {
		since[fingerprint] = seen.Confirmed
	}
	return since
}

// put writes the row if it still is the one that was read. Who is killed before has
// changed nothing, and who is killed after has done it whole.
func (o *ourKeys) put(ctx context.Context, row own.Keys) error {
	if o.row = row; o.dry {
		return nil
	}
	body, err := row.Row()
	if err != nil {
		return err
	}
	if err := o.trust.PutOwn(ctx, body, o.version); err != nil {
		return fmt.Errorf("cannot write our own keys: %w", err)
	}
	o.version++
	return nil
}

func (p program) keysShow(ctx context.Context, args []string) error {
	flags := newFlags("keys show", "")
	if err := flags.parse(args); err != nil {
		return err
	}
	o, err := p.ourKeys(ctx)
	if err != nil {
		return err
	}
	if o.row.IsZero() {
		p.say("nobody wrote down our own keys: the first of the key file signs; write ssoctl keys init\n")
		return nil
	}
	for _, key := range o.row.All() {
		p.say("%s\n", described(key))
	}
	p.sayLacking(ctx, o)
	p.sayNext(o)
	return nil
}

// sayLacking says early what rotate would refuse in the end.
func (p program) sayLacking(ctx context.Context, o ourKeys) {
	plan := o.row.Plan(p.now(), o.needs)
	if plan.Move == "" || plan.Move == own.Current && plan.Key.InKMS() {
		return
	}
	soon, cancel := context.WithTimeout(ctx, soonEnough)
	defer cancel()
	if err := o.proveHeld(soon, plan); err != nil {
		p.say("functions  %v\n", err)
	}
}

// described is one key in one line.
func described(key own.Key) string {
	where, since := "file", key.Announced
	if key.InKMS() {
		where = "KMS " + key.KMS.Key + " version " + key.KMS.Version
	}
	for _, at := range []time.Time{key.Signed, key.Left, key.Ended} {
		if !at.IsZero() {
			since = at
		}
	}
	return fmt.Sprintf("%-8s  %s  since %s  certificate until %s  in %s",
		key.State, key.ID[:16], minute(since), key.Certificate.NotAfter.UTC().Format(time.DateOnly), where)
}

// sayNext says what comes next, when, and who holds it.
func (p program) sayNext(o ourKeys) {
	plan := o.row.Plan(p.now(), o.needs)
	for _, need := range o.needs {
		if plan.Move != own.Current {
			break
		}
		if since := need.Confirmed[plan.Key.Fingerprint()]; !since.IsZero() {
			p.say("confirmed  %s: %s has the next certificate since %s\n", need.Account, need.What, minute(since))
		}
	}
	for _, hold := range plan.Holds {
		p.say("held by    %s: %s: %s\n", hold.Account, hold.What, hold.Why)
	}
	switch {
	case plan.Move == "":
		p.say("next: nothing; ssoctl keys rotate begins with another key\n")
	case len(plan.Holds) > 0:
		p.say("next: %.16s cannot sign before all of these have it; metadata-rotation writes it into their RAM, ssoctl push at once\n", plan.Key.ID)
	case plan.Ready:
		p.say("next: %.16s may become %s: run ssoctl keys rotate\n", plan.Key.ID, plan.Move)
	default:
		p.say("next: %.16s may become %s at %s: run ssoctl keys rotate then\n", plan.Key.ID, plan.Move, minute(plan.At))
	}
}
