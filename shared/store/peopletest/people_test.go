package peopletest_test

import (
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session/sessiontest"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/store/peopletest"
	"github.com/fc-sso/fc-sso/shared/store/storetest"
)

func TestTheTwinKeepsTheStoresPromises(t *testing.T) {
	storetest.RunOwners(t, func(*testing.T) storetest.Owners { return new(peopletest.People) })
	storetest.RunPeople(t, func(*testing.T) (storetest.People, storetest.Putter) {
		rows := sessiontest.NewRows(time.Now)
		return &peopletest.People{Sessions: rows}, rows
	})
}

func TestABrokenTwinAnswersNothing(t *testing.T) {
	var p peopletest.People
	p.Break(reason.New(reason.StoreUnavailable, "it is dead"))
	owner, err := p.Claim(t.Context(), "1234567890123456", "ada", store.Owner{IdP: "okta", Person: "ada"})
	if reason.Of(err) != reason.StoreUnavailable || owner != (store.Owner{}) || p.Calls()["claim"] != 1 || len(p.Calls()) != 0 {
		t.Errorf("%+v, %v", owner, err)
	}
}
