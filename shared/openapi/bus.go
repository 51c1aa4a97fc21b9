package openapi

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// eventBridgeVersion is the version that the official SDKs name; the API's own,
// 2020-04-01, is nowhere in their requests.
const eventBridgeVersion = "2015-06-06"

// BusEvent is one CloudEvent for a bus of EventBridge.
type BusEvent struct {
	Endpoint    string // https://ACCOUNT.eventbridge.REGION.aliyuncs.com
	Event       []byte // a CloudEvent in JSON that names its bus as aliyuneventbusname
	Credentials ram.Credentials
}

// PutEvent puts an event to a bus (PutEvents). It is put once more where the first
// answer was lost: who reads a bus knows an event by its ID.
func (c *Client) PutEvent(ctx context.Context, q BusEvent) error {
	const action = "PutEvents"
	body := batch(q.Event)
	secrets := []ram.Secret{q.Credentials.AccessKeySecret, q.Credentials.SecurityToken}
	var answer putAnswer
	into := intoJSON(secrets, &answer)
	return c.twice(ctx, attempt{action, func(ctx context.Context) (*http.Request, error) {
		return c.putEventRequest(ctx, q, body)
	}, func(got received) error {
		answer = putAnswer{}
		if err := into(got); err != nil {
			return err
		}
		return answer.fault(secrets)
	}})
}

// batch makes the batch of one that the API takes.
func batch(event []byte) []byte { return bytes.Join([][]byte{[]byte("["), event, []byte("]")}, nil) }

func (c *Client) putEventRequest(ctx context.Context, q BusEvent, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, q.Endpoint+"/openapi/putEvents", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(c.random, nonce); err != nil {
		return nil, fmt.Errorf("nonce: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/cloudevents-batch+json; charset=utf-8")
	r.Header.Set("X-Eventbridge-Version", eventBridgeVersion)
	r.Header.Set("X-Acs-Signature-Nonce", hex.EncodeToString(nonce))
	r.Header.Set("X-Acs-Signature-Method", "HMAC-SHA1")
	r.Header.Set("X-Acs-Signature-Version", "1.0")
	if token := q.Credentials.SecurityToken.Reveal(); token != "" {
		r.Header.Set("X-Acs-Accesskey-Id", q.Credentials.AccessKeyID)
		r.Header.Set("X-Acs-Security-Token", token)
	}
	c.signDated(r, dated{family: "x-acs-", scheme: "acs:"}, q.Credentials)
	return r, nil
}

// putAnswer is 200 for events that were refused, too.
type putAnswer struct {
	RequestID string `json:"RequestId"`
	Failed    *int   `json:"FailedEntryCount"`
	Entries   []struct {
		EventID string `json:"EventId"`
		Code    string `json:"ErrorCode"`
		Message string `json:"ErrorMessage"`
	} `json:"EntryList"`
}

func (a putAnswer) fault(secrets []ram.Secret) error {
	if a.Failed == nil || len(a.Entries) != 1 {
		return errors.New("the answer does not say what became of the event")
	}
	entry := a.Entries[0]
	if *a.Failed == 0 && entry.Code == "" {
		return nil
	}
	return &Error{
		Status: http.StatusOK, Code: clean(entry.Code, secrets), Message: clean(entry.Message, secrets), RequestID: clean(a.RequestID, secrets),
	}
}
