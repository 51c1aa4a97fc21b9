package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/store/storetest"
)

// TestTheStoreKeepsItsPromises runs the suite against the embedded server in a
// process of its own, or against a real instance if SSO_TEST_TABLESTORE has one:
//
//	{"endpoint":"https://…","instance":"…","accessKeyID":"…","accessKeySecret":"…","securityToken":"…"}
func TestTheStoreKeepsItsPromises(t *testing.T) {
	if instance, ok := os.LookupEnv("SSO_TEST_TABLESTORE"); ok {
		backend := storetest.Backend{Config: realConfig(t, instance)}
		storetest.Run(t, func(*testing.T) storetest.Backend { return backend })
		return
	}
	server := stack.Tablestore(t)
	backend := storetest.Backend{Config: localConfig(server), Faults: server.AdminURL + "/tablestore"}
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		t.Helper()
		server.ClearFaults(t)
		return backend
	})
}

func realConfig(t *testing.T, setting string) store.Config {
	t.Helper()
	var s struct{ Endpoint, Instance, AccessKeyID, AccessKeySecret, SecurityToken string }
	if err := json.Unmarshal([]byte(setting), &s); err != nil {
		t.Fatalf("SSO_TEST_TABLESTORE: %v", err)
	}
	return config(s.Endpoint, s.Instance, s.AccessKeyID, s.AccessKeySecret, s.SecurityToken)
}

func localConfig(s *stack.Stack) store.Config {
	return config(s.Tablestore.Endpoint, s.Tablestore.Instance, s.Tablestore.AccessKeyID, s.Tablestore.AccessKeySecret, "")
}

func config(endpoint, instance, id, secret, token string) store.Config {
	return store.Config{
		Endpoint: endpoint,
		Instance: instance,
		Now:      time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: id, AccessKeySecret: ram.Secret(secret), SecurityToken: ram.Secret(token)}, nil
		},
	}
}

func TestWithoutTablesNothingWasApplied(t *testing.T) {
	client := store.Open(localConfig(stack.Tablestore(t)))
	if head, err := store.NewTrust(client).Head(t.Context()); head != (store.Head{}) || err != nil {
		t.Errorf("got %q, %v", head, err)
	}
	if front, err := store.NewTrust(client).Front(t.Context(), "acme"); front.Head != (store.Head{}) || err != nil {
		t.Errorf("got %q, %v", front, err)
	}
	if err := store.NewNonces(client).Use(t.Context(), [32]byte{}, time.Now()); reason.Of(err) != reason.StoreUnavailable {
		t.Errorf("got %v", err)
	}
	for round, want := range []int{5, 0} {
		created, err := store.CreateTables(t.Context(), client)
		if len(created) != want || err != nil {
			t.Errorf("round %d: created %v, %v", round, created, err)
		}
	}
	first := store.NewTrust(client).Commit(t.Context(), "one", nil, store.Head{}, store.Note{})
	second := store.NewTrust(client).Commit(t.Context(), "two", nil, store.Head{}, store.Note{})
	if first != nil || reason.Of(second) != reason.StoreConflict {
		t.Errorf("got %v, then %v", first, second)
	}
}

// TestAHeadFromBeforeThereWasALogIsReplaced: it names no entry.
func TestAHeadFromBeforeThereWasALogIsReplaced(t *testing.T) {
	server := stack.Tablestore(t)
	client := store.Open(localConfig(server))
	if _, err := store.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	putHead(t, server, "old")
	trust := store.NewTrust(client)
	head, err := trust.Head(t.Context())
	if err != nil || head != (store.Head{Revision: "old"}) {
		t.Fatalf("%+v, %v", head, err)
	}
	if err := trust.Commit(t.Context(), "new", nil, store.Head{Revision: "other"}, store.Note{}); reason.Of(err) != reason.StoreConflict {
		t.Error(err)
	}
	if err := trust.Commit(t.Context(), "new", nil, head, store.Note{}); err != nil {
		t.Error(err)
	}
}

func putHead(t *testing.T, s *stack.Stack, rev string) {
	t.Helper()
	key := new(tablestore.PrimaryKey)
	key.AddPrimaryKeyColumn("p", "head")
	key.AddPrimaryKeyColumn("id", "head")
	change := &tablestore.PutRowChange{TableName: "sso_trust", PrimaryKey: key, Condition: &tablestore.RowCondition{}}
	change.AddColumn("revision", rev)
	sdk := tablestore.NewClient(s.Tablestore.Endpoint, s.Tablestore.Instance, s.Tablestore.AccessKeyID, s.Tablestore.AccessKeySecret)
	if _, err := sdk.PutRow(&tablestore.PutRowRequest{PutRowChange: change}); err != nil {
		t.Fatal(err)
	}
}

// TestAWrongEndpointIsToldAtOnce: two minutes are for a new table to be ready, not
// for an address where nobody is.
func TestAWrongEndpointIsToldAtOnce(t *testing.T) {
	c := config("http://127.0.0.1:1", "local", "id", "secret", "")
	c.Budget = 300 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	created, err := store.CreateTables(ctx, store.Open(c))
	if reason.Of(err) != reason.StoreUnavailable || len(created) > 0 || ctx.Err() != nil {
		t.Errorf("created %v, %v, %v", created, err, ctx.Err())
	}
}

// TestARedirectIsNotFollowed: the SDK would send the signature and the STS token
// along to wherever it is told.
func TestARedirectIsNotFollowed(t *testing.T) {
	var strayed atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Store(true) }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	c := config(server.URL, "local", "id", "secret", "token")
	c.Budget = 200 * time.Millisecond
	if err := store.NewNonces(store.Open(c)).Use(t.Context(), [32]byte{}, time.Now()); reason.Of(err) != reason.StoreUnavailable {
		t.Errorf("got %v", err)
	}
	if strayed.Load() {
		t.Error("the request followed the redirect")
	}
}

// TestNonsenseIsNoAnswer: the SDK panics on an answer without capacity units, and
// reads an empty 200 as success without looking.
func TestNonsenseIsNoAnswer(t *testing.T) {
	for name, body := range map[string]string{"empty": "", "capacity": "\x0a\x02\x0a\x00", "text": "<html>"} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
			defer server.Close()
			c := config(server.URL, "local", "id", "secret", "")
			c.Budget = 200 * time.Millisecond
			client := store.Open(c)
			for what, err := range map[string]error{
				"nonce":   store.NewNonces(client).Use(t.Context(), [32]byte{}, time.Now()),
				"session": store.NewSessions(client).Touch(t.Context(), [32]byte{}, time.Now()),
				"commit":  store.NewTrust(client).Commit(t.Context(), "one", nil, store.Head{}, store.Note{}),
				"items":   store.NewTrust(client).Commit(t.Context(), "one", []store.Item{{ID: "a"}}, store.Head{}, store.Note{}),
				"owner":   claimed(store.NewPeople(client).Claim(t.Context(), "1234567890123456", "ada", store.Owner{IdP: "okta", Person: "ada"})),
				"person":  known(store.NewPeople(client).Known(t.Context(), "okta", "ada", [32]byte{})),
				"end":     store.NewPeople(client).EndSessions(t.Context(), "okta", "ada", time.Now()),
				"append":  appended(store.NewEvents(client).Append(t.Context(), store.Event{Key: "a", Subject: "b"})),
				"done":    store.NewEvents(client).Done(t.Context(), time.Now(), store.Event{Key: "a", Subject: "b"}),
				"dead":    store.NewEvents(client).Dead(t.Context(), store.DeadLetter{Key: "a"}),
				"subject": store.NewPeople(client).PutSubject(t.Context(), "okta", "person", "ada", nil, 0),
			} {
				if reason.Of(err) != reason.StoreUnavailable {
					t.Errorf("%s: got %v", what, err)
				}
			}
		})
	}
}

func claimed(_ store.Owner, err error) error { return err }

func appended(_ bool, err error) error { return err }

func known(_ store.Known, _ store.Row, err error) error { return err }

// TestOfAPersonsRowOnlyOurOwnIsBelieved: a mark that is none of ours is no mark; of an end
// that cannot be read nobody knows whom it ended.
func TestOfAPersonsRowOnlyOurOwnIsBelieved(t *testing.T) {
	server := stack.Tablestore(t)
	client := store.Open(localConfig(server))
	if _, err := store.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	people, admin := store.NewPeople(client), "acs:ram::1234567890123456:role/admin"
	role, err := ram.ParseRoleARN(admin)
	if err != nil {
		t.Fatal(err)
	}
	column := func(prefix, arn string) string {
		sum := sha256.Sum256([]byte(arn))
		return prefix + hex.EncodeToString(sum[:16])
	}
	putPerson(t, server, "okta", "ada", map[string]any{
		column("favourite_", admin):                "1800000000 " + admin,
		column("favourite_", "x"):                  "1800000001 x",
		column("favourite_", admin+"\n"):           "1800000002 " + admin + "\n",
		column("recent_", admin+"x"):               "1800000003 " + admin,
		column("recent_", admin+"y"):               admin + "y",
		column("recent_", "acs:ram::*:role/admin"): "1800000004 acs:ram::*:role/admin",
		column("recent_", admin+"z"):               int64(7),
		"favourite_" + strings.Repeat("0", 32):     "1800000005 " + admin,
		"something_of_a_later_version":             "1800000006 " + admin,
	})
	there, _, err := people.Known(t.Context(), "okta", "ada", [32]byte{})
	if err != nil || !there.ValidFrom.IsZero() || len(there.Recent) > 0 || len(there.Favourites) != 1 || there.Favourites[0].Role != role {
		t.Errorf("%+v, %v", there, err)
	}
	putPerson(t, server, "okta", "bob", map[string]any{"valid_from": "yesterday"})
	if there, _, err := people.Known(t.Context(), "okta", "bob", [32]byte{}); reason.Of(err) != reason.StoreUnavailable {
		t.Errorf("%+v, %v", there, err)
	}
	if err := people.EndSessions(t.Context(), "okta", "bob", time.Now()); reason.Of(err) != reason.StoreUnavailable {
		t.Error(err)
	}
}

func putPerson(t *testing.T, s *stack.Stack, idp, person string, columns map[string]any) {
	t.Helper()
	sum := sha256.Sum256([]byte(person))
	key := new(tablestore.PrimaryKey)
	key.AddPrimaryKeyColumn("idp", idp)
	key.AddPrimaryKeyColumn("id", hex.EncodeToString(sum[:]))
	change := &tablestore.PutRowChange{TableName: "sso_person", PrimaryKey: key, Condition: &tablestore.RowCondition{}}
	for name, value := range columns {
		change.AddColumn(name, value)
	}
	sdk := tablestore.NewClient(s.Tablestore.Endpoint, s.Tablestore.Instance, s.Tablestore.AccessKeyID, s.Tablestore.AccessKeySecret)
	if _, err := sdk.PutRow(&tablestore.PutRowRequest{PutRowChange: change}); err != nil {
		t.Fatal(err)
	}
}
