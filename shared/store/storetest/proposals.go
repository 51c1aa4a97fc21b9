package storetest

import (
	"fmt"
	"slices"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// stopsWhole: whom events stopped is read with the head, whoever is asked about.
func stopsWhole(b bench) {
	t := b.t
	_, version, err := b.trust().Stops(t.Context())
	want(t, err, "")
	word := newRevision()
	want(t, b.trust().PutStops(t.Context(), []byte(word), version), "")
	want(t, b.trust().PutStops(t.Context(), []byte("too late"), version), reason.StoreConflict)
	top, err := b.trust().Top(t.Context())
	want(t, err, "")
	front, err := b.trust().Front(t.Context(), "okta")
	want(t, err, "")
	body, _, err := b.trust().Stops(t.Context())
	want(t, err, "")
	if string(top.Stops) != word || string(front.Stops) != word || string(body) != word || top.Head != b.head() {
		t.Errorf("%q, %q, %q, want %q; %+v", top.Stops, front.Stops, body, word, top.Head)
	}
}

func proposalLife(b bench) {
	t := b.t
	first := store.Proposal{ID: newRevision(), Body: []byte("one")}
	of := func(id string) (found store.Proposal, all int) {
		t.Helper()
		list, err := b.trust().Proposals(t.Context())
		want(t, err, "")
		if i := slices.IndexFunc(list, func(p store.Proposal) bool { return p.ID == id }); i >= 0 {
			found = list[i]
		}
		return found, len(list)
	}
	want(t, b.trust().PutProposal(t.Context(), first), "")
	want(t, b.trust().PutProposal(t.Context(), first), reason.StoreConflict)
	there, count := of(first.ID)
	if string(there.Body) != "one" {
		t.Fatalf("%+v", there)
	}
	there.Body = []byte("two")
	want(t, b.trust().PutProposal(t.Context(), there), "")
	want(t, b.trust().PutProposal(t.Context(), there), reason.StoreConflict)
	made := []string{first.ID}
	for n := count; n < 100; n++ {
		p := store.Proposal{ID: fmt.Sprint(first.ID, "-", n), Body: []byte("x")}
		want(t, b.trust().PutProposal(t.Context(), p), "")
		made = append(made, p.ID)
	}
	want(t, b.trust().PutProposal(t.Context(), store.Proposal{ID: "one more", Body: []byte("x")}), reason.RequestTooLarge)
	there, _ = of(first.ID)
	there.Body = []byte("three")
	want(t, b.trust().PutProposal(t.Context(), there), "") // no more of them
	for _, id := range made {
		want(t, b.trust().DropProposal(t.Context(), id), "")
		want(t, b.trust().DropProposal(t.Context(), id), "")
	}
	if there, left := of(first.ID); there.ID != "" || left != count-1 {
		t.Errorf("%+v, %d left", there, left)
	}
}
