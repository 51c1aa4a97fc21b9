package scripts_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestAFunctionOpensOnlyItsTables reads the mains: they alone wire the store, for no
// handler may import it. Who owns a RAM user is the portal's and provisioning's to write,
// who has left others read alone, and what a function does not open its role need not
// allow.
func TestAFunctionOpensOnlyItsTables(t *testing.T) {
	may := map[string][]string{
		"saml-acs":          {"Leavers", "Nonces", "Sessions", "Trust"},
		"oidc-exchange":     {"Leavers", "Nonces", "Sessions", "Trust"},
		"portal":            {"Events", "People", "Sessions", "Trust"},
		"metadata-rotation": {"Trust"},
		"scim":              {"Events", "People", "Resources", "Trust"},
		"provisioning":      {"Events", "People", "Trust"},
	}
	opens := regexp.MustCompile(`\bstore\.New(\w+)\(`)
	mains, err := filepath.Glob("../functions/*/main.go")
	if err != nil || len(mains) != len(may) {
		t.Fatalf("%q, %v", mains, err)
	}
	for _, main := range mains {
		text, err := os.ReadFile(main)
		if err != nil {
			t.Fatal(err)
		}
		function := filepath.Base(filepath.Dir(main))
		for _, table := range opens.FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(may[function], table[1]) {
				t.Errorf("%s opens %s", function, table[1])
			}
		}
	}
}
