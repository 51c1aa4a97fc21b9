package cloud

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type oidcBody struct {
	Arn               string
	OIDCProviderName  string
	Description       string
	IssuerUrl         string
	ClientIds         string
	Fingerprints      string
	IssuanceLimitTime int64
	CreateDate        string
	UpdateDate        string
	GmtCreate         string
	GmtModified       string
}

type oidcList struct{ OIDCProvider []oidcBody }

func (p OIDCProvider) body() oidcBody {
	return oidcBody{
		Arn: p.ARN, OIDCProviderName: p.ARN[strings.LastIndex(p.ARN, "/")+1:], Description: p.Description, IssuerUrl: p.Issuer,
		ClientIds: strings.Join(p.ClientIDs, ","), Fingerprints: strings.Join(p.Fingerprints, ","), IssuanceLimitTime: int64(p.Issuance / time.Hour),
		CreateDate: stsTime(p.created), UpdateDate: stsTime(p.updated), GmtCreate: milliseconds(p.created), GmtModified: milliseconds(p.updated),
	}
}

// milliseconds is a time as both kinds of providers' Gmt fields have it, whole
// seconds as text.
func milliseconds(t time.Time) string { return strconv.FormatInt(t.Unix()*1000, 10) }

func (p OIDCProvider) answer() ramAnswer {
	body := p.body()
	return ramAnswer{OIDCProvider: &body}
}

func (c *Cloud) createOIDCProvider(account string, q rpcRequest) (ramAnswer, *fault) {
	name, f := requireName(q, "OIDCProviderName")
	if f != nil {
		return ramAnswer{}, f
	}
	if q.params.Get("IssuerUrl") == "" {
		return ramAnswer{}, missing("IssuerUrl")
	}
	wanted := OIDCProvider{ARN: arnOf(account, onOIDC, name), Issuer: q.params.Get("IssuerUrl"), Fingerprints: list(q.params.Get("Fingerprints"))}
	if wanted, f = wanted.changed(q, "Description"); f != nil {
		return ramAnswer{}, f
	}
	made, f := wanted.checked()
	if f != nil {
		return ramAnswer{}, f
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.issuers[made.ARN]; known {
		return ramAnswer{}, knownEntity("OIDCProvider")
	}
	if len(namesOf(c.issuers, account, onOIDC)) >= maxProviders {
		return ramAnswer{}, tooMany("OIDCProvider", maxProviders)
	}
	made, f = c.keepOIDC(made)
	return made.answer(), f
}

// changed is a provider with what creating and updating have in common.
func (p OIDCProvider) changed(q rpcRequest, description string) (OIDCProvider, *fault) {
	if f := requireDescription(q, description); f != nil {
		return p, f
	}
	if text := q.params.Get(description); text != "" {
		p.Description = text
	}
	if text := q.params.Get("ClientIds"); text != "" {
		p.ClientIDs = list(text)
	}
	if text := q.params.Get("IssuanceLimitTime"); text != "" {
		hours, err := strconv.ParseInt(text, 10, 16)
		if err != nil || hours < 1 {
			return p, malformed("IssuanceLimitTime")
		}
		p.Issuance = time.Duration(hours) * time.Hour
	}
	return p, nil
}

// list reads values that are joined by commas.
func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// changeOIDC keeps what is made of a provider, if that is within RAM's limits.
func (c *Cloud) changeOIDC(account string, q rpcRequest, change func(*OIDCProvider) *fault) (ramAnswer, *fault) {
	name, f := requireName(q, "OIDCProviderName")
	if f != nil {
		return ramAnswer{}, f
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.issuers[arnOf(account, onOIDC, name)]
	if !ok {
		return ramAnswer{}, unknownEntity("OIDCProvider")
	}
	p.ClientIDs, p.Fingerprints = slices.Clone(p.ClientIDs), slices.Clone(p.Fingerprints) // STS may be reading the others
	if f := change(&p); f != nil {
		return ramAnswer{}, f
	}
	if p, f = p.checked(); f != nil {
		return ramAnswer{}, f
	}
	p, f = c.keepOIDC(p)
	return p.answer(), f
}

// updateOIDCProvider replaces all client IDs by those given. It knows no parameter
// for fingerprints, nor one for the issuer.
func (c *Cloud) updateOIDCProvider(account string, q rpcRequest) (ramAnswer, *fault) {
	return c.changeOIDC(account, q, func(p *OIDCProvider) (f *fault) {
		*p, f = p.changed(q, "NewDescription")
		return f
	})
}

func (c *Cloud) addFingerprint(account string, q rpcRequest) (ramAnswer, *fault) {
	return c.changeOIDC(account, q, func(p *OIDCProvider) *fault {
		return added(&p.Fingerprints, plainPrint(q.params.Get("Fingerprint")), "Fingerprint")
	})
}

func (c *Cloud) removeFingerprint(account string, q rpcRequest) (ramAnswer, *fault) {
	return c.changeOIDC(account, q, func(p *OIDCProvider) *fault {
		return removed(&p.Fingerprints, plainPrint(q.params.Get("Fingerprint")), "Fingerprint")
	})
}

func (c *Cloud) addClientID(account string, q rpcRequest) (ramAnswer, *fault) {
	return c.changeOIDC(account, q, func(p *OIDCProvider) *fault { return added(&p.ClientIDs, q.params.Get("ClientId"), "ClientId") })
}

func (c *Cloud) removeClientID(account string, q rpcRequest) (ramAnswer, *fault) {
	return c.changeOIDC(account, q, func(p *OIDCProvider) *fault {
		return removed(&p.ClientIDs, q.params.Get("ClientId"), "ClientId")
	})
}

// added and removed refuse what is there already, or is not. Whether the real IMS
// does, or lets it pass, is not known: a client has to bear both.
func added(to *[]string, value, param string) *fault {
	switch {
	case value == "":
		return missing(param)
	case slices.Contains(*to, value):
		return knownEntity("OIDCProvider." + param)
	}
	*to = append(*to, value)
	return nil
}

func removed(from *[]string, value, param string) *fault {
	i := slices.Index(*from, value)
	switch {
	case value == "":
		return missing(param)
	case i < 0:
		return unknownEntity("OIDCProvider." + param)
	}
	*from = slices.Delete(*from, i, i+1)
	return nil
}

func (c *Cloud) getOIDCProvider(account string, q rpcRequest) (ramAnswer, *fault) {
	name, f := requireName(q, "OIDCProviderName")
	if f != nil {
		return ramAnswer{}, f
	}
	p, ok := c.oidcProvider(arnOf(account, onOIDC, name))
	if !ok {
		return ramAnswer{}, unknownEntity("OIDCProvider")
	}
	return p.answer(), nil
}

func (c *Cloud) listOIDCProviders(account string, q rpcRequest) (ramAnswer, *fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	names, marker, f := page(q, namesOf(c.issuers, account, onOIDC), maxProviders)
	found := oidcList{OIDCProvider: []oidcBody{}}
	for _, name := range names {
		found.OIDCProvider = append(found.OIDCProvider, c.issuers[arnOf(account, onOIDC, name)].body())
	}
	more := marker != ""
	return ramAnswer{OIDCProviders: &found, IsTruncated: &more, Marker: marker}, f
}

func (c *Cloud) deleteOIDCProvider(account string, q rpcRequest) (ramAnswer, *fault) {
	name, f := requireName(q, "OIDCProviderName")
	if f != nil {
		return ramAnswer{}, f
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	arn := arnOf(account, onOIDC, name)
	if _, ok := c.issuers[arn]; !ok {
		return ramAnswer{}, unknownEntity("OIDCProvider")
	}
	delete(c.issuers, arn)
	return ramAnswer{}, nil
}

// keepOIDC keeps a provider that was checked: an account has one for an issuer. It is
// called under the lock. The code is one that an operator met.
func (c *Cloud) keepOIDC(p OIDCProvider) (OIDCProvider, *fault) {
	account := oidcProviderARN.FindStringSubmatch(p.ARN)[1]
	for arn, other := range c.issuers {
		if other.Issuer == p.Issuer && arn != p.ARN && oidcProviderARN.FindStringSubmatch(arn)[1] == account {
			return p, refuse(http.StatusConflict, "EntityAlreadyExists.OIDCProvider.Url", "The account has %s for issuer %s, and may have one.", arn, p.Issuer)
		}
	}
	p.updated = c.now()
	p.created = p.updated
	if old, known := c.issuers[p.ARN]; known {
		p.created = old.created
	}
	c.issuers[p.ARN] = p
	return p, nil
}
