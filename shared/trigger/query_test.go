package trigger

import (
	"slices"
	"testing"
)

// Each value as a person or program means it, and how it arrives when the
// platform hands it over as it is and unescaped.
func TestAQueryIsUnescapedOnce(t *testing.T) {
	for _, c := range []struct{ meant, raw, decoded string }{
		{"zh", "zh", "zh"},
		{"ada@acme.com", "ada%40acme.com", "ada@acme.com"},
		{"ada+test@acme.com", "ada%2Btest%40acme.com", "ada+test@acme.com"},
		{"/go/acme-prod/admin", "%2Fgo%2Facme-prod%2Fadmin", "/go/acme-prod/admin"},
		{"/go/a?to=https%3A%2F%2Fb", "%2Fgo%2Fa%3Fto%3Dhttps%253A%252F%252Fb", "/go/a?to=https%3A%2F%2Fb"},
		{"https://a/?b=%E4%B8%AD", "https://a/?b=%E4%B8%AD", "https://a/?b=%E4%B8%AD"}, // typed by hand
		{"张三 x", "%E5%BC%A0%E4%B8%89+x", "张三 x"},
		{"4/0AX-b_c", "4%2F0AX-b_c", "4/0AX-b_c"},
		{"50%", "50%25", "50%"},
		{"a,b", "a,b", "a,b"},
		{"%zz", "%zz", "%zz"},
		{"", "", ""},
	} {
		if got := unescapeOnce(c.raw); got != c.meant {
			t.Errorf("%q arrives as it is and becomes %q", c.meant, got)
		}
		if got := unescapeOnce(c.decoded); got != c.meant {
			t.Errorf("%q arrives unescaped and becomes %q", c.meant, got)
		}
	}
}

func TestTheSameNameTwiceMeansTheSameEachTime(t *testing.T) {
	for range 50 {
		if got := plainQuery(map[string]string{"to": "a", "%74o": "b", "t%6F": "c"})["to"]; !slices.Equal(got, []string{"b", "c", "a"}) {
			t.Fatalf("got %q", got)
		}
	}
}
