package openapi_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
)

const (
	cloudEvent = `{"specversion":"1.0","id":"7","data":{"detail":"<&>中"}}`
	putWell    = `{"RequestId":"r","FailedEntryCount":0,"EntryList":[{"EventId":"7"}]}`
)

func by() ram.Credentials {
	return ram.Credentials{AccessKeyID: "STS.id", AccessKeySecret: secret, SecurityToken: token}
}

func put(t *testing.T, endpoint string) error {
	t.Helper()
	return client().PutEvent(t.Context(), openapi.BusEvent{Endpoint: endpoint, Event: []byte(cloudEvent), Credentials: by()})
}

func publish(t *testing.T, endpoint string) error {
	t.Helper()
	return client().Publish(t.Context(), openapi.TopicMessage{Endpoint: endpoint, Topic: "sso", Text: cloudEvent, Credentials: by()})
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func publishWell(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0"?><Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageId>m</MessageId><MessageBodyMD5>%s</MessageBodyMD5></Message>`,
		strings.ToUpper(md5Hex(cloudEvent)))
}

// checkDated verifies a request by the description of the signature alone.
func checkDated(r *http.Request, scheme, family string) error {
	var headers []string
	for name, values := range r.Header {
		if strings.HasPrefix(strings.ToLower(name), family) {
			headers = append(headers, strings.ToLower(name)+":"+values[0]+"\n")
		}
	}
	slices.Sort(headers)
	text := r.Method + "\n" + r.Header.Get("Content-MD5") + "\n" + r.Header.Get("Content-Type") + "\n" + r.Header.Get("Date") + "\n" +
		strings.Join(headers, "") + r.URL.Path
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(text))
	if want := scheme + "STS.id:" + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("Authorization") != want {
		return fmt.Errorf("authorization %q, want %q", r.Header.Get("Authorization"), want)
	}
	if r.Header.Get("Date") != "Mon, 23 Nov 2026 17:58:04 GMT" {
		return fmt.Errorf("date %q", r.Header.Get("Date"))
	}
	return nil
}

func TestAnEventIsPutAsEventBridgeTakesIt(t *testing.T) {
	endpoint, calls := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "["+cloudEvent+"]" || r.URL.Path != "/openapi/putEvents" {
			t.Errorf("%v: %s %s", err, r.URL, body)
		}
		if err := checkDated(r, "acs:", "x-acs-"); err != nil {
			t.Error(err)
		}
		if r.Header.Get("X-Acs-Security-Token") != token || r.Header.Get("Content-Type") != "application/cloudevents-batch+json; charset=utf-8" {
			t.Errorf("%v", r.Header)
		}
		answers(200, putWell)(w, r)
	})
	if err := put(t, endpoint); err != nil || calls.Load() != 1 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

func TestAMessageIsPublishedAsMNSTakesIt(t *testing.T) {
	endpoint, calls := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(body), `<Message xmlns="http://mns.aliyuncs.com/doc/v1/"><MessageBody>{&#34;specversion`) || r.URL.Path != "/topics/sso/messages" {
			t.Errorf("%v: %s %s", err, r.URL, body)
		}
		if err := checkDated(r, "MNS ", "x-mns-"); err != nil {
			t.Error(err)
		}
		if r.Header.Get("Security-Token") != token || r.Header.Get("X-Mns-Version") != "2015-06-06" ||
			r.Header.Get("Content-MD5") != base64.StdEncoding.EncodeToString([]byte(md5Hex(string(body)))) {
			t.Errorf("%v", r.Header)
		}
		publishWell(w, r)
	})
	if err := publish(t, endpoint); err != nil || calls.Load() != 1 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

// TestWhatWasLostIsSentOnceMore, with another nonce; a refusal is final.
func TestWhatWasLostIsSentOnceMore(t *testing.T) {
	drop := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	busy := `<Error><Code>InternalError</Code><Message>later</Message><RequestId>r</RequestId></Error>`
	endpoint, calls := serve(t, drop, answers(200, putWell))
	if err := put(t, endpoint); err != nil || calls.Load() != 2 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
	endpoint, calls = serve(t, answers(500, busy), publishWell)
	if err := publish(t, endpoint); err != nil || calls.Load() != 2 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

// TestOnlyAnAnswerThatSaysSoIsADelivery: all else is told again.
func TestOnlyAnAnswerThatSaysSoIsADelivery(t *testing.T) {
	echo := secret + " " + token
	for name, c := range map[string]struct {
		send   func(*testing.T, string) error
		status int
		body   string
		code   string
	}{
		"an event of two":      {put, 200, `{"RequestId":"r","FailedEntryCount":1,"EntryList":[{"EventId":"7","ErrorCode":"EventBusNotExist","ErrorMessage":"no ` + echo + `"}]}`, "EventBusNotExist"},
		"a code among none":    {put, 200, `{"FailedEntryCount":0,"EntryList":[{"ErrorCode":"Odd"}]}`, "Odd"},
		"null":                 {put, 200, `null`, ""},
		"nothing of it":        {put, 200, `{}`, ""},
		"no entry":             {put, 200, `{"FailedEntryCount":0,"EntryList":[]}`, ""},
		"a page":               {put, 200, `<html>`, ""},
		"refused":              {put, 403, `{"code":"SignatureDoesNotMatch","message":"` + echo + `","requestId":"r"}`, "SignatureDoesNotMatch"},
		"no such topic":        {publish, 404, `<Error xmlns="http://mns.aliyuncs.com/doc/v1/"><Code>TopicNotExist</Code><Message>` + echo + `</Message><RequestId>r</RequestId></Error>`, "TopicNotExist"},
		"a topic's page":       {publish, 404, `<html>`, "Unknown"},
		"200 of a proxy":       {publish, 200, `<html></html>`, "Unknown"},
		"no message":           {publish, 201, `<Message><MessageBodyMD5>` + md5Hex(cloudEvent) + `</MessageBodyMD5></Message>`, ""},
		"another message":      {publish, 201, `<Message><MessageId>m</MessageId><MessageBodyMD5>` + md5Hex("x") + `</MessageBodyMD5></Message>`, ""},
		"an empty publication": {publish, 201, ``, ""},
	} {
		endpoint, calls := serve(t, answers(c.status, c.body))
		err := c.send(t, endpoint)
		refused, isRefusal := errors.AsType[*openapi.Error](err)
		if err == nil || isRefusal != (c.code != "") || isRefusal && refused.Code != c.code || calls.Load() != 1 {
			t.Errorf("%s: %v after %d calls", name, err, calls.Load())
		}
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), token)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
