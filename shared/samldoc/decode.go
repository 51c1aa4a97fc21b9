package samldoc

import (
	"encoding/base64"
	"strings"
)

// Limits of what the browser may bring.
const (
	mostEncoded = 350_000 // bytes of the form field
	mostXML     = 262_144 // bytes of a response; 250 roles and groups need 70 KB
)

// DecodePOST undoes the base64 of the HTTP-POST binding (saml-bindings 3.5.4).
// Line breaks and blanks are dropped first, because MIME encoders add them;
// everything else outside the alphabet is refused, as are missing padding and
// bits that no encoder sets.
func DecodePOST(form string) ([]byte, error) {
	switch {
	case form == "":
		return nil, malformed("the field is empty")
	case len(form) > mostEncoded:
		return nil, tooLarge("the field has %d bytes, at most %d", len(form), mostEncoded)
	}
	if strings.ContainsAny(form, "\r\n\t ") {
		form = strings.NewReplacer("\r", "", "\n", "", "\t", "", " ", "").Replace(form)
	}
	xml, err := base64.StdEncoding.Strict().DecodeString(form)
	switch {
	case err != nil:
		return nil, malformed("the field is not base64: %w", err)
	case len(xml) > mostXML:
		return nil, tooLarge("the message has %d bytes, at most %d", len(xml), mostXML)
	case len(xml) == 0 || xml[0] != '<':
		// DEFLATE belongs to the Redirect binding, which must not carry
		// responses (saml-profiles 4.1.2).
		return nil, malformed("the field does not hold XML: it must begin with <")
	}
	return xml, nil
}
