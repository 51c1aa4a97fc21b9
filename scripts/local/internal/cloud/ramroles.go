package cloud

import (
	"strconv"
	"time"
)

// maxRoles is the most that one page of ListRoles has.
const maxRoles = 1000

// roleBody is a role as RAM shows it; a list of them is without trust policies.
type roleBody struct {
	RoleId                   string
	RoleName                 string
	Arn                      string
	Description              string
	AssumeRolePolicyDocument string `json:",omitempty" xml:",omitempty"`
	MaxSessionDuration       int64
	CreateDate               string
	UpdateDate               string
}

type roleList struct{ Role []roleBody }

func (r role) body() roleBody {
	return roleBody{
		RoleId: r.id, RoleName: r.name, Arn: r.arn, Description: r.description, MaxSessionDuration: int64(r.maxSession / time.Second),
		CreateDate: stsTime(r.created), UpdateDate: stsTime(r.updated),
	}
}

func (c *Cloud) requireRole(account string, q rpcRequest) (role, *fault) {
	name := q.params.Get("RoleName")
	if name == "" {
		return role{}, missing("RoleName")
	}
	arn := arnOf(account, onRole, name)
	if !roleARN.MatchString(arn) {
		return role{}, malformed("RoleName.InvalidChars")
	}
	r, ok := c.role(arn)
	if !ok {
		return role{}, unknownEntity("Role")
	}
	return r, nil
}

func (r role) answer() ramAnswer {
	body := r.body()
	body.AssumeRolePolicyDocument = r.document
	return ramAnswer{Role: &body}
}

func (c *Cloud) getRole(account string, q rpcRequest) (ramAnswer, *fault) {
	r, f := c.requireRole(account, q)
	if f != nil {
		return ramAnswer{}, f
	}
	return r.answer(), nil
}

// updateRole is how somebody loosens a trust policy or shortens a session behind the
// bundle's back. The codes for what is malformed follow the pattern.
func (c *Cloud) updateRole(account string, q rpcRequest) (ramAnswer, *fault) {
	r, f := c.requireRole(account, q)
	if f != nil {
		return ramAnswer{}, f
	}
	if text := q.params.Get("NewAssumeRolePolicyDocument"); text != "" {
		trust, err := parseTrust(text)
		if err != nil {
			return ramAnswer{}, malformed("NewAssumeRolePolicyDocument")
		}
		r.trust, r.document = trust, text
	}
	if text := q.params.Get("NewDescription"); text != "" {
		r.description = text
	}
	if text := q.params.Get("NewMaxSessionDuration"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 3600 || seconds > 43200 {
			return ramAnswer{}, malformed("NewMaxSessionDuration")
		}
		r.maxSession = time.Duration(seconds) * time.Second
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r.updated = c.now()
	c.roles[r.arn] = r
	return r.answer(), nil
}

func (c *Cloud) listRoles(account string, q rpcRequest) (ramAnswer, *fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	names, marker, f := page(q, namesOf(c.roles, account, onRole), maxRoles)
	found := roleList{Role: []roleBody{}}
	for _, name := range names {
		found.Role = append(found.Role, c.roles[arnOf(account, onRole, name)].body())
	}
	more := marker != ""
	return ramAnswer{Roles: &found, IsTruncated: &more, Marker: marker}, f
}
