package difference

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// value is what a file says at one place: a text, or a list of them. The zero
// value is that it says nothing.
type value struct {
	texts []string
	list  bool
}

func text(s string) value { return value{texts: []string{s}} }

func (v value) isZero() bool { return v.texts == nil }

// flat reads an entry as it is stored, where it has the names of federation.yaml
// but for those that renamed knows. Why by way of JSON: a field that somebody adds
// is compared without a word here.
func flat(v any) map[string]value {
	fields := map[string]value{}
	stored, err := json.Marshal(v)
	if err != nil {
		return map[string]value{"?": text(err.Error())}
	}
	decoder := json.NewDecoder(bytes.NewReader(stored))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return map[string]value{"?": text(err.Error())}
	}
	flatten(fields, "", tree)
	return fields
}

func flatten(fields map[string]value, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			flatten(fields, strings.TrimPrefix(path+"."+name, "."), inner)
		}
	case []any:
		list := value{texts: []string{}, list: true}
		for _, inner := range v {
			list.texts = append(list.texts, fmt.Sprint(inner))
		}
		name, _ := shown(path, "")
		fields[name] = list
	case nil:
	default:
		name, content := shown(path, fmt.Sprint(v))
		fields[name] = text(content)
	}
}

// shown gives a stored field its name in the file, and what may be shown of it.
func shown(path, text string) (name, shown string) {
	switch path {
	case "saml.metadata":
		content, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			content = []byte(text)
		}
		return "saml.metadataFile", fingerprint(content)
	case "saml.metadataKey":
		return path, fingerprint([]byte(text))
	case "fetch.ca":
		return "fetch.caFile", fingerprint([]byte(text))
	case "session.policy":
		return "session.policyFile", fingerprint([]byte(text))
	case "condition.any":
		return "condition", "any"
	}
	if name, ok := strings.CutSuffix(path, "Seconds"); ok {
		return name, duration(text)
	}
	return strings.Replace(path, "condition.operators.", "condition.", 1), text
}

// fingerprint shows that a file is another without showing the file.
func fingerprint(content []byte) string {
	sum := sha256.Sum256(content)
	return fmt.Sprintf("sha256:%x (%d bytes)", sum[:6], len(content))
}

// duration writes seconds as a file does.
func duration(text string) string {
	d, err := time.ParseDuration(text + "s")
	if err != nil {
		return text
	}
	text = d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// most is how long two lists may be to be shown whole.
const most = 80

func field(path string, before, after value) (Field, bool) {
	f := Field{Path: path, Old: before.String(), New: after.String()}
	if before.list && after.list && len(f.Old)+len(f.New) > most {
		f.less, f.more = without(before, after), without(after, before)
	}
	if before.isZero() && (f.New == "true" || f.New == "false") { // a switch that is not named is off
		f.Old = "false"
	}
	if after.isZero() && f.Old == "true" {
		f.New = "false"
	}
	return f, f.Old != f.New
}

// String is empty where nothing is said.
func (v value) String() string {
	if v.list {
		return "[" + strings.Join(v.texts, ", ") + "]"
	}
	return strings.Join(v.texts, "")
}

// without is what a has and b does not.
func without(a, b value) []string {
	has := map[string]bool{}
	for _, s := range b.texts {
		has[s] = true
	}
	return slices.DeleteFunc(slices.Clone(a.texts), func(s string) bool { return has[s] })
}

func (v value) is(s string) bool { return !v.list && len(v.texts) == 1 && v.texts[0] == s }

func identityProvider(s trust.Source) entry { return entry{s.ID, s.ID, s, idpDangers} }

func account(a federation.AccountDraft) entry {
	name := a.ID
	if a.Alias != "" {
		name += " (" + a.Alias + ")"
	}
	return entry{a.ID, name, a, accountDangers}
}

func rule(r federation.RuleDraft) entry { return entry{r.Name, r.Name, r, ruleDangers} }

// fields are all that the entry says beside its name, by path; of none, nothing.
func (e entry) fields() map[string]value {
	if e.says == nil {
		return nil
	}
	fields := flat(e.says)
	maps.DeleteFunc(fields, func(path string, v value) bool { return (path == "id" || path == "name") && v.is(e.id) })
	return fields
}
