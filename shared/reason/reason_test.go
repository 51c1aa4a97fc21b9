package reason_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
)

func TestARefusalKeepsItsCodeThroughWrapping(t *testing.T) {
	err := reason.New(reason.StoreUnavailable, "nonce: %w", io.ErrUnexpectedEOF)
	wrapped := errors.Join(errors.New("other"), err)
	if got := reason.Of(wrapped); got != reason.StoreUnavailable {
		t.Errorf("code %q", got)
	}
	if !errors.Is(wrapped, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	if got := reason.Detail(err); got != "nonce: unexpected EOF" {
		t.Errorf("detail %q", got)
	}
}

func TestAnErrorWithoutACodeIsInternal(t *testing.T) {
	if got := reason.Of(io.EOF); got != reason.Internal {
		t.Errorf("code %q", got)
	}
	if got := reason.Of(nil); got != "" {
		t.Errorf("nil has code %q", got)
	}
	if got := reason.Lookup("no_such_code"); got.Code != reason.Internal {
		t.Errorf("an unknown code is %q", got.Code)
	}
}

// Every declared code has exactly one row; the table has no others.
func TestTheTableHasEveryCode(t *testing.T) {
	declared := declaredCodes(t)
	form := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for _, row := range reason.Table() {
		if !declared[string(row.Code)] {
			t.Errorf("%q is doubled in the table, or not declared", row.Code)
		}
		delete(declared, string(row.Code))
		if !form.MatchString(string(row.Code)) {
			t.Errorf("%q is not snake_case", row.Code)
		}
		if row.Status < 400 || row.Status > 599 || row.Mender == "" || row.Hint == "" {
			t.Errorf("%q: incomplete row %+v", row.Code, row)
		}
	}
	for code := range declared {
		t.Errorf("%q has no row", code)
	}
}

func declaredCodes(t *testing.T) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Code" {
			value, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s is not a literal", spec.Names[0])
			}
			codes[strings.Trim(value.Value, `"`)] = true
		}
		return true
	})
	return codes
}
