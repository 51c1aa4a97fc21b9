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
	}
	t.encrypted = encrypted == 1
	t.has |= single
	return nil
}

// requireCover verifies the signature of the response before anything inside is
// decrypted: what a known key signed is no ciphertext of an attacker's.
func requireCover(t *trial) (err error) {
	if t.encrypted {
		t.cover, err = t.document.Cover(t.record.Certificates(t.now), t.policy())
	}
	if err == nil {
		t.has |= covered
	}
	return err
}

// requireReadable decrypts. From here on the document is the one that has the
// assertion in plain; parts of it that are still encrypted nobody could judge.
func requireReadable(t *trial) (err error) {
	if t.encrypted {
		if t.document, err = t.document.Decrypt(t.opener(), t.cover); err != nil {
			return err
		}
		t.message = t.document.Claimed()
	}
	if t.message.Encrypted != "" {
		return reason.New(reason.EncryptionRefused, "the assertion has an %s: encrypt it whole", t.message.Encrypted)
	}
	t.has |= assertion
	return nil
}

func (t *trial) opener() samldoc.Opener {
	return samldoc.Opener{
		Keys: t.decrypters, Recipient: t.want.EntityID,
		Trusted: t.record.Certificates(t.now), Policy: t.policy(),
	}
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
	if t.verified, err = t.document.Verify(t.record.Certificates(t.now), t.policy()); err != nil {
		return err
	}
	t.message = t.verified.Message()
	t.has |= verified
	return nil
}
