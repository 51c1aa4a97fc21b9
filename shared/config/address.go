package config

import (
	"net/netip"
	"net/url"
	"strings"
)

// address is an origin: a scheme and a host, nothing else.
func (l *loader) address(name string) string {
	value := l.text(name)
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.User != nil || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		l.fault(name, "%q is not of the form https://host", redacted(value))
		return ""
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	l.reachable(name, u)
	return u.Scheme + "://" + u.Host
}

// redacted leaves out what may be a user and a password, also where the rest is no
// address.
func redacted(value string) string {
	if i := strings.LastIndex(value, "@"); i >= 0 {
		return "[redacted]" + value[i:]
	}
	return value
}

func (l *loader) reachable(name string, u *url.URL) {
	here := loopback(u.Hostname())
	switch {
	case l.local && !here:
		l.fault(name, "%s is not this machine, which %s=1 demands", u.Host, localStack)
	case !l.local && here:
		l.fault(name, "%s is this machine; only the local stack may use it", u.Host)
	case u.Scheme != "https" && (u.Scheme != "http" || !l.local):
		l.fault(name, "must begin with https://")
	}
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost"
}
