package inbox

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// shape is what events of one type say.
type shape struct {
	kind   lifecycle.Kind
	fields []string // of data, beside idp and version
	fill   func(*lifecycle.Event, data)
}

// data is what an event says; of its fields those that its shape has.
type data struct {
	IdP         string              `json:"idp"`
	Version     int64               `json:"version"`
	ID          string              `json:"id"`
	Person      string              `json:"person"`
	UserName    string              `json:"userName"`
	DisplayName string              `json:"displayName"`
	Email       string              `json:"email"`
	Attributes  map[string][]string `json:"-"` // attributesOf
	Group       string              `json:"group"`
	Name        string              `json:"name"`
	Why         string              `json:"why"`
	Provider    json.RawMessage     `json:"identityProvider"`
}

// shapes are the types that are known.
func shapes() map[string]shape {
	person := []string{"id", "person", "userName", "displayName", "email", "attributes"}
	group, member := []string{"id", "name"}, []string{"id", "group"}
	return map[string]shape{
		"fcsso.person.changed":  {lifecycle.KindPerson, person, fillPerson(lifecycle.Active)},
		"fcsso.person.disabled": {lifecycle.KindPerson, person, fillPerson(lifecycle.Inactive)},
		"fcsso.person.left":     {lifecycle.KindPerson, person, fillPerson(lifecycle.Gone)},
		"fcsso.group.changed":   {lifecycle.KindGroup, group, fillGroup(false)},
		"fcsso.group.removed":   {lifecycle.KindGroup, group, fillGroup(true)},
		"fcsso.member.added":    {lifecycle.KindMember, member, fillMember(true)},
		"fcsso.member.removed":  {lifecycle.KindMember, member, fillMember(false)},
		"fcsso.idp.suspend":     {lifecycle.KindSuspend, []string{"why"}, func(e *lifecycle.Event, d data) { e.Why = d.Why }},
		"fcsso.idp.refresh":     {lifecycle.KindRefresh, nil, func(*lifecycle.Event, data) {}},
		"fcsso.idp.propose":     {lifecycle.KindPropose, []string{"identityProvider"}, func(e *lifecycle.Event, d data) { e.Proposal = d.Provider }},
	}
}

func fillPerson(status lifecycle.Status) func(*lifecycle.Event, data) {
	return func(e *lifecycle.Event, d data) {
		e.Person = &lifecycle.Person{
			ID: d.ID, Person: d.Person, UserName: d.UserName, DisplayName: d.DisplayName, Email: d.Email,
			Attributes: d.Attributes, Status: status,
		}
	}
}

func fillGroup(gone bool) func(*lifecycle.Event, data) {
	return func(e *lifecycle.Event, d data) { e.Group = &lifecycle.Group{ID: d.ID, Name: d.Name, Gone: gone} }
}

func fillMember(in bool) func(*lifecycle.Event, data) {
	return func(e *lifecycle.Event, d data) { e.Member = &lifecycle.Member{Person: d.ID, Group: d.Group, In: in} }
}

func shapeOf(o jose.Object) (shape, error) {
	name, _ := o.Text("type")
	s, known := shapes()[name]
	if !known {
		return shape{}, reason.New(reason.EventUnknown, "no events of type %.200q are known: %s are", name, strings.Join(slices.Sorted(maps.Keys(shapes())), ", "))
	}
	return s, nil
}

// complete reads data into the event. What nobody reads may be a field that somebody
// relies on, so that a name which is not known is refused.
func (s shape) complete(event *lifecycle.Event, o jose.Object) error {
	said, ok := o.Object("data")
	if !ok {
		return reason.New(reason.EventMalformed, "data is missing, or no JSON object")
	}
	for name := range said.Names() {
		if name != "idp" && name != "version" && !slices.Contains(s.fields, name) {
			return reason.New(reason.EventMalformed, "data has %.80q, and events of this type have idp, version, %s", name, strings.Join(s.fields, ", "))
		}
	}
	var d data
	if err := json.Unmarshal(said.Raw(), &d); err != nil {
		return unfit(err)
	}
	if err := d.check(said); err != nil {
		return err
	}
	var err error
	if d.Attributes, err = attributesOf(said); err != nil {
		return err
	}
	if _, isObject := said.Object("identityProvider"); said.Has("identityProvider") && !isObject {
		return reason.New(reason.EventMalformed, "data.identityProvider is no object: an entry of identityProviders is wanted")
	}
	event.IdP, event.Order.Version = d.IdP, d.Version
	s.fill(event, d)
	return nil
}

// check refuses what nobody could keep, or find the order of: an event without a version
// is older than all that have one, and a sender who counts them lost it.
func (d data) check(said jose.Object) error {
	if !trust.ValidID(d.IdP) {
		return reason.New(reason.EventMalformed, "data.idp is %.80q: the id of an identity provider is wanted", d.IdP)
	}
	if said.Has("version") && len(said.Texts("version")) == 0 {
		return reason.New(reason.EventMalformed, "data.version is null: a whole number is wanted, or no version at all")
	}
	return nil
}

func unfit(err error) error {
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return reason.New(reason.EventMalformed, "data.%s is a %s: version is a whole number, and all others are texts", typed.Field, typed.Value)
	}
	return reason.New(reason.EventMalformed, "data: %w", err)
}

// attributesOf reads attributes of one value, a text, number or truth value, and of
// several, a list of texts.
func attributesOf(said jose.Object) (map[string][]string, error) {
	all, ok := said.Object("attributes")
	if !ok {
		if said.Has("attributes") {
			return nil, reason.New(reason.EventMalformed, "data.attributes is no object: names with their values are wanted")
		}
		return nil, nil //nolint:nilnil // none is no fault
	}
	read := map[string][]string{}
	for name := range all.Names() {
		values, ok := all.TextList(name)
		if !ok {
			values = all.Texts(name)
		}
		if !ok && len(values) != 1 {
			return nil, reason.New(reason.EventMalformed, "data.attributes: the value of %.80q is neither a text nor a list of texts", name)
		}
		read[name] = values
	}
	return read, nil
}
