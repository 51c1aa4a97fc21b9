package yamlfile_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
)

const schemaFile = "../../../template/federation.schema.json"

func TestTheSchemaInTheTemplateIsTheParsers(t *testing.T) {
	schema, err := yamlfile.Schema()
	if err != nil {
		t.Fatal(err)
	}
	compareGolden(t, schemaFile, string(schema))
}

// properties are the keys of the schema as an editor sees them.
func properties(t *testing.T) map[string]map[string]any {
	t.Helper()
	schema, err := yamlfile.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]any{}
	collect(root, "", found)
	return found
}

func collect(schema map[string]any, parent string, found map[string]map[string]any) {
	if items, ok := schema["items"].(map[string]any); ok {
		collect(items, strings.TrimSuffix(parent, ".")+"[].", found)
	}
	below, _ := schema["properties"].(map[string]any)
	for name, property := range below {
		found[parent+name] = property.(map[string]any)
		collect(found[parent+name], parent+name+".", found)
	}
}

func TestTheSchemaHasTheKeysOfTheParserAndNoOthers(t *testing.T) {
	found := properties(t)
	for _, key := range yamlfile.Keys() {
		if found[key.Path]["description"] != key.Means {
			t.Errorf("the schema says of %s: %v", key.Path, found[key.Path]["description"])
		}
		delete(found, key.Path)
	}
	for path := range found {
		t.Errorf("the schema knows %s, the parser does not", path)
	}
}

func TestEveryKeyIsExplainedInOneSentence(t *testing.T) {
	for _, key := range yamlfile.Keys() {
		if len(key.Means) < 20 || !strings.HasSuffix(key.Means, ".") || strings.Contains(key.Means, "|") || unicode.IsSpace(rune(key.Means[0])) {
			t.Errorf("%s: %q", key.Path, key.Means)
		}
	}
}

// The schema accepts a key exactly where the parser does: each key is put where
// the schema has it, as it is and misspelt.
func TestTheParserReadsEveryKeyOfTheSchemaAndNoOther(t *testing.T) {
	for path := range properties(t) {
		if faults := faultsOf(documentWith(path, false)); strings.Contains(faults, "unknown key") {
			t.Errorf("%s: %s", path, faults)
		}
		if faults := faultsOf(documentWith(path, true)); !strings.Contains(faults, "unknown key") {
			t.Errorf("%s, misspelt, was read", path)
		}
	}
}

// documentWith has the key at path alone, each of its parents a map or a list of
// one.
func documentWith(path string, misspelt bool) string {
	var b strings.Builder
	steps := strings.Split(path, ".")
	for depth, step := range steps {
		name, list := strings.CutSuffix(step, "[]")
		if misspelt && depth == len(steps)-1 {
			name += "x"
		}
		fmt.Fprintf(&b, "{%s: ", name)
		if list {
			b.WriteString("[")
		}
	}
	b.WriteString("x")
	for _, step := range slices.Backward(steps) {
		if strings.HasSuffix(step, "[]") {
			b.WriteString("]")
		}
		b.WriteString("}")
	}
	return b.String()
}

func faultsOf(text string) string {
	_, faults := yamlfile.Parse([]byte(text), nil, federation.Options{})
	return format(faults)
}

// What the schema enumerates is what the compiler takes, no more and no less.
func TestTheSchemasWordsAreTheCompilers(t *testing.T) {
	documents := map[string]string{
		"identityProviders[].preset":        "identityProviders: [{id: a, preset: %[1]s}]",
		"identityProviders[].oidc.tokenUse": "identityProviders: [{id: a, oidc: {issuer: https://a.example, audiences: [a], tokenUse: %[1]s}}]",
		"accounts[].site":                   "accounts: [{id: '12345', site: %[1]s}]",
		"accounts[].issue":                  "accounts: [{id: '12345', issue: %[1]s}]",
		"rules[].mode":                      "rules: [{name: a, mode: %[1]s}]",
	}
	for _, key := range yamlfile.Keys() {
		if len(key.Values) == 0 {
			continue
		}
		document, ok := documents[key.Path]
		if !ok {
			t.Errorf("no document for %s", key.Path)
		}
		for _, word := range append(key.Values, "nonsense") {
			refused := strings.Contains(faultsOf(fmt.Sprintf(document, word)), strconv.Quote(word))
			if refused != (word == "nonsense") {
				t.Errorf("%s: %s: refused %v", key.Path, word, refused)
			}
		}
	}
}

func TestTheSchemasOperatorsAreTheCompilers(t *testing.T) {
	condition := properties(t)["rules[].condition"]
	operators := condition["oneOf"].([]any)[1].(map[string]any)["properties"].(map[string]any)
	if len(operators) != 22 {
		t.Errorf("%d operators", len(operators))
	}
	for _, operator := range append(slices.Sorted(maps.Keys(operators)), "StringEqual", "stringEquals", "ForAny:StringEquals", "StringEqualsIfExist") {
		text := fmt.Sprintf("rules: [{name: a, condition: {%s: {\"saml:a\": x}}}]", operator)
		known := !strings.Contains(faultsOf(text), "RAM has no condition operator")
		if _, offered := operators[operator]; offered != known {
			t.Errorf("%s: the schema offers it: %v, the compiler knows it: %v", operator, offered, known)
		}
	}
}

// A document with any key renamed to one that nobody knows is refused: a
// restriction that is misspelt must not be a restriction that is missing.
func TestNoKeyMayBeMisspelt(t *testing.T) {
	text, err := os.ReadFile("../../../template/federation.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i := range keysOf(t, text) {
		renamed, name := rename(t, text, i, "colour")
		if renamed == nil {
			continue
		}
		if _, faults := yamlfile.Parse(renamed, os.DirFS("../../../template"), federation.Options{}); len(faults) == 0 {
			t.Errorf("%s as colour was taken", name)
		}
	}
}

// keysOf are all keys of a document, in its order.
func keysOf(t *testing.T, text []byte) []*yaml.Node {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return keysBelow(&document)
}

func keysBelow(node *yaml.Node) []*yaml.Node {
	var keys []*yaml.Node
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 {
			keys = append(keys, child)
		}
		keys = append(keys, keysBelow(child)...)
	}
	return keys
}

// rename gives the document with its i-th key renamed; nothing where the key is
// the administrator's own word: an alias, a key of a condition.
func rename(t *testing.T, text []byte, i int, to string) ([]byte, string) {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	key := keysBelow(&document)[i]
	if free(document.Content[0], key, "") {
		return nil, ""
	}
	name := key.Value
	key.Value = to
	renamed, err := yaml.Marshal(&document)
	if err != nil {
		t.Fatal(err)
	}
	return renamed, name
}

// free says whether key stands in a map whose keys are free.
func free(node, key *yaml.Node, parent string) bool {
	for i, child := range node.Content {
		name := parent
		if node.Kind == yaml.MappingNode && i%2 == 1 {
			name = node.Content[i-1].Value
		}
		if child == key {
			return parent == "attributes"
		}
		if free(child, key, name) {
			return true
		}
	}
	return false
}
