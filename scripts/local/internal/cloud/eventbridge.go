package cloud

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxEvents     = 16
	maxBusEvent   = 64 << 10
	maxEventBatch = 256 << 10
)

// EventBridge answers as a region's endpoint of EventBridge, of which it knows
// PutEvents on two buses.
func (c *Cloud) EventBridge(region string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /openapi/putEvents", func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		who, entries, f := c.putEvents(w, r, region)
		c.log.InfoContext(r.Context(), "eventbridge", "request_id", id, "caller", who.arn, "entries", len(entries), "refusal", codeOf(f))
		if f != nil {
			writeEventBridge(w, f.status, map[string]string{"code": f.code, "message": f.message, "requestId": id})
			return
		}
		failed := 0
		for _, e := range entries {
			if e.Code != "" {
				failed++
			}
		}
		writeEventBridge(w, http.StatusOK, map[string]any{"RequestId": id, "ResourceOwnerAccountId": c.bundle, "FailedEntryCount": failed, "EntryList": entries})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeEventBridge(w, http.StatusNotFound, map[string]string{
			"code": "InvalidAction.NotFound", "message": "Specified api is not found, please check your url and method.", "requestId": newRequestID(),
		})
	})
	return c.troubles.at("eventbridge", mux)
}

func writeEventBridge(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// eventEntry is what became of one event.
type eventEntry struct {
	EventID string `json:"EventId"`
	TraceID string `json:"TraceId,omitempty"`
	Code    string `json:"ErrorCode,omitempty"`
	Message string `json:"ErrorMessage,omitempty"`
}

func (c *Cloud) putEvents(w http.ResponseWriter, r *http.Request, region string) (caller, []eventEntry, *fault) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEventBatch))
	if err != nil {
		return caller{}, nil, refuse(http.StatusConflict, "EventBodyTooLarge", "The events have more than %d bytes.", maxEventBatch)
	}
	who, f := c.authenticateDated(r, body, eventBridgeSignature())
	if f != nil {
		return caller{}, nil, f
	}
	if !c.nonces.use("eventbridge " + r.Header.Get("X-Acs-Signature-Nonce")) {
		return who, nil, refuse(http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var events []json.RawMessage
	readable := json.Unmarshal(body, &events) == nil
	if kind != "application/cloudevents-batch+json" || !readable || len(events) == 0 || len(events) > maxEvents {
		return who, nil, refuse(http.StatusConflict, "JsonAttributeInvalid", "The Json attribute is invalid")
	}
	var entries []eventEntry
	for _, text := range events {
		entry, f := c.putEvent(who, text, region)
		if f != nil {
			return who, nil, f
		}
		entries = append(entries, entry)
	}
	return who, entries, nil
}

// busEvent is a CloudEvent as far as the bus looks at it.
type busEvent struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Time        string          `json:"time"`
	ContentType string          `json:"datacontenttype"`
	Bus         string          `json:"aliyuneventbusname"`
	Data        json.RawMessage `json:"data"`
}

// putEvent takes an event, or says in its entry why not; who may not put it at all is
// refused as a whole.
func (c *Cloud) putEvent(who caller, text []byte, region string) (eventEntry, *fault) {
	var e busEvent
	readable := json.Unmarshal(text, &e) == nil
	if !readable || e.unfit() {
		return eventEntry{EventID: e.ID, Code: "JsonAttributeInvalid", Message: "The Json attribute is invalid"}, nil
	}
	if len(text) > maxBusEvent {
		return eventEntry{EventID: e.ID, Code: "EventBodyTooLarge", Message: "The event is too large"}, nil
	}
	resource := "acs:eventbridge:" + region + ":" + c.bundle + ":eventbus/" + e.Bus
	if who.account != c.bundle || !c.may(who, "eventbridge:PutEvents", resource) {
		return eventEntry{}, refuse(http.StatusForbidden, "AccessDenied", "The OwnerId that your Access Key Id associated to is forbidden for this operation.")
	}
	if !slices.Contains(carriers(), e.Bus) {
		return eventEntry{EventID: e.ID, Code: "EventBusNotExist", Message: "The event bus [" + e.Bus + "] not existed!"}, nil
	}
	c.delivered.add(Delivery{"eventbridge", e.Bus, string(text), who.arn})
	return eventEntry{EventID: e.ID, TraceID: strings.ReplaceAll(newRequestID(), "-", "")}, nil
}

// unfit are the limits of the SDK's model, and what CloudEvents 1.0 demands.
func (e busEvent) unfit() bool {
	_, err := time.Parse(time.RFC3339, e.Time)
	missing := slices.Contains([]string{e.ID, e.Source, e.Type, e.Bus}, "")
	json := e.ContentType == "" || strings.HasPrefix(e.ContentType, "application/json")
	return e.SpecVersion != "1.0" || missing || err != nil || !json || len(e.Source) > 128 || len(e.Type) > 64
}
