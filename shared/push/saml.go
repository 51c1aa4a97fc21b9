package push

import (
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// shortName is enough of a SHA-256 to tell two apart by eye.
const shortName = 16

func (p *planner) saml(w SAMLProvider, has *SAMLHas) {
	subject := w.ARN.String()
	p.judged[subject] = true
	if has == nil {
		p.samlMissing(w)
		return
	}
	document, words, ok := p.document(subject, w.Introduced, has.Metadata)
	if !ok || document == nil {
		return
	}
	params := url.Values{samlName: {w.ARN.Name()}, "NewEncodedSAMLMetadataDocument": {base64.StdEncoding.EncodeToString(document)}}
	if has.AuthnSignAlgo != "" {
		params.Set("AuthnSignAlgo", has.AuthnSignAlgo)
	}
	p.call(updateSAML, subject, words, params)
}

func (p *planner) samlMissing(w SAMLProvider) {
	subject := w.ARN.String()
	p.drift(alert.ProviderMissing, subject, "", "RAM has no such provider for %s", w.By)
	if w.EntityID == "" {
		return
	}
	p.unconfirm(subject)
	if !p.wanted.Manage.Create {
		return
	}
	document, words, ok := p.document(subject, w.Introduced, nil)
	if !ok {
		return
	}
	p.call(createSAML, subject, words, url.Values{
		samlName: {w.ARN.Name()}, "EncodedSAMLMetadataDocument": {base64.StdEncoding.EncodeToString(document)},
	})
}

// document is the metadata that should be where has is, and what is new in it; nil
// where that may stay, and not ok where nothing may be written. It is written from what
// we believe: the certificates that others put there are all that is kept of what was
// there.
func (p *planner) document(subject string, w Introduced, has []byte) (document []byte, words string, ok bool) {
	if w.EntityID == "" { // nothing is known of it, or it is suspended: that says nothing of RAM
		return nil, "", false
	}
	there, err := introducedBy(has)
	if err != nil || len(has) > 0 && there.EntityID != w.EntityID {
		p.drift(alert.ProviderForeign, subject, "", "RAM has metadata of %s there, not of %s", told(there.EntityID, err), w.EntityID)
		p.unconfirm(subject)
		return nil, "", false
	}
	all := w.certificates(p.now)
	s := all.set
	names := all.add(there.Certificates...)
	out := s.settle(names, p.before.Providers[subject].Certificates, p.now, p.wanted.Manage.Repair)
	p.remember(subject, func(m *memory.Provider) { m.Certificates = out.known })
	for _, name := range out.strange {
		p.drift(alert.CertificateUnknown, subject, name, "certificate %s is in RAM, and nobody published it", all.describe(name))
	}
	for _, name := range out.lacking {
		p.drift(alert.MetadataOlder, subject, name, "certificate %s is published, and RAM has no room for it", all.describe(name))
	}
	moved := len(has) > 0 && len(without(places(w.SSO), places(there.SSO))) > 0
	if len(out.adds)+len(out.removes) == 0 && !moved {
		return nil, "", true
	}
	next := samldoc.Introduction{EntityID: w.EntityID, SSO: w.SSO, Certificates: all.pick(out.target)}
	if document, err = next.Metadata(); err != nil {
		p.drift(alert.MetadataOlder, subject, "", "its metadata cannot be written: %v", err)
		return nil, "", false
	}
	return document, changes("certificate", all.describeAll(out.adds), all.describeAll(out.removes), moved), true
}

func told(entityID string, err error) string {
	if err != nil {
		return "nobody that can be read (" + err.Error() + ")"
	}
	return strconv.Quote(entityID)
}

// introducedBy reads what RAM has. A certificate that no library would take is one all
// the same: it is kept, or removed, as it is.
func introducedBy(metadata []byte) (samldoc.Introduction, error) {
	if len(metadata) == 0 {
		return samldoc.Introduction{}, nil
	}
	read, err := samldoc.ParseMetadata(metadata, samldoc.Wanted{})
	if err != nil {
		return samldoc.Introduction{}, err
	}
	i := samldoc.Introduction{EntityID: read.EntityID, SSO: read.SSO}
	for _, text := range read.Certificates {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return samldoc.Introduction{}, err
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			certificate = &x509.Certificate{Raw: der}
		}
		i.Certificates = append(i.Certificates, certificate)
	}
	return i, nil
}

func places(endpoints []samldoc.Endpoint) []string {
	var all []string
	for _, e := range endpoints {
		all = append(all, e.Binding+" "+e.Location)
	}
	return all
}

// pile are certificates by the SHA-256 that names them.
type pile struct {
	set

	byName map[string]*x509.Certificate
}

// certificates are those that an identity provider should be known by. The one that
// lasts longest is the best; one that has ended counts only where no other is
// published: products leave such in their metadata, and RAM has room for two.
func (w Introduced) certificates(now time.Time) pile {
	p := pile{byName: map[string]*x509.Certificate{}}
	published := slices.Clone(w.Certificates)
	slices.SortStableFunc(published, func(a, b *x509.Certificate) int { return b.NotAfter.Compare(a.NotAfter) })
	lasting := slices.IndexFunc(published, func(c *x509.Certificate) bool { return c.NotAfter.Before(now) })
	if lasting <= 0 {
		lasting = len(published)
	}
	p.set = set{
		limit: limitCertificates, grace: staleTime, wanted: p.add(published[:lasting]...),
		believed: p.add(slices.Concat(w.Believed, published[lasting:])...),
	}
	return p
}

// add names certificates.
func (p pile) add(certificates ...*x509.Certificate) []string {
	var names []string
	for _, c := range certificates {
		name := trust.Fingerprint(c)
		p.byName[name] = c
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (p pile) pick(names []string) []*x509.Certificate {
	var certificates []*x509.Certificate
	for _, name := range names {
		certificates = append(certificates, p.byName[name])
	}
	return certificates
}

func (p pile) describe(name string) string {
	c := p.byName[name]
	if c.NotAfter.IsZero() {
		return name[:shortName] + " (it cannot be read)"
	}
	return name[:shortName] + " (" + c.NotAfter.UTC().Format(time.DateOnly) + ")"
}

func (p pile) describeAll(names []string) []string {
	var words []string
	for _, name := range names {
		words = append(words, p.describe(name))
	}
	return words
}

// changes says what comes and goes.
func changes(what string, adds, removes []string, moved bool) string {
	var words []string
	for _, name := range adds {
		words = append(words, "add "+what+" "+name)
	}
	for _, name := range removes {
		words = append(words, "remove "+what+" "+name)
	}
	if moved {
		words = append(words, "say where to sign in")
	}
	return strings.Join(words, ", ")
}
