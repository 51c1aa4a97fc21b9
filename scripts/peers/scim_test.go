package peers_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/elimity-com/scim/schema"
	filter "github.com/scim2/filter-parser/v2"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
)

// comparisons are what the other parser reads of a filter; false where it has more than
// eq and "and".
func comparisons(e filter.Expression) (resource.Filter, bool) {
	switch x := e.(type) {
	case *filter.AttributeExpression:
		if number, ok := x.CompareValue.(int); ok {
			x.CompareValue = json.Number(string(rune('0' + number)))
		}
		return resource.Filter{{Attribute: x.AttributePath.String(), Value: x.CompareValue}}, x.Operator == filter.EQ
	case *filter.LogicalExpression:
		left, ok := comparisons(x.Left)
		right, also := comparisons(x.Right)
		return append(left, right...), ok && also && x.Operator == filter.AND
	}
	return nil, false
}

// TestFiltersAreReadAsOthersReadThem makes filters of pieces: what both parsers read they
// read alike, and what the other reads as eq and "and" ours reads too. Ours is the more
// patient with blanks, at the ends and between.
func TestFiltersAreReadAsOthersReadThem(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"userName", "members.value", "urn:ietf:params:scim:schemas:core:2.0:User:userName", "eq", "EQ", "co", "pr", "and", "or", "not", "(", ")", `"a b"`, `""`, `"é"`, "true", "false", "7", "null"}
	usual := []string{"userName", "eq", `"a"`, "and"}
	both := 0
	for range 20_000 {
		var words []string
		for i := range 3 + 4*random.IntN(2) {
			if random.IntN(4) > 0 {
				words = append(words, usual[i%4])
			} else {
				words = append(words, pieces[random.IntN(len(pieces))])
			}
		}
		text := strings.Join(words, " ")
		ours, err := resource.ParseFilter(text)
		theirs, fault := filter.ParseFilter([]byte(text))
		if fault != nil {
			continue
		}
		wanted, plain := comparisons(theirs)
		switch {
		case plain && err == nil:
			if both++; !reflect.DeepEqual(ours, wanted) {
				t.Fatalf("%s: %v, theirs %v", text, ours, wanted)
			}
		case plain && !strings.Contains(text, "null") && !strings.Contains(text, "("):
			t.Fatalf("%s: %v", text, err)
		case !plain && err == nil:
			t.Fatalf("%s: %v", text, ours)
		}
	}
	if both < 2000 {
		t.Errorf("%d were read by both", both)
	}
}

// TestPathsAreReadAsOthersReadThem is of the paths that identity providers send.
func TestPathsAreReadAsOthersReadThem(t *testing.T) {
	for _, text := range []string{
		"userName", "name.familyName", `emails[type eq "work"].value`, `members[value eq "7"]`, `addresses[type eq "work" and primary eq true].streetAddress`,
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
		`urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"].value`,
	} {
		ours, err := resource.Users().ParsePath(text, func(string) bool { return false })
		theirs, fault := filter.ParsePath([]byte(text))
		if err != nil || fault != nil {
			t.Errorf("%s: %v, theirs %v", text, err, fault)
			continue
		}
		wanted := resource.Path{URN: strings.TrimSuffix(theirs.AttributePath.URI(), ":"), Attribute: theirs.AttributePath.AttributeName, Part: theirs.SubAttributeName()}
		if wanted.Part == "" {
			wanted.Part = theirs.AttributePath.SubAttributeName()
		}
		if strings.EqualFold(wanted.URN, resource.UserSchema) {
			wanted.URN = ""
		}
		if theirs.ValueExpression != nil {
			wanted.Filter, _ = comparisons(theirs.ValueExpression)
		}
		if !reflect.DeepEqual(ours, wanted) {
			t.Errorf("%s: %+v, theirs %+v", text, ours, wanted)
		}
	}
}

// TestPeopleAsWeShowThemAreOthersPeople has another implementation's schemas judge what we
// answer.
func TestPeopleAsWeShowThemAreOthersPeople(t *testing.T) {
	for kind, c := range map[string]struct {
		resource resource.Kind
		text     string
		judges   map[string]schema.Schema // by where in the answer
	}{
		"a person": {
			resource.Users(), `{"userName":"ada","active":"False","name":{"GIVENNAME":"Ada"},"emails":[{"type":"work","value":"a@b.c","primary":"True"}],"roles":"x","addresses":[{"country":"UK"}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x","manager":{"value":"7"}}}`,
			map[string]schema.Schema{"": schema.CoreUserSchema(), resource.EnterpriseSchema: schema.ExtensionEnterpriseUser()},
		},
		"a group": {resource.Groups(), `{"displayName":"SRE","members":["7"]}`, map[string]schema.Schema{"": schema.CoreGroupSchema()}},
	} {
		sent, err := resource.Read([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.resource.NewDocument(sent)
		if err != nil {
			t.Fatal(err)
		}
		written, err := json.Marshal(d.Answer(resource.Meta{ID: "1", Created: time.Now(), Modified: time.Now(), Location: "l", Version: "v"}, resource.View{}, func(id string) string { return "https://sso.example/" + id }))
		if err != nil {
			t.Fatal(err)
		}
		for at, judge := range c.judges {
			var shown map[string]any
			if err := json.Unmarshal(written, &shown); err != nil {
				t.Fatal(err)
			}
			_, fault := judge.Validate(shown)
			if at != "" {
				_, fault = judge.ValidateExtension(shown[at])
			}
			if fault != nil {
				t.Errorf("%s, %s: %v\n%s", kind, at, fault, written)
			}
		}
	}
}

// TestOurSchemasAreOthersSchemas has it read what /Schemas answers.
func TestOurSchemasAreOthersSchemas(t *testing.T) {
	for _, ours := range resource.Schemas() {
		text, err := json.Marshal(ours.Answer("https://sso.example/" + ours.ID))
		if err != nil {
			t.Fatal(err)
		}
		var theirs schema.Schema
		if err := json.Unmarshal(text, &theirs); err != nil || theirs.ID != ours.ID || len(theirs.Attributes) != len(ours.Attributes) {
			t.Errorf("%s: %+v, %v", text, theirs, err)
		}
	}
}
