package cloud_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

const (
	otherAccount = "2345678901234567"
	keeperRole   = "acs:ram::1234567890123456:role/fc-sso-maintenance"
	rotation     = "acs:ram::1000000000000001:role/fc-sso-metadata-rotation"
)

type shownSAML struct {
	Arn, SAMLProviderName, Description, EncodedSAMLMetadataDocument, AuthnSignAlgo, CreateDate, UpdateDate string
}

type shownOIDC struct {
	Arn, OIDCProviderName, Description, IssuerUrl, ClientIds, Fingerprints, CreateDate, UpdateDate, GmtCreate, GmtModified string
	IssuanceLimitTime                                                                                                      int
}

type shownRole struct {
	RoleId, RoleName, Arn, Description, AssumeRolePolicyDocument, CreateDate, UpdateDate string
	MaxSessionDuration                                                                   int
}

// shown is what IMS and RAM answer.
type shown struct {
	status int
	body   string

	RequestId, HostId, Code, Message string
	SAMLProvider                     shownSAML
	SAMLProviders                    struct{ SAMLProvider []shownSAML }
	OIDCProvider                     shownOIDC
	OIDCProviders                    struct{ OIDCProvider []shownOIDC }
	Role                             shownRole
	Roles                            struct{ Role []shownRole }
	UserSsoSettings                  struct {
		MetadataDocument, AuxiliaryDomain, AuthnSignAlgo string
		SsoEnabled, SsoLoginWithDomain                   bool
	}
	User                      shownUser
	Users                     struct{ User []shownUser }
	Group                     shownGroup
	Groups                    struct{ Group []shownGroup }
	LoginProfile              shownLogin
	AccessKey                 shownKey
	AccessKeys                struct{ AccessKey []shownKey }
	IsMFAEnable               *bool
	MFADevice                 struct{ SerialNumber, Type string }
	VirtualMFADevice          struct{ SerialNumber, Base32StringSeed string }
	Policy                    shownPolicy
	DefaultPolicyVersion      struct{ VersionId, PolicyDocument, CreateDate string }
	Policies                  struct{ Policy []shownPolicy }
	DefaultDomainName, Marker string
	IsTruncated               bool
}

func (w *world) answer(h http.Handler, r *http.Request) shown {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	got := shown{status: recorder.Code, body: recorder.Body.String()}
	w.must(json.Unmarshal([]byte(got.body), &got))
	return got
}

// keeper is the maintenance role of an account, as the function has it.
func (w *world) keeper(account string) signer {
	w.t.Helper()
	arn := strings.Replace(keeperRole, "1234567890123456", account, 1)
	w.must(w.AddAccount(account, ""))
	w.must(w.AddMaintenanceRole(arn))
	return w.assumed(w.function(rotation, "sso-metadata-rotation"), arn)
}

func (w *world) assumed(by signer, arn string) signer {
	w.t.Helper()
	got := w.sts(by.v1(assume(arn, "sso-metadata-rotation")...))
	if got.status != http.StatusOK {
		w.t.Fatal(got.body)
	}
	made := got.json.Credentials
	return signer{made.AccessKeyId, made.AccessKeySecret, made.SecurityToken, w.now}
}

// owner is the operator, who may do everything in the account.
func (w *world) owner() signer {
	w.t.Helper()
	return w.assumed(w.admin(), "acs:ram::1234567890123456:role/"+cloud.DirectoryRole)
}

func version(v string) func(http.Header) {
	return func(h http.Header) { h.Set("x-acs-version", v) }
}

func (w *world) ims(s signer, action string, params ...string) shown {
	w.t.Helper()
	s.now = w.now
	return w.answer(w.IMS(), s.acs3(action, pairs(params), version("2019-08-15")))
}

func (w *world) ram(s signer, action string, params ...string) shown {
	w.t.Helper()
	s.now = w.now
	return w.answer(w.RAM(), s.acs3(action, pairs(params), version("2015-05-01")))
}

func pairs(params []string) []pair {
	var made []pair
	for i := 0; i+1 < len(params); i += 2 {
		made = append(made, pair{params[i], params[i+1]})
	}
	return made
}

// want fails unless it was refused so; "" = unless it was done.
func (got shown) want(t *testing.T, name string, status int, code string) {
	t.Helper()
	if got.status != status || got.Code != code || len(got.RequestId) != 36 || (code != "") != (got.Message != "") {
		t.Errorf("%s: %d %s, want %d %s", name, got.status, got.body, status, code)
	}
}

func TestIMSAndRAMBelieveTheSignedAlone(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	forged, late := k, k
	forged.secret += "x"
	late.now = w.now.Add(-16 * time.Minute)
	list := func(s signer, edit func(http.Header)) *http.Request { return s.acs3("ListSAMLProviders", nil, edit) }
	v := version("2019-08-15")
	again := list(k, v)
	w.answer(w.IMS(), again.Clone(t.Context())).want(t, "signed", http.StatusOK, "")
	for name, c := range map[string]struct {
		r      *http.Request
		status int
		code   string
	}{
		"unsigned":           {httptest.NewRequest(http.MethodPost, "/?Action=ListSAMLProviders&Version=2019-08-15", nil), 400, "MissingAccessKeyId"},
		"forged":             {list(forged, v), 400, "SignatureDoesNotMatch"},
		"forged, V1":         {forged.v1(pair{"Action", "ListSAMLProviders"}, pair{"Version", "2019-08-15"}), 400, "SignatureDoesNotMatch"},
		"late":               {list(late, v), 400, "InvalidTimeStamp.Expired"},
		"sent twice":         {again, 400, "SignatureNonceUsed"},
		"changed on the way": {changed(list(k, v), "x-acs-action", "DeleteSAMLProvider"), 400, "SignatureDoesNotMatch"},
		"another's token":    {list(signer{k.id, k.secret, w.portal().token, w.now}, v), 400, "InvalidSecurityToken.MismatchWithAccessKey"},
		"STS's version":      {list(k, nil), 400, "InvalidVersion"},
		"unknown action":     {k.acs3("SetSAMLProvider", nil, v), 404, "InvalidAction.NotFound"},
		"RAM's action":       {k.acs3("GetRole", []pair{{"RoleName", "admin"}}, v), 404, "InvalidAction.NotFound"},
		"another path":       {k.acs3To("/ims", "ListSAMLProviders", nil, "", v), 404, "InvalidAction.NotFound"},
	} {
		got := w.answer(w.IMS(), c.r)
		got.want(t, name, c.status, c.code)
		if got.HostId != "ims.aliyuncs.com" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	w.answer(w.IMS(), k.v1(pair{"Action", "ListSAMLProviders"}, pair{"Version", "2019-08-15"})).want(t, "V1", http.StatusOK, "")
	w.answer(w.IMS(), k.v1Form(pair{"Action", "ListSAMLProviders"}, pair{"Version", "2019-08-15"})).want(t, "V1, form", http.StatusOK, "")
	if got := w.ram(k, "ListSAMLProviders"); got.Code != "InvalidAction.NotFound" || got.HostId != "ram.aliyuncs.com" {
		t.Errorf("RAM has an action of IMS: %s", got.body)
	}
}

func TestOnlyTheCallersAccountIsReachedAndOnlyAsItsPoliciesSay(t *testing.T) {
	w := newWorld(t)
	k, other := w.keeper("1234567890123456"), w.keeper(otherAccount)
	w.must(w.AddSAMLProvider(oktaProvider, nil))
	w.ims(k, "GetSAMLProvider", "SAMLProviderName", "okta").want(t, "its own", http.StatusOK, "")
	w.ims(other, "GetSAMLProvider", "SAMLProviderName", "okta").want(t, "from elsewhere", http.StatusNotFound, "EntityNotExist.SAMLProvider")
	w.ims(w.admin(), "GetSAMLProvider", "SAMLProviderName", "okta").want(t, "the operator, in the bundle's account", http.StatusNotFound, "EntityNotExist.SAMLProvider")
	w.ims(k, "DeleteSAMLProvider", "SAMLProviderName", "okta").want(t, "what the role may not", http.StatusForbidden, "NoPermission")
	w.ims(w.portal(), "ListSAMLProviders").want(t, "the portal", http.StatusForbidden, "NoPermission")
	if got := w.sts(w.portal().v1(assume(keeperRole, "portal")...)); got.json.Code != "NoPermission" {
		t.Errorf("the portal has the maintenance role: %s", got.body)
	}
	w.ims(w.assumed(w.admin(), keeperRole), "GetUserSsoSettings").want(t, "the operator, by the role", http.StatusOK, "")
	if got := w.sts(w.portal().v1(assume("acs:ram::1234567890123456:role/"+cloud.DirectoryRole, "portal")...)); got.json.Code != "NoPermission" {
		t.Errorf("the portal owns an account: %s", got.body)
	}
	w.ims(w.owner(), "DeleteSAMLProvider", "SAMLProviderName", "okta").want(t, "its owner", http.StatusOK, "")
}

func TestAPolicyMayAskForTheIssuer(t *testing.T) {
	w := newWorld(t)
	const narrow = "acs:ram::1234567890123456:role/narrow"
	w.must(w.AddRole(cloud.Role{ARN: narrow, Trust: cloud.Trusting(portal), Permission: `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:*OIDCProvider","Resource":"acs:ram::*:oidc-provider/*",` +
		`"Condition":{"StringEquals":{"ram:OidcIssuerUrl":"https://good.example"}}}]}`}))
	s := w.assumed(w.portal(), narrow)
	w.must(w.AddOIDCProvider(cloud.OIDCProvider{ARN: ciProvider, Issuer: "https://bad.example"}))
	w.ims(s, "CreateOIDCProvider", "OIDCProviderName", "good", "IssuerUrl", "https://good.example").want(t, "its issuer", http.StatusOK, "")
	w.ims(s, "GetOIDCProvider", "OIDCProviderName", "good").want(t, "its issuer, later", http.StatusOK, "")
	w.ims(s, "CreateOIDCProvider", "OIDCProviderName", "worse", "IssuerUrl", "https://worse.example").want(t, "another", http.StatusForbidden, "NoPermission")
	w.ims(s, "UpdateOIDCProvider", "OIDCProviderName", "ci", "ClientIds", "x", "IssuerUrl", "https://good.example").want(t, "another, with a lie", http.StatusForbidden, "NoPermission")
}
