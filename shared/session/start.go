package session

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// FreshFor is how old a sign-in may be that an identity provider was asked to make anew:
// as long as a person takes to type a password and a code.
const FreshFor = 5 * time.Minute

// Start is a sign-in as a RAM user of an account, as the address says it by which all
// of them begin: /idp/ACCOUNT/start. Alibaba Cloud asked for it by a request, or nobody
// did and it leads to a page of the console.
//
// Why an address: what Alibaba Cloud asks is a stranger's wish, so that nothing is kept
// of it here, and it often comes by a form of another site, with which browsers do not
// show us who is signed in. An address they take through both.
type Start struct {
	Account string    // its number
	Request string    // ID of Alibaba Cloud's request; "": it asked nothing
	Relay   string    // what it wants back with the answer
	Fresh   time.Time // of a request that wants the person to sign in anew: when it came
	To      string    // page of the console, where it asked nothing
}

// The names of its parameters: state would be that of OpenID Connect's callback.
const (
	startAccounts = "/idp/"
	startPath     = "/start"
	startRequest  = "request"
	startRelay    = "relay"
	startFresh    = "fresh"
	startTo       = "to"
)

// Path is the address in its one spelling. What is longer than a target may be, or is no
// account and request, [ParseStart] and [Target] refuse.
func (s Start) Path() string {
	query := url.Values{}
	for name, value := range map[string]string{startRequest: s.Request, startRelay: s.Relay, startTo: s.To} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if !s.Fresh.IsZero() {
		query.Set(startFresh, strconv.FormatInt(s.Fresh.UnixMilli(), 10))
	}
	return spell(startAccounts+s.Account+startPath, query)
}

// ParseStart reads the address. A parameter that it does not know, or has twice, is
// refused: what it means and what is done must not differ.
func ParseStart(u *url.URL) (Start, error) {
	account, ok := startOf(u.Path)
	if !ok {
		return Start{}, fmt.Errorf("%.80q is no start of an account", u.Path)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Start{}, fmt.Errorf("the query: %w", err)
	}
	s := Start{Account: account}
	for name, values := range query {
		if len(values) != 1 || values[0] == "" {
			return Start{}, fmt.Errorf("%.40q stands there %d times, or is empty", name, len(values))
		}
		if s, err = s.with(name, values[0]); err != nil {
			return Start{}, err
		}
	}
	if err := s.check(); err != nil {
		return Start{}, err
	}
	return s, nil
}

// startOf is the account of a start's path, a number in its one spelling.
func startOf(p string) (account string, ok bool) {
	account, ok = strings.CutPrefix(p, startAccounts)
	if ok {
		account, ok = strings.CutSuffix(account, startPath)
	}
	return account, ok && account != "" && len(account) <= 32 && strings.Trim(account, digits) == ""
}

const (
	digits     = "0123456789"
	letters    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	mostID     = 128 // of a request; Alibaba Cloud's has 31
	mostDigits = 14  // of a time, in milliseconds
)

func (s Start) with(name, value string) (Start, error) {
	switch name {
	case startRequest:
		s.Request = value
	case startRelay:
		s.Relay = value
	case startTo:
		s.To = value
	case startFresh:
		millis, err := strconv.ParseInt(value, 10, 64)
		if err != nil || strings.Trim(value, digits) != "" || len(value) > mostDigits || value[0] == '0' {
			return Start{}, fmt.Errorf("fresh is %.40q, no time", value)
		}
		s.Fresh = time.UnixMilli(millis)
	default:
		return Start{}, fmt.Errorf("there is no parameter %.40q", name)
	}
	return s, nil
}

func (s Start) check() error {
	if s.Request == "" && (s.Relay != "" || !s.Fresh.IsZero()) {
		return errors.New("relay and fresh belong to a request, and there is none")
	}
	if s.Request != "" && s.To != "" {
		return errors.New("the answer to a request leads where that wants")
	}
	// An ID is an XML name (saml-core 1.3.4); of those only the plain ones.
	if len(s.Request) > mostID || strings.Trim(s.Request, letters+digits+"_.-") != "" || strings.Trim(s.Request[:min(1, len(s.Request))], letters+"_") != "" {
		return fmt.Errorf("request is %.140q, no ID", s.Request)
	}
	return nil
}

// FreshSince says since when the sign-in must be that leads to this target, if it must.
func FreshSince(target string) (time.Time, bool) {
	u, err := url.Parse(target)
	if err != nil {
		return time.Time{}, false
	}
	s, err := ParseStart(u)
	return s.Fresh, err == nil && !s.Fresh.IsZero()
}
