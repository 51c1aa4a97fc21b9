package stack

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

// DirectoryRole is the role of each account but the bundle's by which the operator,
// whose key the READY line has, changes its RAM by hand.
const DirectoryRole = cloud.DirectoryRole

// Trouble says what a service of the emulated cloud does instead of its work; see
// cloud.Trouble for the services and the kinds. "" ends it.
func (s *Stack) Trouble(tb testing.TB, service, kind string) {
	tb.Helper()
	s.TroubleAs(tb, Trouble{Service: service, Kind: kind})
}

// TroubleAtWrite lets the n-th write from now on meet trouble, and no other request.
func (s *Stack) TroubleAtWrite(tb testing.TB, service, kind string, n int) {
	tb.Helper()
	s.TroubleAs(tb, Trouble{Service: service, Kind: kind, After: n, Writes: true})
}

// Trouble is what there is to choose.
type Trouble = cloud.Trouble

// Limits are how many users, groups and keys an account may have.
type Limits = cloud.Limits

// TroubleAs makes trouble for some requests only.
func (s *Stack) TroubleAs(tb testing.TB, wish Trouble) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/cloud", wish)
}

// Seen is what IMS and RAM were asked for since the start, and how many requests met
// trouble. The filter, pairs of service, action, account and name, chooses calls.
func (s *Stack) Seen(tb testing.TB, filter ...string) cloud.Seen {
	tb.Helper()
	query := url.Values{}
	for i := 0; i+1 < len(filter); i += 2 {
		query.Set(filter[i], filter[i+1])
	}
	var seen cloud.Seen
	if err := json.Unmarshal(s.admin(tb, http.MethodGet, "/cloud?"+query.Encode(), nil), &seen); err != nil {
		tb.Fatal(err)
	}
	return seen
}

// AddUser makes a RAM user, by its name without domain.
func (s *Stack) AddUser(tb testing.TB, account, name string) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/users", map[string]string{"account": account, "name": name})
}

// BindDevice makes a RAM user with an MFA device, or gives one to a user.
func (s *Stack) BindDevice(tb testing.TB, account, name string) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/users", map[string]any{"account": account, "name": name, "mfa": true})
}

// Limit says how many users and groups an account may have; 0 leaves a limit as it is.
func (s *Stack) Limit(tb testing.TB, account string, most Limits) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/limits", struct {
		Account string `json:"account"`
		Limits
	}{account, most})
}

// RemoveUser takes a RAM user away.
func (s *Stack) RemoveUser(tb testing.TB, account, name string) {
	tb.Helper()
	s.admin(tb, http.MethodDelete, "/users?"+url.Values{"account": {account}, "name": {name}}.Encode(), nil)
}

// What an account's RAM holds of people, for tests that compare it.
type (
	Directory       = cloud.Directory
	DirectoryUser   = cloud.DirectoryUser
	DirectoryGroup  = cloud.DirectoryGroup
	DirectoryKey    = cloud.DirectoryKey
	DirectoryPolicy = cloud.DirectoryPolicy
)

// Directory shows an account's, all of it in order.
func (s *Stack) Directory(tb testing.TB, account string) Directory {
	tb.Helper()
	var directory Directory
	if err := json.Unmarshal(s.admin(tb, http.MethodGet, "/directory?"+url.Values{"account": {account}}.Encode(), nil), &directory); err != nil {
		tb.Fatal(err)
	}
	return directory
}

// PutRole makes a role with these policies, or replaces it; permission may be "".
func (s *Stack) PutRole(tb testing.TB, arn, trust, permission string) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/roles", map[string]string{"arn": arn, "trust": trust, "permission": permission})
}

// RemoveRole takes a role away.
func (s *Stack) RemoveRole(tb testing.TB, arn string) {
	tb.Helper()
	s.admin(tb, http.MethodDelete, "/roles?"+url.Values{"arn": {arn}}.Encode(), nil)
}
