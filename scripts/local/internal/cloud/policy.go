package cloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// policy is a RAM policy: of trust (with principals), of permission or of a
// session (with resources).
type policy struct {
	Version   string      `json:"Version"`
	Statement []statement `json:"Statement"`
}

type statement struct {
	Effect    string                        `json:"Effect"`
	Action    words                         `json:"Action"`
	NotAction words                         `json:"NotAction"`
	Principal map[string]words              `json:"Principal"`
	Resource  words                         `json:"Resource"`
	NotRes    words                         `json:"NotResource"`
	Condition map[string]map[string]anyWord `json:"Condition"`
}

// words is one string or a list of them.
type words []string

// UnmarshalJSON takes "a" for ["a"].
func (w *words) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*w = words{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(text, &many); err != nil {
		return errors.New("neither a string nor a list of strings")
	}
	*w = many
	return nil
}

// anyWord is a condition's value: strings, numbers or booleans, or a list of them.
type anyWord []string

// UnmarshalJSON keeps each value as its text.
func (w *anyWord) UnmarshalJSON(text []byte) error {
	var many []json.RawMessage
	if json.Unmarshal(text, &many) != nil {
		many = []json.RawMessage{text}
	}
	for _, raw := range many {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			s = string(raw)
		}
		*w = append(*w, s)
	}
	return nil
}

// parsePolicy reads strictly: an unknown key is a fault, as in RAM.
func parsePolicy(text string) (policy, error) {
	var p policy
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return policy{}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return policy{}, errors.New("text after the policy")
	}
	if p.Version != "1" || len(p.Statement) == 0 {
		return policy{}, errors.New(`a policy has Version "1" and a Statement`)
	}
	for i, s := range p.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return policy{}, fmt.Errorf("statement %d: Effect is Allow or Deny", i)
		}
		if (len(s.Action) == 0) == (len(s.NotAction) == 0) {
			return policy{}, fmt.Errorf("statement %d: exactly one of Action and NotAction", i)
		}
	}
	return p, nil
}

// parsePermission reads a policy of permission or of a session.
func parsePermission(text string) (policy, error) {
	p, err := parsePolicy(text)
	if err != nil {
		return policy{}, err
	}
	for i, s := range p.Statement {
		if s.Principal != nil || (len(s.Resource) == 0) == (len(s.NotRes) == 0) {
			return policy{}, fmt.Errorf("statement %d: a Resource or a NotResource, and no Principal", i)
		}
	}
	return p, nil
}

// parseTrust reads a role's trust policy.
func parseTrust(text string) (policy, error) {
	p, err := parsePolicy(text)
	if err != nil {
		return policy{}, err
	}
	for i, s := range p.Statement {
		if len(s.Principal) == 0 || s.Resource != nil || s.NotRes != nil {
			return policy{}, fmt.Errorf("statement %d: a Principal, and no Resource", i)
		}
		for kind := range s.Principal {
			if !slices.Contains([]string{"RAM", "Service", "Federated"}, kind) {
				return policy{}, fmt.Errorf("statement %d: principals are RAM, Service or Federated, not %q", i, kind)
			}
		}
	}
	return p, nil
}

// decide gives what the statements that match say: a Deny wins, silence refuses.
func (p policy) decide(matches func(statement) bool, facts map[string]string) bool {
	allowed := false
	for _, s := range p.Statement {
		if !matches(s) {
			continue
		}
		held, known := s.conditionsHold(facts)
		switch {
		case s.Effect == "Deny" && (held || !known): // what cannot be judged is judged strictly
			return false
		case s.Effect == "Allow" && held && known:
			allowed = true
		}
	}
	return allowed
}

// permits answers for a policy of permission.
func (p policy) permits(action, resource string, facts map[string]string) bool {
	return p.decide(func(s statement) bool {
		return s.covers(action) && like(resource, s.Resource, s.NotRes)
	}, facts)
}

func (s statement) covers(action string) bool { return like(action, s.Action, s.NotAction) }

func like(value string, patterns, not words) bool {
	if len(not) > 0 {
		return !slices.ContainsFunc(not, func(p string) bool { return wildcard(p, value) })
	}
	return slices.ContainsFunc(patterns, func(p string) bool { return wildcard(p, value) })
}

// conditionsHold knows the two operators that trust policies of roles use; known
// is false when a condition is beyond it.
func (s statement) conditionsHold(facts map[string]string) (held, known bool) {
	held, known = true, true
	for operator, keys := range s.Condition {
		for key, wanted := range keys {
			got, present := facts[key]
			switch operator {
			case "StringEquals":
				held = held && present && slices.Contains(wanted, got)
			case "StringLike":
				held = held && present && slices.ContainsFunc(wanted, func(p string) bool { return wildcard(p, got) })
			default:
				held, known = false, false
			}
		}
	}
	return held, known
}

// wildcard matches RAM's patterns: * is any text, ? one character.
func wildcard(pattern, value string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			rest := strings.TrimLeft(pattern, "*")
			for i := 0; i <= len(value); i++ {
				if wildcard(rest, value[i:]) {
					return true
				}
			}
			return false
		case value == "" || (pattern[0] != '?' && pattern[0] != value[0]):
			return false
		}
		pattern, value = pattern[1:], value[1:]
	}
	return value == ""
}
