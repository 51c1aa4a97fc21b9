package delivery_test

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
)

func sample(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../../../template/events/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parsed[T any](t *testing.T, text []byte) (value T) {
	t.Helper()
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

type object = map[string]json.RawMessage

// TestABusWritesWhatItKnows over what the sender wrote there, and leaves the rest.
func TestABusWritesWhatItKnows(t *testing.T) {
	w := start(t, well)
	sent := sample(t, "eventbridge-person-changed")
	if err := w.PutEvents("f", "hr", []json.RawMessage{sent}); err != nil {
		t.Fatal(err)
	}
	w.await()
	got, want := parsed[object](t, w.calls[0].Payload), parsed[object](t, sent)
	if string(got["aliyunaccountid"]) != `"1000000000000001"` || string(got["aliyuneventbusname"]) != `"hr"` || string(got["aliyunregionid"]) != `"cn-hangzhou"` {
		t.Errorf("%s", w.calls[0].Payload)
	}
	if !regexp.MustCompile(`^"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dPRC"$`).Match(got["aliyunpublishtime"]) {
		t.Errorf("%s", got["aliyunpublishtime"])
	}
	delete(got, "aliyunpublishaddr")
	for name, value := range want {
		if name[:2] != "al" && fmt.Sprint(parsed[any](t, got[name])) != fmt.Sprint(parsed[any](t, value)) {
			t.Errorf("%s: %s, want %s", name, got[name], value)
		}
	}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, slices.Sorted(maps.Keys(want))) {
		t.Errorf("%q, and the sample has others", names)
	}
	if err := w.PutEvents("f", "hr", []json.RawMessage{[]byte(`null`)}); err == nil {
		t.Error("nothing was taken for an event")
	}
}

func TestStreamsHandOverSeveral(t *testing.T) {
	events := parsed[[]json.RawMessage](t, sample(t, "eventbridge-stream-objects"))
	events = append(events, events[0])
	for shape, read := range map[string]func([]byte) int{
		"objects": func(text []byte) int { return len(parsed[[]object](t, text)) },
		"texts": func(text []byte) (n int) {
			for _, inside := range parsed[[]string](t, text) {
				parsed[object](t, []byte(inside))
				n++
			}
			return n
		},
	} {
		w := start(t, well)
		w.set(`{"shape":"` + shape + `","batch":2,"at_once":1}`)
		if err := w.PutEvents("f", "hr", events); err != nil {
			t.Fatal(err)
		}
		w.await()
		if len(w.calls) != 2 || read(w.calls[0].Payload) != 2 || read(w.calls[1].Payload) != 1 {
			t.Errorf("%s: %q", shape, w.payloads())
		}
	}
}

// TestATopicSaysWhoseItIs in the names that the sample has.
func TestATopicSaysWhoseItIs(t *testing.T) {
	w := start(t, well)
	want := parsed[map[string]any](t, sample(t, "mns-person-left"))
	message, _ := want["Message"].(string)
	if err := w.Publish("sso-provisioning", "hr", message); err != nil {
		t.Fatal(err)
	}
	w.await()
	got := parsed[map[string]any](t, w.calls[0].Payload)
	if got["Message"] != message || got["MessageMD5"] != want["MessageMD5"] || got["MessageMD5"] != fmt.Sprintf("%X", md5.Sum([]byte(message))) || got["TopicName"] != "hr" || got["TopicOwner"] != "1000000000000001" {
		t.Errorf("%v", got)
	}
	if _, number := got["PublishTime"].(float64); !number || !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("%v", got)
	}
}
