package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// RetireTime is how long a key is believed at least after its source published it
// last: an honest message that it signed may still be on its way, and one server of
// several may publish less than the others for a while.
const RetireTime = time.Hour

// maxRetiring is how many keys retire at once. Of more those go that left first: a source
// that has other keys at each fetch would else make a record that nobody can read.
const maxRetiring = 100

// Retiring is a key that its source published until Since.
type Retiring[K any] struct {
	Key   K         `json:"key"`
	Since time.Time `json:"since"`
}

// Change is what keys that were fetched mean for those that are known. Keys go by
// the SHA-256 of the public key: a certificate that was renewed over the same key
// changes none.
type Change struct {
	Replaces bool   // none of the known keys is among them
	Held     bool   // and the record wants somebody to say that it is meant
	Digest   string // names the fetched keys, for who says so

	Added   []string // published for the first time, or again
	Retired []string // published no more, believed for a while
	Gone    []string // believed no more
}

// RetireTime is how long a key of the source is believed after it was published
// last: as long as what it signed may be good.
func (s Source) RetireTime() time.Duration {
	if s.OIDC == nil {
		return RetireTime
	}
	return max(RetireTime, time.Duration(s.OIDC.MaxAgeSeconds)*time.Second)
}

// PlanKeys is what metadata that was fetched now makes of what was known: the keys
// to store, and what that changes. Where none were known there is nothing to
// replace: the first are taken on the word of whoever declared their source.
func PlanKeys(source Source, known, fetched Keys, now time.Time) (Keys, Change, error) {
	before := lives[string]{known.Certificates, known.Retiring, known.Since}
	next, change, err := plan(source, before, fetched.Certificates, certificateName, now.UTC())
	fetched.Retiring, fetched.Since = next.retiring, next.since
	return fetched, change, err
}

// PlanIssuer is PlanKeys for an issuer of ID tokens.
func PlanIssuer(source Source, known, fetched Issuer, now time.Time) (Issuer, Change, error) {
	before := lives[json.RawMessage]{known.Keys, known.Retiring, known.Since}
	next, change, err := plan(source, before, fetched.Keys, tokenKeyName, now.UTC())
	fetched.Retiring, fetched.Since = next.retiring, next.since
	return fetched, change, err
}

// lives are the keys of one source: those that it publishes, those that it did not
// long ago, and since when each is known.
type lives[K any] struct {
	published []K
	retiring  []Retiring[K]
	since     map[string]time.Time
}

func plan[K any](source Source, known lives[K], fetched []K, nameOf func(K) (string, error), now time.Time) (lives[K], Change, error) {
	before, err := names(known.published, nameOf)
	if err != nil {
		return lives[K]{}, Change{}, err
	}
	after, err := names(fetched, nameOf)
	if err != nil {
		return lives[K]{}, Change{}, err
	}
	next := lives[K]{fetched, nil, map[string]time.Time{}}
	for _, name := range after {
		if next.since[name] = now; !known.since[name].IsZero() {
			next.since[name] = known.since[name]
		}
	}
	change := compare(source, before, after)
	leave := func(name string, end Retiring[K]) {
		if _, there := next.since[name]; !there { // else published again, or by two certificates
			next.retiring, next.since[name] = append(next.retiring, end), known.since[name]
		}
	}
	for _, end := range known.retiring {
		name, err := nameOf(end.Key)
		switch {
		case err != nil:
			return lives[K]{}, Change{}, err
		case Leaving(end.Since, source.RetireTime(), now):
			leave(name, end)
		case !slices.Contains(after, name):
			change.Gone = append(change.Gone, name)
		}
	}
	for i, name := range before {
		leave(name, Retiring[K]{known.published[i], now})
	}
	for len(next.retiring) > maxRetiring {
		name, err := nameOf(next.retiring[0].Key)
		if err != nil {
			return lives[K]{}, Change{}, err
		}
		delete(next.since, name)
		next.retiring, change.Gone = next.retiring[1:], append(change.Gone, name)
	}
	return next, change, nil
}

// compare is what the names of keys say.
func compare(source Source, before, after []string) Change {
	change := Change{Digest: digest(after), Added: without(after, before), Retired: without(before, after)}
	change.Replaces = len(before) > 0 && len(change.Retired) == len(slices.Compact(slices.Sorted(slices.Values(before))))
	change.Held = change.Replaces && source.RequireOverlap
	return change
}

// without are the names in list that are not in others, each once.
func without(list, others []string) []string {
	var rest []string
	for _, name := range list {
		if !slices.Contains(others, name) && !slices.Contains(rest, name) {
			rest = append(rest, name)
		}
	}
	return rest
}

// Leaving says whether a key that retires since then is believed now. A date in the
// future was written by a clock that went wrong, and counts as long ago: nobody
// knows when its time is up.
func Leaving(since time.Time, life time.Duration, now time.Time) bool {
	age := now.Sub(since)
	return age > -MaxClockSkew && age < life
}

// digest is the same in whichever order a source publishes its keys.
func digest(names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(sum[:16])
}

func names[K any](keys []K, nameOf func(K) (string, error)) ([]string, error) {
	list := make([]string, 0, len(keys))
	for _, key := range keys {
		name, err := nameOf(key)
		if err != nil {
			return nil, err
		}
		list = append(list, name)
	}
	return list, nil
}
