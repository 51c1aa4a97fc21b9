package samldoc

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// mostRequest is what the XML of an AuthnRequest may have; a plain one has 1 KB, one
// signed inside by RSA-4096 7 KB. FC takes less of it in an address.
const mostRequest = 16 << 10

// MostRequestForm is what a form may have that brings one, in base64 and escaped, with
// what comes back with the answer.
const MostRequestForm = 64 << 10

func requestLimits() limits {
	return limits{bytes: mostRequest, depth: 16, elements: 100, attributes: 32, allAttributes: 300, qualified: 8, prefixes: 20}
}

// CloudRequest is what Alibaba Cloud's user-based SSO asks of us. It comes unsigned,
// through whose browser we do not know: it is a stranger's wish, and chooses neither
// the person nor where the answer goes. Only [OurIdP.ReadRequest] makes one.
type CloudRequest struct {
	id              string
	forced, passive bool
}

// ID is what the answer says that it is in response to.
func (r CloudRequest) ID() string { return r.id }

// ForceAuthn says that the person shall sign in anew.
func (r CloudRequest) ForceAuthn() bool { return r.forced }

// IsPassive says that the person shall be shown nothing.
func (r CloudRequest) IsPassive() bool { return r.passive }

// IsZero says that nobody asked.
func (r CloudRequest) IsZero() bool { return r.id == "" }

// DecodeRedirect undoes the base64 and the DEFLATE of the HTTP-Redirect binding
// (saml-bindings 3.4.4.1); the field is that of the query, unescaped. What it may grow
// to is capped while it grows.
func DecodeRedirect(field string) ([]byte, error) {
	switch {
	case field == "":
		return nil, malformed("the field is empty")
	case len(field) > base64.StdEncoding.EncodedLen(mostRequest):
		return nil, tooLarge("the field has %d bytes, at most %d", len(field), base64.StdEncoding.EncodedLen(mostRequest))
	case strings.ContainsAny(field, "\r\n"): // which Go's decoder drops, and the binding forbids
		return nil, malformed("the field has line breaks")
	}
	deflated, err := base64.StdEncoding.Strict().DecodeString(field)
	if err != nil {
		return nil, malformed("the field is not base64: %w", err)
	}
	return inflate(deflated)
}

// inflate reads one stream that is all of the input: what stood behind it, another
// reader might take for the message.
func inflate(deflated []byte) ([]byte, error) {
	rest := bytes.NewReader(deflated) // an io.ByteReader, of which flate takes no byte too many
	xml, err := io.ReadAll(io.LimitReader(flate.NewReader(rest), mostRequest+1))
	switch {
	case len(xml) > mostRequest:
		return nil, tooLarge("the message has more than %d bytes", mostRequest)
	case err != nil:
		return nil, malformed("the field is not deflated: %w", err)
	case rest.Len() > 0:
		return nil, malformed("%d bytes stand behind the deflated message", rest.Len())
	}
	return xml, nil
}

// ReadRequest reads a request as strictly as [Parse] reads a response. It must be from
// the account's own user-based SSO and, where it names an address, for ours. Where it
// wants the answer, in which form and about whom is not even read; nor is a signature,
// for it could add nothing.
func (p OurIdP) ReadRequest(xml []byte) (CloudRequest, error) {
	if err := p.check(); err != nil {
		return CloudRequest{}, err
	}
	root, err := readRequest(xml)
	if err != nil {
		return CloudRequest{}, err
	}
	var r reader
	r.requiredTime(root, "IssueInstant")
	request := CloudRequest{id: r.required(root, "ID"), forced: r.flag(root, "ForceAuthn"), passive: r.flag(root, "IsPassive")}
	issuer, destination := r.issuer(root), root.attribute("Destination")
	switch want := p.userSSO().entityID; {
	case r.err != nil:
		return CloudRequest{}, r.err
	case !isID(request.id):
		return CloudRequest{}, malformed("the ID %.80q is no XML name", request.id)
	case root.attribute("Version") != "2.0":
		return CloudRequest{}, reason.New(reason.VersionUnsupported, "the request is of SAML %.20q", root.attribute("Version"))
	case issuer.Value != want:
		return CloudRequest{}, reason.New(reason.IssuerMismatch, "the request is from %.200q, the account's user-based SSO is %q", issuer.Value, want)
	case destination != "" && destination != p.SSOURL():
		return CloudRequest{}, reason.New(reason.DestinationMismatch, "the request is for %.200q, this is %q", destination, p.SSOURL())
	}
	return request, nil
}

// readRequest makes no tree for goxmldsig: nothing will be verified.
func readRequest(xml []byte) (*element, error) {
	root, err := scan(xml, requestLimits())
	if err != nil {
		return nil, err
	}
	if !root.is(nsProtocol, "AuthnRequest") {
		return nil, malformed("the root is %s, not a SAML 2.0 AuthnRequest", root)
	}
	if err := checkIDs(root); err != nil {
		return nil, err
	}
	return root, checkShape(root)
}

// flag reads an xs:boolean; absent is false.
func (r *reader) flag(e *element, name string) bool {
	switch value := e.attribute(name); value {
	case "true", "1":
		return true
	case "", "false", "0":
	default:
		r.fail(malformed("%s of %s is neither true nor false: %.40q", name, e, value))
	}
	return false
}
