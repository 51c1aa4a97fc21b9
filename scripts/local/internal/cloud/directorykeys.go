package cloud

import (
	"net/http"
	"slices"
	"time"
)

const (
	active   = "Active"
	inactive = "Inactive"
)

// accessKey is a user's long-lived key. The ring holds its secret.
type accessKey struct {
	id, status       string
	created, updated time.Time
}

type accessKeyBody struct {
	AccessKeyId     string
	AccessKeySecret string `json:",omitempty" xml:",omitempty"` // once, at creation
	Status          string
	CreateDate      string
	UpdateDate      string `json:",omitempty" xml:",omitempty"`
}

type accessKeyList struct{ AccessKey []accessKeyBody }

// keyDisabled is what the gateway says to whoever signs by such a key.
func keyDisabled() *fault {
	return refuse(http.StatusBadRequest, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
}

func (d *directory) userWithKey(id string) (*user, bool) {
	for _, u := range d.users {
		if u.key(id) != nil {
			return u, true
		}
	}
	return nil, false
}

func (u *user) key(id string) *accessKey {
	i := slices.IndexFunc(u.keys, func(k *accessKey) bool { return k.id == id })
	if i < 0 {
		return nil
	}
	return u.keys[i]
}

func (u *user) caller(account string) caller {
	return caller{kind: kindUser, account: account, arn: arnOf(account, onUser, u.name), id: u.id}
}

func (v visit) createAccessKey() (ramAnswer, *fault) {
	u, f := v.askedUser() // that none means the caller is not emulated
	if f != nil {
		return ramAnswer{}, f
	}
	if len(u.keys) >= v.limits.KeysPerUser {
		return ramAnswer{}, beyondLimit("User.AccessKey")
	}
	made := Key{AccessKeyID: "LTAI" + text(20), AccessKeySecret: text(30)}
	v.cloud.ring.addKey(made, u.caller(v.account))
	u.keys = append(u.keys, &accessKey{id: made.AccessKeyID, status: active, created: v.now, updated: v.now})
	return ramAnswer{AccessKey: &accessKeyBody{
		AccessKeyId: made.AccessKeyID, AccessKeySecret: made.AccessKeySecret, Status: active, CreateDate: stsTime(v.now),
	}}, nil
}

func (v visit) listAccessKeys() (ramAnswer, *fault) {
	u, f := v.askedUser()
	if f != nil {
		return ramAnswer{}, f
	}
	list := accessKeyList{AccessKey: []accessKeyBody{}}
	for _, k := range u.keys {
		body := accessKeyBody{AccessKeyId: k.id, Status: k.status, CreateDate: stsTime(k.created)}
		if v.ims {
			body.UpdateDate = stsTime(k.updated)
		}
		list.AccessKey = append(list.AccessKey, body)
	}
	return ramAnswer{AccessKeys: &list}, nil
}

func (v visit) askedKey() (*user, *accessKey, *fault) {
	u, f := v.askedUser()
	if f != nil {
		return nil, nil, f
	}
	id := v.q.params.Get("UserAccessKeyId")
	if id == "" {
		return nil, nil, missing("UserAccessKeyId")
	}
	if k := u.key(id); k != nil {
		return u, k, nil
	}
	return nil, nil, noEntity("User.AccessKey")
}

func (v visit) updateAccessKey() (ramAnswer, *fault) {
	_, k, f := v.askedKey()
	if f != nil {
		return ramAnswer{}, f
	}
	status := v.q.params.Get("Status")
	if f := requireStatus(status); f != nil {
		return ramAnswer{}, f
	}
	v.cloud.ring.disable(k.id, status == inactive)
	k.status, k.updated = status, v.now
	return ramAnswer{}, nil
}

func requireStatus(status string) *fault {
	switch status {
	case "":
		return missing("Status")
	case active, inactive:
		return nil
	default:
		return malformed("Status")
	}
}

func (v visit) deleteAccessKey() (ramAnswer, *fault) {
	u, k, f := v.askedKey()
	if f != nil {
		return ramAnswer{}, f
	}
	v.cloud.ring.drop(k.id)
	u.keys = slices.DeleteFunc(u.keys, func(other *accessKey) bool { return other == k })
	return ramAnswer{}, nil
}
