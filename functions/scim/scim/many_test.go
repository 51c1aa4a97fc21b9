package scim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/functions/scim/scim"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// people are put into the store as the handler does, without its names and marks.
func (w *world) people(idp string, count int) []string {
	w.t.Helper()
	ids := make([]string, 0, count)
	for i := range count {
		id := fmt.Sprintf("%032x", i+1)
		err := w.store.Resources.Put(w.t.Context(), idp, "user", scim.Resource{
			ID: id, Body: fmt.Appendf(nil, `{"userName":"u%d@acme.com","active":true}`, i), Person: "p", Created: w.clock(), Modified: w.clock(),
		})
		if err != nil {
			w.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// TestAThousandPeopleAreListedByPages: each once, in order, and no row is read that is not
// of the page; a group of all of them is told in parts.
func TestAThousandPeopleAreListedByPages(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	ids := w.people("okta", 1000)
	var seen []string
	for start := 1; start <= 1000; start += 100 {
		var page struct {
			TotalResults, StartIndex, ItemsPerPage int
			Resources                              []struct{ ID string }
		}
		got := w.ask(token, http.MethodGet, fmt.Sprintf("%s?startIndex=%d&count=100", users, start), "")
		if err := json.Unmarshal([]byte(got.text), &page); err != nil || page.TotalResults != 1000 || page.StartIndex != start || page.ItemsPerPage != 100 {
			t.Fatalf("%d %.300s %v", got.status, got.text, err)
		}
		for _, r := range page.Resources {
			seen = append(seen, r.ID)
		}
	}
	if strings.Join(seen, "") != strings.Join(ids, "") || w.store.rows != 1000 {
		t.Errorf("%d seen, %d rows read", len(seen), w.store.rows)
	}
	for query, want := range map[string]string{
		"startIndex=1000&count=100": `"itemsPerPage":1,`, "startIndex=1001": `"itemsPerPage":0,`, "count=0": `"itemsPerPage":0,`, "startIndex=-5&count=-5": `"itemsPerPage":0,`,
		"count=5000": `"itemsPerPage":200,`, "": `"itemsPerPage":100,`, "filter=active%20eq%20true&startIndex=901&count=200": `"itemsPerPage":100,`,
	} {
		if got := w.ask(token, http.MethodGet, users+"?"+query, ""); got.status != 200 || !strings.Contains(got.text, want) || !strings.Contains(got.text, `"totalResults":1000`) {
			t.Errorf("%s: %d %.200s", query, got.status, got.text)
		}
	}
	w.groupOf(token, ids)
}

func (w *world) groupOf(token string, ids []string) {
	w.t.Helper()
	members, err := json.Marshal(ids)
	if err != nil {
		w.t.Fatal(err)
	}
	id := w.made(token, groups, `{"displayName":"Everybody","members":`+string(members)+`}`)
	told := w.told()
	if len(told) != 1001 || len(w.woken) != 1 || len(w.woken[0]) != 1001 {
		w.t.Errorf("%d events, %d calls", len(told), len(w.woken))
	}
	w.want(204, w.ask(token, http.MethodDelete, groups+"/"+id, ""))
	gone := 0
	for _, e := range w.told() {
		if e.Kind == lifecycle.KindMember && !e.Member.In {
			gone++
		}
	}
	if gone != 1000 {
		w.t.Errorf("%d left", gone)
	}
}

// TestWhatIsTooMuchIsRefused, and quickly: nothing here is worked through first.
func TestWhatIsTooMuchIsRefused(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	ada := users + "/" + w.made(token, users, `{"userName":"ada"}`)
	sre := groups + "/" + w.made(token, groups, `{"displayName":"SRE"}`)
	member := func(n int) string { // as we show them
		return fmt.Sprintf(`{"$ref":"%s/scim/v2/Users/%032x","type":"User","value":"%032x"}`, origin, n, n)
	}
	many := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = member(i)
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	operation := `{"op":"add","path":"members","value":[` + member(7) + `]}`
	operations := func(n int, one string) string {
		return `{"Operations":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + `]}`
	}
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"two megabytes":           {http.MethodPost, users, `{"userName":"` + strings.Repeat("a", 2<<20) + `"}`, 413, "more than 2097152 bytes"},
		"a long name":             {http.MethodPost, users, `{"userName":"` + strings.Repeat("a", 2000) + `"}`, 400, "more than 1024"},
		"photos":                  {http.MethodPost, users, `{"userName":"bob","photos":[{"value":"` + strings.Repeat("a", 40<<10) + `"}]}`, 413, "leave out photos"},
		"deep":                    {http.MethodPost, users, `{"userName":"bob","x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, 400, "inside each other"},
		"deep objects":            {http.MethodPost, users, strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), 400, "inside each other"},
		"many values":             {http.MethodPost, users, `{"userName":"bob","x":[` + strings.Repeat("1,", 200_000) + `1]}`, 400, "more than 100000 values"},
		"a name twice, deep":      {http.MethodPost, users, `{"userName":"bob","name":{"givenName":"a","GivenName":"b"}}`, 400, "stands twice"},
		"10,000 strangers":        {http.MethodPut, sre, `{"displayName":"SRE","members":` + many(10_000) + `}`, 400, "is no User here"},
		"10,001":                  {http.MethodPut, sre, `{"displayName":"SRE","members":` + many(10_001) + `}`, 400, "10000 may be"},
		"1,000 operations":        {http.MethodPatch, sre, operations(1000, operation), 400, "is no User here"},
		"1,001 operations":        {http.MethodPatch, sre, operations(1001, operation), 400, "1000 may be"},
		"1,000 additions":         {http.MethodPatch, ada, operations(1000, `{"op":"add","path":"emails","value":[{"type":"work","value":"a@b.c"}]}`), 200, ""},
		"a path of a kilobyte":    {http.MethodPatch, ada, `{"Operations":[{"op":"add","path":"` + strings.Repeat("a", 1001) + `","value":1}]}`, 400, "1000 may be"},
		"a filter in a path":      {http.MethodPatch, ada, `{"Operations":[{"op":"add","path":"emails[` + strings.Repeat(`a eq 1 and `, 80) + `a eq 1]","value":1}]}`, 400, "more than 10 comparisons"},
		"a long filter":           {http.MethodGet, users + "?filter=" + strings.Repeat("a", 2001), "", 400, "2000 may be"},
		"many comparisons":        {http.MethodGet, users + "?filter=" + strings.Repeat("id%20eq%201%20and%20", 11) + "id%20eq%201", "", 400, "more than 10 comparisons"},
		"brackets":                {http.MethodGet, users + "?filter=" + strings.Repeat("(", 1000), "", 400, "is not supported"},
		"not":                     {http.MethodGet, users + "?filter=" + strings.Repeat("not(", 400), "", 400, "is not supported"},
		"a text without end":      {http.MethodGet, users + "?filter=id%20eq%20%22" + strings.Repeat("%5C", 1000), "", 400, "is no value"},
		"an ID of a kilobyte":     {http.MethodGet, users + "/" + strings.Repeat("a", 1000), "", 404, "there is no User"},
		"an ID of another's row":  {http.MethodGet, users + "/..%2Fgroup%2Fx", "", 404, ""},
		"bytes that are no text":  {http.MethodPost, users, "{\"userName\":\"\xff\"}", 400, "not UTF-8"},
		"half a character":        {http.MethodPost, users, `{"userName":"bob\ud800"}`, 400, "stands for no character"},
		"half of a name":          {http.MethodPost, users, `{"userName":"bob","x\udc00":1}`, 400, "stands for no character"},
		"a control character":     {http.MethodPost, users, `{"userName":"b\u0000b"}`, 400, "control character"},
		"two objects":             {http.MethodPost, users, `{"userName":"bob"}{}`, 400, "behind the JSON object"},
		"a list":                  {http.MethodPost, users, `[]`, 400, "no JSON object"},
		"an unfinished object":    {http.MethodPost, users, `{"userName":"bob"`, 400, "no JSON"},
		"a member that is a list": {http.MethodPost, groups, `{"displayName":"x","members":[[]]}`, 400, "an object is wanted"},
	} {
		got := w.ask(token, c.method, c.path, c.body)
		if got.status != c.status || !strings.Contains(got.text, c.says) {
			t.Errorf("%s: %d %.300s", name, got.status, got.text)
		}
	}
	if got := w.ask(token, http.MethodGet, ada, ""); strings.Count(got.text, "a@b.c") != 1 {
		t.Errorf("%s", got.text)
	}
}
