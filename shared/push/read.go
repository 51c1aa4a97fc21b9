package push

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
)

const (
	imsVersion = "2019-08-15"
	ramVersion = "2015-05-01"
)

// visit is what one account's maintenance role lets us do there.
type visit struct {
	Config

	credentials ram.Credentials
}

func (v visit) ims(ctx context.Context, action string, params url.Values, out any) error {
	return v.API.Call(ctx, openapi.Request{
		Endpoint: v.IMSEndpoint, Version: imsVersion, Action: action, Params: params, Credentials: v.credentials,
	}, out)
}

func (v visit) ram(ctx context.Context, action string, params url.Values, out any) error {
	return v.API.Call(ctx, openapi.Request{
		Endpoint: v.RAMEndpoint, Version: ramVersion, Action: action, Params: params, Credentials: v.credentials,
	}, out)
}

// read asks RAM for all providers that are wanted. What cannot be read is left out, and the
// error says what that is; where nobody answers, nothing more is asked.
func (v visit) read(ctx context.Context, w Wanted) (Has, error) {
	has := Has{SAML: map[ram.SAMLProviderARN]*SAMLHas{}, OIDC: map[ram.OIDCProviderARN]*OIDCHas{}}
	var asks []func() error
	for _, p := range w.SAML {
		asks = append(asks, func() error { return v.readSAML(ctx, p.ARN, has) })
	}
	for _, p := range w.OIDC {
		asks = append(asks, func() error { return v.readOIDC(ctx, p.ARN, has) })
	}
	if w.UserSSO != nil {
		asks = append(asks, func() error { return v.readUserSSO(ctx, &has) })
	}
	var failed []error
	for _, ask := range asks {
		err := ask()
		failed = append(failed, err)
		if unanswered(err) {
			break
		}
	}
	return has, errors.Join(failed...)
}

// unanswered says that the service is at fault, not what it was asked.
func unanswered(err error) bool {
	e, refused := errors.AsType[*openapi.Error](err)
	return err != nil && !errors.Is(err, errChanged) && (!refused || e.Status >= 500 || e.Throttled())
}

// missing says that RAM does not have what was asked for.
func missing(err error) bool {
	e, refused := errors.AsType[*openapi.Error](err)
	return refused && strings.HasPrefix(e.Code, "EntityNotExist")
}

func (v visit) readSAML(ctx context.Context, arn ram.SAMLProviderARN, has Has) error {
	var answer struct {
		SAMLProvider struct{ Arn, EncodedSAMLMetadataDocument, AuthnSignAlgo string }
	}
	err := v.ims(ctx, "GetSAMLProvider", url.Values{samlName: {arn.Name()}}, &answer)
	if missing(err) {
		has.SAML[arn] = nil
		return nil
	}
	p := answer.SAMLProvider
	if err == nil {
		err = about(p.Arn, arn)
	}
	metadata, broken := document(p.EncodedSAMLMetadataDocument)
	if err = errors.Join(err, broken); err != nil {
		return fmt.Errorf("%s: %w", arn, err)
	}
	has.SAML[arn] = &SAMLHas{metadata, p.AuthnSignAlgo}
	return nil
}

func (v visit) readOIDC(ctx context.Context, arn ram.OIDCProviderARN, has Has) error {
	var answer struct {
		OIDCProvider struct {
			Arn, IssuerURL, ClientIDs, Fingerprints string
			IssuanceLimitTime                       int
		}
	}
	err := v.ims(ctx, "GetOIDCProvider", url.Values{oidcName: {arn.Name()}}, &answer)
	if missing(err) {
		has.OIDC[arn] = nil
		return nil
	}
	p := answer.OIDCProvider
	if err == nil {
		err = about(p.Arn, arn)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", arn, err)
	}
	has.OIDC[arn] = &OIDCHas{p.IssuerURL, list(p.ClientIDs), list(p.Fingerprints), p.IssuanceLimitTime}
	return nil
}

func (v visit) readUserSSO(ctx context.Context, has *Has) error {
	var answer struct {
		Settings *struct {
			MetadataDocument, AuxiliaryDomain, AuthnSignAlgo string
			Enabled                                          *bool `json:"SsoEnabled"`
			WithDomain                                       *bool `json:"SsoLoginWithDomain"`
		} `json:"UserSsoSettings"`
	}
	err := v.ims(ctx, "GetUserSsoSettings", nil, &answer)
	if s := answer.Settings; err == nil && (s == nil || s.Enabled == nil) {
		err = errors.New("the answer does not say whether it is switched on")
	}
	if err != nil {
		return fmt.Errorf("user-based SSO: %w", err)
	}
	s := answer.Settings
	metadata, err := document(s.MetadataDocument)
	if err != nil {
		return fmt.Errorf("user-based SSO: %w", err)
	}
	has.UserSSO = &UserSSOHas{metadata, *s.Enabled, s.AuxiliaryDomain, s.AuthnSignAlgo, s.WithDomain}
	return nil
}

// about refuses answers that are not about what was asked: an empty one would say that
// RAM has nothing.
func about(arn string, want fmt.Stringer) error {
	if !strings.EqualFold(arn, want.String()) {
		return fmt.Errorf("the answer is about %.200q", arn)
	}
	return nil
}

// document decodes metadata, which may have line breaks in it.
func document(encoded string) ([]byte, error) {
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return nil, fmt.Errorf("its metadata is no base64: %w", err)
	}
	return text, nil
}

func list(joined string) []string {
	var all []string
	for _, name := range strings.Split(joined, ",") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all
}
