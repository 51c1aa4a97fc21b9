package cloud

// userBody is a user as both APIs show one; each fills in what its own has.
type userBody struct {
	UserId            string `json:",omitempty" xml:",omitempty"`
	UserName          string `json:",omitempty" xml:",omitempty"`
	UserPrincipalName string `json:",omitempty" xml:",omitempty"`
	DisplayName       string `json:",omitempty" xml:",omitempty"`
	Comments          string `json:",omitempty" xml:",omitempty"`
	Email             string `json:",omitempty" xml:",omitempty"`
	MobilePhone       string `json:",omitempty" xml:",omitempty"`
	CreateDate        string `json:",omitempty" xml:",omitempty"`
	UpdateDate        string `json:",omitempty" xml:",omitempty"`
	LastLoginDate     string `json:",omitempty" xml:",omitempty"`
	ProvisionType     string `json:",omitempty" xml:",omitempty"`
	Status            string `json:",omitempty" xml:",omitempty"` // in lists of the newer API
	JoinDate          string `json:",omitempty" xml:",omitempty"` // in lists of a group's users
}

type userList struct{ User []userBody }

const (
	maxListed   = 1000 // on a page of users
	provisioned = "Manual"
)

func (v visit) upn(u *user) string { return u.name + "@" + v.domain }

func (v visit) body(u *user) userBody {
	body := userBody{
		UserId: u.id, DisplayName: u.displayName, Comments: u.comments, Email: u.email, MobilePhone: u.phone,
		CreateDate: stsTime(u.created), UpdateDate: stsTime(u.updated),
	}
	if !v.ims {
		body.UserName = u.name
		return body
	}
	body.UserPrincipalName, body.ProvisionType = v.upn(u), provisioned
	if !u.lastLogin.IsZero() {
		body.LastLoginDate = stsTime(u.lastLogin)
	}
	return body
}

func (v visit) answerUser(u *user) (ramAnswer, *fault) {
	body := v.body(u)
	return ramAnswer{User: &body}, nil
}

// readDetails reads what describes a user; where one is changed, its parameters begin
// with New.
func (v visit) readDetails(prefix string, u *user) *fault {
	if f := v.readDisplayName(prefix+"DisplayName", &u.displayName); f != nil {
		return f
	}
	if f := v.read(prefix+"Comments", maxComments, &u.comments); f != nil {
		return f
	}
	if f := v.readContact(prefix+"Email", mailAddress, &u.email); f != nil {
		return f
	}
	return v.readContact(prefix+"MobilePhone", phoneNumber, &u.phone)
}

func (v visit) createUser() (ramAnswer, *fault) {
	name, f := v.userName("")
	if f != nil {
		return ramAnswer{}, f
	}
	made := newUser(name, numericID("2", text(20)), v.now)
	if v.ims && !v.q.params.Has("DisplayName") {
		return ramAnswer{}, missing("DisplayName")
	}
	if f := v.refuseTags(); f != nil {
		return ramAnswer{}, f
	}
	if f := v.readDetails("", made); f != nil {
		return ramAnswer{}, f
	}
	if _, known := v.users[lower(name)]; known {
		return ramAnswer{}, knownAlready("User")
	}
	if len(v.users) >= v.limits.Users {
		return ramAnswer{}, beyondLimit("User")
	}
	v.users[lower(name)] = made
	return v.answerUser(made)
}

func (v visit) getUser() (ramAnswer, *fault) {
	u, f := v.askedUser("UserId", "UserAccessKeyId")
	if f != nil {
		return ramAnswer{}, f
	}
	answer, f := v.answerUser(u)
	answer.User.UserName = u.name // in this answer the newer API has both
	if !u.lastLogin.IsZero() {
		answer.User.LastLoginDate = stsTime(u.lastLogin)
	}
	return answer, f
}

// updateUser changes what is given, and all of it or nothing.
func (v visit) updateUser() (ramAnswer, *fault) {
	u, f := v.askedUser("UserId")
	if f != nil {
		return ramAnswer{}, f
	}
	changed := *u
	if v.q.params.Has(v.userParam("New")) {
		if changed.name, f = v.userName("New"); f != nil {
			return ramAnswer{}, f
		}
	}
	if f := v.readDetails("New", &changed); f != nil {
		return ramAnswer{}, f
	}
	if other, known := v.users[lower(changed.name)]; known && other != u {
		return ramAnswer{}, knownAlready("User")
	}
	delete(v.users, lower(u.name))
	*u = changed
	u.updated = v.now
	v.users[lower(u.name)] = u
	for _, k := range u.keys { // who signs by one has the new name at once
		v.cloud.ring.rename(k.id, arnOf(v.account, onUser, u.name))
	}
	return v.answerUser(u)
}

// deleteUser refuses as long as anything hangs on the user. That the newer API does so
// too is not certain; the stricter is emulated for both.
func (v visit) deleteUser() (ramAnswer, *fault) {
	u, f := v.askedUser("UserId")
	if f != nil {
		return ramAnswer{}, f
	}
	if hanging := v.hangingOn(u); hanging != "" {
		return ramAnswer{}, inTheWay("User." + hanging)
	}
	delete(v.users, lower(u.name))
	return ramAnswer{}, nil
}

// hangingOn is what has to go before the user can, "" for nothing.
func (d *directory) hangingOn(u *user) string {
	switch {
	case len(d.groupsOf(u)) > 0:
		return "Group"
	case len(u.policies) > 0:
		return "Policy"
	case len(u.keys) > 0:
		return "AccessKey"
	case u.mfa != nil:
		return "MFADevice"
	case u.login != nil:
		return "LoginProfile"
	}
	return ""
}

func (v visit) listUsers() (ramAnswer, *fault) {
	usual := pageLength
	if v.ims {
		usual = maxListed
	}
	shown := v.users
	switch v.q.params.Get("Status") { // nobody is frozen here
	case "", "active", "active,freeze":
	case "freeze":
		shown = nil
	default:
		return ramAnswer{}, malformed("Status")
	}
	if f := v.refuseTags(); f != nil {
		return ramAnswer{}, f
	}
	names, marker, f := pageFrom(v.q, namesIn(shown), maxListed, usual)
	list := userList{User: []userBody{}}
	for _, name := range names {
		body := v.body(v.users[name])
		if v.ims {
			body.Status = "active"
		}
		list.User = append(list.User, body)
	}
	more := marker != ""
	return ramAnswer{Users: &list, IsTruncated: &more, Marker: marker}, f
}
