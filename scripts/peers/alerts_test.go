package peers_test

import (
	"net"
	"strings"
	"testing"

	mns "github.com/aliyun/aliyun-mns-go-sdk"
	"github.com/valyala/fasthttp"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// dialled sends what the SDK has for a host of Alibaba Cloud to another address: it
// takes no endpoint that is not named as theirs are.
type dialled struct{ client *fasthttp.Client }

func (d dialled) RoundTrip(_ *fasthttp.HostClient, r *fasthttp.Request, w *fasthttp.Response) (bool, error) {
	return false, d.client.Do(r, w)
}

// TestTheOfficialSDKPublishesToTheEmulatedTopic: what it signs is taken, what it reads
// back is what its types say, and a refusal is one that it understands.
func TestTheOfficialSDKPublishesToTheEmulatedTopic(t *testing.T) {
	s := stack.Start(t, stack.Options{})
	address := strings.TrimPrefix(s.Cloud.MNS, "http://")
	client := func(secret string) mns.MNSClient {
		made := mns.NewAliMNSClientWithConfig(mns.AliMNSClientConfig{
			EndPoint: "http://1000000000000001.mns.cn-hangzhou.aliyuncs.com", AccessKeyId: s.Cloud.AccessKeyID, AccessKeySecret: secret,
		})
		made.SetTransport(dialled{&fasthttp.Client{Dial: func(string) (net.Conn, error) { return net.Dial("tcp", address) }}})
		return made
	}
	text := `{"id":"<7>&"}`
	answer, err := mns.NewMNSTopic("fc-sso", client(s.Cloud.AccessKeySecret)).PublishMessage(mns.MessagePublishRequest{MessageBody: text})
	if err != nil || answer.MessageId == "" || answer.MessageBodyMD5 == "" {
		t.Errorf("%+v, %v", answer, err)
	}
	if got := s.Delivered(t); len(got) != 1 || got[0].Text != text {
		t.Errorf("%+v", got)
	}
	if _, err := mns.NewMNSTopic("hr", client(s.Cloud.AccessKeySecret)).PublishMessage(mns.MessagePublishRequest{MessageBody: text}); err != nil {
		t.Error(err)
	}
	if status := s.AwaitDelivered(t); status.Done != 1 || len(status.Dead) != 0 { // provisioning was told
		t.Errorf("%+v", status)
	}
	for topic, secret := range map[string]string{"fc-sso": s.Cloud.AccessKeySecret + "x", "nobodys": s.Cloud.AccessKeySecret} {
		_, err := mns.NewMNSTopic(topic, client(secret)).PublishMessage(mns.MessagePublishRequest{MessageBody: text})
		want := map[string]string{"fc-sso": "SignatureDoesNotMatch", "nobodys": "TopicNotExist"}[topic]
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", topic, err)
		}
	}
}
