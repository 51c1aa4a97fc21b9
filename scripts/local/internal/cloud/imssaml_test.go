package cloud_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func base64Of(text []byte) string { return base64.StdEncoding.EncodeToString(text) }

func TestASAMLProviderIsCreatedUpdatedReadAndDeleted(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	okta := newSAMLIssuer(t)
	document := base64Of(okta.metadata(okta.cert))
	made := w.ims(k, "CreateSAMLProvider", "SAMLProviderName", "okta", "EncodedSAMLMetadataDocument", document, "Description", "Okta").SAMLProvider
	want := shownSAML{Arn: oktaProvider, SAMLProviderName: "okta", Description: "Okta", AuthnSignAlgo: "rsa-sha1", CreateDate: "2026-11-23T18:00:00Z", UpdateDate: "2026-11-23T18:00:00Z"}
	if made != want {
		t.Errorf("created: %+v", made)
	}
	w.now = w.now.Add(time.Minute)
	second := newSAMLIssuer(t)
	document = base64Of(okta.metadata(okta.cert, second.cert))
	document = document[:64] + "\n" + document[64:] // as base64 without -w0 writes it
	want.AuthnSignAlgo, want.UpdateDate = "rsa-sha256", "2026-11-23T18:01:00Z"
	if got := w.ims(k, "UpdateSAMLProvider", "SAMLProviderName", "okta", "NewEncodedSAMLMetadataDocument", document, "AuthnSignAlgo", "rsa-sha256").SAMLProvider; got != want {
		t.Errorf("updated: %+v", got)
	}
	if got := w.ims(k, "UpdateSAMLProvider", "SAMLProviderName", "okta", "NewDescription", "Okta, of old"); got.SAMLProvider.Description != "Okta, of old" {
		t.Error(got.body)
	}
	want.Description = "Okta, of old"
	want.EncodedSAMLMetadataDocument = document
	if got := w.ims(k, "GetSAMLProvider", "SAMLProviderName", "okta").SAMLProvider; got != want {
		t.Errorf("read: %+v", got)
	}
	want.EncodedSAMLMetadataDocument, want.AuthnSignAlgo = "", ""
	if got := w.ims(k, "ListSAMLProviders"); len(got.SAMLProviders.SAMLProvider) != 1 || got.SAMLProviders.SAMLProvider[0] != want || got.IsTruncated {
		t.Errorf("listed: %s", got.body)
	}
	owner := w.owner()
	w.ims(owner, "DeleteSAMLProvider", "SAMLProviderName", "okta").want(t, "deleted", http.StatusOK, "")
	w.ims(owner, "DeleteSAMLProvider", "SAMLProviderName", "okta").want(t, "deleted again", http.StatusNotFound, "EntityNotExist.SAMLProvider")
}

func TestSAMLProvidersHaveRAMsLimits(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	okta, second, third := newSAMLIssuer(t), newSAMLIssuer(t), newSAMLIssuer(t)
	good := base64Of(okta.metadata(okta.cert))
	two := strings.Replace(string(okta.metadata(okta.cert)), "</md:EntityDescriptor>", `<md:IDPSSODescriptor/></md:EntityDescriptor>`, 1)
	w.ims(k, "CreateSAMLProvider", "SAMLProviderName", "okta", "EncodedSAMLMetadataDocument", good).want(t, "a good one", http.StatusOK, "")
	const create, update = "CreateSAMLProvider", "UpdateSAMLProvider"
	for name, c := range map[string]struct {
		action string
		params []string
		status int
		code   string
	}{
		"no name":            {create, nil, 400, "MissingSAMLProviderName"},
		"a long name":        {create, []string{"SAMLProviderName", strings.Repeat("a", 129)}, 400, "InvalidParameter.SAMLProviderName.Length"},
		"a bad name":         {create, []string{"SAMLProviderName", "a/b"}, 400, "InvalidParameter.SAMLProviderName.InvalidChars"},
		"a name with an end": {create, []string{"SAMLProviderName", "okta."}, 400, "InvalidParameter.SAMLProviderName.InvalidChars"},
		"known":              {create, []string{"SAMLProviderName", "okta", "EncodedSAMLMetadataDocument", good}, 409, "EntityAlreadyExists.SAMLProvider"},
		"a long description": {create, []string{"SAMLProviderName", "b", "Description", strings.Repeat("长", 257)}, 400, "InvalidParameter.Description.Length"},
		"an algorithm":       {create, []string{"SAMLProviderName", "b", "AuthnSignAlgo", "rsa-md5"}, 400, "InvalidParameter.AuthnSignAlgo"},
		"no Base64":          {create, []string{"SAMLProviderName", "b", "EncodedSAMLMetadataDocument", "<"}, 400, "InvalidParameter.EncodedSAMLMetadataDocument"},
		"no metadata":        {create, []string{"SAMLProviderName", "b", "EncodedSAMLMetadataDocument", base64Of([]byte("<html/>"))}, 400, "InvalidParameter.EncodedSAMLMetadataDocument"},
		"two descriptors":    {update, []string{"SAMLProviderName", "okta", "NewEncodedSAMLMetadataDocument", base64Of([]byte(two))}, 400, "InvalidParameter.NewEncodedSAMLMetadataDocument"},
		"three certificates": {update, []string{"SAMLProviderName", "okta", "NewEncodedSAMLMetadataDocument", base64Of(okta.metadata(okta.cert, second.cert, third.cert))}, 400, "InvalidParameter.NewEncodedSAMLMetadataDocument"},
		"no certificate":     {update, []string{"SAMLProviderName", "okta", "NewEncodedSAMLMetadataDocument", base64Of(okta.metadata())}, 400, "InvalidParameter.NewEncodedSAMLMetadataDocument"},
		"nothing new":        {update, []string{"SAMLProviderName", "okta", "AuthnSignAlgo", "rsa-sha256"}, 400, "MissingNewEncodedSAMLMetadataDocument"},
		"unknown, updated":   {update, []string{"SAMLProviderName", "b", "NewDescription", "B"}, 404, "EntityNotExist.SAMLProvider"},
		"unknown, read":      {"GetSAMLProvider", []string{"SAMLProviderName", "OKTA"}, 404, "EntityNotExist.SAMLProvider"},
		"a page too long":    {"ListSAMLProviders", []string{"MaxItems", "101"}, 400, "InvalidParameter.MaxItems"},
		"a foreign marker":   {"ListSAMLProviders", []string{"Marker", "?"}, 400, "InvalidParameter.Marker"},
	} {
		w.ims(k, c.action, c.params...).want(t, name, c.status, c.code)
	}
	if got := w.ims(k, "GetSAMLProvider", "SAMLProviderName", "okta").SAMLProvider; got.EncodedSAMLMetadataDocument != good || got.AuthnSignAlgo != "rsa-sha1" || got.Description != "" {
		t.Errorf("a refused change left a trace: %+v", got)
	}
}

func TestAnAccountHasAHundredProvidersAndListsThemByPages(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	for i := range 100 {
		w.ims(k, "CreateSAMLProvider", "SAMLProviderName", fmt.Sprintf("p%02d", i)).want(t, "one of a hundred", http.StatusOK, "")
		w.ims(k, "CreateOIDCProvider", "OIDCProviderName", fmt.Sprintf("p%02d", i), "IssuerUrl", fmt.Sprintf("https://p%02d.example", i)).want(t, "one of a hundred", http.StatusOK, "")
	}
	w.ims(k, "CreateSAMLProvider", "SAMLProviderName", "more").want(t, "one more", http.StatusConflict, "LimitExceeded.SAMLProvider")
	w.ims(k, "CreateOIDCProvider", "OIDCProviderName", "more", "IssuerUrl", "https://more.example").want(t, "one more", http.StatusConflict, "LimitExceeded.OIDCProvider")
	w.ims(w.keeper(otherAccount), "CreateSAMLProvider", "SAMLProviderName", "first").want(t, "elsewhere", http.StatusOK, "")
	for action, count := range map[string]func(shown) int{
		"ListSAMLProviders": func(got shown) int { return len(got.SAMLProviders.SAMLProvider) },
		"ListOIDCProviders": func(got shown) int { return len(got.OIDCProviders.OIDCProvider) },
	} {
		var sizes []int
		for marker, more := "", true; more; {
			got := w.ims(k, action, "MaxItems", "40", "Marker", marker)
			sizes, marker, more = append(sizes, count(got)), got.Marker, got.IsTruncated
		}
		if fmt.Sprint(sizes) != "[40 40 20]" || count(w.ims(k, action)) != 100 {
			t.Errorf("%s: pages of %v", action, sizes)
		}
	}
}

// TestWhatIsPushedDecidesForResponses: STS believes the certificates of the document
// that IMS has, from the moment of its change.
func TestWhatIsPushedDecidesForResponses(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	before, after := newSAMLIssuer(t), newSAMLIssuer(t)
	w.upload(before)
	push := func(metadata []byte) {
		w.ims(k, "UpdateSAMLProvider", "SAMLProviderName", "okta", "NewEncodedSAMLMetadataDocument", base64Of(metadata)).want(t, "push", http.StatusOK, "")
	}
	want := func(issuer samlIssuer, code string) {
		t.Helper()
		if got := w.withSAML(issuer.response()); got.json.Code != code {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	want(before, "")
	want(after, "AuthenticationFail.SAMLAssertion.Invalid")
	push(before.metadata(before.cert, after.cert))
	want(before, "")
	want(after, "")
	push(before.metadata(after.cert))
	want(before, "AuthenticationFail.SAMLAssertion.Invalid")
	want(after, "")
}
