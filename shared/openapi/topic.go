package openapi

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
)

const topicVersion = "2015-06-06"

// TopicMessage is one message for a topic of MNS, which is also called SMQ.
type TopicMessage struct {
	Endpoint    string // https://ACCOUNT.mns.REGION.aliyuncs.com
	Topic       string
	Text        string // subscribers get it as it is
	Credentials ram.Credentials
}

// Publish hands a message to a topic (PublishMessage). It is published once more
// where the first answer was lost, so it should carry an ID of its own.
func (c *Client) Publish(ctx context.Context, q TopicMessage) error {
	const action = "PublishMessage"
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ Message"`
		Body    string   `xml:"MessageBody"`
	}{Body: q.Text})
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	body = append([]byte(xml.Header), body...)
	return c.twice(ctx, attempt{action, func(ctx context.Context) (*http.Request, error) {
		return c.publishRequest(ctx, q, body)
	}, q.published})
}

func (c *Client) publishRequest(ctx context.Context, q TopicMessage, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, q.Endpoint+"/topics/"+url.PathEscape(q.Topic)+"/messages", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "text/xml;charset=utf-8")
	r.Header.Set("Content-MD5", contentMD5(body))
	r.Header.Set("X-Mns-Version", topicVersion)
	if token := q.Credentials.SecurityToken.Reveal(); token != "" {
		r.Header.Set("Security-Token", token) // beside the signature: MNS checks it against the key
	}
	c.signDated(r, dated{family: "x-mns-", scheme: "MNS "}, q.Credentials)
	return r, nil
}

// published believes an answer that names the message and repeats its MD5.
func (q TopicMessage) published(got received) error {
	if got.status != http.StatusCreated {
		return q.refused(got)
	}
	var answer struct {
		ID  string `xml:"MessageId"`
		MD5 string `xml:"MessageBodyMD5"`
	}
	if err := xml.Unmarshal(got.text, &answer); err != nil || answer.ID == "" {
		return errors.New("the answer is not the XML that was expected")
	}
	if !strings.EqualFold(answer.MD5, hexMD5([]byte(q.Text))) {
		return errors.New("the answer names the MD5 of another message")
	}
	return nil
}

func (q TopicMessage) refused(got received) error {
	var body struct {
		Code      string `xml:"Code"`
		Message   string `xml:"Message"`
		RequestID string `xml:"RequestId"`
	}
	if err := xml.Unmarshal(got.text, &body); err != nil || body.Code == "" {
		body.Code, body.Message = "Unknown", "the answer has no code"
	}
	secrets := []ram.Secret{q.Credentials.AccessKeySecret, q.Credentials.SecurityToken}
	return &Error{
		Status: got.status, Code: clean(body.Code, secrets), Message: clean(body.Message, secrets), RequestID: clean(body.RequestID, secrets),
	}
}
