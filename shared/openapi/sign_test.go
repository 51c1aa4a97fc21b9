package openapi

import (
	"net/url"
	"testing"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// The example of Alibaba Cloud's page "V3 request body and signature".
func TestTheDocumentedSignatureIsMade(t *testing.T) {
	query := canonicalQuery(url.Values{
		"RegionId": {"cn-shanghai"}, "ImageId": {"win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
	})
	got := authorization("POST", &url.URL{Path: "/", RawQuery: query}, map[string]string{
		"host":                  "ecs.cn-shanghai.aliyuncs.com",
		"x-acs-action":          "RunInstances",
		"x-acs-content-sha256":  hash(""),
		"x-acs-date":            "2023-10-26T10:22:32Z",
		"x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
		"x-acs-version":         "2014-05-26",
	}, ram.Credentials{AccessKeyID: "YourAccessKeyId", AccessKeySecret: "YourAccessKeySecret"})
	want := "ACS3-HMAC-SHA256 Credential=YourAccessKeyId," +
		"SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
		"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestQueriesAreEscapedByRFC3986(t *testing.T) {
	got := canonicalQuery(url.Values{"b": {"a b*~+/"}, "a": {""}, "é": {"{\"Version\":\"1\"}"}})
	want := `a=&b=a%20b%2A~%2B%2F&%C3%A9=%7B%22Version%22%3A%221%22%7D`
	if got != want {
		t.Errorf("got %s", got)
	}
}
