package inbox

import (
	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// Errand is what provisioning is asked to do about events that it has: by its timer, for
// all that waits; by another function of ours, which has written them, for one subject.
type Errand struct {
	Timer   bool
	Subject lifecycle.Subject // zero: none is named
}

// ReadErrand says whether a payload is one: a timer's, {"triggerTime", "triggerName",
// "payload"}, or ours, {"subject": {…}}. No event looks like it: the shortest has a
// specversion.
func ReadErrand(payload []byte) (Errand, bool) {
	if len(payload) > maxPayload {
		return Errand{}, false
	}
	o, err := jose.ParseObject(payload)
	if err != nil || o.Has("specversion") {
		return Errand{}, false
	}
	if _, ok := o.Text("triggerName"); ok && o.Has("triggerTime") {
		return Errand{Timer: true}, true
	}
	named, ok := o.Object("subject")
	if !ok {
		return Errand{}, false
	}
	subject, err := lifecycle.ParseSubject(string(named.Raw()))
	return Errand{Subject: subject}, err == nil
}
