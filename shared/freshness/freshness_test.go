package freshness_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// world is what is stored, and what its source would say.
type world struct {
	stored, source trust.Record
	refusals       []error // of the next refreshes, before one that goes well
	elsewhere      bool    // while we wait another instance stores what the source says
	newest         error
	calls          []string
}

func (w *world) keeper() freshness.Keeper {
	return freshness.Keeper{
		Newest: func(context.Context, string) (trust.Record, error) {
			w.calls = append(w.calls, "read")
			return w.stored, w.newest
		},
		Refresh: func(context.Context, string) error {
			w.calls = append(w.calls, "refresh")
			if len(w.refusals) == 0 {
				w.stored = w.source
				return nil
			}
			refusal := w.refusals[0]
			w.refusals = w.refusals[1:]
			return refusal
		},
		Wait: func(context.Context) bool {
			w.calls = append(w.calls, "wait")
			if w.elsewhere {
				w.stored = w.source
			}
			return true
		},
	}
}

// issuer's record, as learned at this minute, with these keys.
func learned(t *testing.T, minute int, issuers ...validatetest.Issuer) trust.Record {
	t.Helper()
	l := issuers[0].Learned()
	l.Keys, l.FetchedAt = nil, validatetest.Now().Add(time.Duration(minute)*time.Minute)
	for _, i := range issuers {
		l.Keys = append(l.Keys, i.Key(nil))
	}
	return validatetest.IssuerRecord(t, validatetest.TokenSource(), l)
}

func TestANewKeyIsTakenAtItsFirstUse(t *testing.T) {
	one, two := validatetest.NewIssuer(t), validatetest.OtherIssuer(t).Named("two")
	before, after := learned(t, 0, one), learned(t, 1, one, two)
	pending := validatetest.Record(t, validatetest.TokenSource(), nil)
	limited, busy := reason.New(reason.RefreshLimited, "often"), reason.New(reason.RefreshUnderWay, "now")
	for name, c := range map[string]struct {
		world  world
		known  trust.Record // to this instance
		token  string
		want   reason.Code
		calls  []string
		reason string // in the decision line
	}{
		"a known key":                        {world{stored: after}, before, one.Token(nil), "", nil, ""},
		"a key that is stored already":       {world{stored: after}, before, two.Token(nil), "", []string{"read"}, ""},
		"a key that the source has":          {world{stored: before, source: after}, before, two.Token(nil), "", []string{"read", "refresh", "read"}, "done"},
		"a record without keys":              {world{stored: pending, source: after}, pending, two.Token(nil), "", []string{"read", "refresh", "read"}, "done"},
		"a key that nobody has":              {world{stored: before, source: after}, before, two.Named("three").Token(nil), reason.KeyUnknown, []string{"read", "refresh", "read"}, "done"},
		"a bad signature under a known key":  {world{stored: before, source: after}, before, validatetest.OtherIssuer(t).Token(nil), reason.SignatureInvalid, nil, ""},
		"another fault, before any key":      {world{stored: before, source: after}, before, two.Token(map[string]any{"aud": "x"}), reason.AudienceMismatch, nil, ""},
		"too many turns":                     {world{stored: before, source: after, refusals: []error{limited}}, before, two.Token(nil), reason.KeyUnknown, []string{"read", "refresh", "read"}, "refresh_limited: often"},
		"another refresh that helps":         {world{stored: before, source: after, refusals: []error{busy}, elsewhere: true}, before, two.Token(nil), "", []string{"read", "refresh", "wait", "read"}, "refresh_under_way: now"},
		"another refresh that does not":      {world{stored: before, source: after, refusals: []error{busy, limited}}, before, two.Token(nil), reason.KeyUnknown, []string{"read", "refresh", "wait", "read", "refresh", "read"}, "refresh_limited: often"},
		"nobody who refreshes":               {world{stored: before, source: after, refusals: []error{errors.New("no such function")}}, before, two.Token(nil), reason.KeyUnknown, []string{"read", "refresh", "read"}, "internal: no such function"},
		"a store that does not answer":       {world{stored: before, source: after, newest: reason.New(reason.StoreUnavailable, "down")}, before, two.Token(nil), reason.KeyUnknown, []string{"read", "refresh", "read"}, "store_unavailable: down"},
		"a key of the same name in new keys": {world{stored: before, source: learned(t, 1, two)}, before, two.Token(nil), "", []string{"read", "refresh", "read"}, "done"},
	} {
		ctx := audit.Begin(t.Context(), "1")
		guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
		var who validate.Identity
		err := c.world.keeper().Try(ctx, c.known, func(ctx context.Context, record trust.Record) (err error) {
			who, err = guard.Token(ctx, record, validate.TokenWant{}, c.token)
			return err
		})
		if reason.Of(err) != c.want || !slices.Equal(c.world.calls, c.calls) || audit.Of(ctx).Refresh != c.reason || who.IsZero() != (c.want != "") {
			t.Errorf("%s: %v after %q, noted %q, want %q after %q, %q", name, err, c.world.calls, audit.Of(ctx).Refresh, c.want, c.calls, c.reason)
		}
	}
}

// TestASignatureAsksForANewKeyUnlessItShowsAKnownOne is the same of SAML.
func TestASignatureAsksForANewKeyUnlessItShowsAKnownOne(t *testing.T) {
	idp, other, curve := validatetest.New(t), validatetest.Stranger(t), validatetest.P256(t)
	before := idp.Record()
	after := idp.Record(func(_ *trust.Source, keys *trust.Keys) {
		keys.Certificates = append(keys.Certificates, other.Keys().Certificates[0], curve.Keys().Certificates[0])
		keys.FetchedAt = keys.FetchedAt.Add(time.Minute)
	})
	changed := validatetest.After(func(response *etree.Element) { response.FindElement("//NameID").SetText("mallory") })
	showing := validatetest.After(func(response *etree.Element) {
		response.FindElement("//X509Certificate").SetText(idp.Keys().Certificates[0])
	})
	mute := validatetest.After(func(response *etree.Element) {
		info := response.FindElement("//KeyInfo")
		info.Parent().RemoveChild(info)
	})
	for name, c := range map[string]struct {
		response  string
		want      reason.Code
		refreshed bool
	}{
		"a known key":                            {idp.Response(), "", false},
		"a new key":                              {other.Response(), "", true},
		"a new key that nobody shows":            {other.Response(mute), "", true},
		"a new key of another kind":              {curve.Response(validatetest.By(validatetest.ECDSASHA256())), "", true},
		"a known key, and changed content":       {idp.Response(changed), reason.SignatureInvalid, false},
		"another key that is said to be a known": {other.Response(showing), reason.SignatureInvalid, false},
		"changed content under a new key":        {other.Response(changed), reason.SignatureInvalid, true},
	} {
		w := world{stored: before, source: after}
		guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
		err := w.keeper().Try(t.Context(), before, func(ctx context.Context, record trust.Record) error {
			_, err := guard.Response(ctx, record, validatetest.Expectation(), c.response)
			return err
		})
		if reason.Of(err) != c.want || slices.Contains(w.calls, "refresh") != c.refreshed {
			t.Errorf("%s: %v after %q, want %q, refreshed %v", name, err, w.calls, c.want, c.refreshed)
		}
	}
}

// TestWaitingEndsWithTheRequest: nobody waits for a refresh longer than for its answer.
func TestWaitingEndsWithTheRequest(t *testing.T) {
	wait := freshness.By(nil, freshness.Function{}).Wait
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if wait(ctx) {
		t.Error("time passes after the end")
	}
	if !wait(t.Context()) {
		t.Error("no time passes")
	}
}

// TestRAMIsAskedOnceMoreWhereItWasTold, by whomever.
func TestRAMIsAskedOnceMoreWhereItWasTold(t *testing.T) {
	limited, busy := reason.New(reason.RefreshLimited, "often"), reason.New(reason.RefreshUnderWay, "now")
	for name, c := range map[string]struct {
		refusals []error
		want     bool
		calls    []string
	}{
		"told":                      {nil, true, []string{"refresh"}},
		"told by another":           {[]error{busy, limited}, true, []string{"refresh", "wait", "refresh"}},
		"told after another":        {[]error{busy}, true, []string{"refresh", "wait", "refresh"}},
		"told often enough":         {[]error{limited}, false, []string{"refresh"}},
		"a source that is at fault": {[]error{reason.New(reason.SourceUnavailable, "down")}, false, []string{"refresh"}},
	} {
		w := world{refusals: c.refusals}
		if got := w.keeper().Renew(t.Context(), "issuer"); got != c.want || !slices.Equal(w.calls, c.calls) {
			t.Errorf("%s: %v after %q", name, got, w.calls)
		}
	}
	w := world{refusals: []error{busy}}
	keeper := w.keeper()
	keeper.Wait = func(context.Context) bool { return false }
	if keeper.Renew(t.Context(), "issuer") {
		t.Error("it waited for ever")
	}
}
