package push

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// trusts remembers how long sessions of the roles may last, and looks for those that
// anybody of an issuer may take.
func (p *planner) trusts(roles map[ram.RoleARN]RoleHas) {
	p.roles, p.Memory.MaxSession = map[string]bool{}, nil
	for _, role := range slices.SortedFunc(maps.Keys(roles), func(a, b ram.RoleARN) int { return strings.Compare(a.String(), b.String()) }) {
		has := roles[role]
		if p.Memory.MaxSession == nil {
			p.Memory.MaxSession = map[string]int{}
		}
		p.Memory.MaxSession[memory.RoleKey(role)] = has.MaxSession
		if p.roles[role.String()] = true; !has.Looked {
			continue
		}
		p.judged[role.String()] = true
		if why := trustsAnySubject(has.Trust); why != "" {
			p.drift(alert.RoleTrustsAnySubject, role.String(), "", "%s", why)
		}
	}
}

// texts is one value or a list of them, as policies have it: texts, numbers, true.
type texts []string

// UnmarshalJSON takes both.
func (t *texts) UnmarshalJSON(data []byte) error {
	var list []any
	if json.Unmarshal(data, &list) != nil {
		var one any
		if err := json.Unmarshal(data, &one); err != nil {
			return err
		}
		list = []any{one}
	}
	*t = make(texts, 0, len(list))
	for _, value := range list {
		*t = append(*t, fmt.Sprint(value))
	}
	return nil
}

type statement struct {
	Effect    string
	Principal map[string]texts
	Condition map[string]map[string]texts
}

// trustsAnySubject says why a trust policy lets in whoever an issuer of ID tokens
// vouches for, GitHub for anybody's workflow; "" where it does not. A policy that cannot
// be read is told as well.
func trustsAnySubject(document string) string {
	var policy struct{ Statement []statement }
	if err := json.Unmarshal([]byte(document), &policy); err != nil || len(policy.Statement) == 0 {
		return "its trust policy cannot be read"
	}
	for _, s := range policy.Statement {
		for _, provider := range s.Principal["Federated"] {
			if s.Effect == "Allow" && (provider == "*" || strings.Contains(provider, ":oidc-provider/")) && !s.namesSubject() {
				return "its trust policy lets in any subject of " + provider + ": add a condition on oidc:sub"
			}
		}
	}
	return ""
}

// namesSubject says whether a condition wants one of some subjects.
func (s statement) namesSubject() bool {
	for operator, keys := range s.Condition {
		operator = strings.TrimPrefix(operator, "ForAnyValue:")
		if !slices.Contains([]string{"StringEquals", "StringEqualsIgnoreCase", "StringLike"}, operator) {
			continue
		}
		for key, values := range keys {
			anybody := func(value string) bool { return strings.Trim(value, "*?") == "" }
			if strings.EqualFold(key, "oidc:sub") && len(values) > 0 && !slices.ContainsFunc(values, anybody) {
				return true
			}
		}
	}
	return false
}
