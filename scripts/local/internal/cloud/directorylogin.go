package cloud

import (
	"net/http"
	"strings"
	"time"
	"unicode"
)

// loginProfile lets a user sign in to the console by password. The password itself is
// looked at and forgotten: no page here takes one.
type loginProfile struct {
	status           string
	reset, mfa       bool
	created, updated time.Time
}

type loginBody struct {
	UserName              string `json:",omitempty" xml:",omitempty"`
	UserPrincipalName     string `json:",omitempty" xml:",omitempty"`
	Status                string `json:",omitempty" xml:",omitempty"`
	PasswordResetRequired bool
	MFABindRequired       bool
	CreateDate            string `json:",omitempty" xml:",omitempty"`
	UpdateDate            string `json:",omitempty" xml:",omitempty"`
}

func (v visit) answerLogin(u *user) (ramAnswer, *fault) {
	body := loginBody{PasswordResetRequired: u.login.reset, MFABindRequired: u.login.mfa}
	if v.ims {
		body.UserPrincipalName, body.Status, body.UpdateDate = v.upn(u), u.login.status, stsTime(u.login.updated)
	} else {
		body.UserName, body.CreateDate = u.name, stsTime(u.login.created)
	}
	return ramAnswer{LoginProfile: &body}, nil
}

// readLogin takes what is given. A password may be missing in the newer API.
func (v visit) readLogin(p *loginProfile) *fault {
	if v.q.params.Has("Password") && weak(v.q.params.Get("Password")) {
		return refuse(http.StatusBadRequest, "InvalidParameter.Password.TooWeak", "The parameter - %q is not compliant with the password policy.", "Password")
	}
	for param, into := range map[string]*bool{"PasswordResetRequired": &p.reset, "MFABindRequired": &p.mfa} {
		if f := readBool(v.q, param, into); f != nil {
			return f
		}
	}
	if !v.ims || !v.q.params.Has("Status") {
		return nil
	}
	p.status = v.q.params.Get("Status")
	return requireStatus(p.status)
}

// weak judges by the strictest usual policy; what an account's own says is not emulated.
func weak(password string) bool {
	other := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return len(password) < 8 || len(password) > 32 || !strings.ContainsFunc(password, unicode.IsLower) ||
		!strings.ContainsFunc(password, unicode.IsUpper) || !strings.ContainsFunc(password, unicode.IsDigit) || !strings.ContainsFunc(password, other)
}

func (v visit) createLoginProfile() (ramAnswer, *fault) {
	u, f := v.askedUser()
	if f != nil {
		return ramAnswer{}, f
	}
	if !v.ims && !v.q.params.Has("Password") {
		return ramAnswer{}, missing("Password")
	}
	made := loginProfile{status: active, created: v.now, updated: v.now}
	if f := v.readLogin(&made); f != nil {
		return ramAnswer{}, f
	}
	if u.login != nil {
		return ramAnswer{}, knownAlready("User.LoginProfile")
	}
	u.login = &made
	return v.answerLogin(u)
}

func (v visit) askedLogin() (*user, *fault) {
	u, f := v.askedUser()
	if f == nil && u.login == nil {
		return nil, noEntity("User.LoginProfile")
	}
	return u, f
}

func (v visit) getLoginProfile() (ramAnswer, *fault) {
	u, f := v.askedLogin()
	if f != nil {
		return ramAnswer{}, f
	}
	return v.answerLogin(u)
}

func (v visit) updateLoginProfile() (ramAnswer, *fault) {
	u, f := v.askedLogin()
	if f != nil {
		return ramAnswer{}, f
	}
	changed := *u.login
	if f := v.readLogin(&changed); f != nil {
		return ramAnswer{}, f
	}
	changed.updated = v.now
	u.login = &changed
	if !v.ims { // which answers no more than that it is done
		return ramAnswer{}, nil
	}
	return v.answerLogin(u)
}

func (v visit) deleteLoginProfile() (ramAnswer, *fault) {
	u, f := v.askedLogin()
	if f != nil {
		return ramAnswer{}, f
	}
	u.login = nil
	return ramAnswer{}, nil
}
