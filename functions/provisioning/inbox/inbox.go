// Package inbox is provisioning's door: it reads what triggers hand to the function.
//
// In: a payload, and who may send: an account, and in it sources of EventBridge and
// topics of MNS. Out: events about people, groups and identity providers, and beside
// them, each with its reason, what is none. Or, for an [Errand], that somebody of ours
// says there is work. Refused: what nobody named may send, what is no JSON or no
// CloudEvent 1.0 to the letter, types and fields that are not known, times to come.
//
// One bad event of a batch spoils no other: whoever delivers would deliver the whole
// again, and the good ones with it, for ever.
package inbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Accepted says whose events are taken; its zero value: nobody's. All fields are needed.
type Accepted struct {
	Account string   // Alibaba Cloud's number of it: of the bus's, and of the topic's owner
	Sources []string // of CloudEvents that EventBridge delivers
	Topics  []string // of MNS; who may publish there may send events of any source
	Now     func() time.Time
}

// Bad is what was refused: enough to find its sender, and to read it again when that
// would go better.
type Bad struct {
	Key    string // hex SHA-256 of the whole text
	Code   reason.Code
	Detail string // for the operator
	Text   string // its first 4 KB
}

// The doors, as [lifecycle.Event] has them in From.
const (
	EventBridge = "eventbridge"
	MNS         = "mns"
)

const (
	maxPayload = 128 << 10 // of an asynchronous invocation
	maxText    = 4 << 10
)

// Read reads a payload of EventBridge or MNS. What is an [Errand] has no events.
func Read(payload []byte, from Accepted) ([]lifecycle.Event, []Bad) {
	if _, ok := ReadErrand(payload); ok {
		return nil, nil
	}
	r := &reading{from: from}
	r.payload(payload)
	return r.events, r.bad
}

// reading collects what was found so far.
type reading struct {
	from   Accepted
	events []lifecycle.Event
	bad    []Bad
}

func (r *reading) payload(payload []byte) {
	if len(payload) > maxPayload {
		r.refuse(payload, reason.New(reason.EventMalformed, "the payload has %d bytes, more than %d: send fewer events at once", len(payload), maxPayload))
		return
	}
	if isEnvelope(payload) {
		r.envelope(payload)
		return
	}
	r.list(payload, EventBridge)
}

// list reads one event, or a list of events, each an object or, as the streams of
// EventBridge have them, a text with the object inside.
func (r *reading) list(text []byte, door string) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		r.event(text, door)
		return
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(text, &elements); err != nil {
		r.refuse(text, reason.New(reason.EventMalformed, "it begins as a list and is no JSON: %w", err))
		return
	}
	for _, element := range elements {
		text, err := inside(element)
		if err != nil {
			r.refuse(element, err)
			continue
		}
		r.event(text, door)
	}
}

// inside is the text that an element of a list is, or the element itself. What is no
// character becomes U+FFFD in the decoder, and would be somebody's name.
func inside(element []byte) ([]byte, error) {
	if !bytes.HasPrefix(element, []byte(`"`)) {
		return element, nil
	}
	var text string
	if err := json.Unmarshal(element, &text); err != nil || !utf8.Valid(element) || strings.ContainsRune(text, utf8.RuneError) {
		return nil, reason.New(reason.EventMalformed, "it is a text that is not UTF-8, or has U+FFFD")
	}
	return []byte(text), nil
}

func (r *reading) event(text []byte, door string) {
	event, err := r.read(text, door)
	if err != nil {
		r.refuse(text, err)
		return
	}
	r.events = append(r.events, event)
}

func (r *reading) refuse(text []byte, err error) {
	sum := sha256.Sum256(text)
	shown := strings.ToValidUTF8(string(text[:min(len(text), maxText)]), "")
	r.bad = append(r.bad, Bad{hex.EncodeToString(sum[:]), reason.Of(err), reason.Detail(err), shown})
}

func (a Accepted) source(source string) error {
	if !slices.Contains(a.Sources, source) {
		return reason.New(reason.EventRefused, "no events of source %.200q are taken from EventBridge: SSO_EVENTS_FROM names %s", source, named(a.Sources))
	}
	return nil
}

func (a Accepted) topic(topic string) error {
	if !slices.Contains(a.Topics, topic) {
		return reason.New(reason.EventRefused, "no messages of topic %.200q are taken from MNS: SSO_EVENTS_FROM names %s", topic, named(a.Topics))
	}
	return nil
}

func (a Accepted) account(account string) error {
	if account == "" || account != a.Account {
		return reason.New(reason.EventRefused, "it comes from account %.80q, and SSO_EVENTS_ACCOUNT, else the function's own account, is %q", account, a.Account)
	}
	return nil
}

func named(list []string) string {
	if len(list) == 0 {
		return "none there"
	}
	return strings.Join(list, ", ")
}
