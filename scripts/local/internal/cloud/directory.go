package cloud

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// directory is what an account's RAM holds of people. Names are kept by their lower-case
// form: that "Ada" may stand beside "ada" is nowhere promised, so she may not; and that
// "Ada" finds "ada" is nowhere promised either, so she does not.
type directory struct {
	mu       sync.Mutex
	users    map[string]*user
	groups   map[string]*group
	policies map[string]*ramPolicy // those of its own
	devices  map[string]*device    // for MFA, by serial number
	limits   Limits
}

// Limits are how many an account may have.
type Limits struct {
	Users         int `json:"users"`
	Groups        int `json:"groups"`
	GroupsPerUser int `json:"groupsPerUser"`
	KeysPerUser   int `json:"keysPerUser"`
}

func usualLimits() Limits { return Limits{Users: 1000, Groups: 50, GroupsPerUser: 5, KeysPerUser: 2} }

// SetLimits gives an account others than the usual ones; 0 leaves one as it is. What is
// there already stays.
func (c *Cloud) SetLimits(account string, wish Limits) error {
	if !c.known(account) || min(wish.Users, wish.Groups, wish.GroupsPerUser, wish.KeysPerUser) < 0 {
		return fmt.Errorf("account %q, limits %+v: one that is known, and none below 0", account, wish)
	}
	d := c.directory(account)
	d.mu.Lock()
	defer d.mu.Unlock()
	for limit, wanted := range map[*int]int{
		&d.limits.Users: wish.Users, &d.limits.Groups: wish.Groups, &d.limits.GroupsPerUser: wish.GroupsPerUser, &d.limits.KeysPerUser: wish.KeysPerUser,
	} {
		if wanted > 0 {
			*limit = wanted
		}
	}
	return nil
}

type user struct {
	name, id                    string
	displayName, comments       string
	email, phone                string
	created, updated, lastLogin time.Time
	login                       *loginProfile // nil: no password
	keys                        []*accessKey
	mfa                         *device // nil: none is bound
	policies                    attached
}

type group struct {
	name, id              string
	displayName, comments string
	created, updated      time.Time
	members               map[*user]time.Time // since when
	policies              attached
}

func newDirectory() *directory {
	return &directory{
		users: map[string]*user{}, groups: map[string]*group{}, policies: map[string]*ramPolicy{}, devices: map[string]*device{},
		limits: usualLimits(),
	}
}

// directory is that of an account, whether or not the account is known.
func (c *Cloud) directory(account string) *directory {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.directories[account]
	if !ok {
		d = newDirectory()
		c.directories[account] = d
	}
	return d
}

func newUser(name, id string, now time.Time) *user {
	return &user{name: name, id: id, created: now, updated: now, policies: attached{}}
}

func (d *directory) user(name string) (*user, bool) {
	u, ok := d.users[lower(name)]
	return u, ok && u.name == name
}

func (d *directory) userOf(id string) (*user, bool) {
	for _, u := range d.users {
		if u.id == id {
			return u, true
		}
	}
	return nil, false
}

func (d *directory) group(name string) (*group, bool) {
	g, ok := d.groups[lower(name)]
	return g, ok && g.name == name
}

func lower(name string) string { return strings.ToLower(name) }

// namesIn are the keys of users or groups, for pages of them.
func namesIn[V any](all map[string]V) []string { return slices.Collect(maps.Keys(all)) }

// sorted are users or groups in the order of their names.
func sorted[V any](all map[string]V) []V {
	var list []V
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[name])
	}
	return list
}

// groupsOf are the groups that a user is in, by name.
func (d *directory) groupsOf(u *user) []*group {
	var in []*group
	for _, g := range sorted(d.groups) {
		if _, member := g.members[u]; member {
			in = append(in, g)
		}
	}
	return in
}

// visit is one request to the directory of the account that signed it, which is locked
// as long as it lasts.
type visit struct {
	*directory
	cloud           *Cloud
	account, domain string // and its default domain
	q               rpcRequest
	ims             bool // the newer API: users are named with their domain
	now             time.Time
}

// inDirectory makes an action of what is done to a directory.
func inDirectory(do func(visit) (ramAnswer, *fault)) func(*Cloud, string, rpcRequest) (ramAnswer, *fault) {
	return func(c *Cloud, account string, q rpcRequest) (ramAnswer, *fault) {
		v := visit{
			directory: c.directory(account), cloud: c, account: account, domain: c.defaultDomain(account),
			q: q, ims: q.version() == imsVersion, now: c.now(),
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		return do(v)
	}
}
