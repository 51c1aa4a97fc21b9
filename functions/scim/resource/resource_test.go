package resource_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
)

func document(t *testing.T, kind resource.Kind, text string) resource.Document {
	t.Helper()
	o, err := resource.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	d, err := kind.NewDocument(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func written(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func patched(d resource.Document, operations string) (resource.Document, error) {
	o, err := resource.Read([]byte(`{"Operations":[` + operations + `]}`))
	if err != nil {
		return resource.Document{}, err
	}
	list, err := resource.ReadPatch(o)
	if err != nil {
		return resource.Document{}, err
	}
	return d.Patch(list)
}

// TestAPatchChangesWhatItNames goes through RFC 7644 section 3.5.2, and what clients make
// of it.
func TestAPatchChangesWhatItNames(t *testing.T) {
	const ada = `{"userName":"ada","name":{"givenName":"Ada","familyName":"King"},"emails":[{"type":"work","value":"a@b.c","primary":true},{"type":"home","value":"d@e.f"}],"roles":[{"value":"x"}],"urn:a:b:2.0:User":{"floor":"3","desk":{"at":"window"}}}`
	for _, c := range []struct{ operations, attribute, want string }{
		{`{"op":"add","path":"title","value":"Dr"}`, "title", `"Dr"`},
		{`{"op":"ADD","path":"TITLE","value":"Dr"}`, "title", `"Dr"`},
		{`{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"Dr"}`, "title", `"Dr"`},
		{`{"op":"add","path":"name","value":{"middleName":"A"}}`, "name", `{"familyName":"King","givenName":"Ada","middleName":"A"}`},
		{`{"op":"replace","path":"name","value":{"givenName":"B"}}`, "name", `{"familyName":"King","givenName":"B"}`},
		{`{"op":"replace","path":"NAME.GIVENNAME","value":"B"}`, "name", `{"familyName":"King","givenName":"B"}`},
		{`{"op":"remove","path":"name.givenName"}`, "name", `{"familyName":"King"}`},
		{`{"op":"remove","path":"name"}`, "name", `null`},
		{`{"op":"replace","path":"name","value":null}`, "name", `null`},
		{`{"op":"add","path":"emails","value":[{"type":"x","value":"g@h.i"}]}`, "emails", `[{"primary":true,"type":"work","value":"a@b.c"},{"type":"home","value":"d@e.f"},{"type":"x","value":"g@h.i"}]`},
		{`{"op":"add","path":"emails","value":{"type":"home","value":"d@e.f"}}`, "emails", `[{"primary":true,"type":"work","value":"a@b.c"},{"type":"home","value":"d@e.f"}]`},
		{`{"op":"add","path":"emails","value":[{"value":"g@h.i","primary":"True"}]}`, "emails", `[{"primary":false,"type":"work","value":"a@b.c"},{"type":"home","value":"d@e.f"},{"primary":true,"value":"g@h.i"}]`},
		{`{"op":"replace","path":"emails","value":[{"value":"g@h.i"}]}`, "emails", `[{"value":"g@h.i"}]`},
		{`{"op":"replace","path":"emails[type eq \"home\"]","value":{"value":"g@h.i"}}`, "emails", `[{"primary":true,"type":"work","value":"a@b.c"},{"type":"home","value":"g@h.i"}]`},
		{`{"op":"replace","path":"emails[type eq \"HOME\" and value eq \"d@e.f\"].value","value":"g@h.i"}`, "emails", `[{"primary":true,"type":"work","value":"a@b.c"},{"type":"home","value":"g@h.i"}]`},
		{`{"op":"replace","path":"emails[primary eq true].value","value":"g@h.i"}`, "emails", `[{"primary":true,"type":"work","value":"g@h.i"},{"type":"home","value":"d@e.f"}]`},
		{`{"op":"replace","path":"emails[primary eq \"True\"].value","value":"g@h.i"}`, "emails", `[{"primary":true,"type":"work","value":"g@h.i"},{"type":"home","value":"d@e.f"}]`},
		{`{"op":"remove","path":"emails[type eq \"work\"]"}`, "emails", `[{"type":"home","value":"d@e.f"}]`},
		{`{"op":"remove","path":"emails","value":[{"value":"a@b.c"}]}`, "emails", `[{"type":"home","value":"d@e.f"}]`},
		{`{"op":"remove","path":"emails[type eq \"x\"].value"}`, "roles", `[{"value":"x"}]`},
		{`{"op":"remove","path":"emails.type"}`, "emails", `[{"primary":true,"value":"a@b.c"},{"value":"d@e.f"}]`},
		{`{"op":"add","path":"roles","value":"y"}`, "roles", `[{"value":"x"},{"value":"y"}]`},
		{`{"op":"add","path":"roles[primary eq \"True\"].value","value":"y"}`, "roles", `[{"value":"x"},{"primary":true,"value":"y"}]`},
		{`{"op":"remove","path":"roles[value eq \"x\"]"}`, "roles", `null`},
		{`{"op":"add","path":"urn:a:b:2.0:User:floor","value":"4"}`, "urn:a:b:2.0:User", `{"desk":{"at":"window"},"floor":"4"}`},
		{`{"op":"add","path":"URN:A:B:2.0:USER:desk.at","value":"door"}`, "urn:a:b:2.0:User", `{"desk":{"at":"door"},"floor":"3"}`},
		{`{"op":"replace","path":"urn:a:b:2.0:User:desk","value":{"at":"door"}}`, "urn:a:b:2.0:User", `{"desk":{"at":"door"},"floor":"3"}`},
		{`{"op":"add","path":"urn:a:b:2.0:User","value":{"wing":"east"}}`, "urn:a:b:2.0:User", `{"desk":{"at":"window"},"floor":"3","wing":"east"}`},
		{`{"op":"add","value":{"urn:a:b:2.0:User":{"wing":"east"}}}`, "urn:a:b:2.0:User", `{"desk":{"at":"window"},"floor":"3","wing":"east"}`},
		{`{"op":"remove","path":"urn:a:b:2.0:User"}`, "urn:a:b:2.0:User", `null`},
		{`{"op":"remove","path":"urn:a:b:2.0:User:floor"},{"op":"remove","path":"urn:a:b:2.0:User:desk.at"}`, "urn:a:b:2.0:User", `null`},
		{`{"op":"add","path":"urn:c:d:2.0:User:floor","value":"4"}`, "urn:c:d:2.0:User", `{"floor":"4"}`},
		{`{"op":"remove","path":"urn:c:d:2.0:User:floor"}`, "urn:c:d:2.0:User", `null`},
		{`{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:manager.value","value":"7"}`, resource.EnterpriseSchema, `{"manager":{"value":"7"}}`},
		{`{"op":"replace","value":{"id":"x","schemas":[],"meta":{},"title":"Dr","password":"p"}}`, "title", `"Dr"`},
		{`{"op":"replace","path":"password","value":"p"}`, "password", `null`},
		{`{"op":"add","path":"costume.colour","value":"red"}`, "costume", `{"colour":"red"}`},
	} {
		before := document(t, resource.Users(), ada)
		was := written(t, before.Attributes)
		after, err := patched(before, c.operations)
		if got := written(t, after.Attributes[c.attribute]); err != nil || got != c.want {
			t.Errorf("%s: %s, %v", c.operations, got, err)
		}
		if written(t, before.Attributes) != was {
			t.Errorf("%s: what was before is changed", c.operations)
		}
	}
}

func TestAGroupsMembersAreASet(t *testing.T) {
	group := document(t, resource.Groups(), `{"displayName":"SRE","Members":[{"other":1,"value":"a"},"b",{"value":"a"}]}`)
	if !reflect.DeepEqual(group.Members, map[string]bool{"a": true, "b": true}) {
		t.Errorf("%v", group.Members)
	}
}

func TestAViewShowsWhatWasAskedFor(t *testing.T) {
	ada := document(t, resource.Users(), `{"userName":"ada","name":{"givenName":"Ada","familyName":"King"},"emails":[{"type":"work","value":"a@b.c"}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x","division":"y"}}`)
	at := time.Date(2027, 3, 1, 12, 0, 0, 7e6, time.UTC)
	for _, c := range []struct{ only, without, want string }{
		{"userName", "", `{"id":"1","schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"ada"}`},
		{"USERNAME, name.givenName,emails.value", "", `{"emails":[{"value":"a@b.c"}],"id":"1","name":{"givenName":"Ada"},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"ada"}`},
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "", `{"id":"1","schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x"}}`},
		{"urn:ietf:params:scim:schemas:core:2.0:User:userName", "", `{"id":"1","schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"ada"}`},
		{"", "meta,name.familyName,emails,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,id,schemas", `{"id":"1","name":{"givenName":"Ada"},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"ada"}`},
		{"meta", "", `{"id":"1","meta":{"created":"2027-03-01T12:00:00.007Z","lastModified":"2027-03-01T12:00:00.007Z","location":"l","resourceType":"User","version":"W/\"1\""},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]}`},
	} {
		view, err := resource.Users().NewView(c.only, c.without)
		if err != nil {
			t.Fatal(err)
		}
		got := written(t, ada.Answer(resource.Meta{ID: "1", Created: at, Modified: at, Location: "l", Version: `W/"1"`}, view, nil))
		if got != c.want {
			t.Errorf("%+v:\n%s", c, got)
		}
	}
}

func TestRulesAreToldWhatAPersonIs(t *testing.T) {
	ada := document(t, resource.Users(), `{"userName":"ada","active":false,"externalId":"7","title":"Dr","name":{"givenName":"Ada"},"emails":[{"value":"x@b.c"},{"value":"a@b.c","primary":true},{"type":"none"}],
		"photos":[{"value":"`+strings.Repeat("a", 2000)+`"}],"employeeNumber":5,
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x","title":"King","manager":{"value":"9"}}}`)
	want := map[string][]string{
		"userName": {"ada"}, "externalId": {"7"}, "title": {"Dr"}, "givenName": {"Ada"}, "emails": {"x@b.c", "a@b.c"}, "employeeNumber": {"5"},
		"department": {"x"}, "manager": {"9"},
		resource.EnterpriseSchema + ":department": {"x"}, resource.EnterpriseSchema + ":title": {"King"}, resource.EnterpriseSchema + ":manager": {"9"},
	}
	if got := ada.Told(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if ada.Email() != "a@b.c" || ada.Active() || document(t, resource.Users(), `{"userName":"x"}`).Email() != "" {
		t.Errorf("%s", ada.Email())
	}
}

func TestAFilterMeansWhatItSays(t *testing.T) {
	ada := document(t, resource.Users(), `{"userName":"Ada","externalId":"X","displayName":"Ada K","active":true}`)
	for filter, want := range map[string]bool{
		`userName eq "ADA"`: true, `USERNAME EQ "ada"`: true, `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"`: true, `externalId eq "X"`: true, `externalId eq "x"`: false,
		`id eq "1"`: true, `id eq "2"`: false, `active eq true`: true, `active eq "True"`: true, `active eq false`: false, `displayName eq "ada k" and active eq TRUE`: true,
		`displayName eq "ada k" and active eq false`: false, `  userName   eq   "ada"  `: true, `userName eq "\u0061da"`: true, `userName eq "a\"da"`: false, `userName eq 7`: false,
	} {
		query, err := resource.Users().NewQuery(filter)
		if err != nil || query.Holds("1", ada) != want {
			t.Errorf("%s: %v", filter, err)
		}
	}
	for _, filter := range []string{`userName`, `userName eq`, `userName eq ada`, `eq "ada"`, `userName eq null`, `userName eq "a" and`, `userName eq "a" "b"`, `not (userName eq "a")`, `emails[type eq "work"]`, `userName pr`, `emails.value eq "a"`, `userName eq "a")`, `userName eq {}`, "userName eq \"a\x00\""} {
		if query, err := resource.Users().NewQuery(filter); err == nil {
			t.Errorf("%s: %v", filter, query)
		}
	}
}

// FuzzAPatch: whatever is sent, nothing breaks, and what comes of it is a document that
// could have been sent.
func FuzzAPatch(f *testing.F) {
	for _, seed := range []string{
		`{"op":"Replace","path":"emails[type eq \"work\"].value","value":"x"}`, `{"op":"add","value":{"name.givenName":"x","urn:a:b:c:d":{"e":1}}}`,
		`{"op":"remove","path":"members","value":[{"value":"a"}]}`, `{"op":"remove","path":"members[value eq \"a\"]"}`, `{"op":"add","path":"urn:a:b:c.d","value":{"x":[null]}}`,
		`{"op":"add","path":"emails.value","value":[[]]}`, `{"op":"replace","path":"active","value":"False"}`,
	} {
		f.Add(seed)
	}
	before := resource.Object{"userName": "ada", "displayName": "Ada", "emails": []any{resource.Object{"type": "work", "value": "a"}}, "members": []any{"a"}}
	f.Fuzz(func(t *testing.T, operations string) {
		for _, kind := range resource.Kinds() {
			d, err := kind.NewDocument(before)
			if err != nil {
				t.Fatal(err)
			}
			after, err := patched(d, operations)
			if err != nil {
				continue
			}
			again := document(t, kind, written(t, after.Attributes))
			if !reflect.DeepEqual(written(t, again.Attributes), written(t, after.Attributes)) {
				t.Errorf("%s is read as %s", written(t, after.Attributes), written(t, again.Attributes))
			}
			if _, kept := after.Attributes["password"]; kept {
				t.Error("a password was kept")
			}
			after.Told()
			after.Email()
		}
	})
}

// FuzzAFilter: what is read as a filter is read as the same one once it is written anew.
func FuzzAFilter(f *testing.F) {
	for _, seed := range []string{`userName eq "ada"`, `a.b eq 1 and c:d eq true`, `x eq "\u00e9"`, `((`, `a eq "\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = resource.Users().ParsePath(text, func(string) bool { return false })
		filter, err := resource.ParseFilter(text)
		if err != nil {
			return
		}
		var parts []string
		for _, c := range filter {
			parts = append(parts, c.Attribute+" eq "+written(t, c.Value))
		}
		again, err := resource.ParseFilter(strings.Join(parts, " and "))
		if err == nil && !reflect.DeepEqual(filter, again) {
			t.Errorf("%q is %v, then %v", text, filter, again)
		}
	})
}
