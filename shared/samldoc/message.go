package samldoc

import (
	"strings"
	"time"
)

// Message is what a response says, as plain values. Times that are absent are
// zero, texts that are absent empty.
type Message struct {
	Response  Response
	Assertion Assertion // zero unless there is exactly one that is not encrypted
	Encrypted string    // the first encrypted part inside the assertion, "" if none
}

// Response is the envelope (saml-core 3.2.2).
type Response struct {
	ID, Version               string
	IssueInstant              time.Time
	Destination, InResponseTo string
	Issuer                    Issuer // absent where Value is empty
	Status                    Status
}

// Issuer names who wrote a response or assertion.
type Issuer struct{ Value, Format string }

// Status is the identity provider's own verdict.
type Status struct {
	Codes   []string // the top-level code, then those inside it
	Message string
}

// Assertion is what the identity provider says about one person
// (saml-core 2.3.3).
type Assertion struct {
	ID, Version     string
	IssueInstant    time.Time
	Issuer          Issuer
	Subject         Subject
	Conditions      *Conditions // nil: none
	AuthnStatements []AuthnStatement
	Attributes      []Attribute
}

// Subject is the person, and how a bearer may prove to be it.
type Subject struct {
	NameID, NameIDFormat string
	Confirmations        []Confirmation
}

// Confirmation is one SubjectConfirmation (saml-core 2.4.1.1).
type Confirmation struct {
	Method                  string
	Recipient, InResponseTo string
	NotBefore, NotOnOrAfter time.Time
}

// Conditions bound the use of an assertion (saml-core 2.5.1).
type Conditions struct {
	NotBefore, NotOnOrAfter time.Time
	Audiences               [][]string // one list for each AudienceRestriction
	Unknown                 []string   // conditions that we do not know
}

// AuthnStatement says when and how the person signed in (saml-core 2.7.2).
type AuthnStatement struct {
	AuthnInstant, SessionNotOnOrAfter time.Time
	ContextClass                      string
}

// Attribute is one Attribute with all its values, in order.
type Attribute struct {
	Name   string
	Values []string
}

// reader keeps the first fault, so that reading is one line for each value.
type reader struct{ err error }

func readMessage(root *element) (Message, error) {
	var r reader
	m := Message{Response: r.response(root)}
	if assertions := root.all(nsAssertion, "Assertion"); len(assertions) == 1 {
		m.Assertion = r.assertion(assertions[0])
		m.Encrypted = encryptedPart(assertions[0])
	}
	return m, r.err
}

func (r *reader) response(e *element) Response {
	return Response{
		ID:           r.required(e, "ID"),
		Version:      e.attribute("Version"),
		IssueInstant: r.requiredTime(e, "IssueInstant"),
		Destination:  e.attribute("Destination"),
		InResponseTo: e.attribute("InResponseTo"),
		Issuer:       r.issuer(e),
		Status:       r.status(e.one(nsProtocol, "Status")),
	}
}

func (r *reader) status(e *element) Status {
	if e == nil || e.one(nsProtocol, "StatusCode") == nil {
		r.fail(malformed("the response has no status"))
		return Status{}
	}
	s := Status{Message: r.text(e.one(nsProtocol, "StatusMessage"))}
	for code := e.one(nsProtocol, "StatusCode"); code != nil; code = code.one(nsProtocol, "StatusCode") {
		s.Codes = append(s.Codes, code.attribute("Value"))
	}
	return s
}

func (r *reader) assertion(e *element) Assertion {
	a := Assertion{
		ID:           r.required(e, "ID"),
		Version:      e.attribute("Version"),
		IssueInstant: r.requiredTime(e, "IssueInstant"),
		Issuer:       r.issuer(e),
		Subject:      r.subject(e.one(nsAssertion, "Subject")),
		Conditions:   r.conditions(e.one(nsAssertion, "Conditions")),
	}
	for _, statement := range e.all(nsAssertion, "AuthnStatement") {
		a.AuthnStatements = append(a.AuthnStatements, r.authn(statement))
	}
	for _, statement := range e.all(nsAssertion, "AttributeStatement") {
		for _, attribute := range statement.all(nsAssertion, "Attribute") {
			a.Attributes = append(a.Attributes, r.attribute(attribute))
		}
	}
	return a
}

func (r *reader) issuer(e *element) Issuer {
	issuer := e.one(nsAssertion, "Issuer")
	if issuer == nil {
		return Issuer{}
	}
	return Issuer{Value: r.uri(issuer), Format: issuer.attribute("Format")}
}

// subject keeps the NameID as it is written, blanks and all: two spellings may
// be two people at the identity provider.
func (r *reader) subject(e *element) Subject {
	if e == nil {
		return Subject{}
	}
	var s Subject
	if id := e.one(nsAssertion, "NameID"); id != nil {
		s.NameID, s.NameIDFormat = r.text(id), id.attribute("Format")
	}
	for _, c := range e.all(nsAssertion, "SubjectConfirmation") {
		s.Confirmations = append(s.Confirmations, r.confirmation(c))
	}
	return s
}

func (r *reader) confirmation(e *element) Confirmation {
	c := Confirmation{Method: e.attribute("Method")}
	if data := e.one(nsAssertion, "SubjectConfirmationData"); data != nil {
		c.Recipient = data.attribute("Recipient")
		c.InResponseTo = data.attribute("InResponseTo")
		c.NotBefore = r.time(data, "NotBefore")
		c.NotOnOrAfter = r.time(data, "NotOnOrAfter")
	}
	return c
}

func (r *reader) conditions(e *element) *Conditions {
	if e == nil {
		return nil
	}
	c := &Conditions{NotBefore: r.time(e, "NotBefore"), NotOnOrAfter: r.time(e, "NotOnOrAfter")}
	for _, child := range e.children {
		switch child.String() {
		case "saml:AudienceRestriction":
			c.Audiences = append(c.Audiences, r.audiences(child))
		case "saml:OneTimeUse": // every assertion is used once here
		case "saml:ProxyRestriction": // we pass no assertion on
		default:
			c.Unknown = append(c.Unknown, conditionName(child))
		}
	}
	return c
}

func conditionName(e *element) string {
	if kind, ok := e.lookup(nsInstance, "type"); ok {
		return e.String() + " " + kind
	}
	return e.String()
}

func (r *reader) audiences(e *element) []string {
	var list []string
	for _, audience := range e.all(nsAssertion, "Audience") {
		list = append(list, r.uri(audience))
	}
	return list
}

func (r *reader) authn(e *element) AuthnStatement {
	s := AuthnStatement{
		AuthnInstant:        r.requiredTime(e, "AuthnInstant"),
		SessionNotOnOrAfter: r.time(e, "SessionNotOnOrAfter"),
	}
	if context := e.one(nsAssertion, "AuthnContext"); context != nil {
		if class := context.one(nsAssertion, "AuthnContextClassRef"); class != nil {
			s.ContextClass = r.uri(class)
		}
	}
	return s
}

func (r *reader) attribute(e *element) Attribute {
	a := Attribute{Name: r.required(e, "Name")}
	for _, value := range e.all(nsAssertion, "AttributeValue") {
		if text, ok := r.value(value); ok {
			a.Values = append(a.Values, text)
		}
	}
	return a
}

// value reads text, and the one structure that real identity providers send: a
// NameID. What is nil or of another structure is no value to anybody here.
func (r *reader) value(e *element) (string, bool) {
	if null, _ := e.lookup(nsInstance, "nil"); null == "true" || null == "1" {
		return "", false
	}
	if id := e.one(nsAssertion, "NameID"); id != nil && len(e.children) == 1 && strings.TrimSpace(e.text) == "" {
		return r.text(id), true
	}
	if len(e.children) > 0 {
		return "", false
	}
	return r.text(e), true
}

func encryptedPart(assertion *element) string {
	for _, child := range assertion.children {
		if child.space != nsAssertion {
			continue
		}
		if strings.HasPrefix(child.local, "Encrypted") {
			return child.local
		}
		if inner := encryptedPart(child); inner != "" {
			return inner
		}
	}
	return ""
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) text(e *element) string {
	if e == nil {
		return ""
	}
	text, err := e.leaf()
	if err != nil {
		r.fail(err)
	}
	return text
}

// uri drops the blanks of XML round an xs:anyURI, which a printer may add, and no
// others: one that ends in a no-break space is another's.
func (r *reader) uri(e *element) string { return strings.Trim(r.text(e), " \t\r\n") }

func (r *reader) required(e *element, name string) string {
	value := e.attribute(name)
	if value == "" {
		r.fail(malformed("%s has no %s", e, name))
	}
	return value
}

func (r *reader) requiredTime(e *element, name string) time.Time {
	r.required(e, name)
	return r.time(e, name)
}

// time reads an xs:dateTime. SAML demands UTC (saml-core 1.3.3); an explicit
// offset has one meaning too, a missing one does not.
func (r *reader) time(e *element, name string) time.Time {
	value := e.attribute(name)
	if value == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, value)
	// time.Parse takes hours of one digit and a comma before a fraction.
	loose := len(value) < len("2006-01-02T15:04:05Z") || value[len("2006-01-02T15")] != ':' || strings.Contains(value, ",")
	if err != nil || at.IsZero() || loose {
		r.fail(malformed("%s of %s is no time: %.40q", name, e, value))
	}
	return at.UTC()
}
