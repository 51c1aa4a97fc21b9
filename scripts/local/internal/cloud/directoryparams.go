package cloud

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxUserName    = 64 // of the user's part
	maxUPN         = 128
	maxComments    = 128
	maxDisplayName = 24 // IMS; of users and groups
	maxRAMDisplay  = 128
)

var (
	entityName  = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
	displayName = regexp.MustCompile(`^[\p{L}\p{N}@._-]+$`)
	mailAddress = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	phoneNumber = regexp.MustCompile(`^[0-9]{1,4}-[0-9]{5,15}$`)
)

func beyondLength(param string) *fault {
	return refuse(http.StatusBadRequest, "InvalidParameter."+param+".Length", "The parameter - %q beyond the length limit.", param)
}

func invalidChars(param string) *fault {
	return refuse(http.StatusBadRequest, "InvalidParameter."+param+".InvalidChars", "The parameter - %q contains invalid chars.", param)
}

func wrongFormat(param string) *fault {
	return refuse(http.StatusBadRequest, "InvalidParameter."+param+".Format", "The format of the parameter - %q is incorrect.", param)
}

// userParam is the parameter by which an API names a user.
func (v visit) userParam(prefix string) string {
	if v.ims {
		return prefix + "UserPrincipalName"
	}
	return prefix + "UserName"
}

// userName reads a user's name. In the newer API it ends in the account's default domain.
// No page says what another domain is called, a domain alias for one; it is called
// malformed here, not unknown: whoever took the wrong domain must not think that
// somebody does not exist.
func (v visit) userName(prefix string) (string, *fault) {
	param := v.userParam(prefix)
	name := v.q.params.Get(param)
	if name == "" {
		return "", missing(param)
	}
	if v.ims {
		if len(name) > maxUPN {
			return "", beyondLength(param)
		}
		bare, qualified := strings.CutSuffix(name, "@"+v.domain)
		if !qualified {
			return "", wrongFormat(param)
		}
		name = bare
	}
	return name, requireEntityName(param, name)
}

func requireEntityName(param, name string) *fault {
	switch {
	case len(name) < 1 || len(name) > maxUserName:
		return beyondLength(param)
	case !entityName.MatchString(name):
		return invalidChars(param)
	}
	return nil
}

// askedUser is the user that the request is about. The newer API takes an ID or a key
// instead of the name in some actions, and never two of them.
func (v visit) askedUser(instead ...string) (*user, *fault) {
	if !v.ims {
		instead = nil
	}
	instead = slices.DeleteFunc(slices.Clone(instead), func(param string) bool { return v.q.params.Get(param) == "" })
	if len(instead) > 1 || len(instead) == 1 && v.q.params.Get(v.userParam("")) != "" {
		return nil, malformed(instead[0])
	}
	if len(instead) == 1 {
		return v.userBy(instead[0])
	}
	name, f := v.userName("")
	if f != nil {
		return nil, f
	}
	if u, ok := v.user(name); ok {
		return u, nil
	}
	return nil, noEntity("User")
}

func (v visit) userBy(param string) (*user, *fault) {
	find := v.userOf
	if param == "UserAccessKeyId" {
		find = v.userWithKey
	}
	if u, ok := find(v.q.params.Get(param)); ok {
		return u, nil
	}
	return nil, noEntity("User")
}

// read takes a text of at least one character: that an empty one means none is nowhere
// promised.
func (v visit) read(param string, most int, into *string) *fault {
	given, ok := v.q.params[param]
	if !ok {
		return nil
	}
	if n := utf8.RuneCountInString(given[0]); n < 1 || n > most {
		return beyondLength(param)
	}
	*into = given[0]
	return nil
}

// readDisplayName: the pages of the older API name its characters, those of the newer
// one only its length.
func (v visit) readDisplayName(param string, into *string) *fault {
	most, wrong := maxRAMDisplay, !displayName.MatchString(v.q.params.Get(param))
	if v.ims {
		most, wrong = maxDisplayName, strings.ContainsFunc(v.q.params.Get(param), unicode.IsControl)
	}
	if f := v.read(param, most, into); f != nil {
		return f
	}
	if v.q.params.Has(param) && wrong {
		return invalidChars(param)
	}
	return nil
}

// readContact takes an address or a number, of which the international site knows none.
func (v visit) readContact(param string, form *regexp.Regexp, into *string) *fault {
	if !v.q.params.Has(param) {
		return nil
	}
	if text := v.q.params.Get(param); !form.MatchString(text) || len(text) > maxComments || v.cloud.siteOf(v.account) != china() {
		return wrongFormat(param)
	}
	*into = v.q.params.Get(param)
	return nil
}

// refuseTags: they are not emulated, and must not be lost in silence.
func (v visit) refuseTags() *fault {
	for param := range v.q.params {
		if strings.HasPrefix(param, "Tag.") {
			return malformed("Tag")
		}
	}
	return nil
}
