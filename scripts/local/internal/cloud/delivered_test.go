package cloud_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

const (
	topicPath = "/topics/fc-sso/messages"
	eventPath = "/openapi/putEvents"
	goodEvent = `{"specversion":"1.0","id":"7","source":"https://sso.acme.com","type":"com.fc-sso.trust.keys_held","time":"2026-11-23T18:00:00Z","aliyuneventbusname":"fc-sso","datacontenttype":"application/json","data":{}}`
	goodText  = `<?xml version="1.0"?><Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageBody>{&quot;id&quot;:7}</MessageBody></Message>`
)

// dated signs as the pages of MNS and EventBridge say. The edit may spoil the request
// before it is signed.
func (s signer) dated(path, body string, edit func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://emulated.test"+path, strings.NewReader(body))
	scheme, family := "MNS ", "x-mns-"
	r.Header.Set("Date", s.now.UTC().Format(http.TimeFormat))
	if strings.HasPrefix(path, "/openapi") {
		scheme, family = "acs ", "x-acs-"
		r.Header.Set("X-Acs-Signature-Nonce", rand.Text())
		r.Header.Set("X-Acs-Security-Token", s.token)
		r.Header.Set("Content-Type", "application/cloudevents-batch+json; charset=utf-8")
	} else {
		sum := md5.Sum([]byte(body))
		r.Header.Set("Content-Md5", base64.StdEncoding.EncodeToString(sum[:]))
		r.Header.Set("X-Mns-Version", "2015-06-06")
		r.Header.Set("Security-Token", s.token)
		r.Header.Set("Content-Type", "text/xml;charset=utf-8")
	}
	if edit != nil {
		edit(r)
	}
	var headers []string
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, family) {
			headers = append(headers, name+":"+r.Header.Get(name)+"\n")
		}
	}
	sort.Strings(headers)
	mac := hmac.New(sha1.New, []byte(s.secret))
	_, _ = fmt.Fprintf(mac, "POST\n%s\n%s\n%s\n%s%s", r.Header.Get("Content-Md5"), r.Header.Get("Content-Type"), r.Header.Get("Date"), strings.Join(headers, ""), r.URL.Path)
	if r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", scheme+s.id+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return r
}

// deliver gives the status and the code of a refusal, of the whole or of the event.
func (w *world) deliver(r *http.Request) (int, string) {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	if strings.HasPrefix(r.URL.Path, "/topics") {
		w.MNS("cn-hangzhou").ServeHTTP(recorder, r)
		var refused struct{ Code string }
		w.must(xml.Unmarshal(recorder.Body.Bytes(), &refused))
		return recorder.Code, refused.Code
	}
	w.EventBridge("cn-hangzhou").ServeHTTP(recorder, r)
	var answer struct {
		Code      string `json:"code"`
		EntryList []struct{ ErrorCode string }
	}
	w.must(json.Unmarshal(recorder.Body.Bytes(), &answer))
	if len(answer.EntryList) == 1 {
		answer.Code = answer.EntryList[0].ErrorCode
	}
	return recorder.Code, answer.Code
}

func (w *world) deliveries() []cloud.Delivery {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.Delivered().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	var list []cloud.Delivery
	w.must(json.Unmarshal(recorder.Body.Bytes(), &list))
	return list
}

func TestWhatIsHandedOnIsKept(t *testing.T) {
	w := newWorld(t)
	if len(w.deliveries()) != 0 {
		t.Error("something was there before")
	}
	for _, s := range []signer{w.function(rotation, "sso-metadata-rotation"), w.admin()} {
		if status, code := w.deliver(s.dated(topicPath, goodText, nil)); status != http.StatusCreated || code != "" {
			t.Errorf("%d %s", status, code)
		}
		if status, code := w.deliver(s.dated(eventPath, "["+goodEvent+"]", nil)); status != http.StatusOK || code != "" {
			t.Errorf("%d %s", status, code)
		}
	}
	got := w.deliveries()
	if len(got) != 4 || got[0] != (cloud.Delivery{Service: "mns", Name: "fc-sso", Text: `{"id":7}`, Caller: rotation}) || got[1].Text != goodEvent {
		t.Errorf("%+v", got)
	}
}

func TestAMessageIsRefusedByItsOwnCode(t *testing.T) {
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	message := func(body string) string { return "<Message><MessageBody>" + body + "</MessageBody></Message>" }
	for name, c := range map[string]struct {
		path, body string
		edit       func(*http.Request)
		status     int
		code       string
	}{
		"no signature":        {topicPath, goodText, set("Authorization", " "), 400, "InvalidAuthorizationHeader"},
		"another scheme":      {topicPath, goodText, set("Authorization", "Bearer x"), 400, "InvalidAuthorizationHeader"},
		"nobody's key":        {topicPath, goodText, set("Authorization", "MNS nobody:AAAAAAAAAAAAAAAAAAAAAAAAAAA="), 403, "InvalidStsAccessKeyId"},
		"a guess":             {topicPath, goodText, nil, 403, "SignatureDoesNotMatch"},
		"no token":            {topicPath, goodText, func(r *http.Request) { r.Header.Del("Security-Token") }, 403, "InvalidAccessKeyId"},
		"another's token":     {topicPath, goodText, set("Security-Token", "CAIS"), 403, "SecurityTokenInvalid"},
		"no date":             {topicPath, goodText, func(r *http.Request) { r.Header.Del("Date") }, 400, "MissingDateHeader"},
		"an odd date":         {topicPath, goodText, set("Date", "2026-11-23T18:00:00Z"), 400, "InvalidDateHeader"},
		"yesterday":           {topicPath, goodText, set("Date", "Sun, 22 Nov 2026 18:00:00 GMT"), 408, "TimeExpired"},
		"another body":        {topicPath, goodText, set("Content-Md5", "AAAA"), 400, "InvalidDegist"},
		"no version":          {topicPath, goodText, func(r *http.Request) { r.Header.Del("X-Mns-Version") }, 400, "MissingVersionHeader"},
		"a version to come":   {topicPath, goodText, set("X-Mns-Version", "2030-01-01"), 400, "InvalidVersionHeader"},
		"a form":              {topicPath, goodText, set("Content-Type", "application/json"), 400, "InvalidContentType"},
		"no XML":              {topicPath, "<Message", nil, 400, "MalformedXML"},
		"another root":        {topicPath, "<Queue/>", nil, 400, "InvalidArgument"},
		"another namespace":   {topicPath, `<Message xmlns="urn:x"><MessageBody>x</MessageBody></Message>`, nil, 400, "InvalidArgument"},
		"nothing":             {topicPath, message(""), nil, 400, "InvalidArgument"},
		"too much":            {topicPath, message(strings.Repeat("x", 64<<10+1)), nil, 400, "InvalidArgument"},
		"far too much":        {topicPath, message(strings.Repeat("x", 256<<10)), nil, 400, "InvalidArgument"},
		"a topic of nobody":   {"/topics/fc-sso-2/messages", goodText, nil, 404, "TopicNotExist"},
		"a topic of others":   {"/topics/other/messages", goodText, nil, 403, "AccessDenied"},
		"another path":        {"/topics/fc-sso", goodText, nil, 400, "InvalidRequestURL"},
		"the SDK's plain one": {topicPath, message("x"), nil, 201, ""},
	} {
		w := newWorld(t)
		s := w.function(rotation, "sso-metadata-rotation")
		if name == "a guess" {
			s.secret += "x"
		}
		if status, code := w.deliver(s.dated(c.path, c.body, c.edit)); status != c.status || code != c.code {
			t.Errorf("%s: %d %s, want %d %s", name, status, code, c.status, c.code)
		}
		if (len(w.deliveries()) == 1) != (c.code == "") {
			t.Errorf("%s: %+v", name, w.deliveries())
		}
	}
}

func TestAnEventIsRefusedByItsOwnCode(t *testing.T) {
	spoil := func(old, fresh string) string { return "[" + strings.Replace(goodEvent, old, fresh, 1) + "]" }
	for name, c := range map[string]struct {
		body   string
		edit   func(*http.Request)
		status int
		code   string
	}{
		"a guess":          {spoil("", ""), nil, 403, "SignatureDoesNotMatch"},
		"yesterday":        {spoil("", ""), func(r *http.Request) { r.Header.Set("Date", "Sun, 22 Nov 2026 18:00:00 GMT") }, 408, "TimeExpired"},
		"plain JSON":       {spoil("", ""), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 409, "JsonAttributeInvalid"},
		"no batch":         {goodEvent, nil, 409, "JsonAttributeInvalid"},
		"none":             {"[]", nil, 409, "JsonAttributeInvalid"},
		"too many":         {"[" + strings.Repeat(goodEvent+",", 16) + goodEvent + "]", nil, 409, "JsonAttributeInvalid"},
		"without an id":    {spoil(`"id":"7",`, ""), nil, 200, "JsonAttributeInvalid"},
		"of another time":  {spoil("2026-11-23T18:00:00Z", "now"), nil, 200, "JsonAttributeInvalid"},
		"of version 0.3":   {spoil(`"1.0"`, `"0.3"`), nil, 200, "JsonAttributeInvalid"},
		"a long type":      {spoil("keys_held", strings.Repeat("k", 64)), nil, 200, "JsonAttributeInvalid"},
		"too large":        {spoil(`"data":{}`, `"data":"`+strings.Repeat("x", 64<<10)+`"`), nil, 200, "EventBodyTooLarge"},
		"a bus of nobody":  {spoil("fc-sso\",\"data", "fc-sso-2\",\"data"), nil, 200, "EventBusNotExist"},
		"a bus of others":  {spoil("fc-sso\",\"data", "other\",\"data"), nil, 403, "AccessDenied"},
		"a batch too long": {"[" + strings.Repeat(" ", 256<<10) + "]", nil, 409, "EventBodyTooLarge"},
	} {
		w := newWorld(t)
		s := w.function(rotation, "sso-metadata-rotation")
		if name == "a guess" {
			s.secret += "x"
		}
		if status, code := w.deliver(s.dated(eventPath, c.body, c.edit)); status != c.status || code != c.code || len(w.deliveries()) != 0 {
			t.Errorf("%s: %d %s, want %d %s", name, status, code, c.status, c.code)
		}
	}
}

// TestOldCredentialsHandNothingOn, nor do others' functions, nor a nonce twice.
func TestOldCredentialsHandNothingOn(t *testing.T) {
	w := newWorld(t)
	old := w.function(rotation, "sso-metadata-rotation")
	again := func(r *http.Request) { r.Header.Set("X-Acs-Signature-Nonce", "twice") }
	if status, code := w.deliver(old.dated(eventPath, "["+goodEvent+"]", again)); status != http.StatusOK || code != "" {
		t.Errorf("%d %s", status, code)
	}
	if status, code := w.deliver(old.dated(eventPath, "["+goodEvent+"]", again)); status != http.StatusBadRequest || code != "SignatureNonceUsed" {
		t.Errorf("%d %s", status, code)
	}
	if status, code := w.deliver(w.function(portal, "sso-portal").dated(topicPath, goodText, nil)); status != http.StatusForbidden || code != "AccessDenied" {
		t.Errorf("%d %s", status, code)
	}
	w.now = w.now.Add(6 * time.Minute)
	fresh := w.function(rotation, "sso-metadata-rotation")
	w.now = w.now.Add(time.Minute)
	old.now, fresh.now = w.now, w.now
	if status, code := w.deliver(old.dated(topicPath, goodText, nil)); status != http.StatusForbidden || code != "StsAccessIdExpired" {
		t.Errorf("%d %s", status, code)
	}
	if status, code := w.deliver(fresh.dated(topicPath, goodText, nil)); status != http.StatusCreated || code != "" {
		t.Errorf("%d %s", status, code)
	}
}

// TestWhoeverSubscribedIsTold of what a bus and a topic took, and of nothing else.
func TestWhoeverSubscribedIsTold(t *testing.T) {
	w := newWorld(t)
	var told []cloud.Delivery
	w.Subscribe(func(d cloud.Delivery) { told = append(told, d) })
	onHR := "[" + strings.Replace(goodEvent, `"fc-sso","data`, `"hr","data`, 1) + "]"
	hr := w.admin()
	if status, code := w.deliver(hr.dated("/topics/hr/messages", goodText, nil)); status != http.StatusCreated || code != "" {
		t.Errorf("%d %s", status, code)
	}
	if status, code := w.deliver(hr.dated(eventPath, onHR, nil)); status != http.StatusOK || code != "" {
		t.Errorf("%d %s", status, code)
	}
	if status, code := w.deliver(w.function(rotation, "sso-metadata-rotation").dated(eventPath, onHR, nil)); status != http.StatusForbidden || code != "AccessDenied" {
		t.Errorf("a function of ours: %d %s", status, code)
	}
	if len(told) != 2 || told[0].Service != "mns" || told[0].Text != `{"id":7}` || told[1].Service != "eventbridge" || told[1].Name != "hr" {
		t.Errorf("%+v", told)
	}
}
