package push

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/push/memory"
)

// userSSO changes the metadata and how RAM signs its requests, and nothing else: all
// other settings are written back as they are. Whether people sign in so at all is not
// for a program to switch: it would lock everybody out, or let them in by password.
func (p *planner) userSSO(w UserSSO, has UserSSOHas) {
	p.judged[memory.UserSSO] = true
	if !has.Enabled {
		p.drift(alert.UserSSODisabled, memory.UserSSO, "", "user-based SSO is declared, and it is switched off in RAM")
	}
	if w.Introduced == nil {
		return
	}
	if len(has.Metadata) == 0 {
		p.drift(alert.ProviderMissing, memory.UserSSO, "", "user-based SSO has no metadata in RAM")
		if !p.wanted.Manage.Create {
			return
		}
	}
	document, words, ok := p.document(memory.UserSSO, *w.Introduced, has.Metadata)
	if !ok {
		return
	}
	if has.AuthnSignAlgo != signingAlgorithm {
		words = strings.TrimPrefix(words+", have requests signed by "+signingAlgorithm, ", ")
	}
	if words == "" {
		return
	}
	if document == nil {
		document = has.Metadata
	}
	p.call(setUserSSO, memory.UserSSO, words, has.withMetadata(document))
}

// withMetadata are all settings. What RAM did not say is left out: that may be its
// default.
func (h UserSSOHas) withMetadata(document []byte) url.Values {
	params := url.Values{
		"MetadataDocument": {base64.StdEncoding.EncodeToString(document)}, "AuthnSignAlgo": {signingAlgorithm},
		"SsoEnabled": {strconv.FormatBool(h.Enabled)},
	}
	if h.AuxiliaryDomain != "" {
		params.Set("AuxiliaryDomain", h.AuxiliaryDomain)
	}
	if h.LoginWithDomain != nil {
		params.Set("SsoLoginWithDomain", strconv.FormatBool(*h.LoginWithDomain))
	}
	return params
}
