package main

import (
	"context"
	"net"
	"strconv"
	"strings"
)

// listeners are opened before anything is built, so that a taken port is found
// at once.
type listeners struct {
	front, frontTLS, admin, tables, sts, ims, ram, kms, eventbridge, mns, signin, functions, acme, contoso, fabrikam, fabrikamLogin net.Listener
}

// port is one to be opened.
type port struct {
	name, address string
	listener      *net.Listener
}

// wantedPorts are those that will be served. The demo identity providers and the
// sign-in host are reached as localhost: for the browser another site than the
// bundle's 127.0.0.1, as they are in life.
func (s *station) wantedPorts() []port {
	const anyPort = "127.0.0.1:0"
	wanted := []port{{"admin", anyPort, &s.ports.admin}, {"tablestore", anyPort, &s.ports.tables}}
	if s.options.only != "" {
		return wanted
	}
	wanted = append(wanted, []port{
		{"url", s.options.listen, &s.ports.front},
		{"tls_url", s.options.listenTLS, &s.ports.frontTLS},
		{"sts", anyPort, &s.ports.sts},
		{"kms", anyPort, &s.ports.kms},
		{"ims", anyPort, &s.ports.ims},
		{"ram", anyPort, &s.ports.ram},
		{"eventbridge", anyPort, &s.ports.eventbridge},
		{"mns", anyPort, &s.ports.mns},
		{"signin", anyPort, &s.ports.signin},
		{"functions", anyPort, &s.ports.functions},
	}...)
	if s.options.federation == "" {
		wanted = append(wanted, port{"acme", anyPort, &s.ports.acme}, port{"contoso", anyPort, &s.ports.contoso})
	}
	if s.options.partner {
		wanted = append(wanted, port{"fabrikam", anyPort, &s.ports.fabrikam}, port{"fabrikam-login", anyPort, &s.ports.fabrikamLogin})
	}
	return wanted
}

func (s *station) openPorts(ctx context.Context) error {
	for _, want := range s.wantedPorts() {
		listener, err := s.data.listen(ctx, want.name, want.address)
		if err != nil {
			return err
		}
		s.onStop(func() { _ = listener.Close() })
		*want.listener = listener
	}
	return nil
}

func origin(scheme string, listener net.Listener) string {
	return scheme + "://" + listener.Addr().String()
}

func localhost(listener net.Listener) string {
	return "http://" + net.JoinHostPort("localhost", strconv.Itoa(portOf(listener)))
}

// url is the bundle's origin, the only one. Over TLS the browser judges cookies
// as it does in life; http is easier on everything else.
func (s *station) url() string {
	if s.options.tls {
		return origin(s.scheme(), s.ports.frontTLS)
	}
	return origin(s.scheme(), s.ports.front)
}

func (s *station) scheme() string {
	if s.options.tls {
		return "https"
	}
	return "http"
}

func (s *station) domain() string {
	_, domain, _ := strings.Cut(s.url(), "://")
	return domain
}
