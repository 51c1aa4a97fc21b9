package yamlfile

import (
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

func (r *reader) federation(root *yaml.Node) federation.Draft {
	var d federation.Draft
	r.fields("", root, object{
		"identityProviders": func(path string, _, node *yaml.Node) {
			r.each(path, node, func(path string, item *yaml.Node) {
				d.IdentityProviders = append(d.IdentityProviders, r.identityProvider(path, item))
			})
		},
		"accounts": func(path string, _, node *yaml.Node) {
			r.each(path, node, func(path string, item *yaml.Node) {
				d.Accounts = append(d.Accounts, r.account(path, item))
			})
		},
		"rules": func(path string, _, node *yaml.Node) {
			r.each(path, node, func(path string, item *yaml.Node) {
				d.Rules = append(d.Rules, r.rule(path, item))
			})
		},
	})
	return d
}

func (r *reader) identityProvider(path string, node *yaml.Node) trust.Source {
	s := trust.Source{SAML: trust.SAML{ClockSkewSeconds: federation.ByPreset}}
	r.fields(path, node, object{
		"id":             r.text(&s.ID),
		"displayName":    r.text(&s.DisplayName),
		"preset":         r.text(&s.Preset),
		"saml":           func(path string, _, node *yaml.Node) { r.saml(path, node, &s.SAML) },
		"oidc":           r.later("OpenID Connect is", "saml"),
		"attributes":     r.textMap(&s.Attributes),
		"person":         r.text(&s.Person),
		"emailDomains":   r.texts(&s.EmailDomains),
		"requireOverlap": r.later("requireOverlap is"),
		"suspended":      r.boolean(&s.Suspended),
		"fetch":          func(path string, _, node *yaml.Node) { r.fetch(path, node, &s.Fetch) },
	})
	return s
}

func (r *reader) saml(path string, node *yaml.Node, s *trust.SAML) {
	r.fields(path, node, object{
		"metadataURL": r.text(&s.MetadataURL),
		"metadataFile": func(path string, _, node *yaml.Node) {
			s.Metadata = r.file(path, node)
			r.broken[strings.TrimSuffix(path, "File")+"URL"] = s.Metadata == nil // not missing
		},
		"metadataKey":       func(path string, _, node *yaml.Node) { s.MetadataKey = string(r.file(path, node)) },
		"allowIdPInitiated": r.boolean(&s.AllowIdPInitiated),
		"clockSkew":         r.seconds(&s.ClockSkewSeconds),
		"allowSHA1":         r.boolean(&s.AllowSHA1),
		"allowUnsignedCBC":  r.boolean(&s.AllowUnsignedCBC),
	})
}

func (r *reader) fetch(path string, node *yaml.Node, f *trust.Fetch) {
	r.fields(path, node, object{
		"allowCIDRs": func(path string, _, node *yaml.Node) {
			r.each(path, node, func(path string, item *yaml.Node) {
				f.AllowCIDRs = r.prefix(path, item, f.AllowCIDRs)
			})
		},
		"caFile": func(path string, _, node *yaml.Node) {
			f.CA = string(r.file(path, node))
		},
	})
}

func (r *reader) prefix(path string, node *yaml.Node, to []netip.Prefix) []netip.Prefix {
	text, ok := r.scalar(path, node)
	if !ok {
		return to
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		r.fault(path, node, fmt.Sprintf("%.80q is no network", text), "write it as in 10.1.0.0/16 or fd00:1::/32")
		return to
	}
	return append(to, prefix.Masked())
}

// file takes in a file that stands beside or below the federation file.
func (r *reader) file(path string, node *yaml.Node) []byte {
	name, ok := r.scalar(path, node)
	if !ok {
		return nil
	}
	if !fs.ValidPath(name) || r.dir == nil {
		r.fault(path, node, fmt.Sprintf("%.200q is no path below the federation file's folder", name), "put the file there and write its path without .. or a leading /")
		return nil
	}
	content, err := readFile(r.dir, name)
	if err != nil {
		r.fault(path, node, err.Error(), "put a readable file there")
		return nil
	}
	return content
}

func readFile(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, fmt.Errorf("file %q cannot be read: %w", name, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	content, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("file %q cannot be read: %w", name, err)
	case len(content) == 0:
		return nil, fmt.Errorf("file %q is empty", name)
	case len(content) > MaxSize:
		return nil, fmt.Errorf("file %q has more than %d bytes", name, MaxSize)
	}
	return content, nil
}

func (r *reader) account(path string, node *yaml.Node) federation.AccountDraft {
	var a federation.AccountDraft
	r.fields(path, node, object{
		"id":                r.text(&a.ID),
		"alias":             r.text(&a.Alias),
		"site":              r.text(&a.Site),
		"issue":             r.text(&a.Issue),
		"samlProviders":     r.textMap(&a.SAMLProviders),
		"oidcProviders":     r.later("OpenID Connect is"),
		"maintenanceRole":   r.later("writing into an account's RAM is"),
		"federatedProvider": r.later("issue federated is"),
		"userSSO":           r.later("user-based sign-in is"),
		"manage":            r.later("managing an account's RAM is"),
	})
	return a
}

func (r *reader) rule(path string, node *yaml.Node) federation.RuleDraft {
	var d federation.RuleDraft
	r.fields(path, node, object{
		"name":  r.text(&d.Name),
		"idp":   r.text(&d.IdP),
		"roles": r.texts(&d.Roles),
		"assertedRoles": func(path string, _, node *yaml.Node) {
			d.AssertedRoles = &federation.AssertedDraft{}
			r.fields(path, node, object{"accounts": r.texts(&d.AssertedRoles.Accounts), "roles": r.texts(&d.AssertedRoles.Roles)})
		},
		"user": r.later("user-based sign-in is", "roles"),
		"condition": func(path string, _, node *yaml.Node) {
			d.Condition = r.condition(path, node)
		},
		"session":  func(path string, _, node *yaml.Node) { r.session(path, node, &d.Session) },
		"requires": r.later("requires is"),
		"mode":     r.text(&d.Mode),
	})
	return d
}

func (r *reader) session(path string, node *yaml.Node, s *federation.SessionDraft) {
	r.fields(path, node, object{
		"name":       r.text(&s.Name),
		"duration":   r.positive(&s.DurationSeconds),
		"policyFile": r.later("a session policy is"),
	})
}

// condition reads the word any, or operators; which of them there are is for the
// compiler to say.
func (r *reader) condition(path string, node *yaml.Node) *federation.ConditionDraft {
	if node.Kind == yaml.ScalarNode {
		if node.Value != "any" {
			r.fault(path, node, fmt.Sprintf("%.80q is no condition", node.Value), "any is the only word; else write StringEquals: {KEY: VALUE}")
		}
		return &federation.ConditionDraft{Any: true}
	}
	if node.Kind != yaml.MappingNode {
		r.fault(path, node, "the condition is a list", "write StringEquals: {KEY: VALUE}")
		return nil
	}
	c := &federation.ConditionDraft{Operators: map[string]map[string][]string{}}
	r.pairs(path, node, func(path string, key, value *yaml.Node) {
		c.Operators[key.Value] = r.keys(path, value)
	})
	return c
}

func (r *reader) keys(path string, node *yaml.Node) map[string][]string {
	keys := map[string][]string{}
	if node.Kind != yaml.MappingNode {
		r.fault(path, node, describe(path)+" is no map of keys and values", `write StringEquals: {"saml:groups": platform}`)
		return keys
	}
	r.pairs(path, node, func(path string, key, value *yaml.Node) {
		var values []string
		r.oneOrMore(&values)(path, key, value)
		keys[key.Value] = values
	})
	return keys
}
