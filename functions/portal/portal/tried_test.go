package portal_test

import (
	"bytes"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/book/booktest"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond/respondtest"
	"github.com/fc-sso/fc-sso/shared/session"
)

// tried is a portal whose rules stay as they are, and a person before it.
func tried(t *testing.T) (s *stage, ada session.Session) {
	t.Helper()
	s = withUsers(t)
	shelf := &booktest.Shelf{}
	shelf.Put(t, s.draft)
	s.read = book.New(shelf, func() time.Time { return s.now })
	return s, s.ada(t)
}

// TestNothingLeadsElsewhere, by whatever a stranger writes into an address, a form, a
// header or a cookie; nor does an answer get a header that is theirs.
func TestNothingLeadsElsewhere(t *testing.T) {
	s, ada := tried(t)
	cookie := ada.Cookie()
	tok, err := ada.Token("form")
	if err != nil {
		t.Fatal(err)
	}
	// Each asks as a person's own click would, so that it is not the click that is refused.
	ask := func(path, name string, cookies ...*http.Cookie) func(string) *http.Request {
		return func(value string) *http.Request {
			return with(get(path+"?"+url.Values{name: {value}}.Encode(), cookies...), "Sec-Fetch-Site", "none")
		}
	}
	post := func(path string, fields ...string) func(string) *http.Request {
		return func(value string) *http.Request {
			form := url.Values{"token": {tok}, fields[len(fields)-1]: {value}}
			for i := 0; i+1 < len(fields); i += 2 {
				form.Set(fields[i], fields[i+1])
			}
			return fromOwnPage(path, form, cookie)
		}
	}
	path := func(before, after string, cookies ...*http.Cookie) func(string) *http.Request {
		return func(value string) *http.Request { return get(before+url.PathEscape(value)+after, cookies...) }
	}
	header := func(r func() *http.Request, name string) func(string) *http.Request {
		return func(value string) *http.Request { return with(r(), name, value) }
	}
	const page, link = "https://ecs.console.aliyun.com/", "/go/acme-prod/admin"
	respondtest.Attack(t, s.handler, []string{"signin.aliyun.com", "mailto:it@acme.com"},
		respondtest.Place{Name: "to of the first page", Ask: ask("/", "to"), Good: link + "?to="},
		respondtest.Place{Name: "to of a link", Ask: ask(link, "to", cookie), Good: page},
		respondtest.Place{Name: "to of a link, and nobody is here", Ask: ask(link, "to"), Good: page},
		respondtest.Place{Name: "to of a user's start", Ask: ask(startPath, "to", cookie), Good: page},
		respondtest.Place{Name: "to of a user's start, and nobody is here", Ask: ask(startPath, "to"), Good: page},
		respondtest.Place{Name: "request of a start", Ask: ask(startPath, "request", cookie), Good: "a"},
		respondtest.Place{Name: "relay of a start", Ask: func(v string) *http.Request {
			return fromCloud(get(start("request", "a1", "relay", v), cookie))
		}, Good: page, Carries: true},
		respondtest.Place{Name: "RelayState by an address", Ask: func(v string) *http.Request { return byGet(t, asks(), "RelayState", v) }, Good: page, Carries: true},
		respondtest.Place{Name: "RelayState by a form", Ask: func(v string) *http.Request { return byPost(asks(), "RelayState", v) }, Good: page, Carries: true},
		respondtest.Place{Name: "SAMLRequest", Ask: ask(ssoPath, "SAMLRequest")},
		respondtest.Place{Name: "to of the console", Ask: post("/console", "role", admin, "to"), Good: page},
		respondtest.Place{Name: "role of the console", Ask: post("/console", "role"), Good: admin},
		respondtest.Place{Name: "role of credentials", Ask: post("/credentials", "role"), Good: admin},
		respondtest.Place{Name: "role of a star", Ask: post("/favourite", "on"), Good: admin},
		respondtest.Place{Name: "start of a user", Ask: post("/user", "start"), Good: startPath + "?to=" + page},
		respondtest.Place{Name: "to in the start of a user", Ask: func(v string) *http.Request {
			return post("/user", "start")(startPath + "?" + url.Values{"to": {v}}.Encode())
		}, Good: page},
		respondtest.Place{Name: "an account in a path", Ask: path("/go/", "/admin", cookie), Good: "acme-prod"},
		respondtest.Place{Name: "a role in a path", Ask: path("/go/acme-prod/", "", cookie), Good: "admin"},
		respondtest.Place{Name: "a role in a path, and nobody is here", Ask: path("/go/acme-prod/", ""), Good: "admin", Carries: true},
		respondtest.Place{Name: "an account of ours", Ask: path("/idp/", "/start", cookie), Good: prod},
		respondtest.Place{Name: "a static file", Ask: path("/static/", "")},
		respondtest.Place{Name: "a page that is none", Ask: path("/", "")},
		respondtest.Place{Name: "an e-mail address", Ask: ask("/", "email"), Good: "ada@acme.com", Carries: true},
		respondtest.Place{Name: "a language", Ask: ask("/", "lang"), Good: "zh", Carries: true},
		respondtest.Place{Name: "the language of a refusal", Ask: ask("/nothing", "lang")},
		respondtest.Place{Name: "whatever hangs on an address", Ask: ask("/nothing", "x")},
		respondtest.Place{Name: "a ticket", Ask: ask(link, "ticket", cookie), Carries: true},
		respondtest.Place{Name: "an Accept-Language", Ask: header(func() *http.Request { return get("/") }, "Accept-Language"), Good: "zh", Carries: true},
		respondtest.Place{Name: "a Referer", Ask: header(func() *http.Request { return get("/", cookie) }, "Referer"), Good: origin, Carries: true},
		respondtest.Place{Name: "an Origin", Ask: header(func() *http.Request {
			r := post("/signout", "x")("y")
			r.Header.Del("Sec-Fetch-Site")
			return r
		}, "Origin"), Good: origin},
		respondtest.Place{Name: "a Host", Ask: func(v string) *http.Request {
			r := get("/go/acme-prod/admin")
			r.Host = v
			return with(r, "X-Forwarded-Host", v)
		}, Good: "sso.example", Carries: true},
		respondtest.Place{Name: "a cookie", Ask: header(func() *http.Request { return get("/") }, "Cookie"), Good: session.SessionCookie + "=", Carries: true},
		respondtest.Place{Name: "the cookie of who arrives", Ask: func(v string) *http.Request {
			return with(get("/"), "Cookie", cookie.String()+"; "+session.ArrivalCookie+"="+v)
		}, Good: "A", Carries: true},
		respondtest.Place{Name: "the cookie of the language", Ask: func(v string) *http.Request { return with(get("/"), "Cookie", "__Host-l="+v) }, Good: "zh", Carries: true},
	)
}

// sent is a form of one of our pages, good as it stands.
type sent struct {
	path    string
	fields  url.Values
	cookies []*http.Cookie
}

func (f sent) own() *http.Request { return fromOwnPage(f.path, f.fields, f.cookies...) }

// as is the same with another body.
func (f sent) as(contentType, body string) *http.Request {
	r := f.own()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	return with(r, "Content-Type", contentType)
}

// withToken is the same with another token, or without any.
func (f sent) withToken(value string) *http.Request {
	fields := maps.Clone(f.fields)
	if fields.Set("token", value); value == "" {
		fields.Del("token")
	}
	return fromOwnPage(f.path, fields, f.cookies...)
}

// old is what a browser sends that knows no Sec-Fetch-Site.
func (f sent) old(originHeader ...string) *http.Request {
	r := f.own()
	r.Header.Del("Sec-Fetch-Site")
	for _, value := range originHeader {
		r.Header.Add("Origin", value)
	}
	return r
}

// forgeries are the same form as others send it, or make a browser send it.
func forgeries(f sent) map[string]*http.Request {
	all := map[string]*http.Request{}
	for _, site := range []string{"cross-site", "same-site", "none", "null", "Same-Origin", "same-origin, cross-site", "cross-site, same-origin"} {
		all["Sec-Fetch-Site: "+site] = with(f.own(), "Sec-Fetch-Site", site)
		all["Sec-Fetch-Site: "+site+", and our Origin"] = with(with(f.own(), "Sec-Fetch-Site", site), "Origin", origin)
	}
	for _, from := range []string{
		"https://evil.example", "null", "http://sso.example", origin + ".evil.example", origin + ":8443", origin + "/", "https://evil.sso.example",
		"https://SSO.example", "sso.example", origin + ", https://evil.example", "file://",
	} {
		all["Origin: "+from] = f.old(from)
	}
	all["no word of where it comes from"] = f.old()
	all["two Origins"] = f.old("https://evil.example", origin)
	all["a Referer of ours"] = with(f.old(), "Referer", origin+"/")
	all["no token"], all["a token cut short"] = f.withToken(""), f.withToken(f.fields.Get("token")[:20])
	inQuery := f
	inQuery.path += "?" + url.Values{"token": f.fields["token"]}.Encode()
	all["a token in the address"] = inQuery.withToken("")
	all["a token in a header"] = with(with(f.withToken(""), "X-CSRF-Token", f.fields.Get("token")), "Authorization", "Bearer "+f.fields.Get("token"))
	return all
}

// misshapen are the same forms in shapes that other sites can send without asking us, or
// that two readers read in two ways.
func misshapen(t *testing.T, f sent) map[string]*http.Request {
	t.Helper()
	var parts bytes.Buffer
	w := multipart.NewWriter(&parts)
	for name, values := range f.fields {
		if err := w.WriteField(name, values[0]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	body := f.fields.Encode()
	return map[string]*http.Request{
		"text":                    f.as("text/plain", body),
		"text of a form":          f.as("text/plain; application/x-www-form-urlencoded", body),
		"parts":                   f.as(w.FormDataContentType(), parts.String()),
		"JSON":                    f.as("application/json", `{"token":"x"}`),
		"no type":                 f.as("", body),
		"two tokens":              f.as("application/x-www-form-urlencoded", body+"&token=x"),
		"broken escapes":          f.as("application/x-www-form-urlencoded", body+"&%zz"),
		"semicolons between them": f.as("application/x-www-form-urlencoded", strings.ReplaceAll(body, "&", ";")+";x=y"),
	}
}

// otherMethods are the same fields by other methods, some of which say that they are a
// post.
func otherMethods(f sent) map[string]*http.Request {
	all := map[string]*http.Request{}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "post"} {
		r := httptest.NewRequest(method, origin+f.path+"?"+f.fields.Encode(), strings.NewReader(f.fields.Encode()))
		r.Header = f.own().Header
		for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
			r.Header.Set(name, http.MethodPost)
		}
		all[method] = r
	}
	return all
}

// TestNoFormIsForged: each route that takes a post takes it from our own page of this
// session, and nothing is done for any other. A route that is not named here fails.
func TestNoFormIsForged(t *testing.T) {
	for _, pattern := range respondtest.Patterns(t, newStage(t).handler) {
		method, path, _ := strings.Cut(pattern, " ")
		if method == http.MethodGet || slices.Contains(foreign(), pattern) {
			continue
		}
		t.Run(pattern, func(t *testing.T) {
			s, ada := tried(t)
			eve := s.eve(t)
			f := s.form(t, path, ada, eve)
			s.unmoved(t, reason.RequestForged, forgeries(f))
			s.ledOn(t, f, map[string]string{
				"another person": tokenOf(t, eve, "form"), "another purpose": tokenOf(t, ada, "something"), "a ticket": tokenOf(t, ada, "open /"),
			})
			s.unmoved(t, reason.RequestMalformed, misshapen(t, f))
			s.unmoved(t, reason.MethodNotAllowed, otherMethods(f))
			for name, r := range map[string]*http.Request{"the honest form": f.own(), "an old browser's": f.old(origin)} {
				if a := s.do(t, r); a.StatusCode >= http.StatusBadRequest {
					t.Errorf("%s: %s %s", name, a.Status, a.text)
				}
			}
		})
	}
}

func tokenOf(t *testing.T, of session.Session, purpose string) string {
	t.Helper()
	token, err := of.Token(purpose)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// form is a good one of each page of ours.
func (s *stage) form(t *testing.T, path string, ada, eve session.Session) sent {
	t.Helper()
	token := func(cookies ...*http.Cookie) []string { return []string{token(t, s.do(t, get("/", cookies...)).text)} }
	cookies, both := []*http.Cookie{ada.Cookie()}, []*http.Cookie{ada.Cookie(), arrived(eve)}
	switch path {
	case "/console", "/credentials":
		return sent{path, url.Values{"token": token(cookies...), "role": {admin}}, cookies}
	case "/user":
		return sent{path, url.Values{"token": token(cookies...), "start": {startPath}}, cookies}
	case "/signout":
		return sent{path, url.Values{"token": token(cookies...)}, cookies}
	case "/favourite":
		return sent{path, url.Values{"token": token(cookies...), "on": {admin}}, cookies}
	case "/arrival":
		return sent{path, url.Values{"token": token(both...), "keep": {"new"}}, both}
	}
	t.Fatalf("nobody has tried to forge %s", path)
	return sent{}
}

// foreign are routes whose posts come from elsewhere by their nature. They see no session.
func foreign() []string {
	return []string{"POST /idp/{account}/sso", "POST /device-authorization", "POST /token", "POST /cloud-credentials"}
}

// unmoved wants refusals by this code, and that nothing was written, issued or owned.
func (s *stage) unmoved(t *testing.T, code reason.Code, requests map[string]*http.Request) {
	t.Helper()
	s.forget()
	for name, r := range requests {
		a := s.do(t, r)
		if r.Method == http.MethodHead {
			a.text = "<code>" + string(code) + "</code><code>AAAA-AAAA-AA</code>" // which has no page
		}
		t.Run(name, func(t *testing.T) { wantRefusal(t, a, code) })
		s.still(t, name)
	}
}

// ledOn wants of our own page with a token that is good elsewhere, as one that was left
// open has it by whom another session came after, that nothing is done and no fault shown.
func (s *stage) ledOn(t *testing.T, f sent, tokens map[string]string) {
	t.Helper()
	s.forget()
	for name, token := range tokens {
		a := s.do(t, f.withToken(token))
		asks := a.StatusCode == http.StatusOK && strings.Contains(a.text, "Open the console?")
		if !asks && (a.StatusCode != http.StatusSeeOther || a.leadsTo() != "/") || len(a.Cookies()) > 0 {
			t.Errorf("the token of %s: %s to %q with %v", name, a.Status, a.leadsTo(), a.Cookies())
		}
		s.still(t, name)
	}
}

// forget begins to look at what is done.
func (s *stage) forget() {
	s.rows.Calls()
	s.people.Calls()
}

// still wants that since it was last asked nobody did more than read.
func (s *stage) still(t *testing.T, name string) {
	t.Helper()
	rows, people := s.rows.Calls(), s.people.Calls()
	delete(rows, "get")
	delete(people, "known")
	if len(rows) > 0 || len(people) > 0 || len(s.mint.taken) > 0 {
		t.Errorf("%s: calls of the store %v and %v, taken are %v", name, rows, people, s.mint.taken)
	}
}

// TestALinkOpensNoConsoleWithoutAClick, whoever follows it but the person: another site,
// a sister of ours, a browser that looks ahead, a program.
func TestALinkOpensNoConsoleWithoutAClick(t *testing.T) {
	const link = "/go/acme-prod/admin?to=https%3A%2F%2Fecs.console.aliyun.com%2F"
	s, ada := tried(t)
	s.forget()
	ours := func(method string, headers ...string) *http.Request {
		r := with(get(link, ada.Cookie()), "Sec-Fetch-Site", "same-origin")
		r.Method = method
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return r
	}
	for name, r := range map[string]*http.Request{
		"another site":                ours("GET", "Sec-Fetch-Site", "cross-site"),
		"a sister":                    ours("GET", "Sec-Fetch-Site", "same-site"),
		"a word that there is not":    ours("GET", "Sec-Fetch-Site", "same-origin, none"),
		"a browser that does not say": ours("GET", "Sec-Fetch-Site", ""),
		"our Origin alone":            ours("GET", "Sec-Fetch-Site", "", "Origin", origin),
		"a look ahead":                ours("GET", "Sec-Purpose", "prefetch"),
		"a look ahead, made ready":    ours("GET", "Sec-Purpose", "prefetch;prerender"),
		"HEAD":                        ours("HEAD"),
	} {
		a := s.do(t, r)
		wantOnPage(t, a, "Open the console?", `action="/console"`)
		s.still(t, name)
	}
	s.unmoved(t, reason.MethodNotAllowed, map[string]*http.Request{"a post": ours("POST"), "OPTIONS": ours("OPTIONS")})
	for _, site := range []string{"none", "same-origin"} {
		if a := s.do(t, ours("GET", "Sec-Fetch-Site", site)); a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %s", site, a.Status)
		}
	}
}

// TestNobodyComesInByAPlantedCookie: what somebody else wrote into a browser is nobody's
// session, and what they wrote beside one makes it none.
func TestNobodyComesInByAPlantedCookie(t *testing.T) {
	s, ada := tried(t)
	mine := ada.Cookie().Value
	planted := strings.Repeat("A", 43)
	for name, cookies := range map[string]string{
		"a handle that is none":          "__Host-s=" + planted,
		"one too short":                  "__Host-s=" + mine[:42],
		"one too long":                   "__Host-s=" + mine + "A",
		"another spelling of its end":    "__Host-s=" + mine + "=",
		"in another case":                "__Host-s=" + strings.ToUpper(mine),
		"another name's case":            "__host-s=" + mine,
		"without its prefix":             "s=" + mine,
		"twice":                          "__Host-s=" + mine + "; __Host-s=" + planted,
		"twice, the planted first":       "__Host-s=" + planted + "; __Host-s=" + mine,
		"twice the same":                 "__Host-s=" + mine + "; __Host-s=" + mine,
		"an arrival that is none":        "__Host-n=" + planted,
		"an arrival twice":               "__Host-n=" + mine + "; __Host-n=" + planted,
		"a browser's ID for a session":   "__Host-b=" + mine + ".test",
		"a session within another value": "x=__Host-s=" + mine,
	} {
		a := s.do(t, with(get("/"), "Cookie", cookies))
		if a.StatusCode != http.StatusOK || strings.Contains(a.text, "ada@acme.com") || !strings.Contains(a.text, `href="/saml/test/login"`) {
			t.Errorf("%s: %s", name, a.Status)
		}
		for _, c := range a.Cookies() {
			if c.MaxAge >= 0 && c.Name != "__Host-l" {
				t.Errorf("%s: sets %s", name, c)
			}
		}
	}
	wantOnPage(t, s.do(t, get("/", ada.Cookie())), "ada@acme.com")
}

// TestAHandleIsOfNoUseAfterItsEnd: neither after a sign-out, nor after a newer session
// took its place, nor after its time.
func TestAHandleIsOfNoUseAfterItsEnd(t *testing.T) {
	for name, end := range map[string]func(s *stage, f sent, ada session.Session){
		"signed out": func(s *stage, f sent, _ session.Session) {
			s.do(t, fromOwnPage("/signout", url.Values{"token": f.fields["token"]}, f.cookies...))
		},
		"signed out everywhere": func(s *stage, f sent, _ session.Session) {
			s.do(t, fromOwnPage("/signout", url.Values{"token": f.fields["token"], "everywhere": {"yes"}}, f.cookies...))
		},
		"replaced by a newer one": func(s *stage, f sent, _ session.Session) { s.do(t, get("/", f.cookies[0], arrived(s.ada(t)))) },
		"replaced by a person's word": func(s *stage, _ sent, ada session.Session) {
			s.do(t, s.form(t, "/arrival", ada, s.eve(t)).own())
		},
		"idle":         func(s *stage, _ sent, _ session.Session) { s.now = s.now.Add(session.Idle) },
		"twelve hours": func(s *stage, _ sent, ada session.Session) { s.now = ada.Ends() },
	} {
		s, ada := tried(t)
		f := s.form(t, "/credentials", ada, session.Session{})
		end(s, f, ada)
		a := s.do(t, get("/", f.cookies...))
		if strings.Contains(a.text, "ada@acme.com") {
			t.Errorf("%s: the page still shows who it was", name)
		}
		for _, r := range []*http.Request{f.own(), with(get("/go/acme-prod/admin?to="+url.QueryEscape(ecs), f.cookies...), "Sec-Fetch-Site", "none")} {
			ended := respondtest.Answer(s.handler, r)
			respondtest.WantGuarded(t, name, ended)
			respondtest.WantInside(t, name, ended, "mailto:it@acme.com")
		}
		if len(s.mint.taken) > 0 {
			t.Errorf("%s: taken are %v", name, s.mint.taken)
		}
	}
}

// TestATicketOpensOneAddressInOneSessionForAMoment: the way back from the identity
// provider is cross-site, and the ticket says that the person began the sign-in for this
// link. For anything else a click is asked.
func TestATicketOpensOneAddressInOneSessionForAMoment(t *testing.T) {
	const link = "/go/acme-prod/admin"
	s, ada := tried(t)
	ticket := tokenOf(t, ada, "open "+link)
	ask := func(address string, of session.Session) answer {
		return s.do(t, with(get(address, of.Cookie()), "Sec-Fetch-Site", "cross-site"))
	}
	other, eve := s.ada(t), s.eve(t)
	s.forget()
	for name, a := range map[string]answer{
		"another page of the console": ask(link+"?to="+url.QueryEscape(ecs)+"&ticket="+ticket, ada),
		"the account by its number":   ask("/go/"+prod+"/admin?ticket="+ticket, ada),
		"a parameter more":            ask(link+"?x=y&ticket="+ticket, ada),
		"another session":             ask(link+"?ticket="+ticket, other),
		"another person's ticket":     ask(link+"?ticket="+tokenOf(t, eve, "open "+link), ada),
		"a form's token":              ask(link+"?ticket="+tokenOf(t, ada, "form"), ada),
		"two tickets":                 ask(link+"?ticket=x&ticket="+ticket, ada),
		"cut short":                   ask(link+"?ticket="+ticket[:42], ada),
		"a user's start":              ask(startPath+"?ticket="+ticket, ada),
	} {
		wantOnPage(t, a, "Open the console?")
		s.still(t, name)
	}
	if a := ask(link+"?ticket="+ticket, ada); a.StatusCode != http.StatusSeeOther {
		t.Errorf("its own address: %s", a.Status)
	}
	s.now = s.now.Add(2 * time.Minute)
	wantOnPage(t, ask(link+"?ticket="+ticket, ada), "Open the console?")
}

// TestEachAnswerIsGuarded: of every route, what it answers and what it refuses.
func TestEachAnswerIsGuarded(t *testing.T) {
	respondtest.WantAllGuarded(t, newStage(t).handler)
	for _, pattern := range respondtest.Patterns(t, newStage(t).handler) {
		s, ada := tried(t)
		s.certificates = append(s.certificates, ourCertificate(t))
		served, failed := s.asked(t, pattern, ada), s.asked(t, pattern, ada)
		a := respondtest.Answer(s.handler, served)
		if a.StatusCode >= http.StatusBadRequest && a.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s: %s", pattern, a.Status)
		}
		respondtest.WantGuarded(t, pattern, a)
		s.err, s.rows.Err, s.read = reason.New(reason.StoreUnavailable, "down"), reason.New(reason.StoreUnavailable, "down"), nil
		respondtest.WantGuarded(t, pattern+", and the store is down", respondtest.Answer(s.handler, failed))
	}
}

// asked is a good request of a route.
func (s *stage) asked(t *testing.T, pattern string, ada session.Session) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(pattern, " ")
	switch pattern {
	case "POST /device-authorization", "POST /token", "POST /cloud-credentials":
		return fromOwnPage(path, nil)
	case "POST /idp/{account}/sso":
		return byPost(asks())
	case "GET /idp/{account}/sso":
		return byGet(t, asks())
	case "GET /static/{file}":
		return get(regexp.MustCompile(`/static/app\.[a-z0-9]+\.css`).FindString(newStage(t).do(t, get("/")).text))
	}
	if method == http.MethodPost {
		return s.form(t, path, ada, s.eve(t)).own()
	}
	return with(get(strings.NewReplacer("{$}", "", "{account}", prod, "{role}", "admin", "{rest...}", "x").Replace(path), ada.Cookie()), "Sec-Fetch-Site", "none")
}
