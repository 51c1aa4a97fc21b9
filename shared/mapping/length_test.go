package mapping_test

import (
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestASessionLastsAsLongAsTheLeastOfItsBounds, and says which that was.
func TestASessionLastsAsLongAsTheLeastOfItsBounds(t *testing.T) {
	const h = time.Hour
	for name, c := range map[string]struct {
		rule     time.Duration
		signIn   time.Duration // until its SessionNotOnOrAfter
		session  time.Duration // until the end of the session here
		asserted string
		asked    time.Duration
		maximum  time.Duration // of the role
		want     time.Duration
		by       mapping.Bound
	}{
		"the rule":                          {rule: 2 * h, want: 2 * h, by: mapping.ByRule},
		"the rule, of many":                 {rule: h, signIn: 2 * h, session: 3 * h, asked: 4 * h, maximum: 5 * h, want: h, by: mapping.ByRule},
		"the rule, where all are equal":     {rule: h, signIn: h, session: h, asserted: "3600", asked: h, maximum: h, want: h, by: mapping.ByRule},
		"the sign-in":                       {rule: 12 * h, signIn: 3 * h, session: 4 * h, asked: 5 * h, maximum: 6 * h, want: 3 * h, by: mapping.BySignIn},
		"the session":                       {rule: 12 * h, signIn: 5 * h, session: 2 * h, asked: 5 * h, maximum: 6 * h, want: 2 * h, by: mapping.BySession},
		"the session, equal to the sign-in": {rule: 12 * h, signIn: 2 * h, session: 2 * h, want: 2 * h, by: mapping.BySignIn},
		"the session's last minutes":        {rule: 12 * h, session: 5 * time.Minute, want: 15 * time.Minute, by: mapping.BySession},
		"the identity provider":             {rule: 12 * h, signIn: 5 * h, asserted: "7200", asked: 3 * h, maximum: 4 * h, want: 2 * h, by: mapping.ByIdentityProvider},
		"what was asked":                    {rule: 12 * h, signIn: 5 * h, asked: 20 * time.Minute, maximum: h, want: 20 * time.Minute, by: mapping.ByRequest},
		"what was asked, more than allowed": {rule: 2 * h, asked: 8 * h, maximum: 4 * h, want: 2 * h, by: mapping.ByRule},
		"the role's maximum":                {rule: 12 * h, signIn: 5 * h, session: 5 * h, asked: 4 * h, maximum: 2 * h, want: 2 * h, by: mapping.ByRole},
		"the role's least maximum":          {rule: 12 * h, maximum: h, want: h, by: mapping.ByRole},
		"a maximum that RAM cannot have":    {rule: 12 * h, maximum: h - time.Second, want: 12 * h, by: mapping.ByRule},
		"a maximum below nothing":           {rule: 12 * h, maximum: -h, want: 12 * h, by: mapping.ByRule},
	} {
		who, rev, at := personUntil(t, c.signIn, c.asserted), revision(t, asserted(lasting(c.rule))), now()
		if c.session > 0 {
			at.Ends = at.Now.Add(c.session)
		}
		wish, err := mapping.ParseWish("", c.asked, "")
		if err != nil {
			t.Fatal(err)
		}
		grant, err := mapping.Role(rev, who, at, role(t, arn(prod, "dev-a")))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if grant, err = grant.Narrowed(wish); err != nil {
			t.Fatal(err)
		}
		want := mapping.Length{Lasts: c.want, Rule: c.rule, By: c.by}
		if got := grant.Allowed(c.maximum); got.Length() != want || got.Duration() != c.want || got.Role() != grant.Role() {
			t.Errorf("%s: %+v, want %+v", name, got.Length(), want)
		}
	}
}

// TestWhatSTSRefusesAsTooLongIsAnHour, which no grant of an hour or less becomes.
func TestWhatSTSRefusesAsTooLongIsAnHour(t *testing.T) {
	const h = time.Hour
	for name, c := range map[string]struct {
		rule, asked, maximum time.Duration
		by                   mapping.Bound // "" = it is no longer than an hour
	}{
		"never read":         {rule: 4 * h, by: mapping.ByUnknownRole},
		"shrunk":             {rule: 8 * h, maximum: 4 * h, by: mapping.ByShrunkRole},
		"shrunk, asked less": {rule: 8 * h, asked: 2 * h, maximum: 4 * h, by: mapping.ByShrunkRole},
		"not to be believed": {rule: 8 * h, maximum: time.Minute, by: mapping.ByUnknownRole},
		"the least maximum":  {rule: 8 * h, maximum: h},
		"asked for an hour":  {rule: 8 * h, asked: h},
		"an hour":            {rule: h},
		"less":               {rule: 15 * time.Minute},
	} {
		wish, err := mapping.ParseWish("", c.asked, "")
		if err != nil {
			t.Fatal(err)
		}
		grant, err := mapping.Role(revision(t, asserted(lasting(c.rule))), personUntil(t, 0, ""), now(), role(t, arn(prod, "dev-a")))
		if err != nil {
			t.Fatal(err)
		}
		if grant, err = grant.Narrowed(wish); err != nil {
			t.Fatal(err)
		}
		grant = grant.Allowed(c.maximum)
		least, shorter := grant.Least()
		want := mapping.Length{Lasts: h, Rule: c.rule, By: c.by}
		if c.by == "" {
			want = grant.Length()
		}
		if shorter != (c.by != "") || least.Length() != want {
			t.Errorf("%s: %+v, %v, want %+v", name, least.Length(), shorter, want)
		}
	}
}

// TestNothingIsNoLongerForAMaximum: a grant is not made by giving it a length.
func TestNothingIsNoLongerForAMaximum(t *testing.T) {
	if got := (mapping.Grant{}).Allowed(time.Hour); !got.IsZero() || got.Duration() != 0 {
		t.Errorf("%+v", got)
	}
	if got, shorter := (mapping.Grant{}).Least(); !got.IsZero() || shorter {
		t.Errorf("%+v", got)
	}
}

func lasting(d time.Duration) func(*federation.RuleDraft) {
	return func(r *federation.RuleDraft) { r.Session.DurationSeconds = int(d / time.Second) }
}

// personUntil names dev-a, and the length of its session where one is given; 0 is a
// sign-in without an end.
func personUntil(t *testing.T, end time.Duration, length string) validate.Identity {
	t.Helper()
	var lengths []string
	if length != "" {
		lengths = []string{length}
	}
	return validatetest.New(t).Identity(append(says(nil, lengths), validatetest.Before(func(response *etree.Element) {
		statement := response.FindElement("//saml:AuthnStatement")
		statement.RemoveAttr("SessionNotOnOrAfter")
		if end > 0 {
			statement.CreateAttr("SessionNotOnOrAfter", validatetest.Now().Add(end).UTC().Format(time.RFC3339))
		}
	}))...)
}
