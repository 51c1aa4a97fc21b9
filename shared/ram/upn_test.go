package ram_test

import (
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/ram"
)

func TestAUPNIsANameAndASuffix(t *testing.T) {
	upn, err := ram.ParseUPN("Ada.L_1-x@ACME.onaliyun.com")
	if err != nil || upn.Name() != "Ada.L_1-x" || upn.Suffix() != "acme.onaliyun.com" || upn.String() != "Ada.L_1-x@acme.onaliyun.com" || upn.IsZero() {
		t.Errorf("%v, %v", upn, err)
	}
	for _, text := range []string{
		"", "ada", "@acme.com", "ada@", "a b@acme.com", "ada@b@acme.com", "ada@acme_com", "ada@acme.com ", "张三@acme.com",
		strings.Repeat("x", 65) + "@acme.com", `ACME\ada@acme.com`,
	} {
		if upn, err := ram.ParseUPN(text); err == nil || !upn.IsZero() || upn.String() != "" {
			t.Errorf("%q was taken", text)
		}
	}
}

func TestANameOfAUserHasNoCase(t *testing.T) {
	for _, text := range []string{"Ada.L_1-x", "ada.l_1-x", "ADA.L_1-X"} {
		if name, err := ram.FoldUserName(text); name != "ada.l_1-x" || err != nil {
			t.Errorf("%q: %q, %v", text, name, err)
		}
	}
	for _, text := range []string{"", "ada@acme.com", "a b", "\u212aim", "аda", "ａda", "ada\x00", strings.Repeat("x", 65)} {
		if name, err := ram.FoldUserName(text); name != "" || err == nil {
			t.Errorf("%q was taken as %q", text, name)
		}
	}
}
