package validate

import (
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

const (
	success      = "urn:oasis:names:tc:SAML:2.0:status:Success"
	statusPrefix = "urn:oasis:names:tc:SAML:2.0:status:"
)

func requireField(t *trial) (err error) {
	if t.xml, err = samldoc.DecodePOST(t.encoded); err != nil {
		return err
	}
	t.has |= field
	return nil
}

func requireDocument(t *trial) (err error) {
	if t.document, err = samldoc.Parse(t.xml); err != nil {
		return err
	}
	t.message = t.document.Claimed()
	t.has |= document
	return nil
}

// requireSuccess stands before the signature: an identity provider that refuses
// sends no assertion and often no signature, and its own words are what the
// operator needs. Nothing is gained by forging a refusal.
func requireSuccess(t *trial) error {
	status := t.message.Response.Status
	if status.Codes[0] == success {
		return nil
	}
	var codes []string
	for _, code := range status.Codes {
		codes = append(codes, strings.TrimPrefix(code, statusPrefix))
	}
	return reason.New(reason.StatusNotSuccess, "the identity provider says %.200q, %.300q", strings.Join(codes, ": "), status.Message)
}

func requireAssertion(t *trial) error {
	plain, encrypted := t.document.Assertions()
	switch {
	case plain+encrypted == 0:
		return reason.New(reason.AssertionMissing, "the response has no assertion")
	case plain+encrypted > 1:
		return reason.New(reason.AssertionsSeveral, "%d assertions, %d of them encrypted", plain+encrypted, encrypted)
	case encrypted == 1:
		return reason.New(reason.EncryptionNotYet, "the assertion is encrypted, which is not supported yet")
	case t.message.Encrypted != "":
		return reason.New(reason.EncryptionNotYet, "the assertion has an %s, which is not supported yet", t.message.Encrypted)
	}
	t.has |= assertion
	return nil
}

func requireSigned(t *trial) error {
	if response, assertion := t.document.Signed(); !response && !assertion {
		return reason.New(reason.SignatureMissing, "neither the response nor the assertion is signed")
	}
	return nil
}

func requireForm(t *trial) error { return t.document.CheckSignatures(t.policy()) }

// requireVerified replaces what the document claims by what was signed: all
// later checks, and the identity, read that.
func requireVerified(t *trial) (err error) {
	if t.verified, err = t.document.Verify(t.record.Certificates(), t.policy()); err != nil {
		return err
	}
	t.message = t.verified.Message()
	t.has |= verified
	return nil
}
