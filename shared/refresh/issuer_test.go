package refresh_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	discoveryAddress = validatetest.IssuerURL + "/.well-known/openid-configuration"
	keysAddress      = "https://keys.example/jwks"
	discovery        = `{"issuer":"` + validatetest.IssuerURL + `","jwks_uri":"` + keysAddress + `"}`
)

// provider is what an issuer answers, by address, and the store beside it.
type provider struct {
	store   *memory
	answers map[string]string
	fetched []string
	wait    func(ctx context.Context) error // before an answer
	source  trust.Source
	now     time.Time
	sent    []*x509.Certificate // by each server

	believed []*x509.Certificate // why it was
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	return &provider{
		store: &memory{}, source: validatetest.TokenSource(), now: validatetest.Now(),
		answers: map[string]string{discoveryAddress: discovery, keysAddress: keySet(validatetest.NewIssuer(t).Key(nil))},
	}
}

func keySet(keys ...json.RawMessage) string {
	var list []string
	for _, key := range keys {
		list = append(list, string(key))
	}
	return `{"keys":[` + strings.Join(list, ",") + `]}`
}

func (p *provider) refresh(t *testing.T) (refresh.Result, error) {
	t.Helper()
	r := refresh.Refresher{
		Store: p.store, Now: func() time.Time { return p.now },
		Fetch: func(ctx context.Context, document refresh.Document) (refresh.Fetched, error) {
			p.fetched = append(p.fetched, document.Address)
			if document.MaxSize != 256<<10 || document.Accept != "application/json" || len(document.How.AllowCIDRs) != len(p.source.Fetch.AllowCIDRs) {
				t.Errorf("asked for %+v", document)
			}
			if p.wait != nil {
				if err := p.wait(ctx); err != nil {
					return refresh.Fetched{}, err
				}
			}
			answer, ok := p.answers[document.Address]
			if !ok {
				return refresh.Fetched{}, reason.New(reason.SourceUnavailable, "status 404")
			}
			return refresh.Fetched{Body: []byte(answer), Sent: p.sent, Verified: [][]*x509.Certificate{p.believed}}, nil
		},
	}
	return r.Record(t.Context(), p.source)
}

// kids are those of the keys that the record now trusts.
func (p *provider) kids(t *testing.T) []string {
	t.Helper()
	declared, err := json.Marshal(p.source)
	if err != nil {
		t.Fatal(err)
	}
	record, err := trust.Parse("r1", declared, p.store.body)
	if err != nil {
		t.Fatal(err)
	}
	var kids []string
	for key := range record.TokenKeys(p.now) {
		kids = append(kids, key.ID())
	}
	slices.Sort(kids)
	return kids
}

func (p *provider) trusts(t *testing.T, when string, want ...string) {
	t.Helper()
	if got := p.kids(t); !slices.Equal(got, want) {
		t.Errorf("%s: keys %q are trusted, want %q", when, got, want)
	}
}

func TestAnIssuersFirstKeysMakeItsRecordUsable(t *testing.T) {
	p := newProvider(t)
	p.source.Fetch.AllowCIDRs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	p.trusts(t, "before")
	result, err := p.refresh(t)
	if err != nil || !result.Changed || result.Issuer.JWKSURI != keysAddress || !result.Issuer.FetchedAt.Equal(validatetest.Now()) {
		t.Fatalf("%+v, %v", result, err)
	}
	p.trusts(t, "afterwards", "one")
	if !slices.Equal(p.fetched, []string{discoveryAddress, keysAddress}) {
		t.Errorf("fetched %q", p.fetched)
	}
	result, err = p.refresh(t)
	if err != nil || result.Changed || p.store.writes != 1 || len(result.Issuer.Keys) != 1 {
		t.Errorf("again: %+v, %v, %d writes", result, err, p.store.writes)
	}
}

func TestAnIssuersKeysComeAndGo(t *testing.T) {
	p := newProvider(t)
	old, next := validatetest.NewIssuer(t), validatetest.OtherIssuer(t).Named("two")
	for _, step := range []struct {
		when string
		hour int
		set  string
		want []string
	}{
		{"the old one", 0, keySet(old.Key(nil)), []string{"one"}},
		{"the next beside it", 0, keySet(next.Key(nil), old.Key(nil)), []string{"one", "two"}},
		{"the old one retires", 24, keySet(next.Key(nil)), []string{"one", "two"}},
		{"the old one is gone", 25, keySet(next.Key(nil)), []string{"two"}},
		{"all at once replaced", 25, keySet(old.By("ES256").Key(nil)), []string{"p256", "two"}},
		{"never the last one", 26, keySet(), []string{"p256"}},
	} {
		p.now = validatetest.Now().Add(time.Duration(step.hour) * time.Hour)
		p.answers[keysAddress] = step.set
		if _, err := p.refresh(t); (err != nil) != (step.set == keySet()) {
			t.Errorf("%s: %v", step.when, err)
		}
		p.trusts(t, step.when, step.want...)
	}
	if p.store.writes != 5 {
		t.Errorf("%d writes", p.store.writes)
	}
}

func TestAFailingIssuerChangesNothing(t *testing.T) {
	p := newProvider(t)
	if _, err := p.refresh(t); err != nil {
		t.Fatal(err)
	}
	good := p.answers
	for name, c := range map[string]struct {
		address, answer string
		want            reason.Code
	}{
		"no discovery":      {discoveryAddress, "", reason.SourceUnavailable},
		"no keys":           {keysAddress, "", reason.SourceUnavailable},
		"HTML":              {discoveryAddress, "<html>", reason.MetadataInvalid},
		"keys of HTML":      {keysAddress, "<html>", reason.MetadataInvalid},
		"another issuer":    {discoveryAddress, strings.Replace(discovery, "issuer.example", "evil.example", 1), reason.MetadataInvalid},
		"keys by http":      {discoveryAddress, strings.Replace(discovery, "https://keys", "http://keys", 1), reason.MetadataInvalid},
		"keys for nothing":  {keysAddress, keySet(validatetest.NewIssuer(t).Key(map[string]any{"use": "enc"})), reason.MetadataInvalid},
		"keys of no use":    {keysAddress, `{"keys":[1,null,{}]}`, reason.MetadataInvalid},
		"a list, not a set": {keysAddress, `[]`, reason.MetadataInvalid},
	} {
		p.answers = map[string]string{discoveryAddress: good[discoveryAddress], keysAddress: good[keysAddress]}
		p.answers[c.address] = c.answer
		if c.answer == "" {
			delete(p.answers, c.address)
		}
		if result, err := p.refresh(t); reason.Of(err) != c.want || result.Changed || p.store.writes != 1 {
			t.Errorf("%s: %+v, %v, %d writes", name, result, err, p.store.writes)
		}
		p.trusts(t, name, "one")
	}
}

func TestAKeyOfNoUseIsToldAndHidesNone(t *testing.T) {
	p := newProvider(t)
	p.answers[keysAddress] = keySet(json.RawMessage(`{"kty":"oct"}`), validatetest.NewIssuer(t).Key(nil))
	for range 2 { // also where nothing changed
		if result, err := p.refresh(t); err != nil || len(result.Skipped) != 1 || !strings.HasPrefix(result.Skipped[0], "key 1: ") {
			t.Errorf("%+v, %v", result, err)
		}
	}
	p.trusts(t, "afterwards", "one")
}

// TestServersAreRememberedByTheirChains, each host once; a change of the certificates
// alone is a change.
func TestServersAreRememberedByTheirChains(t *testing.T) {
	p := newProvider(t)
	if result, err := p.refresh(t); err != nil || result.Issuer.Chains != nil {
		t.Fatalf("over http: %+v, %v", result.Issuer.Chains, err)
	}
	p.sent = validatetest.New(t).Record().Published()
	p.believed = p.sent
	for n := range 2 {
		result, err := p.refresh(t)
		if chains := result.Issuer.Chains; err != nil || result.Changed != (n == 0) || len(chains) != 2 || chains[0].Host != "issuer.example" || chains[1].Host != "keys.example" {
			t.Errorf("%d: %+v, %v", n, result, err)
		}
	}
	p.believed = nil // what is sent has no part any more in why it is believed
	if result, err := p.refresh(t); err != nil || result.Changed || len(result.Issuer.Chains) != 2 || len(result.Skipped) != 2 {
		t.Errorf("of no use: %+v, %v", result, err)
	}
	p.believed = p.sent
	p.answers[discoveryAddress] = strings.Replace(discovery, "keys.example/jwks", "issuer.example:443/jwks", 1)
	p.answers[validatetest.IssuerURL+":443/jwks"] = p.answers[keysAddress]
	if result, err := p.refresh(t); err != nil || !result.Changed || len(result.Issuer.Chains) != 1 {
		t.Errorf("one host: %+v, %v", result, err)
	}
}

func TestAnIssuerHasFiveSecondsInAll(t *testing.T) {
	p := newProvider(t)
	var deadlines []time.Time
	p.wait = func(ctx context.Context) error {
		deadline, ok := ctx.Deadline()
		if left := time.Until(deadline); !ok || left > 5*time.Second {
			t.Errorf("%s are left", left)
		}
		deadlines = append(deadlines, deadline)
		return nil
	}
	if _, err := p.refresh(t); err != nil || len(deadlines) != 2 || !deadlines[0].Equal(deadlines[1]) {
		t.Errorf("%v, %v", deadlines, err)
	}
}

func TestARecordThatSpeaksAnotherProtocolNowLearnsAnew(t *testing.T) {
	p, w := newProvider(t), newWorld(t)
	if _, err := p.refresh(t); err != nil {
		t.Fatal(err)
	}
	w.store = p.store
	if result, err := w.refresh(t, validatetest.Source()); err != nil || !result.Changed {
		t.Errorf("SAML: %+v, %v", result, err)
	}
	if result, err := p.refresh(t); err != nil || !result.Changed {
		t.Errorf("OpenID Connect: %+v, %v", result, err)
	}
	p.trusts(t, "afterwards", "one")
}

func TestAnotherIssuerIsLearnedAnew(t *testing.T) {
	p := newProvider(t)
	if _, err := p.refresh(t); err != nil {
		t.Fatal(err)
	}
	p.source.OIDC.Issuer = validatetest.IssuerURL + "/"
	p.trusts(t, "another issuer is declared")
	if _, err := p.refresh(t); reason.Of(err) != reason.MetadataInvalid {
		t.Error(err)
	}
	p.answers[discoveryAddress] = strings.Replace(discovery, validatetest.IssuerURL, validatetest.IssuerURL+"/", 1)
	if result, err := p.refresh(t); err != nil || !result.Changed {
		t.Errorf("%+v, %v", result, err)
	}
	p.trusts(t, "afterwards", "one")
}

func TestTwoWhoLearnAtOnceDoNoHarm(t *testing.T) {
	p := newProvider(t)
	p.store.between = func(*memory) {
		if _, err := p.refresh(t); err != nil {
			t.Error(err)
		}
	}
	if result, err := p.refresh(t); err != nil || result.Changed || p.store.writes != 1 {
		t.Errorf("%+v, %v, %d writes", result, err, p.store.writes)
	}
}
