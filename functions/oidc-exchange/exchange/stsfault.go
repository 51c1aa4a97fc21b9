package exchange

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

// faultError is a refusal as STS words it, and why.
type faultError struct {
	status        int
	code, message string
	error
}

func (f faultError) Unwrap() error { return f.error }

func (f faultError) because(err error) faultError {
	f.error = err
	return f
}

// shaped is an error of which it is known in which form the caller wants it, and of
// which kind of proof it is.
type shaped struct {
	error
	xml, saml bool
}

func shapedBy(params url.Values, err error) error {
	return shaped{err, isXML(params), params.Get("Action") == withSAML}
}

func (s shaped) Unwrap() error { return s.error }

func missingParameter(name string) error {
	return faultError{
		http.StatusBadRequest, "MissingParameter." + name, "Parameter " + name + " is required.",
		reason.New(reason.RequestMalformed, "%s is missing", name),
	}
}

func wrongParameter(name string, err error) error {
	return faultError{
		http.StatusBadRequest, "InvalidParameter." + name, "The parameter " + name + " is wrongly formed.",
		reason.New(reason.RequestMalformed, "%s: %w", name, err),
	}
}

// faultOf words a refusal as STS would. Its words come first, so that whoever knows
// them knows what it is about; ours say in the same message what STS leaves open.
func faultOf(refusal respond.Refusal) faultError {
	if f, ok := errors.AsType[faultError](refusal.Err); ok {
		return f
	}
	if e, ok := errors.AsType[*openapi.Error](refusal.Err); ok && refusal.Code == reason.ProofRefused {
		return faultError{status: e.Status, code: e.Code, message: e.Message} // STS judged the caller's own proof
	}
	rows := stsFaults()
	if s, ok := errors.AsType[shaped](refusal.Err); ok && s.saml {
		rows = append(samlFaults(), rows...)
	}
	for _, row := range rows {
		for _, code := range row.codes {
			if code == refusal.Code {
				return row.fault
			}
		}
	}
	return serverFault(refusal)
}

type stsRow struct {
	codes []reason.Code
	fault faultError
}

func unauthorized(code, message string) faultError {
	return faultError{status: http.StatusUnauthorized, code: "AuthenticationFail." + code, message: message}
}

func stsFaults() []stsRow {
	return []stsRow{
		{[]reason.Code{reason.Expired, reason.TokenTooOld}, unauthorized("OIDCToken.Expired", "This JsonWebToken is expired.")},
		{[]reason.Code{reason.AudienceMismatch}, unauthorized("OIDCToken.AudienceNotMatch", "Invalid audience.")},
		{[]reason.Code{reason.IssuerMismatch, reason.IdPUnknown}, unauthorized("OIDCToken.IssuerNotMatch", "The issuer in the OIDC Token doesn't match the OIDC Provider registered.")},
		{[]reason.Code{reason.SignatureInvalid, reason.KeyUnknown}, unauthorized("OIDCToken.InvalidSignature", "OIDC token validate failed: invalid signature.")},
		{[]reason.Code{reason.KeysUnavailable}, unauthorized("OIDCToken.IssuerConfigurationBroken", "Get public keys from OIDC Provider failed.")},
		{[]reason.Code{
			reason.TokenMalformed, reason.TokenType, reason.SignatureAlgorithm, reason.SubjectMissing, reason.NotYetValid,
			reason.NonceUnexpected, reason.LifetimeTooLong, reason.Replayed,
		}, unauthorized("OIDCToken.Invalid", "The Jwt content is invalid that cannot be recognized.")},
		{[]reason.Code{reason.LoginOnly, reason.PersonLeft, reason.IdPSuspended, reason.RoleNotGranted, reason.StepUpNeeded}, unauthorized("NoPermission", "There is no permission.")},
		{[]reason.Code{reason.RoleRefused}, faultError{status: http.StatusForbidden, code: "NoPermission", message: "You are not authorized to do this action. You should be authorized by RAM."}},
		{[]reason.Code{reason.NarrowingRefused}, faultError{status: http.StatusBadRequest, code: "InvalidParameter.Policy", message: "The parameter Policy is not allowed."}},
		{[]reason.Code{reason.RequestMalformed, reason.RequestTooLarge}, faultError{status: http.StatusBadRequest, code: "InvalidParameter", message: "The request is wrongly formed."}},
		{[]reason.Code{reason.NotFound}, faultError{status: http.StatusNotFound, code: "InvalidAction.NotFound", message: "Specified api is not found, please check your url and method."}},
		{[]reason.Code{reason.MethodNotAllowed}, faultError{status: http.StatusMethodNotAllowed, code: "UnsupportedHTTPMethod", message: "This http method is not supported."}},
		{[]reason.Code{reason.NotImplemented}, faultError{status: http.StatusNotImplemented, code: "UnsupportedOperation", message: "The specified action is not supported."}},
	}
}

// samlFaults come before those of stsFaults, which know of tokens. STS says no more
// than "invalid" of all that the guard can find, but for its time.
func samlFaults() []stsRow {
	return []stsRow{
		{[]reason.Code{reason.Expired}, unauthorized("SAMLAssertion.Expired", "The SAML Assertion is expired.")},
		{[]reason.Code{reason.IdPUnknown}, faultError{status: http.StatusNotFound, code: "EntityNotExist.SAMLProvider", message: "Can not find SAML provider."}},
		{[]reason.Code{reason.KeysUnavailable}, unauthorized("IDPMetadata.Invalid", "The IdP Metadata of your SAML Provider is invalid.")},
		{slices.Concat(assertionCodes(), []reason.Code{reason.Replayed}), unauthorized("SAMLAssertion.Invalid", "The SAML Assertion is invalid.")},
	}
}

// assertionCodes are what the guard finds wrong with a response, beside its time.
func assertionCodes() []reason.Code {
	return []reason.Code{
		reason.MessageMalformed, reason.MessageTooLarge, reason.EncryptionRefused, reason.EncryptionUnsigned, reason.DecryptionFailed,
		reason.VersionUnsupported, reason.AssertionMissing, reason.AssertionsSeveral, reason.SignatureMissing, reason.SignatureAlgorithm,
		reason.SignatureInvalid, reason.StatusNotSuccess, reason.IssuerMismatch, reason.AudienceMismatch, reason.DestinationMismatch,
		reason.RecipientMismatch, reason.SubjectMissing, reason.ConfirmationMissing, reason.ConditionUnknown, reason.AuthnMissing,
		reason.NotYetValid, reason.LifetimeTooLong, reason.RequestMismatch,
	}
}

// serverFault is what went wrong behind us.
func serverFault(refusal respond.Refusal) faultError {
	if refusal.Status == http.StatusServiceUnavailable {
		return faultError{status: refusal.Status, code: "ServiceUnavailable", message: "The request has failed due to a temporary failure of the server."}
	}
	return faultError{status: http.StatusInternalServerError, code: "InternalError", message: "STS Server Internal Error happened."}
}

// missingRole tells a role that does not exist from one that does not trust us, as
// STS told us.
func missingRole(err error) bool {
	e, ok := errors.AsType[*openapi.Error](err)
	return ok && strings.HasPrefix(e.Code, "EntityNotExist.Role")
}

type stsError struct {
	XMLName   xml.Name `json:"-" xml:"Error"`
	RequestID string   `json:"RequestId" xml:"RequestId"`
	HostID    string   `json:"HostId" xml:"HostId"`
	Code      string
	Message   string
}

func refuseAsSTS(r *http.Request, refusal respond.Refusal) (respond.Outcome, error) {
	asXML := isXML(r.URL.Query())
	if s, ok := errors.AsType[shaped](refusal.Err); ok {
		asXML = s.xml
	}
	fault := faultOf(refusal)
	if refusal.Code == reason.RoleRefused && missingRole(refusal.Err) {
		fault = faultError{status: http.StatusNotFound, code: "EntityNotExist.Role", message: "The specified Role not exists."}
	}
	outcome, err := stsOutcome(stsError{
		RequestID: audit.RequestID(r.Context()), HostID: r.Host,
		Code: fault.code, Message: fault.message + " (" + words(refusal) + "; reference " + refusal.Reference + ")",
	}, asXML)
	return outcome.WithStatus(fault.status), err
}

// stsOutcome writes on one line: the official clients show a refusal's body as it is.
func stsOutcome(body any, asXML bool) (respond.Outcome, error) {
	if asXML {
		text, err := xml.Marshal(body)
		return respond.Document("text/xml;charset=utf-8", append([]byte(xml.Header), text...)), err
	}
	text, err := json.Marshal(body)
	return respond.Document("application/json;charset=utf-8", text), err
}
