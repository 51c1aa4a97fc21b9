package inbox

import (
	"crypto/md5" //nolint:gosec // MessageMD5 is one; it guards against accidents alone
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// isEnvelope tells what a topic's trigger hands over by its names. An event with such
// names is an event: who sends it by a bus must not pass for a topic.
func isEnvelope(payload []byte) bool {
	var names map[string]json.RawMessage
	if json.Unmarshal(payload, &names) != nil {
		return false
	}
	if _, event := names["specversion"]; event {
		return false
	}
	_, message := names["Message"]
	_, topic := names["TopicName"]
	_, body := names["body"] // notifyContentFormat: STREAM
	_, attributes := names["attrs"]
	return message || topic || body && attributes
}

// envelope reads a message of MNS with the event, or events, in it. Who publishes into
// the topic says what its message is; who owns the topic and what it is called, MNS says.
func (r *reading) envelope(payload []byte) {
	message, err := r.message(payload)
	if err != nil {
		r.refuse(payload, err)
		return
	}
	r.list([]byte(message), MNS)
}

func (r *reading) message(payload []byte) (string, error) {
	o, err := jose.ParseObject(payload)
	if err != nil {
		return "", reason.New(reason.EventMalformed, "the message of a topic: %w", err)
	}
	if o.Has("body") && o.Has("attrs") {
		return "", reason.New(reason.EventMalformed, "the topic's trigger leaves out who owns the topic: set its notifyContentFormat to JSON")
	}
	owner, _ := o.Text("TopicOwner")
	topic, _ := o.Text("TopicName")
	if err := r.from.account(owner); err != nil {
		return "", err
	}
	if err := r.from.topic(topic); err != nil {
		return "", err
	}
	message, ok := o.Text("Message")
	if !ok {
		return "", reason.New(reason.EventMalformed, "the topic's message is empty, or no text")
	}
	sum := md5.Sum([]byte(message)) //nolint:gosec // see above
	if want, _ := o.Text("MessageMD5"); !strings.EqualFold(want, hex.EncodeToString(sum[:])) {
		return "", reason.New(reason.EventMalformed, "the topic's message is not the one that MessageMD5 %.80q is of: it was cut or changed on its way", want)
	}
	return message, nil
}
