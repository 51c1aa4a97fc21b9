package cloud

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
)

const (
	attributePrefix   = "https://www.aliyun.com/SAML-Role/Attributes/"
	roleAttribute     = attributePrefix + "Role"
	sessionAttribute  = attributePrefix + "RoleSessionName"
	durationAttribute = attributePrefix + "SessionDuration"

	mostDuration = 12 * time.Hour // of any role
)

// attributes are what an assertion says of roles.
type attributes struct {
	session   string
	sessions  []string
	roles     []string // pairs
	durations []string // for the console; STS does not look at them
}

func readAttributes(assertion *etree.Element) attributes {
	var a attributes
	into := map[string]*[]string{roleAttribute: &a.roles, sessionAttribute: &a.sessions, durationAttribute: &a.durations}
	for _, statement := range children(assertion, nsAssertion, "AttributeStatement") {
		for _, attribute := range children(statement, nsAssertion, "Attribute") {
			list := into[attribute.SelectAttrValue("Name", "")]
			for _, value := range children(attribute, nsAssertion, "AttributeValue") {
				if list != nil {
					*list = append(*list, textOf(value))
				}
			}
		}
	}
	return a
}

func (a *attributes) requireSession() *fault {
	if len(a.sessions) != 1 || !roleSessionName.MatchString(a.sessions[0]) {
		return refuse(http.StatusBadRequest, "InvalidParameter.RoleSessionName", "The RoleSessionName is invalid.").because("%q", a.sessions)
	}
	a.session = a.sessions[0]
	return nil
}

// names answers whether the assertion names the role with this provider.
func (a *attributes) names(role, provider string) bool {
	return slices.ContainsFunc(a.roles, func(text string) bool {
		pair, ok := readPair(text)
		return ok && pair == rolePair{role, provider}
	})
}

// duration is the length that the assertion asks for, 0 for none.
func (a *attributes) duration() (time.Duration, *fault) {
	if len(a.durations) == 0 {
		return 0, nil
	}
	seconds, err := strconv.ParseUint(a.durations[0], 10, 31)
	asked := time.Duration(seconds) * time.Second
	if len(a.durations) > 1 || err != nil || asked < minDuration || asked > mostDuration {
		return 0, refuse(http.StatusBadRequest, "InvalidParameter.DurationSeconds", "The DurationSeconds is invalid.").because("SessionDuration %q", a.durations)
	}
	return asked, nil
}

// rolePair is a role and the provider that vouches for who takes it.
type rolePair struct{ role, provider string }

// readPair takes the two in either order, with blanks around them.
func readPair(text string) (rolePair, bool) {
	first, second, _ := strings.Cut(text, ",")
	pair := rolePair{strings.TrimSpace(first), strings.TrimSpace(second)}
	if samlProviderARN.MatchString(pair.role) {
		pair.role, pair.provider = pair.provider, pair.role
	}
	return pair, roleARN.MatchString(pair.role) && samlProviderARN.MatchString(pair.provider)
}
