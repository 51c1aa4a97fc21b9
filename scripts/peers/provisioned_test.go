package peers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	ims "github.com/alibabacloud-go/ims-20190815/v4/client"
	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// TestTheOfficialSDKsSeeWhomEventsMade: after each step of a person's life, told by events
// and by SCIM, both SDKs read from RAM what there should be.
func TestTheOfficialSDKsSeeWhomEventsMade(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	text := string(must(os.ReadFile(s.Federation))(t))
	if err := os.WriteFile(s.Federation, []byte(strings.Replace(text, "deny: true}", "deny: true, delete: true}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := s.Reapply(t); !strings.Contains(said, "applied") {
		t.Fatal(said)
	}
	const owner = "acs:ram::2345678901234567:role/" + stack.DirectoryRole
	w := &watcher{t: t, s: s, newer: must(ims.NewClient(configured(s.Cloud.IMS, inRole(t, s, owner))))(t), older: ramClient(t, s, owner)}

	w.tell("group.changed", "id", "g1", "name", "staff")
	w.tell("group.changed", "id", "g2", "name", "dev")
	w.tell("member.added", "id", "7", "group", "g1")
	w.tell("member.added", "id", "7", "group", "g2")
	w.wants("ada", "EntityNotExist.User")
	w.person("changed", "ada", "Ada Lovelace")
	w.wants("ada", "Ada Lovelace, in dev staff")
	w.tell("member.removed", "id", "7", "group", "g2")
	w.person("changed", "ada", "Ada King")
	w.wants("ada", "Ada King, in staff")
	w.person("changed", "ada.king", "Ada King")
	w.wants("ada", "EntityNotExist.User")
	w.wants("ada.king", "Ada King, in staff")
	must(w.older.CreateAccessKey(&ram.CreateAccessKeyRequest{UserName: tea.String("ada.king")}))(t)
	w.wants("ada.king", "Ada King, in staff, key Active")
	w.person("disabled", "ada.king", "Ada King")
	w.wants("ada.king", "Ada King, key Inactive, policy fc-sso-left")
	w.person("changed", "ada.king", "Ada King")
	w.wants("ada.king", "Ada King, in staff, key Inactive")
	w.tell("group.changed", "id", "g2", "name", "developers")
	w.wantsGroups("developers staff")
	w.person("left", "ada.king", "Ada King")
	w.wants("ada.king", "EntityNotExist.User")
	w.tell("group.removed", "id", "g2")
	w.wantsGroups("staff")

	made := w.scim(http.MethodPost, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"grace@acme.example","displayName":"Grace Hopper","emails":[{"value":"grace@acme.example","primary":true}]}`)
	w.scim(http.MethodPost, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"staff","members":[{"value":"`+made+`"}]}`)
	w.wants("grace", "Grace Hopper, in staff")
	w.scim(http.MethodPatch, "/Users/"+made, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`)
	w.wants("grace", "Grace Hopper, policy fc-sso-left")
	w.scim(http.MethodDelete, "/Users/"+made, "")
	w.wants("grace", "EntityNotExist.User")
}

// watcher tells what happens to people, and reads what became of it.
type watcher struct {
	t     *testing.T
	s     *stack.Stack
	newer *ims.Client
	older *ram.Client
	told  int
}

func (w *watcher) tell(kind string, pairs ...string) {
	w.t.Helper()
	w.told++
	data := map[string]string{"idp": "acme"}
	for i := 0; i+1 < len(pairs); i += 2 {
		data[pairs[i]] = pairs[i+1]
	}
	w.s.PutEvents(w.t, map[string]any{
		"id": fmt.Sprint("seen-", w.told), "source": "acme.hr", "specversion": "1.0", "type": "fcsso." + kind,
		"datacontenttype": "application/json", "time": time.Now().UTC().Format(time.RFC3339Nano), "data": data,
	})
	w.s.AwaitDelivered(w.t)
}

func (w *watcher) person(what, name, displayName string) {
	w.t.Helper()
	w.tell("person."+what, "id", "7", "person", "ada@acme.example", "userName", name, "email", name+"@acme.example", "displayName", displayName)
}

// wants reads a user by the newer SDK, and what hangs on them by the older.
func (w *watcher) wants(name, want string) {
	w.t.Helper()
	deadline, tick := time.Now().Add(20*time.Second), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for got := w.user(name); got != want; got = w.user(name) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: %s, want %s", name, got, want)
		}
		<-tick.C
	}
}

func (w *watcher) user(name string) string {
	upn := tea.String(name + "@acme-dev.onaliyun.com")
	read, err := w.newer.GetUser(&ims.GetUserRequest{UserPrincipalName: upn})
	if err != nil {
		refusal, _ := errors.AsType[*tea.SDKError](err)
		if refusal == nil {
			w.t.Fatal(err)
		}
		return tea.StringValue(refusal.Code)
	}
	lines := []string{tea.StringValue(read.Body.User.DisplayName)}
	var groups []string
	for _, g := range must(w.older.ListGroupsForUser(&ram.ListGroupsForUserRequest{UserName: &name}))(w.t).Body.Groups.Group {
		groups = append(groups, tea.StringValue(g.GroupName))
	}
	if slices.Sort(groups); len(groups) > 0 {
		lines = append(lines, "in "+strings.Join(groups, " "))
	}
	for _, key := range must(w.older.ListAccessKeys(&ram.ListAccessKeysRequest{UserName: &name}))(w.t).Body.AccessKeys.AccessKey {
		lines = append(lines, "key "+tea.StringValue(key.Status))
	}
	for _, policy := range must(w.older.ListPoliciesForUser(&ram.ListPoliciesForUserRequest{UserName: &name}))(w.t).Body.Policies.Policy {
		lines = append(lines, "policy "+tea.StringValue(policy.PolicyName))
	}
	if _, err := w.newer.GetLoginProfile(&ims.GetLoginProfileRequest{UserPrincipalName: upn}); err == nil {
		lines = append(lines, "a password")
	}
	return strings.Join(lines, ", ")
}

func (w *watcher) wantsGroups(want string) {
	w.t.Helper()
	var names []string
	for _, g := range must(w.newer.ListGroups(&ims.ListGroupsRequest{}))(w.t).Body.Groups.Group {
		names = append(names, tea.StringValue(g.GroupName))
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != want {
		w.t.Errorf("groups %s, want %s", got, want)
	}
}

// scim asks as an identity provider does, and returns the resource's ID.
func (w *watcher) scim(method, path, body string) string {
	w.t.Helper()
	request := must(http.NewRequestWithContext(w.t.Context(), method, w.s.SCIM.URL+path, strings.NewReader(body)))(w.t)
	request.Header.Set("Authorization", "Bearer "+w.s.SCIM.Token)
	request.Header.Set("Content-Type", "application/scim+json")
	response := must(http.DefaultClient.Do(request))(w.t)
	defer func() { _ = response.Body.Close() }()
	text := must(io.ReadAll(response.Body))(w.t)
	if response.StatusCode/100 != 2 {
		w.t.Fatalf("%s %s: %s: %s", method, path, response.Status, text)
	}
	var made struct{ ID string }
	if len(text) > 0 {
		if err := json.Unmarshal(text, &made); err != nil {
			w.t.Fatalf("%v: %s", err, text)
		}
	}
	return made.ID
}
