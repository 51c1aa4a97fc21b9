package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

func (b bench) resources() *store.Resources { return store.NewResources(b.client) }

// newIdP is an identity provider that no other run has used.
func newIdP() string {
	key := randomKey()
	return fmt.Sprintf("idp-%x", key[:6])
}

func resourceLife(b bench) {
	t, idp, at := b.t, newIdP(), time.UnixMilli(b.Config.Now().UnixMilli())
	one := store.Resource{ID: "a1", Body: []byte(`{"userName":"ada"}`), Members: []byte("x\ny"), Person: "ada", Pending: []byte("{}"), Created: at, Modified: at.Add(time.Millisecond)}
	want(t, b.resources().Put(t.Context(), idp, "user", one), "")
	want(t, b.resources().Put(t.Context(), idp, "user", one), reason.StoreConflict)
	one.Version = 1
	b.sameResource(idp, one)
	b.sameResourceOf(idp, "group", store.Resource{})
	b.sameResourceOf(newIdP(), "user", store.Resource{})

	want(t, b.resources().Told(t.Context(), idp, "user", "a1", 7, nil), "") // of another version: nothing
	b.sameResource(idp, one)
	want(t, b.resources().Told(t.Context(), idp, "user", "a1", 1, []byte("less")), "")
	one.Pending = []byte("less")
	b.sameResource(idp, one)
	want(t, b.resources().Told(t.Context(), idp, "user", "a1", 1, nil), "")
	one.Pending = nil
	b.sameResource(idp, one)

	two := one
	two.Body, two.Members, two.Removed = []byte(`{}`), nil, true
	want(t, b.resources().Put(t.Context(), idp, "user", two), "")
	want(t, b.resources().Put(t.Context(), idp, "user", one), reason.StoreConflict)
	two.Version = 2
	b.sameResource(idp, two)
	want(t, b.resources().Drop(t.Context(), idp, "user", "a1", 1), "")
	b.sameResource(idp, two)
	want(t, b.resources().Drop(t.Context(), idp, "user", "a1", 2), "")
	b.sameResource(idp, store.Resource{})
	want(t, b.resources().Drop(t.Context(), idp, "user", "a1", 2), "")
	if err := b.resources().Put(t.Context(), "@owner/1", "user", one); err == nil {
		t.Error("a resource stands among the owners of RAM users")
	}
}

func (b bench) sameResource(idp string, wanted store.Resource) {
	b.t.Helper()
	b.sameResourceOf(idp, "user", wanted)
}

func (b bench) sameResourceOf(idp, kind string, wanted store.Resource) {
	b.t.Helper()
	got, err := b.resources().Resource(b.t.Context(), idp, kind, "a1")
	want(b.t, err, "")
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", wanted) {
		b.t.Errorf("got %+v, want %+v", got, wanted)
	}
}

func resourceLists(b bench) {
	t, idp := b.t, newIdP()
	var ids []string
	for i := range 25 {
		id := fmt.Sprintf("%04d", i)
		r := store.Resource{ID: id, Body: []byte("{}"), Members: []byte("m"), Created: b.Config.Now(), Modified: b.Config.Now(), Removed: i%5 == 4}
		want(t, b.resources().Put(t.Context(), idp, "user", r), "")
		if !r.Removed {
			ids = append(ids, id)
		}
	}
	want(t, b.resources().Put(t.Context(), idp, "users", store.Resource{ID: "x", Body: []byte("{}")}), "")
	got, err := b.resources().IDs(t.Context(), idp, "user")
	want(t, err, "")
	there, err := b.resources().There(t.Context(), idp, "user", []string{"0007", "0004", "none", "", "0003"})
	want(t, err, "")
	if !slices.Equal(got, ids) || !slices.Equal(there, []string{"0007", "0003"}) {
		t.Errorf("%q, %q", got, there)
	}
	for _, c := range []struct {
		from    string
		most    int
		members bool
		first   string
		count   int
	}{{"", 0, false, "0000", 25}, {"", 10, true, "0000", 10}, {"0007", 10, false, "0007", 10}, {"0007!", 100, true, "0008", 17}, {"9", 10, false, "", 0}} {
		page, err := b.resources().Page(t.Context(), idp, "user", c.from, c.most, c.members)
		want(t, err, "")
		if len(page) != c.count || c.count > 0 && (page[0].ID != c.first || (page[0].Members != nil) != c.members) {
			t.Errorf("%+v: %d, %+v", c, len(page), page)
		}
	}
}

func resourceNames(b bench) {
	t, idp, at := b.t, newIdP(), time.UnixMilli(b.Config.Now().UnixMilli())
	name := func() (string, time.Time) {
		t.Helper()
		id, since, err := b.resources().Name(t.Context(), idp, "user ada")
		want(t, err, "")
		return id, since
	}
	if id, _ := name(); id != "" {
		t.Errorf("%q has it", id)
	}
	want(t, b.resources().TakeName(t.Context(), idp, "user ada", "", time.Time{}, "a1", at), "")
	want(t, b.resources().TakeName(t.Context(), idp, "user ada", "", time.Time{}, "b2", at), reason.StoreConflict)
	if id, since := name(); id != "a1" || !since.Equal(at) {
		t.Errorf("%q has it since %v", id, since)
	}
	want(t, b.resources().TakeName(t.Context(), idp, "user ada", "a1", at, "b2", at), "")
	want(t, b.resources().TakeName(t.Context(), idp, "user ada", "a1", at, "c3", at), reason.StoreConflict) // though no time has passed
	want(t, b.resources().FreeName(t.Context(), idp, "user ada", "a1", at), "")
	want(t, b.resources().FreeName(t.Context(), idp, "user ada", "b2", at), "")
	id, since := name()
	if id != "b2" || !since.After(at) {
		t.Errorf("%q has it since %v", id, since)
	}
	want(t, b.resources().FreeName(t.Context(), idp, "user ada", "b2", since), "")
	if id, _ := name(); id != "" {
		t.Errorf("%q has it", id)
	}
}

func resourceMarks(b bench) {
	t, idp := b.t, newIdP()
	var marks []store.Mark
	for i := range 450 {
		marks = append(marks, store.Mark{Place: "member a", ID: fmt.Sprintf("%03d", i)})
	}
	want(t, b.resources().Mark(t.Context(), idp, marks), "")
	want(t, b.resources().Mark(t.Context(), idp, append(marks[:3:3], store.Mark{Place: "member b", ID: "x"})), "")
	want(t, b.resources().Unmark(t.Context(), idp, marks[1:]), "")
	want(t, b.resources().Unmark(t.Context(), idp, marks[1:]), "")
	want(t, b.resources().Mark(t.Context(), idp, nil), "")
	for place, ids := range map[string][]string{"member a": {"000"}, "member b": {"x"}, "member": nil} {
		got, err := b.resources().Marked(t.Context(), idp, place)
		want(t, err, "")
		if !slices.Equal(got, ids) {
			t.Errorf("%s: %q", place, got)
		}
	}
}

// tokensKept: those of one identity provider change only as they were read.
func tokensKept(b bench) {
	t, idp := b.t, newIdP()
	body, version, err := b.trust().SCIM(t.Context(), idp)
	want(t, err, "")
	if body != nil || version != 0 {
		t.Errorf("%q of version %d", body, version)
	}
	want(t, b.trust().PutSCIM(t.Context(), idp, []byte("one"), 0), "")
	want(t, b.trust().PutSCIM(t.Context(), idp, []byte("two"), 0), reason.StoreConflict)
	all, err := b.trust().AllSCIM(t.Context())
	want(t, err, "")
	if string(all[idp]) != "one" {
		t.Errorf("%q", all)
	}
}

// resourceOnce: an answer that is lost after the row was written is no conflict with
// oneself.
func resourceOnce(b bench, f fault) {
	t, idp := b.t, newIdP()
	one := store.Resource{ID: "a1", Body: []byte("{}"), Created: time.UnixMilli(1), Modified: time.UnixMilli(2)}
	b.breaks(f)
	want(t, b.resources().Put(t.Context(), idp, "user", one), "")
	one.Version = 1
	b.sameResource(idp, one)
}
