package cloud

import (
	"encoding/base64"
	"fmt"
	"strconv"
)

// userSSO is an account's user-based SSO.
type userSSO struct {
	enabled         bool
	document        string // metadata, as it was uploaded
	signs           string
	auxiliaryDomain string
	withDomain      bool
}

func noUserSSO() userSSO { return userSSO{signs: signsSHA1, withDomain: true} }

type userSSOBody struct {
	MetadataDocument   string
	SsoEnabled         bool
	AuxiliaryDomain    string
	AuthnSignAlgo      string
	SsoLoginWithDomain bool
}

func (s userSSO) answer() ramAnswer {
	return ramAnswer{UserSsoSettings: &userSSOBody{s.document, s.enabled, s.auxiliaryDomain, s.signs, s.withDomain}}
}

// AddUserSSO switches user-based SSO on in an account that has no settings yet, as
// its administrator did before the bundle came; the metadata is still to be set.
func (c *Cloud) AddUserSSO(account string, withDomain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.userSSO[account]; !known {
		c.userSSO[account] = userSSO{enabled: true, signs: signsSHA1, withDomain: withDomain}
	}
}

// HasUserSSOMetadata says whether somebody uploaded any.
func (c *Cloud) HasUserSSOMetadata(account string) bool { return c.userSSOOf(account).document != "" }

// SetUserSSOMetadata uploads metadata, and leaves the other settings as they are.
func (c *Cloud) SetUserSSOMetadata(account string, metadata []byte) error {
	if _, err := parseMetadata(metadata); err != nil {
		return fmt.Errorf("user-based SSO of %s: metadata: %w", account, err)
	}
	set := c.userSSOOf(account)
	set.document = base64.StdEncoding.EncodeToString(metadata)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.userSSO[account] = set
	return nil
}

func (c *Cloud) userSSOOf(account string) userSSO {
	c.mu.Lock()
	defer c.mu.Unlock()
	if set, known := c.userSSO[account]; known {
		return set
	}
	return noUserSSO()
}

func (c *Cloud) getUserSSO(account string, _ rpcRequest) (ramAnswer, *fault) {
	return c.userSSOOf(account).answer(), nil
}

// setUserSSO takes what is not said for its default. The pages give defaults and do
// not say whether they hold for an account that had other settings; the worse case is
// emulated: who forgets SsoEnabled switches it off.
func (c *Cloud) setUserSSO(account string, q rpcRequest) (ramAnswer, *fault) {
	set := noUserSSO()
	set.document, set.auxiliaryDomain = q.params.Get("MetadataDocument"), q.params.Get("AuxiliaryDomain")
	if set.document != "" {
		if _, f := readMetadata(set.document, "MetadataDocument"); f != nil {
			return ramAnswer{}, f
		}
	}
	for param, into := range map[string]*bool{"SsoEnabled": &set.enabled, "SsoLoginWithDomain": &set.withDomain} {
		if f := readBool(q, param, into); f != nil {
			return ramAnswer{}, f
		}
	}
	if f := readAlgorithm(q, &set.signs); f != nil {
		return ramAnswer{}, f
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.userSSO[account] = set
	return set.answer(), nil
}

func readBool(q rpcRequest, param string, into *bool) *fault {
	text := q.params.Get(param)
	if text == "" {
		return nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return malformed(param)
	}
	*into = value
	return nil
}

func (c *Cloud) getDefaultDomain(account string, _ rpcRequest) (ramAnswer, *fault) {
	return ramAnswer{DefaultDomainName: c.defaultDomain(account)}, nil
}
