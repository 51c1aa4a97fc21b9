package trust_test

import (
	"testing"

	"github.com/fc-sso/fc-sso/shared/trust"
)

func TestKeysThatReplaceAllOthersAreTakenOrHeld(t *testing.T) {
	for name, c := range map[string]struct {
		known, fetched []string
		replaces       bool
	}{
		"the first":                 {nil, []string{"a"}, false},
		"the same":                  {[]string{"a", "b"}, []string{"b", "a"}, false},
		"one more":                  {[]string{"a"}, []string{"a", "b"}, false},
		"one less":                  {[]string{"a", "b"}, []string{"b"}, false},
		"one instead of another":    {[]string{"a", "b"}, []string{"b", "c"}, false},
		"one instead of the only":   {[]string{"a"}, []string{"b"}, true},
		"others instead of several": {[]string{"a", "b"}, []string{"c", "d"}, true},
	} {
		for _, overlap := range []bool{false, true} {
			got := trust.Plan(trust.Source{RequireOverlap: overlap}, c.known, c.fetched)
			if got.Replaces != c.replaces || got.Held != (c.replaces && overlap) || len(got.Digest) != 32 {
				t.Errorf("%s, requireOverlap %v: %+v", name, overlap, got)
			}
		}
	}
}

func TestTheDigestNamesTheKeysAndNotTheirOrder(t *testing.T) {
	digest := func(keys ...string) string { return trust.Plan(trust.Source{}, nil, keys).Digest }
	if digest("a", "b") != digest("b", "a") || digest("a", "b") != digest("a", "b", "a") {
		t.Error("the order, or a copy, makes another digest")
	}
	if digest("a", "b") == digest("a") || digest("a", "b") == digest("ab") {
		t.Error("other keys have the same digest")
	}
}
