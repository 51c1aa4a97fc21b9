package resource

import (
	"strings"
)

// The schemas (RFC 7643 section 8.7).
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// shape is what the value of an attribute looks like.
type shape string

const (
	text      shape = "string"
	truth     shape = "boolean"
	composite shape = "complex"
	link      shape = "reference"
	binary    shape = "binary"
)

// Attribute is one attribute that the standard knows.
type Attribute struct {
	Name  string
	About string

	shape     shape
	multi     bool
	sub       []Attribute
	required  bool
	exact     bool   // capital letters count
	mutable   string // "": readWrite
	unique    bool
	forgotten bool // it is taken and kept nowhere
}

// Schema is what is known of the attributes under one URN.
type Schema struct {
	ID, Name, About string
	Attributes      []Attribute
}

// Kind is a type of resource.
type Kind struct {
	Name       string // User
	Endpoint   string // Users
	About      string
	Schema     Schema
	Extensions []Schema
}

// Users are people.
func Users() Kind {
	return Kind{"User", "Users", "A person", userSchema(), []Schema{enterpriseSchema()}}
}

// Groups are groups of people.
func Groups() Kind { return Kind{"Group", "Groups", "A group of people", groupSchema(), nil} }

// IsGroup says whether its resources have members.
func (k Kind) IsGroup() bool { return k.Schema.ID == GroupSchema }

// Kinds are all there are.
func Kinds() []Kind { return []Kind{Users(), Groups()} }

// known finds an attribute by its name, in whatever letters.
func known(list []Attribute, name string) (Attribute, bool) {
	for _, a := range list {
		if strings.EqualFold(a.Name, name) {
			return a, true
		}
	}
	return Attribute{}, false
}

// attributes of the schema under a URN; none are known of a stranger's.
func (k Kind) attributes(urn string) []Attribute {
	if urn == "" || strings.EqualFold(urn, k.Schema.ID) {
		return append(common(), k.Schema.Attributes...)
	}
	return nil
}

// common are the attributes of every resource (RFC 7643 section 3.1).
func common() []Attribute {
	return []Attribute{
		{Name: "id", shape: text, exact: true, mutable: "readOnly", unique: true},
		{Name: "externalId", shape: text, exact: true},
		{Name: "meta", shape: composite, mutable: "readOnly"},
		{Name: "schemas", shape: link, multi: true, exact: true},
	}
}

func userSchema() Schema {
	s := func(name, about string) Attribute { return Attribute{Name: name, About: about, shape: text} }
	return Schema{UserSchema, "User", "A person", []Attribute{
		{Name: "userName", About: "How the identity provider calls the person; unique among its people", shape: text, required: true, unique: true},
		{Name: "name", About: "The parts of the person's name", shape: composite, sub: []Attribute{
			s("formatted", "The whole name"), s("familyName", "Family name"), s("givenName", "Given name"), s("middleName", "Middle names"),
			s("honorificPrefix", "Title before the name"), s("honorificSuffix", "Suffix behind the name"),
		}},
		s("displayName", "The name that is shown"), s("nickName", "The name among friends"),
		{Name: "profileUrl", About: "A page about the person", shape: link},
		s("title", "Title in the company"), s("userType", "Relation to the company"), s("preferredLanguage", "Preferred language"),
		s("locale", "Locale"), s("timezone", "Time zone"),
		{Name: "active", About: "false: the person may do nothing here, and may come back", shape: truth},
		{Name: "password", About: "It is taken and kept nowhere: nobody signs in with a password here", shape: text, mutable: "writeOnly", exact: true, forgotten: true},
		several("emails", "E-mail addresses", text), several("phoneNumbers", "Telephone numbers", text), several("ims", "Messengers", text),
		several("photos", "Photos", link),
		{Name: "addresses", About: "Postal addresses", shape: composite, multi: true, sub: []Attribute{
			s("formatted", "The whole address"), s("streetAddress", "Street"), s("locality", "City"), s("region", "Region"),
			s("postalCode", "Postal code"), s("country", "Country"), s("type", "What it is for"),
			{Name: "primary", About: "The preferred one", shape: truth},
		}},
		{Name: "groups", About: "Groups know their people; of a person they are not told", shape: composite, multi: true, mutable: "readOnly", forgotten: true},
		several("entitlements", "Entitlements at the identity provider", text), several("roles", "Roles at the identity provider", text),
		several("x509Certificates", "Certificates", binary),
	}}
}

func several(name, about string, value shape) Attribute {
	return Attribute{Name: name, About: about, shape: composite, multi: true, sub: []Attribute{
		{Name: "value", About: "The value", shape: value},
		{Name: "display", About: "How it is shown", shape: text},
		{Name: "type", About: "What it is for", shape: text},
		{Name: "primary", About: "The preferred one", shape: truth},
	}}
}

func enterpriseSchema() Schema {
	s := func(name, about string) Attribute { return Attribute{Name: name, About: about, shape: text} }
	return Schema{EnterpriseSchema, "EnterpriseUser", "A person in a company; kept as it comes", []Attribute{
		s("employeeNumber", "Number of the employee"), s("costCenter", "Cost center"), s("organization", "Organization"),
		s("division", "Division"), s("department", "Department"),
		{Name: "manager", About: "The person's manager", shape: composite, sub: []Attribute{
			s("value", "ID of the manager"), {Name: "$ref", About: "Address of the manager", shape: link}, s("displayName", "Name of the manager"),
		}},
	}}
}

func groupSchema() Schema {
	return Schema{GroupSchema, "Group", "A group of people", []Attribute{
		{Name: "displayName", About: "The name of the group; unique, for RAM knows groups by it", shape: text, required: true, unique: true},
		{Name: "members", About: "Its people; groups within groups are not known", shape: composite, multi: true, sub: []Attribute{
			{Name: "value", About: "ID of the person", shape: text, exact: true, mutable: "immutable"},
			{Name: "$ref", About: "Address of the person", shape: link, mutable: "immutable"},
			{Name: "type", About: "User", shape: text, mutable: "immutable"},
		}},
	}}
}
