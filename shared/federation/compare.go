package federation

import (
	"cmp"
	"net/netip"
	"strings"
	"time"
	"unicode"
)

// Value is one value to compare. What it is as a number, as a time, as an address
// is read once, when the first clause asks, however many ask: it is not for use by
// several at a time.
type Value struct {
	text   string
	folded reading[string]
	number reading[decimal]
	date   reading[time.Time]
	truth  reading[bool]
	ip     reading[netip.Addr]
}

// ValueOf is the value of this text.
func ValueOf(text string) *Value { return &Value{text: text} }

// reading is what a text was read as, or that it could not be.
type reading[V any] struct {
	done, ok bool
	value    V
}

func (r *reading[V]) of(text string, read func(string) (V, bool)) (V, bool) {
	if !r.done {
		r.value, r.ok = read(text)
		r.done = true
	}
	return r.value, r.ok
}

func (v *Value) asWritten() (string, bool)     { return v.text, true }
func (v *Value) asLiked() (string, bool)       { return v.text, len(v.text) <= maxLiked }
func (v *Value) asFolded() (string, bool)      { return v.folded.of(v.text, readFolded) }
func (v *Value) asDecimal() (decimal, bool)    { return v.number.of(v.text, readDecimal) }
func (v *Value) asDate() (time.Time, bool)     { return v.date.of(v.text, readDate) }
func (v *Value) asBool() (bool, bool)          { return v.truth.of(v.text, readBool) }
func (v *Value) asAddress() (netip.Addr, bool) { return v.ip.of(v.text, readAddress) }

// compares gives the test of a value: read it, and compare it with those wanted.
func compares[V, W any](wanted []W, as func(*Value) (V, bool), match func(V, W) bool, negated bool) func(*Value) bool {
	return func(value *Value) bool {
		got, ok := as(value)
		if !ok {
			return false
		}
		for _, w := range wanted {
			if match(got, w) {
				return !negated
			}
		}
		return negated
	}
}

// mostScanned is how many values are looked through one by one; more are looked up.
const mostScanned = 8

// isOneOf is compares for texts that are to be equal.
func isOneOf(wanted []string, as func(*Value) (string, bool), negated bool) func(*Value) bool {
	if len(wanted) <= mostScanned {
		return compares(wanted, as, func(got, w string) bool { return got == w }, negated)
	}
	set := make(map[string]struct{}, len(wanted))
	for _, w := range wanted {
		set[w] = struct{}{}
	}
	return func(value *Value) bool {
		got, _ := as(value)
		_, ok := set[got]
		return ok != negated
	}
}

func readFolded(text string) (string, bool) { return foldCase(text), true }

// foldCase makes texts that differ in case alone equal. A letter of ASCII is equal
// to no other than its own other case: Unicode also folds the Kelvin sign to k and
// the long s to s, and a group of such a name would pass for ours.
func foldCase(value string) string {
	return strings.Map(func(r rune) rune {
		lower := unicode.ToLower(r)
		if r > unicode.MaxASCII && lower <= unicode.MaxASCII {
			return r
		}
		return lower
	}, value)
}

// decimal is a number as it was written: exact, and compared without arithmetic.
type decimal struct {
	negative        bool
	whole, fraction string // without zeros that say nothing
}

const maxDecimal = 64 // characters

// readDecimal reads digits with an optional sign and fraction: -1.50. An exponent
// is no number here, as in RAM, and 1e999999999 is none to compute.
func readDecimal(text string) (decimal, bool) {
	if len(text) > maxDecimal {
		return decimal{}, false
	}
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(digits, ".")
	if !allDigits(whole) || point && !allDigits(fraction) {
		return decimal{}, false
	}
	d := decimal{negative, strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")}
	if d.whole == "" && d.fraction == "" {
		d.negative = false // there is one zero
	}
	return d, true
}

func allDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

func (d decimal) compare(other decimal) int {
	switch {
	case d.negative && !other.negative:
		return -1
	case !d.negative && other.negative:
		return 1
	}
	size := cmp.Or(len(d.whole)-len(other.whole), strings.Compare(d.whole, other.whole), strings.Compare(d.fraction, other.fraction))
	if d.negative {
		return -size
	}
	return size
}

// readDate reads a time as RAM writes it: 2019-08-12T17:00:00+08:00. UnmarshalText
// is stricter than Parse, which takes an hour of one digit.
func readDate(text string) (time.Time, bool) {
	var t time.Time
	err := t.UnmarshalText([]byte(text))
	return t, err == nil
}

// readBool takes either case: products of .NET write True.
func readBool(text string) (value, ok bool) {
	return strings.EqualFold(text, "true"), strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
}

// readAddress reads an address of a person's: an IPv4 one in IPv6's clothes is
// itself, and one with a zone, which no network contains, is none.
func readAddress(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a.Unmap(), err == nil && a.Zone() == ""
}

// readNetwork reads a network, or an address as the network of that alone.
func readNetwork(text string) (netip.Prefix, bool) {
	if a, ok := readAddress(text); ok {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil && !p.Addr().Is4In6()
}
