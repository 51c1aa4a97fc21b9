package cloud_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func printNumber(n int) string { return fmt.Sprintf("%040x", n) }

func TestAnOIDCProviderIsCreatedUpdatedReadAndDeleted(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	got := w.ims(k, "CreateOIDCProvider", "OIDCProviderName", "ci", "IssuerUrl", "https://issuer.example", "ClientIds", "a,b", "Fingerprints", strings.ToUpper(printNumber(10)), "Description", "CI")
	want := shownOIDC{
		Arn: ciProvider, OIDCProviderName: "ci", Description: "CI", IssuerUrl: "https://issuer.example", ClientIds: "a,b", Fingerprints: printNumber(10), IssuanceLimitTime: 12,
		CreateDate: "2026-11-23T18:00:00Z", UpdateDate: "2026-11-23T18:00:00Z", GmtCreate: "1795456800000", GmtModified: "1795456800000",
	}
	if got.OIDCProvider != want {
		t.Errorf("created: %s", got.body)
	}
	w.now = w.now.Add(time.Minute)
	want.UpdateDate, want.GmtModified = "2026-11-23T18:01:00Z", "1795456860000"
	for _, step := range []struct {
		action, name, value string
		change              func()
	}{
		{"AddFingerprintToOIDCProvider", "Fingerprint", "AA:" + printNumber(1)[2:], func() { want.Fingerprints += ",aa" + printNumber(1)[2:] }},
		{"RemoveFingerprintFromOIDCProvider", "Fingerprint", printNumber(10), func() { want.Fingerprints = "aa" + printNumber(1)[2:] }},
		{"AddClientIdToOIDCProvider", "ClientId", "c", func() { want.ClientIds = "a,b,c" }},
		{"RemoveClientIdFromOIDCProvider", "ClientId", "a", func() { want.ClientIds = "b,c" }},
		{"UpdateOIDCProvider", "ClientIds", "x,y", func() { want.ClientIds = "x,y" }},
		{"UpdateOIDCProvider", "NewDescription", "ours", func() { want.Description = "ours" }},
		{"UpdateOIDCProvider", "IssuanceLimitTime", "168", func() { want.IssuanceLimitTime = 168 }},
		{"UpdateOIDCProvider", "Fingerprints", printNumber(7), func() {}},
		{"UpdateOIDCProvider", "IssuerUrl", "https://other.example", func() {}},
	} {
		step.change()
		if got := w.ims(k, step.action, "OIDCProviderName", "ci", step.name, step.value); got.OIDCProvider != want {
			t.Errorf("%s %s: %s, want %+v", step.action, step.name, got.body, want)
		}
		if got := w.ims(k, "GetOIDCProvider", "OIDCProviderName", "ci"); got.OIDCProvider != want {
			t.Errorf("%s %s, read back: %s", step.action, step.name, got.body)
		}
	}
	if got := w.ims(k, "ListOIDCProviders"); len(got.OIDCProviders.OIDCProvider) != 1 || got.OIDCProviders.OIDCProvider[0] != want {
		t.Errorf("listed: %s", got.body)
	}
	owner := w.owner()
	w.ims(owner, "DeleteOIDCProvider", "OIDCProviderName", "ci").want(t, "deleted", http.StatusOK, "")
	w.ims(owner, "DeleteOIDCProvider", "OIDCProviderName", "ci").want(t, "deleted again", http.StatusNotFound, "EntityNotExist.OIDCProvider")
}

func TestOIDCProvidersHaveRAMsLimits(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	var ids, prints []string
	for i := range 50 {
		ids = append(ids, fmt.Sprintf("client-%d", i))
	}
	for i := range 5 {
		prints = append(prints, printNumber(i))
	}
	const create, name = "CreateOIDCProvider", "OIDCProviderName"
	w.ims(k, create, name, "ci", "IssuerUrl", "https://issuer.example", "ClientIds", strings.Join(ids, ","), "Fingerprints", strings.Join(prints, ",")).want(t, "a full one", http.StatusOK, "")
	full := w.ims(k, "GetOIDCProvider", name, "ci").OIDCProvider
	fresh := func(params ...string) []string {
		return append([]string{name, "b", "IssuerUrl", "https://b.example"}, params...)
	}
	for title, c := range map[string]struct {
		action string
		params []string
		status int
		code   string
	}{
		"no name":                {create, nil, 400, "MissingOIDCProviderName"},
		"a long name":            {create, []string{name, strings.Repeat("a", 129)}, 400, "InvalidParameter.OIDCProviderName.Length"},
		"a bad name":             {create, []string{name, "_ci"}, 400, "InvalidParameter.OIDCProviderName.InvalidChars"},
		"no issuer":              {create, []string{name, "b"}, 400, "MissingIssuerUrl"},
		"http":                   {create, []string{name, "b", "IssuerUrl", "http://b.example"}, 400, "InvalidParameter.IssuerUrl"},
		"a query":                {create, []string{name, "b", "IssuerUrl", "https://b.example/?a"}, 400, "InvalidParameter.IssuerUrl"},
		"a long issuer":          {create, []string{name, "b", "IssuerUrl", "https://b.example/" + strings.Repeat("a", 240)}, 400, "InvalidParameter.IssuerUrl"},
		"known":                  {create, []string{name, "ci", "IssuerUrl", "https://b.example"}, 409, "EntityAlreadyExists.OIDCProvider"},
		"a known issuer":         {create, []string{name, "b", "IssuerUrl", "https://issuer.example"}, 409, "EntityAlreadyExists.OIDCProvider.Url"},
		"a long description":     {create, fresh("Description", strings.Repeat("a", 257)), 400, "InvalidParameter.Description.Length"},
		"51 clients":             {create, fresh("ClientIds", strings.Join(ids, ",")+",one-more"), 409, "LimitExceeded.OIDCProvider.ClientId"},
		"a bad client":           {create, fresh("ClientIds", "a,-b"), 400, "InvalidParameter.ClientIds"},
		"a long client":          {create, fresh("ClientIds", strings.Repeat("a", 129)), 400, "InvalidParameter.ClientIds"},
		"6 fingerprints":         {create, fresh("Fingerprints", strings.Join(prints, ",")+","+printNumber(6)), 409, "LimitExceeded.OIDCProvider.Fingerprint"},
		"no fingerprint":         {create, fresh("Fingerprints", "abc"), 400, "InvalidParameter.Fingerprints"},
		"no hour":                {create, fresh("IssuanceLimitTime", "0"), 400, "InvalidParameter.IssuanceLimitTime"},
		"8 days":                 {create, fresh("IssuanceLimitTime", "192"), 400, "InvalidParameter.IssuanceLimitTime"},
		"a sixth fingerprint":    {"AddFingerprintToOIDCProvider", []string{name, "ci", "Fingerprint", printNumber(6)}, 409, "LimitExceeded.OIDCProvider.Fingerprint"},
		"a fingerprint again":    {"AddFingerprintToOIDCProvider", []string{name, "ci", "Fingerprint", printNumber(4)}, 409, "EntityAlreadyExists.OIDCProvider.Fingerprint"},
		"none to add":            {"AddFingerprintToOIDCProvider", []string{name, "ci"}, 400, "MissingFingerprint"},
		"a strange fingerprint":  {"RemoveFingerprintFromOIDCProvider", []string{name, "ci", "Fingerprint", printNumber(6)}, 404, "EntityNotExist.OIDCProvider.Fingerprint"},
		"none to remove":         {"RemoveFingerprintFromOIDCProvider", []string{name, "ci"}, 400, "MissingFingerprint"},
		"a 51st client":          {"AddClientIdToOIDCProvider", []string{name, "ci", "ClientId", "one-more"}, 409, "LimitExceeded.OIDCProvider.ClientId"},
		"a client again":         {"AddClientIdToOIDCProvider", []string{name, "ci", "ClientId", "client-7"}, 409, "EntityAlreadyExists.OIDCProvider.ClientId"},
		"a strange client":       {"RemoveClientIdFromOIDCProvider", []string{name, "ci", "ClientId", "nobody"}, 404, "EntityNotExist.OIDCProvider.ClientId"},
		"51 clients, updated":    {"UpdateOIDCProvider", []string{name, "ci", "ClientIds", strings.Join(ids, ",") + ",one-more"}, 409, "LimitExceeded.OIDCProvider.ClientId"},
		"unknown":                {"UpdateOIDCProvider", []string{name, "b", "ClientIds", "a"}, 404, "EntityNotExist.OIDCProvider"},
		"unknown, read":          {"GetOIDCProvider", []string{name, "b"}, 404, "EntityNotExist.OIDCProvider"},
		"unknown, to be changed": {"AddFingerprintToOIDCProvider", []string{name, "b", "Fingerprint", printNumber(1)}, 404, "EntityNotExist.OIDCProvider"},
	} {
		w.ims(k, c.action, c.params...).want(t, title, c.status, c.code)
	}
	if got := w.ims(k, "GetOIDCProvider", name, "ci").OIDCProvider; got != full {
		t.Errorf("a refused change left a trace: %+v", got)
	}
}

// TestWhatIsPushedDecidesForTokens: STS fetches from servers whose fingerprint IMS
// has, from the moment of its change, and for the client IDs that it has.
func TestWhatIsPushedDecidesForTokens(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	root := newAuthority(t, "root")
	i := newIssuer(t, root.serve(t, w.now.Add(24*time.Hour), "localhost", root.cert))
	i.URL = strings.Replace(i.URL, "127.0.0.1", "localhost", 1)
	i.page(i.URL + "/keys")
	w.register(i, printNumber(1))
	want := func(code string) {
		t.Helper()
		if got := w.withOIDC(i.token(w.now, nil)); got.json.Code != code {
			t.Errorf("%d %s, want %s", got.status, got.body, code)
		}
	}
	const mismatch = "AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch"
	change := func(action, param, value string) {
		t.Helper()
		w.ims(k, action, "OIDCProviderName", "ci", param, value).want(t, action, http.StatusOK, "")
	}
	want(mismatch)
	change("AddFingerprintToOIDCProvider", "Fingerprint", printOf(root.cert))
	want("")
	change("UpdateOIDCProvider", "ClientIds", "second")
	want("AuthenticationFail.OIDCToken.AudienceNotMatch")
	change("AddClientIdToOIDCProvider", "ClientId", testAudience)
	want("")
	change("RemoveFingerprintFromOIDCProvider", "Fingerprint", printOf(root.cert))
	want(mismatch)
}
