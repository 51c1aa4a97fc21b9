package refresh

import (
	"net/url"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// chains are how the servers of one source proved themselves, each host once.
type chains struct {
	list    []trust.Chain
	skipped []string
	unknown []string // hosts whose chain is of no use
}

func (c *chains) add(address string, document Fetched) {
	u, err := url.Parse(address)
	if err != nil || len(document.Sent) == 0 {
		return
	}
	host := strings.TrimSuffix(u.Host, ":443")
	if slices.ContainsFunc(c.list, func(known trust.Chain) bool { return known.Host == host }) {
		return
	}
	chain, err := trust.NewChain(host, document.Sent, document.Verified)
	if err != nil {
		c.skipped = append(c.skipped, "certificates of "+host+": "+err.Error())
		c.unknown = append(c.unknown, host)
		return
	}
	c.list = append(c.list, chain)
}

// with are they, and of hosts of which nothing can be said now what was known.
func (c *chains) with(known []trust.Chain) []trust.Chain {
	list := slices.Clone(c.list)
	for _, chain := range known {
		if slices.Contains(c.unknown, chain.Host) {
			list = append(list, chain)
		}
	}
	return list
}
