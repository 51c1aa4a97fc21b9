package fetch_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/fetch"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const document = "<EntityDescriptor/>"

func serve(t *testing.T, handler http.HandlerFunc) (address string, options fetch.Options) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	return server.URL, fetch.Options{CA: certificate(server), AllowLoopback: true}
}

func certificate(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func send(w http.ResponseWriter, text string) {
	_, _ = w.Write([]byte(text)) // the reader may be gone
}

func get(ctx context.Context, address string, options fetch.Options) ([]byte, error) {
	answer, err := fetch.Get(ctx, address, options)
	return answer.Body, err
}

func refused(t *testing.T, address string, options fetch.Options, want string) {
	t.Helper()
	body, err := get(t.Context(), address, options)
	if reason.Of(err) != reason.SourceUnavailable || body != nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %q, %v; want %q", address, body, err, want)
	}
}

func TestADocumentIsRead(t *testing.T) {
	address, options := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Errorf("request %s %v", r.Method, r.Header)
		}
		send(w, document)
	})
	answer, err := fetch.Get(t.Context(), address+"/metadata?x=1", options)
	if err != nil || string(answer.Body) != document || len(answer.Sent) != 1 || len(answer.Verified) != 1 {
		t.Errorf("%+v, %v", answer, err)
	}
}

func TestARedirectIsRefused(t *testing.T) {
	followed := false
	address, options := serve(t, func(w http.ResponseWriter, r *http.Request) {
		followed = followed || r.URL.Path == "/next"
		http.Redirect(w, r, "/next", http.StatusFound)
	})
	refused(t, address, options, "redirects are not followed")
	if followed {
		t.Error("the redirect was followed")
	}
}

func TestOnlyStatus200HasADocument(t *testing.T) {
	for _, status := range []int{201, 204, 206, 304, 403, 404, 500, 503} {
		address, options := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		refused(t, address, options, "status")
	}
	address, options := serve(t, func(http.ResponseWriter, *http.Request) {})
	refused(t, address, options, "sends nothing")
}

func TestTooMuchIsRefused(t *testing.T) {
	for name, header := range map[string]string{"length known": "1048577", "length unknown": ""} {
		address, options := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("Content-Length", header)
			}
			send(w, strings.Repeat("x", fetch.MaxSize+1))
		})
		t.Log(name)
		refused(t, address, options, "more than 1048576 bytes")
	}
	address, options := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		send(w, strings.Repeat("x", fetch.MaxSize))
	})
	if body, err := get(t.Context(), address, options); err != nil || len(body) != fetch.MaxSize {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestNothingIsUnpacked(t *testing.T) {
	bomb := gzipOf(t, strings.Repeat("x", 64<<20))
	for _, encoding := range []string{"gzip", "br", "x-unknown"} {
		address, options := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Accept-Encoding"); got != "identity" {
				t.Errorf("asked for %q", got)
			}
			w.Header().Set("Content-Encoding", encoding)
			send(w, bomb)
		})
		refused(t, address, options, "compressed by \""+encoding+"\"")
	}
	address, options := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "identity")
		send(w, document)
	})
	if body, err := get(t.Context(), address, options); err != nil || string(body) != document {
		t.Errorf("%q, %v", body, err)
	}
}

func TestACallerMayWantLess(t *testing.T) {
	address, options := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != "application/json" {
			t.Errorf("asked for %q", r.Header.Get("Accept"))
		}
		send(w, strings.Repeat("x", 100))
	})
	options.Accept, options.MaxSize = "application/json", 99
	refused(t, address, options, "more than 99 bytes")
	options.MaxSize = 100
	if body, err := get(t.Context(), address, options); err != nil || len(body) != 100 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestASlowBodyIsCutOff(t *testing.T) {
	released := make(chan struct{})
	address, options := serve(t, func(w http.ResponseWriter, r *http.Request) {
		send(w, "<Entity")
		_ = http.NewResponseController(w).Flush() // the client then waits for the rest
		<-r.Context().Done()
		close(released)
	})
	ctx, cancel := context.WithTimeout(t.Context(), fetch.MaxTime/20)
	defer cancel()
	body, err := get(ctx, address, options)
	if reason.Of(err) != reason.SourceUnavailable || body != nil || !strings.Contains(err.Error(), "no whole answer") {
		t.Errorf("%q, %v", body, err)
	}
	<-released
}

func TestAnUnknownAuthorityIsRefused(t *testing.T) {
	address, options := serve(t, func(w http.ResponseWriter, _ *http.Request) { send(w, document) })
	options.CA = ""
	refused(t, address, options, "x509")
	options.CA = "no certificate"
	refused(t, address, options, "caFile")
}

func TestOldTLSIsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { send(w, document) }))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	t.Cleanup(server.Close)
	refused(t, server.URL, fetch.Options{CA: certificate(server), AllowLoopback: true}, "protocol version")
}

func TestLoopbackIsForTheLocalStack(t *testing.T) {
	address, options := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		t.Error("it was dialled")
		send(w, document)
	})
	options.AllowLoopback = false
	refused(t, address, options, "127.0.0.1 is not dialled")
	// A name is judged by what it resolves to.
	refused(t, strings.Replace(address, "127.0.0.1", "localhost", 1), options, "is not dialled")
}

func TestAllowedNetworksAreDialled(t *testing.T) {
	address, options := serve(t, func(w http.ResponseWriter, _ *http.Request) { send(w, document) })
	options.AllowLoopback = false
	options.AllowCIDRs = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if body, err := get(t.Context(), address, options); err != nil || string(body) != document {
		t.Errorf("%q, %v", body, err)
	}
	options.AllowCIDRs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	refused(t, address, options, "is not dialled")
}

func TestPlainHTTPIsForLoopbackOnTheLocalStack(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { send(w, document) }))
	t.Cleanup(server.Close)
	refused(t, server.URL, fetch.Options{}, "is not https")
	answer, err := fetch.Get(t.Context(), server.URL, fetch.Options{AllowLoopback: true})
	if err != nil || string(answer.Body) != document || answer.Sent != nil {
		t.Errorf("%+v, %v", answer, err)
	}
	refused(t, "http://192.0.2.1/", fetch.Options{AllowLoopback: true}, "without TLS")
}

// TestInsideAddressesAreNotDialled needs no server: the refusal comes before the
// first packet, or the test would take the whole time limit for each.
func TestInsideAddressesAreNotDialled(t *testing.T) {
	everything := fetch.Options{AllowCIDRs: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}, AllowLoopback: true}
	for _, host := range []string{"100.100.100.200", "100.100.0.1", "169.254.169.254", "[fe80::1%25lo]", "[::ffff:100.100.100.200]"} {
		refused(t, "https://"+host+"/", fetch.Options{}, "is never dialled")
		refused(t, "https://"+host+"/", everything, "is never dialled")
	}
	for _, host := range []string{
		"10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1",
		"[::1]", "[::]", "[fd00::1]", "[ff02::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "[2002:a00:1::]", "[::127.0.0.1]",
	} {
		refused(t, "https://"+host+"/", fetch.Options{}, "is not dialled")
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	for _, address := range []string{"", "metadata.xml", "https://", "https:///x", "https://user:secret@idp.example/", "file:///etc/passwd", "gopher://idp.example/"} {
		refused(t, address, fetch.Options{AllowLoopback: true}, "")
	}
}
