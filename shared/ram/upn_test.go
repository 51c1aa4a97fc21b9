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
