package tablestore

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestTheSignatureIsTheServices holds ours against the vector in the SDK's own
// tests (ots_header_test.go).
func TestTheSignatureIsTheServices(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/ListTable", nil)
	for name, value := range map[string]string{
		headerDate: "2024-08-08T03:22:47.8123Z", headerVersion: "2015-12-31", headerAccessKey: "credentials_test_id",
		headerMD5: contentMD5(nil), headerInstance: "credentials_test", "User-Agent": "not signed",
		headerSignature: "not signed either",
	} {
		r.Header.Set(name, value)
	}
	if got, want := sign("credentials_test_secret", stringToSign(r)), "A940TpusldxW4mUEOFbhrtwctoU="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheSignatureV4IsTheServices(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/ListTable", nil)
	for name, value := range map[string]string{
		headerDate: "2024-08-08T03:22:47.8123Z", headerVersion: "2015-12-31", headerAccessKey: "credentials_test_id",
		headerMD5: contentMD5(nil), headerInstance: "credentials_test", headerDay: "20240808", headerRegion: "cn-hangzhou",
		headerSignatureV4: "not signed",
	} {
		r.Header.Set(name, value)
	}
	key := signingKeyV4("credentials_test_secret", "20240808", "cn-hangzhou")
	if want := "RNN1/s8/m45SdD+EzXlvpyGxc4Enu0RiODs1Lg+xFpo="; key != want {
		t.Errorf("key %s, want %s", key, want)
	}
	if got, want := signV4(key, stringToSign(r)), "mUSbIuIfN/JuO4/mCOaQZ72JHDc8z6gjPdBpPyAd/ac="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
