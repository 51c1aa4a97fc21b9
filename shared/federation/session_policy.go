package federation

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxPolicy is how many characters STS takes as the Policy of AssumeRole, blanks
// included: what is stored and sent has none that mean nothing.
const MaxPolicy = 2048

// compacted is a policy without the blanks that mean nothing, or as it was where
// it is no JSON.
func compacted(policy string) string {
	var b bytes.Buffer
	if json.Compact(&b, []byte(policy)) != nil {
		return policy
	}
	return b.String()
}

// SessionPolicy reads a policy that somebody else than the file asks for, by the
// rules that hold for the file's own.
func SessionPolicy(text string) (string, error) {
	if err := checkPolicy(text); err != nil {
		return "", err
	}
	text = compacted(text)
	if n := utf8.RuneCountInString(text); n > MaxPolicy {
		return "", fmt.Errorf("it has %d characters without blanks, STS takes %d", n, MaxPolicy)
	}
	return text, nil
}

// sessionPolicy refuses at apply what STS would refuse with every click.
func (c *compiler) sessionPolicy(path, text string) string {
	if text == "" {
		return ""
	}
	if err := checkPolicy(text); err != nil {
		c.problem(path, "no RAM policy: "+err.Error(), `write {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}`)
		return ""
	}
	if n := utf8.RuneCountInString(text); n > MaxPolicy {
		c.problem(path, fmt.Sprintf("the session policy has %d characters without blanks, STS takes %d", n, MaxPolicy),
			"shorten it: * for actions that begin alike, or let the role's own policies say it")
		return ""
	}
	return text
}

// checkPolicy knows the grammar of a policy of permission: a Principal, which only
// the trust policy of a role has, is an unknown key here.
func checkPolicy(text string) error {
	document, err := exactly([]byte(text), "Version", "Statement")
	if err != nil {
		return err
	}
	if version := string(document["Version"]); version != `"1"` {
		return fmt.Errorf(`the Version is %.20s, not "1"`, cmp.Or(version, "missing"))
	}
	var statements []json.RawMessage
	if err := json.Unmarshal(document["Statement"], &statements); err != nil || len(statements) == 0 {
		return errors.New("the Statement is no list of at least one")
	}
	for i, text := range statements {
		if err := checkStatement(text); err != nil {
			return fmt.Errorf("in Statement[%d] %w", i, err)
		}
	}
	return nil
}

func checkStatement(text []byte) error {
	s, err := exactly(text, "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
	if err != nil {
		return err
	}
	effect := string(s["Effect"])
	if effect != `"Allow"` && effect != `"Deny"` {
		return fmt.Errorf("the Effect is %.20s, neither Allow nor Deny", cmp.Or(effect, "missing"))
	}
	for _, pair := range [][2]string{{"Action", "NotAction"}, {"Resource", "NotResource"}} {
		if (s[pair[0]] == nil) == (s[pair[1]] == nil) {
			return fmt.Errorf("exactly one of %s and %s is needed", pair[0], pair[1])
		}
		for _, key := range pair {
			if s[key] != nil && !isWords(s[key]) {
				return fmt.Errorf("the %s is neither a text nor a list of texts", key)
			}
		}
	}
	if s["Condition"] == nil {
		return nil
	}
	var condition map[string]map[string]any
	if json.Unmarshal(s["Condition"], &condition) != nil {
		return errors.New("the Condition is no map of operators to keys and values")
	}
	return nil
}

// exactly reads an object that has no other keys than these, and each once: of two
// RAM may heed another than we do. RAM tells their case apart, encoding/json does
// not where it fills a struct.
func exactly(text []byte, known ...string) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	err := json.Unmarshal(text, &object)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, fmt.Errorf("no JSON: %w", syntax)
	}
	if err != nil || object == nil {
		return nil, errors.New("no JSON object {…}")
	}
	if key, ok := doubled(text); ok {
		return nil, fmt.Errorf("key %.80q stands twice", key)
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("unknown key %.80q; there are %s", key, strings.Join(known, ", "))
		}
	}
	return object, nil
}

// doubled finds a key of the object, which is sound JSON, that stands twice.
func doubled(object []byte) (key string, found bool) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	seen := map[string]bool{}
	_, err := decoder.Token() // {
	for err == nil && decoder.More() {
		name, _ := decoder.Token()
		key, _ := name.(string)
		if seen[key] {
			return key, true
		}
		seen[key] = true
		err = decoder.Decode(&json.RawMessage{})
	}
	return "", false
}

func isWords(text []byte) bool {
	var one string
	if json.Unmarshal(text, &one) == nil {
		return one != ""
	}
	var many []string
	return json.Unmarshal(text, &many) == nil && len(many) > 0 && !slices.Contains(many, "")
}
