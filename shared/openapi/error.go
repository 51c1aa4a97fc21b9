package openapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// messageLimit keeps a page of HTML out of the log.
const messageLimit = 300

// Error is a refusal in the service's own words.
type Error struct {
	Status    int
	Code      string
	Message   string
	RequestID string
}

func (e *Error) Error() string {
	return fmt.Sprintf("status %d, %s: %s (request %s)", e.Status, e.Code, e.Message, e.RequestID)
}

// Throttled says that the service asks to come again later.
func (e *Error) Throttled() bool {
	return e.Status == http.StatusTooManyRequests || strings.HasPrefix(e.Code, "Throttling") ||
		e.Code == "Rejected.Throttling" // KMS's word
}

// refusal reads an error's body. encoding/json takes the names in any case, as
// the services write them.
func refusal(status int, text []byte, secrets []ram.Secret) error {
	var body struct {
		Code, Message string
		RequestID     string `json:"RequestId"`
	}
	if err := json.Unmarshal(text, &body); err != nil || body.Code == "" {
		body.Code, body.Message = "Unknown", "the answer has no code" // a proxy's page, or none at all
	}
	return &Error{
		Status: status, RequestID: clean(body.RequestID, secrets),
		Code: clean(body.Code, secrets), Message: clean(body.Message, secrets),
	}
}

// clean takes secrets out of a service's words and limits them. A refused
// signature is answered with all that went into it, the security token included,
// as it is or escaped once or twice.
func clean(text string, secrets []ram.Secret) string {
	for _, secret := range secrets {
		form := secret.Reveal()
		for range 3 {
			if form != "" {
				text = strings.ReplaceAll(text, form, ram.Secret("").String())
			}
			form = url.QueryEscape(form)
		}
	}
	if len(text) > messageLimit {
		text = strings.ToValidUTF8(text[:messageLimit], "") + "..."
	}
	return text
}
