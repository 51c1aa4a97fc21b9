package cloud

import (
	"encoding/json"
	"net/http"
)

// Directory is what an account's RAM holds of people, in the order of names, so that
// tests can compare all of it.
type Directory struct {
	Account string           `json:"account"`
	Users   []DirectoryUser  `json:"users"`
	Groups  []DirectoryGroup `json:"groups"`

	Policies []DirectoryPolicy `json:"policies,omitempty"` // its own
}

// DirectoryUser is a RAM user.
type DirectoryUser struct {
	Name        string   `json:"name"` // without domain
	ID          string   `json:"id"`
	DisplayName string   `json:"display_name,omitempty"`
	Comments    string   `json:"comments,omitempty"`
	Email       string   `json:"email,omitempty"`
	MobilePhone string   `json:"mobile_phone,omitempty"`
	Groups      []string `json:"groups,omitempty"`

	LoginProfile string         `json:"login_profile,omitempty"` // Active or Inactive; "": there is none
	MFADevice    string         `json:"mfa_device,omitempty"`    // its serial number
	Keys         []DirectoryKey `json:"keys,omitempty"`          // in the order of their making
	Policies     []string       `json:"policies,omitempty"`      // as Custom/NAME, System/NAME
}

// DirectoryKey is an access key of a user.
type DirectoryKey struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// DirectoryPolicy is a custom policy.
type DirectoryPolicy struct {
	Name     string `json:"name"`
	Document string `json:"document"`
}

// DirectoryGroup is a RAM user group.
type DirectoryGroup struct {
	Name        string   `json:"name"`
	ID          string   `json:"id"`
	DisplayName string   `json:"display_name,omitempty"`
	Comments    string   `json:"comments,omitempty"`
	Users       []string `json:"users,omitempty"`
	Policies    []string `json:"policies,omitempty"`
}

// Directory shows an account's.
func (c *Cloud) Directory(account string) Directory {
	d := c.directory(account)
	d.mu.Lock()
	defer d.mu.Unlock()
	shown := Directory{Account: account, Users: []DirectoryUser{}, Groups: []DirectoryGroup{}}
	for _, u := range sorted(d.users) {
		shown.Users = append(shown.Users, d.show(u))
	}
	for _, g := range sorted(d.groups) {
		shown.Groups = append(shown.Groups, g.show())
	}
	for _, p := range sorted(d.policies) {
		shown.Policies = append(shown.Policies, DirectoryPolicy{p.name, p.document})
	}
	return shown
}

func (d *directory) show(u *user) DirectoryUser {
	shown := DirectoryUser{
		Name: u.name, ID: u.id, DisplayName: u.displayName, Comments: u.comments, Email: u.email, MobilePhone: u.phone,
		Policies: u.policies.names(),
	}
	for _, g := range d.groupsOf(u) {
		shown.Groups = append(shown.Groups, g.name)
	}
	for _, k := range u.keys {
		shown.Keys = append(shown.Keys, DirectoryKey{k.id, k.status})
	}
	if u.login != nil {
		shown.LoginProfile = u.login.status
	}
	if u.mfa != nil {
		shown.MFADevice = u.mfa.serial
	}
	return shown
}

func (a attached) names() []string {
	var names []string
	for _, key := range a.keys() {
		names = append(names, key.kind+"/"+key.name)
	}
	return names
}

func (g *group) show() DirectoryGroup {
	shown := DirectoryGroup{Name: g.name, ID: g.id, DisplayName: g.displayName, Comments: g.comments, Policies: g.policies.names()}
	members := map[string]*user{}
	for u := range g.members {
		members[lower(u.name)] = u
	}
	for _, u := range sorted(members) {
		shown.Users = append(shown.Users, u.name)
	}
	return shown
}

// Directories shows the one that a request names. It belongs on the admin address only.
func (c *Cloud) Directories() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		account := r.URL.Query().Get("account")
		if !c.known(account) {
			http.Error(w, "no account "+account, http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(c.Directory(account)) // the client went away: nobody to tell
	})
}
