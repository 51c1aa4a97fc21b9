package scripts_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// forbidden names what a function must not link, each with all below it. What is
// not in a login function cannot be reached through a fault in it, and costs no
// cold start.
func forbidden() map[string][]string {
	nobody := []string{
		module + "scripts", "testing", "net/http/httptest", "net/http/pprof", "expvar", "os/exec", "plugin",
		"go.yaml.in/yaml", module + "shared/federation/yamlfile", // ssoctl reads federation.yaml, functions read revisions
		"github.com/crewjam/saml", "go.etcd.io/bbolt",
	}
	writer := []string{module + "shared/refresh", module + "shared/push"} // of keys, and of RAM
	keyWriters := append(writer, module+"shared/fetch")                   // no egress, no writer of keys
	sessions := []string{module + "shared/session"}
	issue := []string{module + "shared/issue"}
	register := []string{module + "shared/mapping"} // saml-acs asks it what a step-up must prove
	pages := []string{module + "shared/page", "html/template"}
	ourKeys := []string{module + "shared/keys"}

	return map[string][]string{
		"saml-acs":          slices.Concat(nobody, keyWriters, issue), // it has metadata-rotation called
		"portal":            slices.Concat(nobody, keyWriters),
		"oidc-exchange":     slices.Concat(nobody, writer),                                      // its egress is to token endpoints
		"scim":              slices.Concat(nobody, keyWriters, ourKeys, sessions, issue, pages), // it knows rules by which people have names, and has provisioning called
		"metadata-rotation": slices.Concat(nobody, ourKeys, sessions, issue, register, pages),
		"provisioning":      slices.Concat(nobody, keyWriters, ourKeys, sessions, issue, pages), // it has metadata-rotation called
	}
}

// TestAFunctionLinksNothingThatItDoesNotCall reads what the linker would get.
func TestAFunctionLinksNothingThatItDoesNotCall(t *testing.T) {
	for function, prefixes := range forbidden() {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "../functions/"+function).Output()
		if err != nil {
			t.Fatalf("go list -deps of %s: %v", function, err)
		}
		linked := strings.Fields(string(out))
		if !slices.Contains(linked, module+"shared/trigger") {
			t.Errorf("%s does not link the door: is this its list?", function)
		}
		for _, pkg := range linked {
			if allowed(prefixes, pkg) && pkg != module+"shared/push/memory" { // that is a value: what RAM is known to have
				t.Errorf("%s links %s", function, pkg)
			}
		}
	}
}
