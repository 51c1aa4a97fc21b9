package cloud

import (
	"crypto/subtle"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	signinHost     = "signin.aliyun.com"
	signinLifetime = 30 * time.Second // of a SigninToken, which is used once
	remembered     = 24 * time.Hour   // how long an ended session still knows its LoginUrl
)

// officialDomains are Alibaba Cloud's own: the console goes nowhere else.
func officialDomains() []string {
	return []string{"aliyun.com", "hichina.com", "yunos.com", "taobao.com", "tmall.com", "alibabacloud.com", "alipay.com"}
}

// console is the sign-in host: it takes temporary credentials for a SigninToken, the
// token, or an identity provider's response, for a console session, and shows it. Real destinations
// cannot be opened without the Internet: a page of its own stands for them.
type console struct {
	cloud  *Cloud
	origin string
	pages  pages
	key    func() (signinKey, error)

	mu       sync.Mutex
	tickets  map[string]ticket
	choices  map[string]roleSignIn     // by the handle of a page with several roles
	asked    map[string]asked          // by the ID of a request
	sessions map[string]consoleSession // by cookie
}

type ticket struct {
	who             caller
	expires, sesEnd time.Time
}

// consoleSession is kept beyond its end: its page then leads to loginURL.
type consoleSession struct {
	who      caller
	end      time.Time
	loginURL string
}

func newConsole(c *Cloud, o Options) (*console, error) {
	p, err := parsePages()
	if err != nil {
		return nil, err
	}
	return &console{
		cloud: c, origin: o.SigninURL, pages: p,
		key:      sync.OnceValues(func() (signinKey, error) { return loadSigninKey(o.DataDir, c.now()) }),
		tickets:  map[string]ticket{},
		choices:  map[string]roleSignIn{},
		asked:    map[string]asked{},
		sessions: map[string]consoleSession{},
	}, nil
}

// Signin is the sign-in host with its console.
func (c *Cloud) Signin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/federation", c.troubles.at("signin", http.HandlerFunc(c.console.federation)))
	mux.HandleFunc("GET /saml-role/sp-metadata.xml", c.console.roleMetadata)
	mux.HandleFunc("POST /saml-role/sso", c.console.roleSSO)
	mux.HandleFunc("POST /saml-role/choice", c.console.choose)
	mux.HandleFunc("GET /saml/SpMetadata.xml", c.console.userMetadata)
	mux.HandleFunc("GET /{domain}/login.htm", c.console.logon)
	mux.HandleFunc("GET /saml/logon", c.console.ask)
	mux.HandleFunc("POST /saml/SSO", c.console.userSignIn)
	mux.HandleFunc("POST /{account}/saml/SSO", c.console.userSignIn)
	mux.HandleFunc("GET /console", c.console.show)
	mux.HandleFunc("POST /signout", c.console.signOut)
	mux.HandleFunc("GET /console.css", c.console.pages.style)
	mux.HandleFunc("GET /{$}", c.console.front)
	mux.HandleFunc("/", c.console.notFound)
	return mux
}

// federation needs no signature: the credentials come as parameters, which is
// why a good caller posts them.
func (s *console) federation(w http.ResponseWriter, r *http.Request) {
	q, f := readRequest(w, r)
	if f != nil {
		writeFault(w, signinHost, newRequestID(), false, f)
		return
	}
	switch q.params.Get("Action") {
	case "GetSigninToken":
		s.getSigninToken(w, r, q.params)
	case "Login":
		s.login(w, r, q.params)
	default:
		writeFault(w, signinHost, newRequestID(), false, noSuchAPI())
	}
}

type signinTokenBody struct {
	RequestId   string
	SigninToken string
}

// getSigninToken answers refusals with STS's codes: the real page's table of
// codes is empty.
func (s *console) getSigninToken(w http.ResponseWriter, r *http.Request, params url.Values) {
	id := newRequestID()
	made, f := s.ticketFor(params)
	s.cloud.log.InfoContext(r.Context(), "signin token", "request_id", id, "refusal", codeOf(f))
	if f != nil {
		writeFault(w, signinHost, id, false, f)
		return
	}
	write(w, http.StatusOK, false, "", signinTokenBody{RequestId: id, SigninToken: made})
}

func (s *console) ticketFor(params url.Values) (string, *fault) {
	for _, name := range []string{"AccessKeyId", "AccessKeySecret", "SecurityToken", "TicketType"} {
		if params.Get(name) == "" {
			return "", required(name)
		}
	}
	if params.Get("TicketType") != "mini" {
		return "", malformed("TicketType")
	}
	e, f := s.cloud.checkKey(params.Get("AccessKeyId"), params.Get("SecurityToken"))
	if f != nil {
		return "", f
	}
	if subtle.ConstantTimeCompare([]byte(e.secret), []byte(params.Get("AccessKeySecret"))) != 1 {
		return "", refuse(http.StatusBadRequest, "SignatureDoesNotMatch", "Specified access key secret is not valid.")
	}
	name, now := text(64), s.cloud.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.tickets, func(_ string, t ticket) bool { return !now.Before(t.expires) })
	s.tickets[name] = ticket{who: e.who, expires: now.Add(signinLifetime), sesEnd: e.expires}
	return name, nil
}

// login spends the token, sets the console's cookie and goes on to the page.
func (s *console) login(w http.ResponseWriter, r *http.Request, params url.Values) {
	loginURL, ok := httpURL(params.Get("LoginUrl"))
	if !ok {
		s.trouble(w, http.StatusBadRequest, troublePage{Title: "This sign-in link is not complete", Text: "LoginUrl must be the address of the page that people sign in at."})
		return
	}
	to, ok := officialPage(params.Get("Destination"))
	if !ok {
		s.trouble(w, http.StatusBadRequest, troublePage{
			Title: "This page is not Alibaba Cloud's",
			Text:  "After sign-in the console opens only Alibaba Cloud's own pages over https. It was asked to open:",
			Code:  params.Get("Destination"), SignIn: loginURL,
		})
		return
	}
	t, ok := s.spend(params.Get("SigninToken"))
	if !ok {
		s.trouble(w, http.StatusForbidden, troublePage{
			Title:  "This sign-in has expired",
			Text:   "A sign-in link works once, and for 30 seconds.",
			SignIn: loginURL,
		})
		return
	}
	s.open(w, r, consoleSession{who: t.who, end: t.sesEnd, loginURL: loginURL})
	http.Redirect(w, r, s.origin+"/console?service="+url.QueryEscape(to), http.StatusFound)
}

func (s *console) spend(name string) (ticket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tickets[name]
	delete(s.tickets, name)
	return t, ok && s.cloud.now().Before(t.expires)
}

// cookie is the console's own name: the bundle's cookies live on another host,
// but a host's cookies know no ports.
const cookie = "emulated-console"

// open replaces whatever session the browser had: a browser has one.
func (s *console) open(w http.ResponseWriter, r *http.Request, made consoleSession) {
	handle, now := text(48), s.cloud.now()
	s.mu.Lock()
	maps.DeleteFunc(s.sessions, func(_ string, old consoleSession) bool { return now.After(old.end.Add(remembered)) })
	if old, err := r.Cookie(cookie); err == nil {
		delete(s.sessions, old.Value)
	}
	s.sessions[handle] = made
	s.mu.Unlock()
	setCookie(w, handle, 0)
	s.cloud.log.InfoContext(r.Context(), "console session", "caller", made.who.arn, "session", made.who.session, "until", made.end)
}

func setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // plain http on this machine: no Secure
		Name: cookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// current gives the browser's session; live is false when it has ended.
func (s *console) current(r *http.Request) (found consoleSession, live bool) {
	c, err := r.Cookie(cookie)
	if err != nil {
		return consoleSession{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.sessions[c.Value]
	return found, ok && s.cloud.now().Before(found.end)
}

func (s *console) signOut(w http.ResponseWriter, r *http.Request) {
	ended, _ := s.current(r)
	if c, err := r.Cookie(cookie); err == nil {
		s.mu.Lock()
		delete(s.sessions, c.Value)
		s.mu.Unlock()
	}
	setCookie(w, "", -1)
	if ended.loginURL == "" {
		ended.loginURL = s.origin + "/"
	}
	http.Redirect(w, r, ended.loginURL, http.StatusSeeOther)
}

func httpURL(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return "", false
	}
	return u.String(), true
}

// officialPage gives host and path of a page of Alibaba Cloud's.
func officialPage(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" {
		return "", false
	}
	host := strings.ToLower(u.Hostname())
	for _, domain := range officialDomains() {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return host + u.EscapedPath(), true
		}
	}
	return "", false
}
