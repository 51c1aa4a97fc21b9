package refresh_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestABadSourceHasItsReasonAndChangesNothing, over a real connection: what is stored
// stays as it was, to the byte.
func TestABadSourceHasItsReasonAndChangesNothing(t *testing.T) {
	good := metadata(t, validatetest.New(t), validatetest.EntityID)
	next := metadata(t, validatetest.Stranger(t), validatetest.EntityID)
	descriptor := strings.TrimSuffix(next[strings.Index(next, "<IDPSSODescriptor"):], "</EntityDescriptor>")
	beside := strings.Replace(next, "<KeyDescriptor", `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>MIIBadBadBad</X509Certificate></X509Data></KeyInfo></KeyDescriptor><KeyDescriptor`, 1)
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		code   reason.Code
		says   string
	}{
		"HTML":                   {says("<!doctype html><title>Maintenance</title>"), reason.MetadataInvalid, "a document type"},
		"ten megabytes":          {says(next + strings.Repeat(" ", 10<<20)), reason.SourceUnavailable, "more than 1048576 bytes"},
		"a redirect":             {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, reason.SourceUnavailable, "redirects are not followed"},
		"validUntil is over":     {says(strings.Replace(next, "<EntityDescriptor ", `<EntityDescriptor validUntil="2027-03-01T11:59:59Z" `, 1)), reason.MetadataInvalid, "it was valid until 2027-03-01T11:59:59Z"},
		"another entity ID":      {says(strings.Replace(next, validatetest.EntityID, "https://evil.example", 1)), reason.MetadataInvalid, "an issuer never changes"},
		"two descriptors":        {says(strings.Replace(next, descriptor, descriptor+descriptor, 1)), reason.MetadataInvalid, "one is wanted"},
		"two identity providers": {says(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + next + next + `</EntitiesDescriptor>`), reason.MetadataInvalid, "one is wanted"},
		"a bad certificate":      {says(beside), reason.MetadataInvalid, "certificate 1"},
		"an error":               {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, next, http.StatusBadGateway) }, reason.SourceUnavailable, "status 502"},
		"nothing":                {says(""), reason.SourceUnavailable, "sends nothing"},
	} {
		answer := says(good)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
		source := validatetest.Source()
		source.SAML.MetadataURL = server.URL + "/metadata"
		store := &memory{}
		r := refresh.Refresher{Store: store, Fetch: refresh.Get(true), Now: validatetest.Now, AllowLoopback: true}
		learn := func(source trust.Source) (refresh.Result, error) { return r.Record(t.Context(), source) }
		if _, err := learn(source); err != nil {
			t.Fatal(err)
		}
		before := bytes.Clone(store.body)
		answer = c.answer
		result, err := learn(source)
		if reason.Of(err) != c.code || !strings.Contains(err.Error(), c.says) || result.Changed {
			t.Errorf("%s: %v, %+v", name, err, result)
		}
		if !bytes.Equal(store.body, before) || store.writes != 1 {
			t.Errorf("%s: the record changed", name)
		}
		t.Logf("%s: %v", name, err)
		answer = says(next) // the same source, well again
		if result, err := learn(source); err != nil || !result.Changed {
			t.Errorf("%s, mended: %v", name, err)
		}
		server.Close()
	}
}

func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}
}
