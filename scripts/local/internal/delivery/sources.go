package delivery

import (
	"crypto/md5" //nolint:gosec // MessageMD5
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// PutEvents is a rule of a bus, which has a function as its target and lets every event
// pass: the bus writes into each what it knows, and hands it on in the shape that the
// settings say.
func (q *Queue) PutEvents(function, bus string, events []json.RawMessage) error {
	var stamped []json.RawMessage
	for _, event := range events {
		text, err := q.stamp(event, bus)
		if err != nil {
			return err
		}
		stamped = append(stamped, text)
	}
	payloads, err := q.shape(stamped)
	if err != nil {
		return err
	}
	for _, payload := range payloads {
		if err := q.Put(Invocation{Function: function, Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

// stamp adds what a bus adds, over whatever the sender wrote there.
func (q *Queue) stamp(event json.RawMessage, bus string) (json.RawMessage, error) {
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal(event, &attributes); err != nil || attributes == nil {
		return nil, fmt.Errorf("%.80q is no event", event)
	}
	for name := range attributes {
		if strings.HasPrefix(name, "aliyun") {
			delete(attributes, name)
		}
	}
	for name, value := range map[string]string{
		"aliyunaccountid": q.options.Account, "aliyunregionid": q.options.Region, "aliyuneventbusname": bus,
		"aliyunpublishtime": prc(q.options.Now()), "aliyunpublishaddr": "127.0.0.1",
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		attributes[name] = text
	}
	return json.Marshal(attributes)
}

// prc is how EventBridge writes the time of publishing.
func prc(at time.Time) string {
	return at.In(time.FixedZone("PRC", 8*60*60)).Format("2006-01-02T15:04:05.000") + "PRC"
}

func (q *Queue) shape(events []json.RawMessage) ([][]byte, error) {
	q.mu.Lock()
	shape, batch := q.settings.Shape, q.settings.Batch
	q.mu.Unlock()
	var payloads [][]byte
	for len(events) > 0 {
		var content any = events[0]
		size := 1
		if shape != shapeObject {
			size = min(batch, len(events))
			content = elements(events[:size], shape)
		}
		events = events[size:]
		payload, err := json.Marshal(content)
		if err != nil {
			return nil, err
		}
		payloads = append(payloads, payload)
	}
	return payloads, nil
}

func elements(events []json.RawMessage, shape string) any {
	if shape == shapeObjects {
		return events
	}
	texts := []string{}
	for _, event := range events {
		texts = append(texts, string(event))
	}
	return texts
}

// Publish is a topic's subscription, of which the trigger says JSON.
func (q *Queue) Publish(function, topic, message string) error {
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	payload, err := json.Marshal(map[string]any{
		"TopicOwner": q.options.Account, "TopicName": topic,
		"Subscriber": q.options.Account, "SubscriptionName": function,
		"Message":     message,
		"MessageMD5":  fmt.Sprintf("%X", md5.Sum([]byte(message))), //nolint:gosec // see above
		"MessageId":   strings.ToUpper(hex.EncodeToString(id)),
		"PublishTime": q.options.Now().UnixMilli(),
	})
	if err != nil {
		return err
	}
	return q.Put(Invocation{Function: function, Payload: payload})
}
