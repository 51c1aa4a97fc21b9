package validate_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

var update = flag.Bool("update", false, "write testdata/saml from attacks_test.go")

// vector is one file of testdata/saml. Its head:
//
//	expect:   a reason code, or verified
//	now:      the guard's clock
//	request:  the RequestID under way; - for none
//	post:     how often the message comes (the last time counts)
//	subject:  whom a verified message names
//	why:      one sentence
//
// Its parts: trust.json with source and keys, and response.xml or, where the
// point lies in the encoding, field.txt.
type vector struct {
	name, expect, request, subject, why string
	now                                 time.Time
	post                                int
	record                              trust.Record
	field                               string
}

func TestVectorsAreJudgedAsTheySay(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.name, func(t *testing.T) {
			want := validatetest.Expectation()
			want.RequestID = v.request
			guard := v.guard(t)
			report, err := guard.Explain(v.record, want, v.field)
			if err != nil {
				t.Fatal(err)
			}
			var who validate.Identity
			for range v.post {
				who, err = guard.Response(t.Context(), v.record, want, v.field)
			}
			checkVerdict(t, v, who, err)
			if explained := report.Verdict; v.post == 1 && explained != reason.Of(err) && err != nil || err == nil && explained != "" {
				t.Errorf("explained as %q, judged as %v", explained, err)
			}
		})
	}
}

// guard is one with the vector's clock, and with both of our keys.
func (v vector) guard(tb testing.TB) validate.Guard {
	tb.Helper()
	return validate.Guard{
		Nonces: validatetest.NewNonces(), Now: func() time.Time { return v.now }, Decrypters: validatetest.Decrypters(tb),
	}
}

func checkVerdict(t *testing.T, v vector, who validate.Identity, err error) {
	t.Helper()
	switch {
	case v.expect == "verified" && err != nil:
		t.Errorf("refused, because %v; %s", err, v.why)
	case v.expect == "verified" && who.Subject() != v.subject:
		t.Errorf("the subject is %q, want %q", who.Subject(), v.subject)
	case v.expect != "verified" && string(reason.Of(err)) != v.expect:
		t.Errorf("%v, want %s: %s", err, v.expect, v.why)
	case v.expect != "verified" && !who.IsZero():
		t.Error("refused, and yet an identity")
	}
	if refusal := (*reason.Refusal)(nil); err != nil && !errors.As(err, &refusal) {
		t.Errorf("a refusal without a code: %v", err)
	}
}

func TestEveryReasonHasAVector(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range vectors(t) {
		seen[v.expect] = true
	}
	for _, v := range tokenVectors(t) {
		seen[v.expect] = true
	}
	elsewhere := map[string]bool{"MetadataInvalid": true, "SessionMissing": true, "Internal": true}
	for name := range reasonsIn(t, ".", "../samldoc", "../jose") {
		if code := codeOf(t, name); !seen[code] && !elsewhere[name] {
			t.Errorf("no vector expects %s", code)
		}
	}
}

// reasonsIn finds reason.X in the sources, so that this list cannot be
// forgotten.
func reasonsIn(t *testing.T, folders ...string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "reason" {
						found[s.Sel.Name] = true
					}
				}
				return true
			})
		}
	}
	for _, notACode := range []string{"New", "Of", "Code"} {
		delete(found, notACode)
	}
	return found
}

func codeOf(t *testing.T, name string) string {
	t.Helper()
	source, err := os.ReadFile("../reason/codes.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(source)) {
		if f := strings.Fields(line); len(f) >= 4 && f[0] == name && f[1] == "Code" {
			code, err := strconv.Unquote(f[3])
			if err != nil {
				t.Fatal(err)
			}
			return code
		}
	}
	t.Fatalf("no reason code %s", name)
	return ""
}

func vectors(tb testing.TB) []vector {
	tb.Helper()
	files, err := filepath.Glob("testdata/saml/*.txtar")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no vectors: %v", err)
	}
	var list []vector
	for _, name := range files {
		list = append(list, parseVector(tb, strings.TrimSuffix(filepath.Base(name), ".txtar"), readArchive(tb, name)))
	}
	return list
}

func parseVector(tb testing.TB, name string, a archive) vector {
	tb.Helper()
	v := vector{name: name, post: 1}
	for line := range strings.Lines(a.head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "expect":
			v.expect = value
		case "now":
			now, err := time.Parse(time.RFC3339, value)
			if err != nil {
				tb.Fatalf("%s: %v", name, err)
			}
			v.now = now
		case "request":
			v.request = strings.TrimPrefix(value, "-")
		case "post":
			v.post, _ = strconv.Atoi(value)
		case "subject":
			v.subject = value
		case "why":
			v.why = value
		default:
			tb.Fatalf("%s: the head says %q", name, line)
		}
	}
	for _, part := range a.parts {
		switch part.name {
		case "trust.json":
			v.record = parseRecord(tb, []byte(part.text))
		case "response.xml":
			v.field = base64.StdEncoding.EncodeToString([]byte(strings.TrimSuffix(part.text, "\n")))
		case "field.txt":
			v.field = strings.TrimSuffix(part.text, "\n")
		default:
			tb.Fatalf("%s: a part named %s", name, part.name)
		}
	}
	if v.expect == "" || v.why == "" || v.now.IsZero() || v.record.IsZero() {
		tb.Fatalf("%s: the head or record is not whole", name)
	}
	return v
}

// stored is trust.json.
type stored struct {
	Source trust.Source `json:"source"`
	Keys   *trust.Keys  `json:"keys"`
}

func parseRecord(tb testing.TB, data []byte) trust.Record {
	tb.Helper()
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		tb.Fatal(err)
	}
	return validatetest.Record(tb, s.Source, s.Keys)
}
