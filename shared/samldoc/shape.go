package samldoc

import "strings"

// checkIDs refuses two elements of one ID, and every other spelling by which
// another library might find an element (CVE-2025-66567).
func checkIDs(roots ...*element) error {
	seen := make(map[string]bool)
	var walk func(*element) error
	walk = func(e *element) error {
		for _, a := range e.attributes {
			if !strings.EqualFold(a.local, "ID") {
				continue
			}
			if !idAllowed(e, a) {
				return malformed("%s has an ID spelled %s", e, a.local)
			}
			if a.value == "" || len(a.value) > 256 || seen[a.value] {
				return malformed("the ID %.40q of %s is empty, too long or used twice", a.value, e)
			}
			seen[a.value] = true
		}
		for _, child := range e.children {
			if err := walk(child); err != nil {
				return err
			}
		}
		return nil
	}
	for _, root := range roots {
		if err := walk(root); err != nil {
			return err
		}
	}
	return nil
}

// idAllowed: SAML says ID, XML Signature and XML Encryption say Id.
func idAllowed(e *element, a attribute) bool {
	inSecurity := e.space == nsSignature || e.space == nsEncrypt
	return a.space == "" && (a.local == "ID" && !inSecurity || a.local == "Id" && inSecurity)
}

// place says what may stand directly inside one element of SAML: which of
// SAML's own (* = several), and whether text or elements of other namespaces.
type place struct {
	children string
	text     bool
	foreign  bool
}

// placeOf is the part of the two SAML schemas (saml-core sections 2 and 3) that
// the web browser profile needs. What is not in it is refused: an Assertion in
// Extensions, StatusDetail, Advice, Evidence or an Object is how signatures are
// wrapped (XSW 1 to 8 and all later ones).
func placeOf(name string) (place, bool) {
	switch name {
	case "samlp:Response":
		return place{children: "saml:Issuer ds:Signature samlp:Extensions samlp:Status saml:Assertion* saml:EncryptedAssertion*"}, true
	case "samlp:LogoutRequest":
		return place{children: "saml:Issuer ds:Signature samlp:Extensions saml:NameID saml:EncryptedID samlp:SessionIndex*"}, true
	case "samlp:AuthnRequest":
		return place{children: "saml:Issuer ds:Signature samlp:Extensions saml:Subject samlp:NameIDPolicy saml:Conditions samlp:RequestedAuthnContext samlp:Scoping"}, true
	case "samlp:RequestedAuthnContext":
		return place{children: "saml:AuthnContextClassRef* saml:AuthnContextDeclRef*"}, true
	case "samlp:Scoping": // Spring Security SAML sends one that says nothing
		return place{children: "samlp:IDPList samlp:RequesterID*"}, true
	case "samlp:IDPList":
		return place{children: "samlp:IDPEntry* samlp:GetComplete"}, true
	case "samlp:Status":
		return place{children: "samlp:StatusCode samlp:StatusMessage samlp:StatusDetail"}, true
	case "samlp:StatusCode":
		return place{children: "samlp:StatusCode"}, true
	case "saml:Assertion":
		return place{children: "saml:Issuer ds:Signature saml:Subject saml:Conditions saml:Advice saml:AuthnStatement* saml:AttributeStatement*"}, true
	case "saml:Subject":
		return place{children: "saml:NameID saml:EncryptedID saml:SubjectConfirmation*"}, true
	case "saml:SubjectConfirmation":
		return place{children: "saml:NameID saml:EncryptedID saml:SubjectConfirmationData"}, true
	case "saml:Conditions":
		return place{children: "saml:Condition* saml:AudienceRestriction* saml:OneTimeUse saml:ProxyRestriction", foreign: true}, true
	case "saml:AudienceRestriction", "saml:ProxyRestriction":
		return place{children: "saml:Audience*"}, true
	case "saml:AuthnStatement":
		return place{children: "saml:SubjectLocality saml:AuthnContext"}, true
	case "saml:AuthnContext":
		return place{children: "saml:AuthnContextClassRef saml:AuthnContextDecl saml:AuthnContextDeclRef saml:AuthenticatingAuthority*"}, true
	case "saml:AttributeStatement":
		return place{children: "saml:Attribute* saml:EncryptedAttribute*"}, true
	case "saml:Attribute":
		return place{children: "saml:AttributeValue*"}, true
	case "saml:AttributeValue":
		// eduPersonTargetedID, as Shibboleth sends it, is a NameID in a value.
		return place{children: "saml:NameID", text: true, foreign: true}, true
	case "samlp:StatusMessage", "samlp:SessionIndex", "samlp:RequesterID", "samlp:GetComplete", "saml:Issuer", "saml:NameID", "saml:Audience",
		"saml:AuthnContextClassRef", "saml:AuthnContextDeclRef", "saml:AuthenticatingAuthority":
		return place{text: true}, true
	case "samlp:StatusDetail", "saml:SubjectConfirmationData", "saml:Condition", "saml:AuthnContextDecl":
		return place{text: true, foreign: true}, true
	case "samlp:Extensions", "saml:Advice", "saml:EncryptedAssertion", "saml:EncryptedID", "saml:EncryptedAttribute":
		return place{foreign: true}, true
	case "saml:OneTimeUse", "saml:SubjectLocality", "samlp:NameIDPolicy", "samlp:IDPEntry":
		return place{}, true
	}
	return place{}, false
}

// checkShape refuses an element that stands where SAML has no place for it.
func checkShape(e *element) error { return checkNamed(e, e.String()) }

func checkNamed(e *element, name string) error {
	here, ok := placeOf(name)
	if !ok {
		return malformed("%s has no place in a message", e)
	}
	if !here.text && strings.TrimSpace(e.text) != "" {
		return malformed("%s must not hold text", e)
	}
	seen := ""
	for _, child := range e.children {
		name := child.String()
		listed, several := listedIn(here.children, name)
		switch {
		case !listed && (!here.foreign || isSAML(child)):
			return malformed("%s has no place in %s", name, e)
		case listed && !several && strings.Contains(seen, name+" "):
			return malformed("%s stands twice in %s", name, e)
		}
		if listed && !several {
			seen += name + " "
		}
		if err := checkInside(child, name); err != nil {
			return err
		}
	}
	return checkOrder(e)
}

func checkInside(child *element, name string) error {
	if child.space == nsAssertion || child.space == nsProtocol {
		return checkNamed(child, name)
	}
	for _, inner := range child.children {
		if isSAML(inner) {
			return malformed("%s has no place in %s", inner, child)
		}
		if err := checkInside(inner, ""); err != nil {
			return err
		}
	}
	return nil
}

// isSAML says what must never be found inside somebody else's element. A
// Signature counts: there are exactly two places for it.
func isSAML(e *element) bool {
	return e.space == nsAssertion || e.space == nsProtocol || e.is(nsSignature, "Signature")
}

// checkOrder holds Issuer and Signature to the schema's first two places, where
// every parser that stops at the first match finds the same ones. Auth0 puts the
// signature last, as signers of no schema do; nothing else comes after it.
func checkOrder(e *element) error {
	switch e.local {
	case "Response", "Assertion", "LogoutRequest", "AuthnRequest":
	default:
		return nil
	}
	rest := e.children
	for _, name := range []string{"Issuer", "Signature"} {
		if len(rest) > 0 && rest[0].local == name {
			rest = rest[1:]
		}
	}
	for i, late := range rest {
		last := i == len(rest)-1
		if late.is(nsAssertion, "Issuer") || late.is(nsSignature, "Signature") && !last {
			return malformed("%s comes too late in %s", late, e)
		}
	}
	return nil
}

func listedIn(children, name string) (listed, several bool) {
	for child := range strings.FieldsSeq(children) {
		if one, star := strings.CutSuffix(child, "*"); one == name {
			return true, star
		}
	}
	return false, false
}
