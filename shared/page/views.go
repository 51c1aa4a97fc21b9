package page

import (
	"net/url"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// View is one page's content.
type View interface{ view() about }

// about is what rendering must know of a view.
type about struct {
	template   string
	title      string   // key in the catalogue
	formAction []string // where its forms may lead, beside our own origin
	long       bool     // it may be, so it goes out compressed: it repeats nothing of its request
	size       int      // about how much there is to write, where that is much
}

// anywhere is every address of our own scheme: https, and http where we are on
// http ourselves, on the local stack.
const anywhere = "https:"

// views is one of each, for parsing.
func views() []View {
	return []View{Chooser{}, Roles{}, Credentials{}, Confirm{}, Making{}, StepUp{}, Arrival{}, SignedOut{}, Ended{}, Refusal{}, Post{}, Entry{}}
}

// Chooser asks how to sign in.
type Chooser struct {
	Options []Option
	To      string // own path to open afterwards, "" = the roles
	Role    string // what that path opens: a role of an account; "" = the account as its user
	Account string // "" = nothing special
	ByEmail bool   // some identity provider has e-mail domains
	Email   string // what was typed, when no identity provider answers to it
}

// Option is one identity provider of a [Chooser].
type Option struct {
	Name string
	Link string
	Last bool // was the last one used in this browser
}

// The form with the e-mail address leads, by redirects, to an identity provider
// that this page does not know.
func (Chooser) view() about {
	return about{template: "chooser", title: "chooser.title", formAction: []string{anywhere}}
}

// Roles lists what a person may become.
type Roles struct {
	Person   string
	IdP      string
	Ends     time.Time // when the session ends in any case
	Idle     time.Time // when it ends unless it is used until then
	Token    string    // of the session's forms
	Accounts []Account
	Count    int
	Programs int        // roles that are given to programs alone, and not shown
	Users    []User     // that the person is, an account each
	Again    []Again    // that the person would have after signing in again
	Nearly   []Nearly   // for which the person lacks something
	Received []Received // what the identity provider said; shown when the list is empty

	Favourites, Recent []Role // rows once more, above the accounts
	Fleeting           bool   // the person is another one with each sign-in: nothing is kept of them, so there are no stars, and no sign-out everywhere
}

// User is one row of [Roles]: the RAM user that the person is in an account.
type User struct {
	Account, AccountID string
	Name, Rule         string
	Link               string // own path that opens its console
}

// Received is one attribute with its values, for its owner.
type Received struct {
	Name   string
	Values []string
}

func (v Roles) view() about {
	return about{template: "roles", title: "roles.title", long: true, size: v.Count * aRow}
}

// Credentials hands out an STS token of one role to its owner.
type Credentials struct {
	Account, AccountID, Role, ARN string
	Rule                          string
	SessionName                   string
	Expires                       time.Time
	Length                        Length
	Snippets                      []Snippet
}

func (Credentials) view() about { return about{template: "credentials", title: "credentials.title"} }

// Confirm asks before a link from elsewhere opens a console, as a role or as a user.
type Confirm struct {
	Account, AccountID, Role, ARN string
	User, Start                   string // instead of the role, and the own path that was followed
	Person                        string
	To                            string
	Token                         string
	Console                       string
}

func (v Confirm) view() about {
	return about{template: "confirm", title: "confirm.title", formAction: consoleHosts(v.Console)}
}

// Making says that the person's RAM user is being made, and that the page looks again by
// itself.
type Making struct {
	Account, AccountID, User string
	Link                     string // own path, where to look
}

func (Making) view() about { return about{template: "making", title: "making.title"} }

// Arrival asks which of two sign-ins stays: one nobody here asked for came while
// another person was signed in.
type Arrival struct {
	Current, CurrentIdP string
	New, NewIdP         string
	Token               string
}

func (Arrival) view() about { return about{template: "arrival", title: "arrival.title"} }

// SignedOut says what has ended and what has not.
type SignedOut struct {
	Everywhere bool // in every browser, not only in this one
}

func (SignedOut) view() about { return about{template: "signedout", title: "signedout.title"} }

// Ended says that the session was over when the person went on, and leads on from there.
type Ended struct {
	Account, AccountID, Role string // what was asked for; all "": something else
	Link                     string // own path to go on to after signing in again
}

func (Ended) view() about { return about{template: "ended", title: "ended.title"} }

// Refusal explains why something was not done.
type Refusal struct {
	Code      reason.Code
	Reference string
	At        time.Time
	SignIn    bool     // it ended a sign-in: nobody is signed in now
	Retry     string   // own path to try again from
	Others    []Option // other ways to sign in, by which it may be done
	Proof     Proof    // what was wanted of a sign-in and what came, where that is what is wrong
}

func (v Refusal) view() about {
	if v.Again() {
		return about{template: "refusal", title: "refusal.again"}
	}
	if v.SignIn {
		return about{template: "refusal", title: "refusal.signin"}
	}
	return about{template: "refusal", title: "refusal.title"}
}

// Again says that it was done before: as a rule by this person, who clicked twice, and
// then nothing is wrong.
func (v Refusal) Again() bool { return v.Code == reason.Replayed }

// Mender is whom the page sends the person to.
func (v Refusal) Mender() reason.Mender { return reason.Lookup(v.Code).Mender }

// Post carries a message to an identity provider: the script submits it, and
// without one there is a button.
type Post struct {
	Action string // URL of the identity provider
	Name   string // the identity provider's
	Fields []Field
	// SignedOut says that the message is not for signing in, but tells that the
	// session here has ended.
	SignedOut bool
}

// Field is one hidden field of [Post].
type Field struct{ Name, Value string }

// Browsers apply form-action to redirects as well, and identity providers
// redirect: Okta to another Okta, Entra ID to an AD FS. So every https address is
// allowed beside the origin that the form names, which is the only http one.
func (v Post) view() about {
	form := append(origin(v.Action), anywhere)
	if v.SignedOut {
		return about{template: "post", title: "signedout.title", formAction: form}
	}
	return about{template: "post", title: "post.title", formAction: form}
}

// Entry carries a message of ours to Alibaba Cloud, by which it lets the person in: the
// script submits it, and without one there is a button.
type Entry struct {
	Action string // of Alibaba Cloud's sign-in, or of what stands in for it
	As     string // what the person is there
	Fields []Field
}

func (v Entry) view() about {
	return about{template: "entry", title: "entry.title", formAction: consoleHosts(v.Action)}
}

// consoleHosts are Alibaba Cloud's, which the console's sign-in redirects along,
// and the configured one where it is another.
func consoleHosts(signin string) []string {
	return append([]string{"https://*.aliyun.com", "https://*.alibabacloud.com"}, origin(signin)...)
}

func origin(address string) []string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil
	}
	return []string{u.Scheme + "://" + u.Host}
}
