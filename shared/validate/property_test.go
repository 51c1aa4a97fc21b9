package validate_test

import (
	"crypto"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// Explaining and judging are one list: of 10,000 changed messages both say the
// same, and none is believed to say what nobody signed.
func TestExplainedAsJudged(t *testing.T) {
	list, keys := vectors(t), validatetest.Decrypters(t)
	random := rand.New(rand.NewPCG(4, 2))
	honest := map[string]bool{}
	believed := 0
	for _, v := range list {
		if said, _ := twice(t, v, v.field, keys); v.expect == "verified" || v.expect == "replayed" {
			honest[v.name+said] = true
		}
	}
	for range 10_000 {
		v := list[random.IntN(len(list))]
		xml, err := base64.StdEncoding.DecodeString(v.field)
		if err != nil || len(xml) == 0 {
			continue
		}
		said, code := twice(t, v, base64.StdEncoding.EncodeToString(mutated(random, xml)), keys)
		if code == "" {
			believed++
			if !honest[v.name+said] {
				t.Errorf("%s, changed, is believed to say\n%s", v.name, said)
			}
		}
	}
	if believed == 0 {
		t.Error("no change left a message as it was: the changes are too rough to show anything")
	}
}

// twice judges and explains a message, and compares.
func twice(t *testing.T, v vector, field string, keys []crypto.Decrypter) (said string, verdict reason.Code) {
	t.Helper()
	want := validatetest.Expectation()
	want.RequestID = v.request
	g := validate.Guard{Nonces: validatetest.NewNonces(), Now: func() time.Time { return v.now }, Decrypters: keys}
	report, err := g.Explain(v.record, want, field)
	if err != nil {
		t.Fatal(err)
	}
	who, err := g.Response(t.Context(), v.record, want, field)
	if code := reason.Of(err); code != report.Verdict || code == reason.Internal {
		t.Errorf("%s: judged %v, explained as %q", v.name, err, report.Verdict)
	}
	if who.IsZero() != (err != nil) {
		t.Errorf("%s: %v, and an identity %v", v.name, err, who.Subject())
	}
	return all(who), report.Verdict
}

// mutated changes a few places, half of them by what is to be found elsewhere in
// the message.
func mutated(random *rand.Rand, xml []byte) []byte {
	text := string(xml)
	words := []string{
		" ", "\n", "&#xD;", "&#10;", "<!---->", "<?x?>", "<![CDATA[]]>", "\x00", "\ufeff", "\u0085", ` xmlns=""`, ` xmlns:saml="urn:x"`, ` xmlns:q="urn:q"`,
		` ID="_1"`, ` xml:id="_1"`, "<x/>", "<saml:Assertion/>", "</saml:Assertion>", "_", "2", ":", "&amp;", "&", "\"", "'", ">", "<",
	}
	for range 1 + random.IntN(3) {
		at, length := random.IntN(len(text)+1), random.IntN(40)
		end := min(at+length, len(text))
		switch random.IntN(5) {
		case 0:
			text = text[:at] + words[random.IntN(len(words))] + text[at:]
		case 1:
			text = text[:at] + text[end:]
		case 2:
			text = text[:at] + text[at:end] + text[at:]
		case 3:
			elsewhere := random.IntN(len(text) + 1)
			text = text[:elsewhere] + text[at:end] + text[elsewhere:]
		case 4:
			text = swapTags(random, text)
		}
		if text == "" {
			text = "<"
		}
	}
	return []byte(text)
}

// swapTags exchanges what stands between two pairs of neighbouring tags.
func swapTags(random *rand.Rand, text string) string {
	parts := strings.SplitAfter(text, ">")
	i, j := random.IntN(len(parts)), random.IntN(len(parts))
	parts[i], parts[j] = parts[j], parts[i]
	return strings.Join(parts, "")
}
