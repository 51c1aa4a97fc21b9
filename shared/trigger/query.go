package trigger

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// plainQuery returns the parameters unescaped, once.
//
// Whether the platform hands them over escaped or not is not documented, so
// each value is judged by itself. It counts as escaped when it has an escape and
// otherwise only characters that forms and encodeURIComponent leave alone; what
// holds a "/", ":", "?" or "=" beside its escapes is a URL whose own escapes
// these are, and stays as it is. Nothing that we or a browser write is read
// wrongly by this; only a text such as "100%25", meant literally and unescaped
// by the platform, would be.
//
// Several values of one name arrive joined by commas, and nothing can tell them
// from one value with a comma. Names are taken in order: which of to and %74o is
// the first must not depend on chance.
func plainQuery(parameters map[string]string) url.Values {
	query := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		query.Add(unescapeOnce(name), unescapeOnce(parameters[name]))
	}
	return query
}

func unescapeOnce(s string) string {
	if !strings.Contains(s, "%") || strings.ContainsFunc(s, neverLeftAlone) {
		return s
	}
	plain, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return plain
}

// neverLeftAlone says whether encodeURIComponent and forms would have escaped c.
// The comma is the platform's own.
func neverLeftAlone(c rune) bool {
	letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	return !letter && !strings.ContainsRune("-_.!~*'()+%,", c)
}
