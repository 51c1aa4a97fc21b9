package cloud

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
)

const (
	loginSession = 6 * time.Hour    // LoginSessionDuration, as accounts have it that set nothing
	choosing     = 10 * time.Minute // how long the page with several roles works
)

// roleSignIn is a response that was believed and is not used up.
type roleSignIn struct {
	says  samlSays
	pairs []rolePair
	asked time.Duration // 0: as long as the role may
	site  site
	to    string // host and path of the page to open
	end   time.Time
}

// roleSSO is the assertion consumer service of role-based SSO. It judges as
// AssumeRoleWithSAML does, by whatever provider the response's roles name.
func (s *console) roleSSO(w http.ResponseWriter, r *http.Request) {
	form, f := readPosted(w, r)
	if f != nil {
		s.refused(w, r, f)
		return
	}
	in, f := s.cloud.judgeRoles(form, sitesAt(r.Host))
	switch {
	case f != nil:
		s.refused(w, r, f)
	case len(in.pairs) == 1:
		s.enterRole(w, r, in, in.pairs[0])
	default:
		s.offer(w, in)
	}
}

// judgeRoles wants every provider that is named to be known, and the response to be
// good by each: what the real one does with a response that is so by some only is not
// known.
func (c *Cloud) judgeRoles(form posted, at []site) (roleSignIn, *fault) {
	response, assertion, f := readResponse(form.response)
	if f != nil {
		return roleSignIn{}, f
	}
	told := readAttributes(assertion)
	in := roleSignIn{end: c.now().Add(choosing)}
	if in.pairs, f = told.pairs(); f != nil {
		return roleSignIn{}, f
	}
	for _, pair := range in.pairs {
		if in.says, f = c.vouched(pair.provider, form.response); f != nil {
			return roleSignIn{}, f
		}
		if !slices.Equal(in.says.roles, told.roles) {
			return roleSignIn{}, invalidAssertion("roles %q are signed, not %q", in.says.roles, told.roles)
		}
	}
	here, ok := in.says.site(at)
	if !ok {
		return roleSignIn{}, invalidAssertion("recipient %q is not this site's", in.says.recipient)
	}
	if f := requireDestination(response, here.roleACS()); f != nil {
		return roleSignIn{}, f
	}
	if in.asked, f = in.says.duration(); f != nil {
		return roleSignIn{}, f
	}
	if !c.nonces.useUntil("assertion "+in.says.issuer+" "+in.says.id, in.says.end) {
		return roleSignIn{}, replayed()
	}
	in.site, in.to = here, consolePageOr(form.relayState, here.home)
	return in, nil
}

// vouched is what a response says by a provider.
func (c *Cloud) vouched(provider, encoded string) (samlSays, *fault) {
	p, ok := c.samlProvider(provider)
	switch {
	case !ok:
		return samlSays{}, refuse(http.StatusNotFound, "EntityNotExist.SAMLProvider",
			"Cannot find the SAML identity provider with ARN: %s. Please verify that the SAML provider information in the IDP role configuration is correct.", provider)
	case p.entityID == "":
		return samlSays{}, noMetadata()
	}
	return p.verifiedAssertion(encoded, c.now())
}

func noMetadata() *fault {
	return refuse(http.StatusUnauthorized, "AuthenticationFail.IDPMetadata.Invalid", "The IdP Metadata of your SAML Provider is invalid.")
}

// replayed: whether the real one remembers responses is not documented. Nobody honest
// posts one twice.
func replayed() *fault { return invalidAssertion("it was used already") }

// requireDestination: a response says whom it is sent to, or does not.
func requireDestination(response *etree.Element, ours ...string) *fault {
	if to := response.SelectAttrValue("Destination", ""); to != "" && !slices.Contains(ours, to) {
		return invalidAssertion("destination %q, and this is %q", to, ours)
	}
	return nil
}

// pairs are the roles with their providers, each once.
func (a *attributes) pairs() ([]rolePair, *fault) {
	var list []rolePair
	for _, text := range a.roles {
		pair, ok := readPair(text)
		if !ok {
			return nil, invalidAssertion("%q is not a role and a SAML provider", text)
		}
		if !slices.Contains(list, pair) {
			list = append(list, pair)
		}
	}
	if len(list) == 0 {
		return nil, invalidAssertion("it names no role")
	}
	return list, nil
}

// choicePage lists roles by account.
type choicePage struct {
	Handle   string
	Accounts []choiceAccount
}

type choiceAccount struct {
	ID, Alias string
	Roles     []choiceRole
}

type choiceRole struct {
	Choice int
	Name   string
}

func (s *console) offer(w http.ResponseWriter, in roleSignIn) {
	page, now := choicePage{Handle: text(48)}, s.cloud.now()
	for i, pair := range in.pairs {
		parts := roleARN.FindStringSubmatch(pair.role)
		at := slices.IndexFunc(page.Accounts, func(a choiceAccount) bool { return a.ID == parts[1] })
		if at < 0 {
			at = len(page.Accounts)
			page.Accounts = append(page.Accounts, choiceAccount{ID: parts[1], Alias: s.cloud.alias(parts[1])})
		}
		page.Accounts[at].Roles = append(page.Accounts[at].Roles, choiceRole{i, parts[2]})
	}
	s.mu.Lock()
	maps.DeleteFunc(s.choices, func(_ string, old roleSignIn) bool { return !now.Before(old.end) })
	s.choices[page.Handle] = in
	s.mu.Unlock()
	s.pages.write(w, http.StatusOK, "choose.html", page)
}

// choose takes the answer of that page, once.
func (s *console) choose(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPosted)
	handle := r.PostFormValue("handle")
	s.mu.Lock()
	in, ok := s.choices[handle]
	delete(s.choices, handle)
	s.mu.Unlock()
	choice, err := strconv.Atoi(r.PostFormValue("role"))
	if !ok || !s.cloud.now().Before(in.end) || err != nil || choice < 0 || choice >= len(in.pairs) {
		s.refused(w, r, refuse(http.StatusForbidden, "InvalidParameter", "This choice has expired.").because("a list of roles works once, and for %v", choosing))
		return
	}
	s.enterRole(w, r, in, in.pairs[choice])
}

// enterRole assumes the role and opens the console with it, for as long as was asked,
// else as the role may, and no longer than the account lets a console session be.
func (s *console) enterRole(w http.ResponseWriter, r *http.Request, in roleSignIn, chosen rolePair) {
	ask := assumeRoleAsk{role: chosen.role, session: in.says.session, duration: in.asked}
	if target, ok := s.cloud.role(chosen.role); ok && ask.duration == 0 {
		ask.duration = target.maxSession
	}
	_, made, f := s.cloud.federate(ask, chosen.provider, map[string]string{"saml:recipient": in.says.recipient})
	if f != nil {
		s.refused(w, r, f.because("role %s by %s, recipient %s, for %v", chosen.role, chosen.provider, in.says.recipient, ask.duration))
		return
	}
	who := s.cloud.ring.holder(made.AccessKeyID)
	s.enter(w, r, consoleSession{who: who, end: earlier(made.Expiration, s.cloud.now().Add(loginSession))}, in.to)
}

// enter opens a console session at a page, given by host and path.
func (s *console) enter(w http.ResponseWriter, r *http.Request, made consoleSession, to string) {
	s.open(w, r, made)
	http.Redirect(w, r, s.origin+"/console?service="+url.QueryEscape(to), http.StatusSeeOther)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// refused is the page of a sign-in that failed. Below what the real one says it tells
// the cause, which the real one does not.
func (s *console) refused(w http.ResponseWriter, r *http.Request, f *fault) {
	s.cloud.log.InfoContext(r.Context(), "single sign-on", "path", r.URL.Path, "refusal", f.code, "cause", f.cause)
	s.trouble(w, f.status, troublePage{Title: "Single sign-on failed", Text: f.message, Code: strings.TrimSuffix(f.code+": "+f.cause, ": ")})
}
