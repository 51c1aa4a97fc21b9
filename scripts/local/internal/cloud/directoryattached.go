package cloud

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// attached are the policies that a user or a group was given, and when.
type attached map[policyKey]time.Time

func (a attached) keys() []policyKey {
	return slices.SortedFunc(maps.Keys(a), func(one, other policyKey) int {
		return cmp.Or(cmp.Compare(one.name, other.name), cmp.Compare(one.kind, other.kind))
	})
}

// attachedTo counts who has a policy.
func (d *directory) attachedTo(key policyKey) (users, groups int) {
	for _, u := range d.users {
		if _, has := u.policies[key]; has {
			users++
		}
	}
	for _, g := range d.groups {
		if _, has := g.policies[key]; has {
			groups++
		}
	}
	return users, groups
}

// attach and detach change what a user or a group has; entity is which of them. That
// there is a most for each is known, how many is not: none is emulated.
func (v visit) attach(entity string, to attached) (ramAnswer, *fault) {
	p, f := v.askedPolicy()
	if f != nil {
		return ramAnswer{}, f
	}
	if _, has := to[p.policyKey]; has {
		return ramAnswer{}, knownAlready(entity + ".Policy")
	}
	to[p.policyKey] = v.now
	return ramAnswer{}, nil
}

func (v visit) detach(entity string, from attached) (ramAnswer, *fault) {
	p, f := v.askedPolicy()
	if f != nil {
		return ramAnswer{}, f
	}
	if _, has := from[p.policyKey]; !has {
		return ramAnswer{}, noEntity(entity + ".Policy")
	}
	delete(from, p.policyKey)
	return ramAnswer{}, nil
}

func (v visit) list(of attached) (ramAnswer, *fault) {
	list := policyList{Policy: []policyBody{}}
	for _, key := range of.keys() {
		if p, ok := v.policyAt(key); ok {
			body := p.body()
			body.AttachDate = stsTime(of[key])
			list.Policy = append(list.Policy, body)
		}
	}
	return ramAnswer{Policies: &list}, nil
}

// forUser and forGroup make actions of what is done to the policies of one.
func forUser(do func(visit, attached) (ramAnswer, *fault)) func(visit) (ramAnswer, *fault) {
	return func(v visit) (ramAnswer, *fault) {
		u, f := v.askedUser()
		if f != nil {
			return ramAnswer{}, f
		}
		return do(v, u.policies)
	}
}

func forGroup(do func(visit, attached) (ramAnswer, *fault)) func(visit) (ramAnswer, *fault) {
	return func(v visit) (ramAnswer, *fault) {
		g, f := v.askedGroup()
		if f != nil {
			return ramAnswer{}, f
		}
		return do(v, g.policies)
	}
}

func (v visit) attachToUser(to attached) (ramAnswer, *fault)      { return v.attach("User", to) }
func (v visit) detachFromUser(from attached) (ramAnswer, *fault)  { return v.detach("User", from) }
func (v visit) attachToGroup(to attached) (ramAnswer, *fault)     { return v.attach("Group", to) }
func (v visit) detachFromGroup(from attached) (ramAnswer, *fault) { return v.detach("Group", from) }

// userMay answers for a user: by the policies of their own and of their groups. A deny
// in any wins, and who is not there any more may do nothing.
func (c *Cloud) userMay(who caller, action, resource string, facts map[string]string) bool {
	d := c.directory(who.account)
	d.mu.Lock()
	defer d.mu.Unlock()
	u, ok := d.userOf(who.id)
	if !ok {
		return false
	}
	says := d.statements(u.policies)
	for _, g := range d.groupsOf(u) {
		says = append(says, d.statements(g.policies)...)
	}
	return policy{Statement: says}.permits(action, resource, facts)
}

func (d *directory) statements(of attached) []statement {
	var says []statement
	for key := range of {
		if p, ok := d.policyAt(key); ok {
			says = append(says, p.says.Statement...)
		}
	}
	return says
}
