package inbox

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"

	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// ahead is how far a sender's clock may be. What is dated later would outdo everything
// that is said until then, a leaver's disabling too.
const ahead = 15 * time.Minute

// read reads one CloudEvent (CloudEvents 1.0, in JSON). Who sends it comes first:
// strangers are told nothing of what else is wrong.
func (r *reading) read(text []byte, door string) (lifecycle.Event, error) {
	o, err := jose.ParseObject(text)
	if err != nil {
		return lifecycle.Event{}, reason.New(reason.EventMalformed, "it is no event in JSON: %w", err)
	}
	id, source, err := identify(o)
	if err != nil {
		return lifecycle.Event{}, err
	}
	if err := r.admit(o, source, door); err != nil {
		return lifecycle.Event{}, err
	}
	shape, err := shapeOf(o)
	if err != nil {
		return lifecycle.Event{}, err
	}
	event := lifecycle.Event{Key: key(source, id), From: door, Kind: shape.kind}
	if event.Order.At, err = r.moment(o); err != nil {
		return lifecycle.Event{}, err
	}
	event.Order.Key = event.Key
	if err := shape.complete(&event, o); err != nil {
		return lifecycle.Event{}, err
	}
	if err := event.Check(); err != nil {
		return lifecycle.Event{}, reason.New(reason.EventMalformed, "data: %w", err)
	}
	return event, nil
}

// identify reads what makes an event this one: source and id together (CloudEvents 1.0,
// "id").
func identify(o jose.Object) (id, source string, err error) {
	if version, _ := o.Text("specversion"); version != "1.0" {
		return "", "", reason.New(reason.EventMalformed, "specversion is %.20q, and only CloudEvents 1.0 are read", version)
	}
	if id, err = name(o, "id"); err != nil {
		return "", "", err
	}
	source, err = name(o, "source")
	return id, source, err
}

func name(o jose.Object, attribute string) (string, error) {
	value, _ := o.Text(attribute)
	if value == "" || len(value) > 512 || strings.ContainsFunc(value, unicode.IsControl) {
		return "", reason.New(reason.EventMalformed, "%s is %.80q: a text of 1 to 512 bytes is wanted, without control characters", attribute, value)
	}
	return value, nil
}

// key is the same whichever way an event comes: a topic carries the events that a bus
// does.
func key(source, id string) string {
	sum := sha256.Sum256([]byte(EventBridge + "\x00" + source + "\x00" + id))
	return hex.EncodeToString(sum[:])
}

// admit asks what the bus itself wrote into the event, and whose source it is. Of a
// message the topic was asked already.
func (r *reading) admit(o jose.Object, source, door string) error {
	if door != EventBridge {
		return nil
	}
	if err := r.from.source(source); err != nil {
		return err
	}
	account, _ := o.Text("aliyunaccountid")
	return r.from.account(account)
}

func (r *reading) moment(o jose.Object) (time.Time, error) {
	text, _ := o.Text("time")
	at, ok := readTime(text)
	if !ok || at.Unix() <= 0 {
		return time.Time{}, reason.New(reason.EventTime, "time is %.80q: a moment like 2026-11-26T20:00:00+08:00 is wanted, since by it the newer of two events is known", text)
	}
	if late := at.Sub(r.from.Now()); late > ahead {
		return time.Time{}, reason.New(reason.EventTime, "time is %s ahead, more than %s: is the sender's clock right?", late.Round(time.Second), ahead)
	}
	return at.UTC(), nil
}

// readTime takes RFC 3339 and what Alibaba Cloud writes beside it: the zone's name, PRC,
// in the place of its offset. There has been no summer time there since 1991.
func readTime(text string) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, true
	}
	local, isPRC := strings.CutSuffix(text, "PRC")
	if !isPRC {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, local+"+08:00")
	return at, err == nil
}
