// Package fetch reads a document of somebody else's server, or sends it a form.
//
// In: an address from federation.yaml, or one that was learned from there, and how
// it may be reached. Out: the body of its 200 answer, and the certificates that came with it; of a form the status too.
// Refused: anything but https, redirects, addresses inside our own network, more
// than 1 MB, more than 5 s. An address is judged when it is dialled, after the name
// was resolved, because a name that was public when the federation was applied may
// be private now.
//
// Why no proxy and no redirects: whoever can choose where we read metadata from
// chooses whose signature we believe.
package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Limits of one fetch, all of it. A caller may set narrower ones; the deadline of
// its context is one.
const (
	MaxSize = 1 << 20
	MaxTime = 5 * time.Second
)

const (
	maxHeader = 64 << 10
	userAgent = "fc-sso (+https://github.com/fc-sso/fc-sso)"
)

// Options say how one source may be reached beyond what all may.
type Options struct {
	AllowCIDRs    []netip.Prefix // private networks that the source may stand in
	CA            string         // PEM of authorities to believe instead of the system's
	AllowLoopback bool           // http and loopback: the local stack alone
	MaxSize       int            // of the body, in bytes; 0: [MaxSize]
	Accept        string         // media types to ask for; "": SAML metadata
}

const acceptMetadata = "application/samlmetadata+xml, application/xml, text/xml, */*;q=0.1"

func (o Options) maxSize() int {
	if o.MaxSize <= 0 {
		return MaxSize
	}
	return min(o.MaxSize, MaxSize)
}

// Get reads the document at address. Its refusals are source_unavailable.
func Get(ctx context.Context, address string, options Options) (Answer, error) {
	return run(ctx, address, options, errand{
		method: http.MethodGet,
		takes:  func(status int) bool { return status == http.StatusOK },
	})
}

// Form is what is posted. Secrets are in both.
type Form struct {
	Body          ram.Secret // URL encoded
	Authorization ram.Secret // the header's value; "": none
}

// Answer is what came back, read whole.
type Answer struct {
	Status   int // 200; to a form 4xx too
	Body     []byte
	Sent     []*x509.Certificate   // by the server, which begins with its own; none over http
	Verified [][]*x509.Certificate // why it was believed
}

// Post sends a form to address, once: what it carries may be good for one time. Its
// refusals are source_unavailable; what a server says with a status of 4xx is an
// answer.
func Post(ctx context.Context, address string, form Form, options Options) (Answer, error) {
	return run(ctx, address, options, errand{
		method: http.MethodPost, form: form,
		takes: func(status int) bool { return status == http.StatusOK || status/100 == 4 },
	})
}

// errand is one request, and with which status its answer is read.
type errand struct {
	method string
	form   Form
	takes  func(status int) bool
}

// run is the way of all requests.
func run(ctx context.Context, address string, options Options, e errand) (Answer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return Answer{}, reason.New(reason.SourceUnavailable, "%.200q is no web address", address)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !options.AllowLoopback) {
		return Answer{}, reason.New(reason.SourceUnavailable, "%.200q is not https", address)
	}
	ctx, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	answer, err := e.send(ctx, u, options)
	if err != nil {
		return Answer{}, reason.New(reason.SourceUnavailable, "fetch %.200q: %w", address, err)
	}
	return answer, nil
}

func (e errand) send(ctx context.Context, u *url.URL, options Options) (Answer, error) {
	client, err := newClient(options, u.Scheme)
	if err != nil {
		return Answer{}, err
	}
	defer client.CloseIdleConnections()
	request, err := e.request(ctx, u, options)
	if err != nil {
		return Answer{}, fmt.Errorf("request: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, plain(ctx, err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	if !e.takes(response.StatusCode) {
		return Answer{}, fmt.Errorf("it answers with status %d%s", response.StatusCode, redirection(response))
	}
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return Answer{}, fmt.Errorf("its answer is compressed by %.80q, and none was asked for", encoding)
	}
	answer := Answer{Status: response.StatusCode}
	if response.TLS != nil {
		answer.Sent, answer.Verified = response.TLS.PeerCertificates, response.TLS.VerifiedChains
	}
	answer.Body, err = read(ctx, response, options.maxSize())
	return answer, err
}

func (e errand) request(ctx context.Context, u *url.URL, options Options) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, e.method, u.String(), strings.NewReader(e.form.Body.Reveal()))
	if err != nil {
		return nil, err
	}
	request.GetBody = nil // with it net/http may send the body again
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Accept", cmp.Or(options.Accept, acceptMetadata))
	request.Header.Set("Accept-Encoding", "identity") // where we set it, net/http unpacks nothing
	if e.method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if e.form.Authorization != "" {
		request.Header.Set("Authorization", e.form.Authorization.Reveal())
	}
	return request, nil
}

func read(ctx context.Context, response *http.Response, most int) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(most)+1))
	switch {
	case err != nil:
		return nil, plain(ctx, err)
	case ctx.Err() != nil: // a server that sees us hang up may still end its answer in good order
		return nil, plain(ctx, ctx.Err())
	case len(body) > most:
		return nil, fmt.Errorf("it sends more than %d bytes", most)
	case len(body) == 0 && response.StatusCode == http.StatusOK:
		return nil, errors.New("it sends nothing")
	}
	return body, nil
}

// plain says in plain words what net/http wraps in its own.
func plain(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no whole answer within %s", MaxTime)
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

func redirection(response *http.Response) string {
	if location := response.Header.Get("Location"); location != "" {
		return fmt.Sprintf(" to %.200q; redirects are not followed, so name the final address", location)
	}
	return ""
}

// newClient makes a client for one fetch: sources are many and seldom read, so
// there is no connection worth keeping.
func newClient(options Options, scheme string) (*http.Client, error) {
	trusted, err := authorities(options.CA)
	if err != nil {
		return nil, err
	}
	guard := guard{allowed: options.AllowCIDRs, loopback: options.AllowLoopback, plain: scheme == "http"}
	dialer := &net.Dialer{Timeout: MaxTime, ControlContext: guard.control}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted},
			ForceAttemptHTTP2:      true,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       MaxTime,
	}, nil
}

// authorities gives nil for the system's.
func authorities(pem string) (*x509.CertPool, error) {
	if pem == "" {
		return nil, nil //nolint:nilnil // nil is what crypto/tls calls the system's
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(pem)) {
		return nil, errors.New("caFile holds no certificate")
	}
	return pool, nil
}

// guard judges addresses at the last moment before a connection is made.
type guard struct {
	allowed  []netip.Prefix
	loopback bool
	plain    bool // http: then loopback and nothing else
}

func (g guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	return g.allow(target.Addr().Unmap())
}

func (g guard) allow(address netip.Addr) error {
	for _, prefix := range never() {
		if prefix.Contains(address.WithZone("")) { // a prefix holds no zoned address
			return fmt.Errorf("%s is never dialled: it serves metadata of the cloud itself", address)
		}
	}
	switch {
	case address.IsLoopback() && g.loopback:
		return nil
	case g.plain:
		return fmt.Errorf("%s is not dialled without TLS", address)
	case !private(address):
		return nil
	}
	for _, prefix := range g.allowed {
		if prefix.Contains(address) {
			return nil
		}
	}
	return fmt.Errorf("%s is not dialled: it is no public address, and fetch.allowCIDRs does not name it", address)
}

// never are addresses that no configuration opens: instance metadata and the
// services beside it, which hand out credentials.
func never() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("100.100.0.0/16"),
		netip.MustParsePrefix("169.254.0.0/16"),
		netip.MustParsePrefix("fe80::/10"),
	}
}

// private says whether an address is not of the public Internet (RFC 6890 and
// its registries): also forms that carry an IPv4 address inside an IPv6 one.
func private(address netip.Addr) bool {
	if !address.IsGlobalUnicast() || address.IsPrivate() || address.Zone() != "" {
		return true
	}
	for _, prefix := range special() {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"), // shared between providers and, here, Alibaba Cloud's own services
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("192.88.99.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("::/96"),
		netip.MustParsePrefix("64:ff9b::/96"),   // NAT64
		netip.MustParsePrefix("64:ff9b:1::/48"), // NAT64
		netip.MustParsePrefix("100::/64"),
		netip.MustParsePrefix("2001::/23"), // Teredo among them
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("2002::/16"), // 6to4
		netip.MustParsePrefix("fec0::/10"),
	}
}
