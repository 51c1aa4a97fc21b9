package push

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/push/memory"
)

func (p *planner) oidc(w OIDCProvider, has *OIDCHas) {
	subject := w.ARN.String()
	if w.Unread {
		return
	}
	p.judged[subject] = true
	if has == nil {
		p.oidcMissing(w)
		return
	}
	if has.Issuer != w.Issuer {
		p.drift(alert.ProviderForeign, subject, "", "RAM has issuer %q there, not %q", has.Issuer, w.Issuer)
		return
	}
	p.fingerprints(w, has.Fingerprints)
	if out := p.clientIDs(w, has.ClientIDs); len(out.adds)+len(out.removes) > 0 {
		params := url.Values{oidcName: {w.ARN.Name()}, "ClientIds": {strings.Join(out.target, ",")}}
		if has.IssuanceLimitTime > 0 {
			params.Set("IssuanceLimitTime", strconv.Itoa(has.IssuanceLimitTime))
		}
		p.call(updateOIDC, subject, changes("client ID", out.adds, out.removes, false), params)
	}
}

func (p *planner) oidcMissing(w OIDCProvider) {
	subject := w.ARN.String()
	p.drift(alert.ProviderMissing, subject, "", "RAM has no such provider for %s", strings.Join(w.By, ", "))
	if !p.wanted.Manage.Create || len(w.ClientIDs) == 0 || len(w.Thumbprints) == 0 {
		return
	}
	fingerprints, clientIDs := p.settleFingerprints(w, nil), p.clientIDs(w, nil)
	if len(clientIDs.target) == 0 {
		return
	}
	p.call(createOIDC, subject, changes("client ID", clientIDs.adds, nil, false)+", "+changes("fingerprint", fingerprints.adds, nil, false), url.Values{
		oidcName: {w.ARN.Name()}, "IssuerUrl": {w.Issuer},
		"ClientIds": {strings.Join(clientIDs.target, ",")}, "Fingerprints": {strings.Join(fingerprints.target, ",")},
	})
}

// fingerprints adds what is served and then removes what is not. Only where there is no
// room left one goes first.
func (p *planner) fingerprints(w OIDCProvider, has []string) {
	spelt := map[string]string{} // as RAM has it
	for _, text := range has {
		spelt[fingerprint(text)] = text
	}
	now := without(fingerprints(has), nil)
	out := p.settleFingerprints(w, now)
	removes := out.removes
	remove := func() {
		name := removes[0]
		p.call(removeFingerprint, w.ARN.String(), "remove fingerprint "+name, url.Values{oidcName: {w.ARN.Name()}, "Fingerprint": {spelt[name]}})
		removes = removes[1:]
	}
	for n, name := range out.adds {
		if room := limitFingerprints - len(now) - n + len(out.removes) - len(removes); room < 1 && len(removes) > 0 {
			remove()
		}
		p.call(addFingerprint, w.ARN.String(), "add fingerprint "+name, url.Values{oidcName: {w.ARN.Name()}, "Fingerprint": {name}})
	}
	for len(removes) > 0 {
		remove()
	}
}

// settleFingerprints keeps what was served until lately: of several servers behind one
// name, each may have a chain of its own.
func (p *planner) settleFingerprints(w OIDCProvider, has []string) settled {
	s := set{limit: limitFingerprints, wanted: w.Thumbprints, grace: settleTime}
	out := s.settle(has, p.before.Providers[w.ARN.String()].Fingerprints, p.now, p.wanted.Manage.Repair)
	p.remember(w.ARN.String(), func(m *memory.Provider) { m.Fingerprints = out.known })
	for _, name := range out.strange {
		p.drift(alert.FingerprintUnknown, w.ARN.String(), name, "fingerprint %s is in RAM, and nobody serves it", name)
	}
	for _, name := range out.lacking {
		p.drift(alert.MetadataOlder, w.ARN.String(), name, "fingerprint %s is served, and RAM has no room for it", name)
	}
	return out
}

// clientID is what RAM takes: CreateOIDCProvider, ClientIds. They travel with commas
// between them.
var clientID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.\-_:/]{0,127}$`)

func (p *planner) clientIDs(w OIDCProvider, has []string) settled {
	subject := w.ARN.String()
	wanted := slices.DeleteFunc(slices.Clone(w.ClientIDs), func(id string) bool { return !clientID.MatchString(id) })
	s := set{limit: limitClientIDs, wanted: wanted, believed: w.Suspended, grace: staleTime}
	out := s.settle(has, p.before.Providers[subject].ClientIDs, p.now, p.wanted.Manage.Repair)
	p.remember(subject, func(m *memory.Provider) { m.ClientIDs = out.known })
	for _, id := range out.strange {
		p.drift(alert.ClientIDUnknown, subject, id, "client ID %q is in RAM, and no record has it as an audience", id)
	}
	for _, id := range without(w.ClientIDs, out.target) {
		p.drift(alert.MetadataOlder, subject, id, "client ID %q is an audience, and RAM cannot take it", id)
	}
	return out
}

func fingerprints(texts []string) []string {
	var names []string
	for _, text := range texts {
		names = append(names, fingerprint(text))
	}
	return names
}

// fingerprint is as we write it: RAM has what somebody typed.
func fingerprint(text string) string {
	return strings.ToLower(strings.ReplaceAll(text, ":", ""))
}
