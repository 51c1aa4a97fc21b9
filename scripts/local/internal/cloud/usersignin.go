package cloud

import (
	"net/http"
	"regexp"
	"slices"

	"github.com/beevik/etree"
)

var userEntityID = regexp.MustCompile(`^https://(?:signin\.aliyun\.com|signin-intl\.aliyun\.com)/([0-9]{5,32})/saml/SSO$`)

// userSignIn is the assertion consumer service of user-based SSO, of all accounts, and
// of one where its address names it: identity providers are set up in both ways.
func (s *console) userSignIn(w http.ResponseWriter, r *http.Request) {
	form, f := readPosted(w, r)
	if f != nil {
		s.refused(w, r, f)
		return
	}
	who, f := s.judgeUser(form.response, r.PathValue("account"))
	if f != nil {
		s.refused(w, r, f)
		return
	}
	s.cloud.signedIn(who)
	s.enter(w, r, consoleSession{who: who, end: s.cloud.now().Add(loginSession)}, consolePageOr(form.relayState, s.cloud.siteOf(who.account).home))
}

// judgeUser learns from the audience which account is meant, and believes nothing
// before that account's identity provider has signed it.
func (s *console) judgeUser(encoded, path string) (caller, *fault) {
	response, assertion, f := readResponse(encoded)
	if f != nil {
		return caller{}, f
	}
	account, f := accountMeant(assertion, path)
	if f != nil {
		return caller{}, f
	}
	provider, f := s.cloud.userProvider(account)
	if f != nil {
		return caller{}, f
	}
	_, says, f := provider.believed(encoded, s.cloud.now())
	if f != nil {
		return caller{}, f
	}
	if f := s.cloud.requireUserSite(account, response, says); f != nil {
		return caller{}, f
	}
	if f := s.requireAsked(account, response, says.inResponseTo); f != nil {
		return caller{}, f
	}
	who, f := s.cloud.userNamed(account, says.subject, s.cloud.userSSOOf(account))
	if f != nil {
		return caller{}, f
	}
	if !s.cloud.nonces.useUntil("assertion "+says.issuer+" "+says.id, says.end) || !s.answered(says.inResponseTo) {
		return caller{}, replayed()
	}
	return who, nil
}

// accountMeant wants audiences that name one account.
func accountMeant(assertion *etree.Element, path string) (string, *fault) {
	var meant []string
	for _, audience := range audiencesOf(only(assertion, nsAssertion, "Conditions")) {
		if parts := userEntityID.FindStringSubmatch(audience); parts != nil && !slices.Contains(meant, parts[1]) {
			meant = append(meant, parts[1])
		}
	}
	if len(meant) != 1 || path != "" && path != meant[0] {
		return "", invalidAssertion("its audiences name accounts %q, and one is wanted that the address names or none", meant)
	}
	return meant[0], nil
}

// userProvider is the one identity provider of an account's RAM users.
func (c *Cloud) userProvider(account string) (samlProvider, *fault) {
	set := c.userSSOOf(account)
	switch {
	case !c.known(account):
		return samlProvider{}, refuse(http.StatusNotFound, "EntityNotExist.Account", "The account does not exist").because("%q", account)
	case !set.enabled:
		return samlProvider{}, notSwitchedOn(account)
	case set.document == "":
		return samlProvider{}, noMetadata().because("account %s has none for user-based SSO", account)
	}
	return readMetadata(set.document, "MetadataDocument")
}

// requireUserSite holds audience, recipient and destination to the account's own site.
// The documentation wants the account's entity ID as recipient, and its metadata names
// an address without the account: both are seen, and taken.
func (c *Cloud) requireUserSite(account string, response *etree.Element, says samlSays) *fault {
	here := c.siteOf(account)
	entity := here.userEntity(account)
	switch {
	case !slices.Contains(says.audiences, entity):
		return invalidAssertion("audiences %q, and this is %q", says.audiences, entity)
	case says.recipient != entity && says.recipient != here.userACS():
		return invalidAssertion("recipient %q, and this is %q", says.recipient, entity)
	}
	return requireDestination(response, entity, here.userACS())
}

// requireAsked: a response may come unasked; one that claims to answer must answer a
// request of this account's that nothing answered yet.
func (s *console) requireAsked(account string, response *etree.Element, id string) *fault {
	if claimed := response.SelectAttrValue("InResponseTo", ""); claimed != "" && claimed != id {
		return invalidAssertion("the response answers %q, and its assertion %q", claimed, id)
	}
	if id == "" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	request, ok := s.asked[id]
	if !ok || request.account != account || !s.cloud.now().Before(request.end) {
		return invalidAssertion("it answers %q, which account %s does not ask now", id, account)
	}
	return nil
}

// answered takes a request away. It answers false where another was quicker.
func (s *console) answered(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.asked[id]
	delete(s.asked, id)
	return ok || id == ""
}
