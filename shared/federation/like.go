package federation

import (
	"strings"
	"unicode/utf8"
)

// Bounds of what is matched: the time is at most their product, in steps of a
// nanosecond.
const (
	maxPattern = 1024
	maxLiked   = 4096
)

// like matches text against a pattern of RAM's: * stands for any run of characters,
// none included, ? for one character, and everything else for itself. On a mismatch
// only the last * takes one more character: what an earlier one could take instead
// would not match more.
func like(text, pattern string) bool {
	p, t := 0, 0
	star, taken := -1, 0 // the last * and the end of what it took
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, taken = p, t
			p++
		case p < len(pattern) && pattern[p] == '?':
			t += characterAt(text, t)
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p, t = p+1, t+1
		case star >= 0:
			taken += characterAt(text, taken)
			p, t = star+1, taken
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// characterAt is how many bytes the character at i has.
func characterAt(text string, i int) int {
	_, size := utf8.DecodeRuneInString(text[i:])
	return size
}
