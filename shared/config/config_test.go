package config_test

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func from(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}

// cloud and local are complete; each test changes what it is about.
func cloud(changes ...string) map[string]string {
	return with(map[string]string{
		"SSO_URL": "https://SSO.acme.com/", "SSO_OTS_ENDPOINT": "https://sso.cn-hangzhou.vpc.tablestore.aliyuncs.com",
		"SSO_OTS_INSTANCE": "sso", "SSO_SIGNING_KEY_FILE": "signing.pem", "SSO_BRAND_NAME": " Acme Cloud ", "SSO_BRAND_HELP": "",
	}, changes)
}

func local(changes ...string) map[string]string {
	return with(map[string]string{
		"SSO_LOCAL_STACK": "1", "SSO_URL": "http://127.0.0.1:8080", "SSO_OTS_ENDPOINT": "http://127.0.0.1:1", "SSO_OTS_INSTANCE": "local",
		"SSO_SIGNING_KEY_FILE": "signing.pem", "SSO_STS_ENDPOINT": "http://127.0.0.1:2", "SSO_SIGNIN_ENDPOINT": "http://localhost:3",
	}, changes)
}

func with(env map[string]string, changes []string) map[string]string {
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		env[name] = value
	}
	return env
}

func TestACompleteEnvironmentIsTaken(t *testing.T) {
	got, err := config.Load(from(cloud()), config.Store, config.SigningKey, config.STS)
	want := config.Config{
		URL: "https://sso.acme.com", OTSEndpoint: "https://sso.cn-hangzhou.vpc.tablestore.aliyuncs.com", OTSInstance: "sso",
		SigningKeyFile: "signing.pem", STSEndpoint: "https://sts.aliyuncs.com", BrandName: "Acme Cloud",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = config.Load(from(local()), config.Store, config.SigningKey, config.STS)
	if err != nil || !got.Local || got.SigninEndpoint != "http://localhost:3" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSecretsAreAskedForByName(t *testing.T) {
	secret := config.Secrets(from(map[string]string{"SSO_SECRET_ENTRA": " se cret\n", "SSO_SECRET_EMPTY": "\n", "SSO_URL": "https://sso.acme.com"}))
	if got, err := secret("SSO_SECRET_ENTRA"); err != nil || got.Reveal() != " se cret" {
		t.Errorf("%q, %v", got.Reveal(), err)
	}
	for _, name := range []string{"SSO_SECRET_OKTA", "SSO_SECRET_EMPTY", "SSO_URL", ""} {
		if got, err := secret(name); reason.Of(err) != reason.ConfigurationInvalid || got != "" || !strings.Contains(err.Error(), name+" is not set") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFunctionComputeIsThatOfTheFunctionItself(t *testing.T) {
	for _, c := range []struct {
		env                map[string]string
		endpoint, rotation string
		fault              string
	}{
		{
			cloud("FC_ACCOUNT_ID=1234567890123456", "FC_REGION=cn-hangzhou"),
			"https://1234567890123456.cn-hangzhou-internal.fc.aliyuncs.com", "sso-metadata-rotation", "",
		},
		{cloud("SSO_FC_ENDPOINT=https://fc.example", "SSO_ROTATION_FUNCTION=keys"), "https://fc.example", "keys", ""},
		{local("SSO_FC_ENDPOINT=http://127.0.0.1:4"), "http://127.0.0.1:4", "sso-metadata-rotation", ""},
		{cloud(), "", "", "SSO_FC_ENDPOINT: is needed"},
		{local("FC_ACCOUNT_ID=1", "FC_REGION=cn-hangzhou"), "", "", "SSO_FC_ENDPOINT: is needed"}, // that would be the real one
		{local("SSO_FC_ENDPOINT=https://fc.example"), "", "", "SSO_FC_ENDPOINT: fc.example is not this machine"},
	} {
		got, err := config.Load(from(c.env), config.Store, config.Rotation)
		if c.fault == "" && err != nil || got.FCEndpoint != c.endpoint || got.Rotation != c.rotation || c.fault != "" && !strings.Contains(reason.Detail(err), c.fault) {
			t.Errorf("want %q, %q, %q, got %+v, %v", c.endpoint, c.rotation, c.fault, got, err)
		}
	}
}

func TestRAMIsWhereItIsUnlessToldOtherwise(t *testing.T) {
	for _, c := range []struct {
		env           map[string]string
		sts, ims, ram string
		fault         string
	}{
		{cloud(), "https://sts.aliyuncs.com", "https://ims.aliyuncs.com", "https://ram.aliyuncs.com", ""},
		{cloud("SSO_IMS_ENDPOINT=https://ims.example", "SSO_RAM_ENDPOINT=https://ram.example"), "https://sts.aliyuncs.com", "https://ims.example", "https://ram.example", ""},
		{local("SSO_IMS_ENDPOINT=http://127.0.0.1:4", "SSO_RAM_ENDPOINT=http://127.0.0.1:5", "SSO_SIGNIN_ENDPOINT="), "http://127.0.0.1:2", "http://127.0.0.1:4", "http://127.0.0.1:5", ""},
		{local(), "", "", "", "SSO_IMS_ENDPOINT: is needed"}, // the default is the real one
		{local("SSO_IMS_ENDPOINT=http://127.0.0.1:4"), "", "", "", "SSO_RAM_ENDPOINT: is needed"},
		{local("SSO_IMS_ENDPOINT=https://ims.aliyuncs.com"), "", "", "", "SSO_IMS_ENDPOINT: ims.aliyuncs.com is not this machine"},
		{cloud("SSO_RAM_ENDPOINT=http://ram.example"), "", "", "", "SSO_RAM_ENDPOINT: must begin with https://"},
	} {
		got, err := config.Load(from(c.env), config.Store, config.RAM)
		if c.fault == "" && err != nil || got.STSEndpoint != c.sts || got.IMSEndpoint != c.ims || got.RAMEndpoint != c.ram || c.fault != "" && !strings.Contains(reason.Detail(err), c.fault) {
			t.Errorf("want %q, %q, %q, %q, got %+v, %v", c.sts, c.ims, c.ram, c.fault, got, err)
		}
	}
}

func TestKMSSignsInPlaceOfAFile(t *testing.T) {
	env := cloud("SSO_SIGNING_KEY_FILE=", "SSO_SIGNING_KMS_KEY=key-1", "SSO_DECRYPTION_SECRET=fc-sso/saml", "FC_REGION=cn-hangzhou")
	got, err := config.Load(from(env), config.Store, config.SigningKey)
	if err != nil || got.SigningKMSKey != "key-1" || got.DecryptionSecret != "fc-sso/saml" || got.KMSEndpoint != "https://kms.cn-hangzhou.aliyuncs.com" {
		t.Errorf("%+v, %v", got, err)
	}
	env["SSO_KMS_ENDPOINT"] = "https://kms.example"
	if got, err := config.Load(from(env), config.Store, config.SigningKey); err != nil || got.KMSEndpoint != "https://kms.example" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAFunctionNeedsOnlyWhatItNeeds(t *testing.T) {
	if _, err := config.Load(from(map[string]string{"SSO_URL": "https://sso.acme.com"})); err != nil {
		t.Error(err)
	}
}

func TestFaultsAreNamed(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{cloud("SSO_URL="), "SSO_URL: is needed and not set"},
		{cloud("SSO_OTS_INSTANCE= "), "SSO_OTS_INSTANCE: is needed and not set"},
		{cloud("SSO_OTS_INSTANCE=a/b"), "SSO_OTS_INSTANCE: "},
		{cloud("SSO_SIGNING_KEY_FILE="), "SSO_SIGNING_KEY_FILE: is needed and not set; or else SSO_SIGNING_KMS_KEY"},
		{cloud("SSO_SIGNING_KMS_KEY=key-1"), "SSO_SIGNING_KMS_KEY: SSO_SIGNING_KEY_FILE is set too"},
		{cloud("SSO_DECRYPTION_SECRET=fc-sso"), "SSO_DECRYPTION_SECRET: the keys of SSO_SIGNING_KEY_FILE decrypt"},
		{cloud("SSO_SIGNING_KEY_FILE=", "SSO_DECRYPTION_SECRET=fc-sso"), "SSO_DECRYPTION_SECRET: needs SSO_SIGNING_KMS_KEY"},
		{cloud("SSO_SIGNING_KEY_FILE=", "SSO_SIGNING_KMS_KEY=key 1"), "SSO_SIGNING_KMS_KEY: \"key 1\" is not a name"},
		{cloud("SSO_SIGNING_KEY_FILE=", "SSO_SIGNING_KMS_KEY=key-1"), "SSO_KMS_ENDPOINT: is needed"},
		{local("SSO_SIGNING_KEY_FILE=", "SSO_SIGNING_KMS_KEY=key-1", "FC_REGION=cn-hangzhou"), "SSO_KMS_ENDPOINT: is needed"},
		{cloud("SSO_KMS_ENDPOINT=http://kms.example"), "SSO_KMS_ENDPOINT: must begin with https://"},
		{cloud("SSO_URL=http://sso.acme.com"), "SSO_URL: must begin with https://"},
		{cloud("SSO_URL=ftp://sso.acme.com"), "SSO_URL: must begin with https://"},
		{cloud("SSO_URL=sso.acme.com"), "SSO_URL: "},
		{cloud("SSO_URL=https://sso.acme.com/portal"), "SSO_URL: "},
		{cloud("SSO_URL=https://sso.acme.com?x=1"), "SSO_URL: "},
		{cloud("SSO_URL=https://sso.acme.com#x"), "SSO_URL: "},
		{cloud("SSO_URL=https://%zz"), "SSO_URL: "},
		{cloud("SSO_URL=https://localhost"), "SSO_URL: localhost is this machine"},
		{cloud("SSO_STS_ENDPOINT=https://127.0.0.1"), "SSO_STS_ENDPOINT: 127.0.0.1 is this machine"},
		{cloud("SSO_STS_ENDPOINT=https://[::1]:9"), "SSO_STS_ENDPOINT: [::1]:9 is this machine"},
		{cloud("SSO_LOCAL_STACK=1"), "SSO_URL: sso.acme.com is not this machine"},
		{cloud("SSO_LOCAL_STACK=true"), "SSO_LOCAL_STACK: "},
		{local("SSO_STS_ENDPOINT=https://sts.aliyuncs.com"), "SSO_STS_ENDPOINT: sts.aliyuncs.com is not this machine"},
		{local("SSO_STS_ENDPOINT="), "SSO_STS_ENDPOINT: is needed"}, // the default is the real one
		{local("SSO_SIGNIN_ENDPOINT="), "SSO_SIGNIN_ENDPOINT: is needed"},
		{local("SSO_URL=ftp://127.0.0.1"), "SSO_URL: must begin with https://"},
		{local("SSO_LOCAL_STACK="), "SSO_URL: 127.0.0.1:8080 is this machine"},
	} {
		_, err := config.Load(from(c.env), config.Store, config.SigningKey, config.STS)
		if reason.Of(err) != reason.ConfigurationInvalid || !strings.Contains(reason.Detail(err), c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
}

// An endpoint is checked where it is set, needed or not: the flag of the local
// stack stands for all of them.
func TestTheLocalStackIsAllOfIt(t *testing.T) {
	env := local("SSO_STS_ENDPOINT=https://sts.aliyuncs.com")
	if _, err := config.Load(from(env)); err == nil {
		t.Error("a real endpoint passed beside SSO_LOCAL_STACK=1")
	}
}

func TestAllFaultsComeAtOnce(t *testing.T) {
	_, err := config.Load(from(map[string]string{"SSO_OTS_ENDPOINT": "x"}), config.Store, config.SigningKey)
	for _, name := range []string{"SSO_URL", "SSO_OTS_ENDPOINT", "SSO_OTS_INSTANCE", "SSO_SIGNING_KEY_FILE"} {
		if !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s is missing in %v", name, err)
		}
	}
}

func TestAPasswordInAnAddressIsNotPrinted(t *testing.T) {
	for _, address := range []string{"https://user:hush@sts.example", "https://user:hush%zz@sts.example", "user:hush@sts.example", "https://u:hush@b@sts.example"} {
		_, err := config.Load(from(cloud("SSO_STS_ENDPOINT=" + address)))
		if err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "sts.example") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// The table that the README shows has every name that the code reads.
func TestTheTableIsComplete(t *testing.T) {
	read := map[string]bool{}
	for _, file := range []string{"settings.go", "ownkeys.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`= "(SSO_[A-Z_]+)"`).FindAllStringSubmatch(string(text), -1) {
			read[match[1]] = true
		}
	}
	for _, s := range config.Settings() {
		name := strings.TrimSuffix(s.Name, "…") // the names of secrets are the deployer's
		if !read[name] || s.Meaning == "" {
			t.Errorf("%+v", s)
		}
		delete(read, name)
	}
	if len(read) > 0 {
		t.Errorf("not in the table: %v", slices.Collect(maps.Keys(read)))
	}
}
