package yamlfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
)

// Schema is the JSON schema (2020-12) of a federation file, for editors. It is
// made of the tables that the reader uses. It tells the shape of a file, and not
// what joins its parts: whether a rule names an account that is listed is for the
// compiler to say.
func Schema() ([]byte, error) {
	root := schemaOfObject(tables())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "federation.yaml of fc-sso"
	root["$defs"] = node{"keys": conditionKeys()}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("the schema cannot be written: %w", err)
	}
	return b.Bytes(), nil
}

// node is one JSON object of the schema.
type node = map[string]any

func schemaOfObject(keys object) node {
	properties, required := node{}, []string{}
	groups := alternatives(keys)
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		f := keys[name]
		properties[name] = schemaOf(f.shape, f.shape.needed || groups[name] != "")
		if f.shape.needed {
			required = append(required, name)
		}
	}
	s := node{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	if all := exactlyOne(groups); len(all) > 0 {
		s["allOf"] = all
	}
	return s
}

// alternatives joins the keys of which one may stand for another: each with the
// name of its group.
func alternatives(keys object) map[string]string {
	group := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		for _, sibling := range keys[name].shape.instead {
			leader := min(name, sibling)
			if known := group[sibling]; known != "" {
				leader = known
			}
			group[name], group[sibling] = leader, leader
		}
	}
	return group
}

func exactlyOne(groups map[string]string) []node {
	members := map[string][]node{}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		members[groups[name]] = append(members[groups[name]], node{"required": []string{name}})
	}
	var all []node
	for _, leader := range slices.Sorted(maps.Keys(members)) {
		all = append(all, node{"oneOf": members[leader]})
	}
	return all
}

// schemaOf is the schema of what stands at one key; a list that the file cannot do
// without has an entry.
func schemaOf(s shape, needed bool) node {
	n := schemaOfKind(s)
	if s.means != "" {
		n["description"] = s.means
	}
	if needed && n["type"] == "array" {
		n["minItems"] = 1
	}
	return n
}

func schemaOfKind(s shape) node {
	switch s.kind {
	case kindText, kindFile:
		return schemaOfText(s)
	case kindBoolean:
		return node{"type": "boolean"}
	case kindDuration:
		return node{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(h|m|s))+$`, "examples": []string{"60s", "45m", "8h"}}
	case kindTexts:
		return node{"type": "array", "items": schemaOfText(s)}
	case kindNetworks:
		return node{"type": "array", "items": node{"type": "string", "pattern": `^[0-9A-Fa-f:.]+/[0-9]+$`}}
	case kindTextMap:
		return node{"type": "object", "additionalProperties": schemaOfText(s)}
	case kindObject:
		return schemaOfObject(s.keys())
	case kindObjects:
		return node{"type": "array", "items": schemaOfObject(s.keys())}
	case kindCondition:
		return schemaOfCondition()
	}
	return node{}
}

// schemaOfText: text is read as it is written, so that what YAML takes for a
// number or a truth value is text too.
func schemaOfText(s shape) node {
	n := node{"type": []string{"string", "number", "boolean"}, "minLength": 1}
	if s.like != "" {
		n["pattern"] = s.like
	}
	if len(s.values) > 0 {
		return node{"type": "string", "enum": s.values}
	}
	return n
}

// schemaOfCondition is the word any, or RAM's operators: those without prefix and
// suffix by name, so that an editor can offer them.
func schemaOfCondition() node {
	keys, operators := node{"$ref": "#/$defs/keys"}, node{}
	for _, operator := range federation.Comparisons() {
		operators[operator] = keys
	}
	return node{"oneOf": []node{
		{"const": "any"},
		{
			"type": "object", "minProperties": 1, "additionalProperties": false,
			"properties": operators, "patternProperties": node{operatorForm(): keys},
		},
	}}
}

// operatorForm is that of the others; Null compares nothing, and has no prefix and
// no suffix.
func operatorForm() string {
	compare := slices.DeleteFunc(federation.Comparisons(), func(name string) bool { return name == "Null" })
	return "^(ForAnyValue:|ForAllValues:)?(" + strings.Join(compare, "|") + ")(IfExists)?$"
}

func conditionKeys() node {
	value := node{"type": []string{"string", "number", "boolean"}, "minLength": 1}
	return node{
		"description":   "A key, and the value or values to compare it with: saml:NAME or oidc:NAME, NAME being an alias of attributes or the exact name; sourceIp; currentTime.",
		"type":          "object",
		"minProperties": 1,
		"propertyNames": node{"pattern": `^((saml|oidc):.+|sourceIp|currentTime)$`},
		"additionalProperties": node{"anyOf": []node{
			value, {"type": "array", "items": value, "minItems": 1},
		}},
	}
}
