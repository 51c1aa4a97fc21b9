package sfile_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/sfile"
)

func environment(name string) (string, bool) {
	values := map[string]string{
		"SSO_ACCOUNT_ID": "1000000000000001", "SSO_DOMAIN": "sso.example.com", "SSO_CERT_ID": "7",
		"SSO_OTS_ENDPOINT": "https://sso.cn-hangzhou.ots.aliyuncs.com", "SSO_OTS_INSTANCE": "sso",
		"SSO_SIGNING_KEY_FILE": "/code/key.pem",
	}
	value, ok := values[name]
	return value, ok
}

// TestTheRealFileIsRead keeps s.yaml within what is read, checked and deployed.
func TestTheRealFileIsRead(t *testing.T) {
	file, err := sfile.Read("../../../../s.yaml", environment)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Functions) != 6 || len(file.Routes) < 6 || file.Region != "cn-hangzhou" || file.Domain != "sso.example.com" {
		t.Errorf("%d functions, %d routes, region %s, domain %s", len(file.Functions), len(file.Routes), file.Region, file.Domain)
	}
	acs := file.Functions[0]
	if acs.Name != "sso-saml-acs" || acs.Source != "./functions/saml-acs" || acs.Timeout != 10*time.Second || !acs.HTTP() ||
		acs.Role != "acs:ram::1000000000000001:role/fc-sso-saml-acs" || acs.Env["SSO_URL"] != "https://sso.example.com" || acs.MemoryMB != 512 {
		t.Errorf("%+v", acs)
	}
	rotation := file.Functions[3]
	if rotation.HTTP() || rotation.Timeout != 2*time.Minute || rotation.Triggers[0].Payload != `{"job":"rotate"}` {
		t.Errorf("%+v", rotation)
	}
	each := file.Functions[5].Triggers
	if len(each) != 1 || !each[0].Enabled || each[0].Cron != "0 * * * * *" || each[0].Payload != `{"job":"events"}` {
		t.Errorf("%+v", each)
	}
	if file.Routes[0].Path != "/saml/*" || file.Routes[0].Function != "sso-saml-acs" {
		t.Errorf("%+v", file.Routes[0])
	}
}

// TestTheCommentsAreTriggers: what stands in the real file as a comment is read too.
func TestTheCommentsAreTriggers(t *testing.T) {
	content, err := os.ReadFile("../../../../s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	comment := regexp.MustCompile(`(?m)^        # (- triggerName|  [a-zA-Z ])`)
	file, err := sfile.Parse(comment.ReplaceAll(content, []byte("        $1")), func(name string) (string, bool) {
		if name == "SSO_EVENTS_RULE" {
			return "a rule", true
		}
		return environment(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	triggers := file.Functions[5].Triggers
	if len(triggers) != 3 || triggers[1].Type != "mns_topic" || triggers[2].Type != "eventbridge" {
		t.Errorf("%+v", triggers)
	}
}

// TestFaults changes one line of the real file at a time.
func TestFaults(t *testing.T) {
	content, err := os.ReadFile("../../../../s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ old, new, want string }{
		"misspelt key":           {"runtime: go1", "runetime: go1", `unknown key "runetime"`},
		"key twice":              {"access: default", "access: default\nname: two", `key "name" is there twice`},
		"other edition":          {"edition: 3.0.0", "edition: 1.0.0", "edition"},
		"other runtime":          {"runtime: go1", "runtime: custom", "runtime"},
		"other component":        {"component: fc3-domain", "component: oss", "component"},
		"top level flow":         {"access: default", "flow: {}", `unknown key "flow"`},
		"other function":         {"${env('SSO_REGION', 'cn-hangzhou')}", "${file('region')}", "only env()"},
		"config":                 {"${env('SSO_ACCOUNT_ID')}", "${config('AccountID')}", "only env()"},
		"unset variable":         {"${env('SSO_ACCOUNT_ID')}", "${env('SSO_NOBODY')}", "SSO_NOBODY is not set"},
		"unknown variable":       {"https://${vars.domain}", "https://${vars.nothing}", "names nothing"},
		"circle":                 {"${env('SSO_DOMAIN')}", "${vars.domain}", "circle"},
		"open variable":          {"https://${vars.domain}", "https://${vars.domain", "without its end"},
		"unknown resource":       {"${resources.saml-acs.props.functionName}", "${resources.nobody.props.functionName}", "names nothing"},
		"output":                 {"${resources.saml-acs.props.functionName}", "${resources.saml-acs.output.functionName}", "names nothing"},
		"unknown template":       {"      name: base", "      name: other", "no template"},
		"platform's name":        {"SSO_OTS_INSTANCE: ", "FC_SSO_INSTANCE: ", "names that begin with FC_"},
		"local stack":            {"SSO_OTS_INSTANCE: ", "SSO_LOCAL_STACK: ", "SSO_LOCAL_STACK allows http"},
		"large environment":      {"${env('SSO_BRAND_HELP', '')}", strings.Repeat("a", 4096), "the platform's limit is 4096"},
		"memory":                 {"memorySize: 512", "memorySize: 500", "multiple of 64"},
		"processor":              {"cpu: 0.35", "cpu: 2", "vCPU"},
		"timeout":                {"timeout: 120", "timeout: 0", "timeout"},
		"authType":               {"authType: anonymous", "authType: nope", "authType"},
		"trigger":                {"triggerType: timer", "triggerType: cdn_events", "triggerType"},
		"timer without time":     {"cronExpression: '0 7 * * * *'", "payload: ''", `"cronExpression" is missing`},
		"timer on":               {"enable: true", "enable: on", "enable"},
		"method":                 {"methods: [GET, POST, PUT", "methods: [GET, POST, FETCH", `"FETCH" is not one of`},
		"weak TLS":               {"minVersion: TLSv1.2", "minVersion: TLSv1.0", "minVersion"},
		"plain HTTP":             {"protocol: HTTPS", "protocol: HTTP", "protocol"},
		"route without function": {"functionName: ${resources.portal.props.functionName}", "functionName: nobody", `no function "nobody"`},
		"route without trigger":  {"functionName: ${resources.portal.props.functionName}", "functionName: sso-provisioning", "no HTTP trigger"},
		"route twice":            {"path: /sts/*", "path: /sts", "twice"},
		"odd wildcard":           {"path: /sts/*", "path: /*/sts", "ends in *"},
		"builds something else":  {"-o .build/portal/main", "-o .build/portal/other", "pre-deploy builds"},
		"alias":                  {"vars:", "other: &a {}\nvars:", `unknown key "other"`},
		"not YAML":               {"vars:", "vars: [", "yaml"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(string(content), c.old, c.new, 1)
			if changed == string(content) {
				t.Fatalf("%q is not in s.yaml", c.old)
			}
			_, err := sfile.Parse([]byte(changed), environment)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestFaultNamesItsLine(t *testing.T) {
	_, err := sfile.Parse([]byte("edition: 3.0.0\nname: x\nresources:\n  a:\n    component: oss\n    props: {}\n"), environment)
	if err == nil || !strings.HasPrefix(err.Error(), "5:16: ") {
		t.Errorf("got %v", err)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, err := sfile.Parse([]byte("edition: 2\nname: x\nfoo: 1\nresources: {}\n"), environment)
	if err == nil || len(strings.Split(err.Error(), "\n")) != 2 {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	content, err := os.ReadFile("../../../../s.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(_ *testing.T, content []byte) {
		_, _ = sfile.Parse(content, environment)
	})
}
