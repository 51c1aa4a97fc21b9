package resource

import (
	"strings"
)

// What is too long or too much for a rule to compare with is not told to it.
const (
	longestTold = 1024
	mostTold    = 200
)

// Email is the person's preferred address, else the first.
func (d Document) Email() string {
	first := ""
	for _, element := range listed(d.Attributes["emails"]) {
		o, _ := element.(Object)
		address, _ := o["value"].(string)
		if preferred(o) && address != "" {
			return address
		}
		if first == "" {
			first = address
		}
	}
	return first
}

// Told are the person's attributes as rules compare with them: text by its name, a part
// of a name or an extension by its own, a list by all values of it. What the resource
// itself says goes before what an extension calls alike.
func (d Document) Told() map[string][]string {
	told := map[string][]string{}
	for name, value := range d.Attributes {
		if inside, ok := value.(Object); ok && isURN(name) {
			for part, value := range inside {
				tell(told, name+":"+part, values(value))
				tell(told, part, values(value))
			}
		}
	}
	for name, value := range d.Attributes {
		parts, isObject := value.(Object)
		switch {
		case isURN(name) || name == "active":
		case isObject:
			for part, value := range parts {
				told[part] = nil
				tell(told, part, values(value))
			}
		default:
			told[name] = nil
			tell(told, name, values(value))
		}
	}
	return told
}

func tell(told map[string][]string, name string, values []string) {
	for _, value := range values {
		if len(value) <= longestTold && strings.TrimSpace(value) != "" && len(told[name]) < mostTold {
			told[name] = append(told[name], value)
		}
	}
	if len(told[name]) == 0 {
		delete(told, name)
	}
}

// values are the texts of a value: itself, or of each element its value.
func values(value any) []string {
	var all []string
	for _, element := range listed(value) {
		if one, ok := plain(valueOf(element)); ok {
			all = append(all, one)
		}
	}
	return all
}
