package cloud

import (
	"encoding/base64"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	imsVersion = "2019-08-15"
	imsHost    = "ims.aliyuncs.com"
	ramVersion = "2015-05-01"
	ramHost    = "ram.aliyuncs.com"

	maxProviders   = 100 // of each kind in an account
	maxName        = 128
	maxDescription = 256
	pageLength     = 100 // where MaxItems says nothing
)

var providerName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// IMS is the API by which identity providers and user-based SSO are set. Its codes
// for duplicates, limits and what is malformed follow the pattern of RAM's published
// ones; few of them are documented, so a client should read no more than their
// beginning.
func (c *Cloud) IMS() http.Handler {
	return c.serve(rpcService{name: "ims", host: imsHost, version: imsVersion, find: findIn(imsActions()), note: c.calls.add})
}

// RAM is the older API, by which roles are read and changed.
func (c *Cloud) RAM() http.Handler {
	return c.serve(rpcService{name: "ram", host: ramHost, version: ramVersion, find: findIn(ramActions()), note: c.calls.add})
}

// ramAction is an action of either API, on the RAM of the account that signed.
type ramAction struct {
	on string // what permissions of it are about, kinds with blanks between; "" = all of the account
	do func(*Cloud, string, rpcRequest) (ramAnswer, *fault)
}

const (
	onSAML = "saml-provider"
	onOIDC = "oidc-provider"
	onRole = "role"
)

func imsActions() map[string]ramAction {
	actions := directoryActions()
	maps.Copy(actions, map[string]ramAction{
		"CreateSAMLProvider":                {onSAML, (*Cloud).createSAMLProvider},
		"UpdateSAMLProvider":                {onSAML, (*Cloud).updateSAMLProvider},
		"GetSAMLProvider":                   {onSAML, (*Cloud).getSAMLProvider},
		"ListSAMLProviders":                 {onSAML, (*Cloud).listSAMLProviders},
		"DeleteSAMLProvider":                {onSAML, (*Cloud).deleteSAMLProvider},
		"CreateOIDCProvider":                {onOIDC, (*Cloud).createOIDCProvider},
		"UpdateOIDCProvider":                {onOIDC, (*Cloud).updateOIDCProvider},
		"GetOIDCProvider":                   {onOIDC, (*Cloud).getOIDCProvider},
		"ListOIDCProviders":                 {onOIDC, (*Cloud).listOIDCProviders},
		"DeleteOIDCProvider":                {onOIDC, (*Cloud).deleteOIDCProvider},
		"AddFingerprintToOIDCProvider":      {onOIDC, (*Cloud).addFingerprint},
		"AddClientIdToOIDCProvider":         {onOIDC, (*Cloud).addClientID},
		"RemoveClientIdFromOIDCProvider":    {onOIDC, (*Cloud).removeClientID},
		"RemoveFingerprintFromOIDCProvider": {onOIDC, (*Cloud).removeFingerprint},
		"SetUserSsoSettings":                {"", (*Cloud).setUserSSO},
		"GetUserSsoSettings":                {"", (*Cloud).getUserSSO},
		"GetDefaultDomain":                  {"", (*Cloud).getDefaultDomain},
	})
	return actions
}

func ramActions() map[string]ramAction {
	actions := directoryActions()
	maps.Copy(actions, policyActions())
	maps.Copy(actions, map[string]ramAction{
		"GetRole":    {onRole, (*Cloud).getRole},
		"ListRoles":  {onRole, (*Cloud).listRoles},
		"UpdateRole": {onRole, (*Cloud).updateRole},
	})
	return actions
}

func findIn(actions map[string]ramAction) func(string) (rpcCall, bool) {
	return func(name string) (rpcCall, bool) {
		action, ok := actions[name]
		return rpcCall{signed: action.signed}, ok
	}
}

// signed does the action where the caller's policies let it. In policies the actions
// of both APIs are called ram:…, and those on providers may ask for the issuer; older
// pages say ims:… and acs:ims::…, which nothing here answers to.
func (a ramAction) signed(c *Cloud, who caller, q rpcRequest, requestID string) (any, *fault) {
	for _, resource := range a.resources(c, who.account, q) { // whoever is about two things needs both
		if !c.mayWhere(who, "ram:"+q.action(), resource, c.issuerFacts(who.account, q)) {
			return nil, notAllowed()
		}
	}
	answer, f := a.do(c, who.account, q)
	if f != nil {
		return nil, f
	}
	answer.RequestId = requestID
	return answer, nil
}

func (a ramAction) resources(c *Cloud, account string, q rpcRequest) []string {
	if a.on == "" {
		return []string{"*"}
	}
	var resources []string
	for kind := range strings.FieldsSeq(a.on) {
		resources = append(resources, c.resourceOf(account, kind, q))
	}
	return resources
}

// nameIn is what the request is about, whichever kind.
func nameIn(q rpcRequest) string {
	return q.params.Get("SAMLProviderName") + q.params.Get("OIDCProviderName") + q.params.Get("RoleName")
}

func (c *Cloud) issuerFacts(account string, q rpcRequest) map[string]string {
	issuer := q.params.Get("IssuerUrl")
	if p, ok := c.oidcProvider(arnOf(account, onOIDC, q.params.Get("OIDCProviderName"))); ok {
		issuer = p.Issuer
	}
	if issuer == "" {
		return nil
	}
	return map[string]string{"ram:OidcIssuerUrl": issuer}
}

func arnOf(account, kind, name string) string { return "acs:ram::" + account + ":" + kind + "/" + name }

func entityFault(status int, code, entity, message string) *fault {
	return refuse(status, code+"."+entity, "%s", message)
}

func unknownEntity(entity string) *fault {
	return entityFault(http.StatusNotFound, "EntityNotExist", entity, "The "+entity+" does not exist.")
}

func knownEntity(entity string) *fault {
	return entityFault(http.StatusConflict, "EntityAlreadyExists", entity, "The "+entity+" does already exist.")
}

func tooMany(entity string, most int) *fault {
	return entityFault(http.StatusConflict, "LimitExceeded", entity, "The count of "+entity+" beyond the current limits, "+strconv.Itoa(most)+".")
}

// requireName wants a provider's name.
func requireName(q rpcRequest, param string) (string, *fault) {
	name := q.params.Get(param)
	switch {
	case name == "":
		return "", missing(param)
	case utf8.RuneCountInString(name) > maxName:
		return "", malformed(param + ".Length")
	case !providerName.MatchString(name):
		return "", malformed(param + ".InvalidChars")
	}
	return name, nil
}

func requireDescription(q rpcRequest, param string) *fault {
	if utf8.RuneCountInString(q.params.Get(param)) > maxDescription {
		return malformed(param + ".Length")
	}
	return nil
}

// page is one page of names, and where the next begins.
func page(q rpcRequest, names []string, most int) (part []string, marker string, f *fault) {
	return pageFrom(q, names, most, pageLength)
}

// pageFrom has a length of its own where MaxItems says nothing.
func pageFrom(q rpcRequest, names []string, most, length int) (part []string, marker string, f *fault) {
	if text := q.params.Get("MaxItems"); text != "" {
		var err error
		if length, err = strconv.Atoi(text); err != nil || length < 1 || length > most {
			return nil, "", malformed("MaxItems")
		}
	}
	after, err := base64.RawURLEncoding.DecodeString(q.params.Get("Marker"))
	if err != nil {
		return nil, "", malformed("Marker")
	}
	slices.Sort(names)
	names = slices.DeleteFunc(names, func(name string) bool { return name <= string(after) })
	if len(names) <= length {
		return names, "", nil
	}
	return names[:length], base64.RawURLEncoding.EncodeToString([]byte(names[length-1])), nil
}

// namesOf are the names of an account's entities of one kind.
func namesOf[V any](all map[string]V, account, kind string) []string {
	var names []string
	for arn := range all {
		if name, ours := strings.CutPrefix(arn, arnOf(account, kind, "")); ours {
			names = append(names, name)
		}
	}
	return names
}
