package ram

import (
	"fmt"
	"log/slog"
	"time"
)

const redacted = "[redacted]"

// Secret is text that must not be seen. Whatever prints, logs or encodes it
// gets [redacted]; only Reveal gives the text.
type Secret string

// Reveal gives the secret itself, for the request or the page that it is for.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string { return redacted }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return redacted }

// Format hides the secret from every verb: fmt answers a verb that does not fit
// with the raw value.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText hides the secret from encoders, JSON among them.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Credentials are an STS token, or an access key where SecurityToken is empty.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret Secret
	SecurityToken   Secret
	Expiration      time.Time
}
