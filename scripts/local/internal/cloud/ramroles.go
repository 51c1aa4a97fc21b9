package cloud

import "time"

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

func (c *Cloud) getRole(account string, q rpcRequest) (ramAnswer, *fault) {
	name := q.params.Get("RoleName")
	if name == "" {
		return ramAnswer{}, missing("RoleName")
	}
	arn := arnOf(account, onRole, name)
	if !roleARN.MatchString(arn) {
		return ramAnswer{}, malformed("RoleName.InvalidChars")
	}
	r, ok := c.role(arn)
	if !ok {
		return ramAnswer{}, unknownEntity("Role")
	}
	body := r.body()
	body.AssumeRolePolicyDocument = r.document
	return ramAnswer{Role: &body}, nil
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
