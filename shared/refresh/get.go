package refresh

import (
	"context"
	"crypto/x509"

	"github.com/fc-sso/fc-sso/shared/fetch"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Document is one that a source publishes, and how it may be had.
type Document struct {
	Address string
	How     trust.Fetch
	Accept  string // media type; "": SAML metadata
	MaxSize int    // 0: as much as a fetch takes
}

// Fetched is a document, and how its server proved itself.
type Fetched struct {
	Body     []byte
	Sent     []*x509.Certificate   // by the server, its own first; none over http
	Verified [][]*x509.Certificate // why it was believed
}

// Get returns what fetches documents from where they are; local allows http and
// loopback, for the local stack alone.
func Get(local bool) func(context.Context, Document) (Fetched, error) {
	return func(ctx context.Context, d Document) (Fetched, error) {
		got, err := fetch.Get(ctx, d.Address, fetch.Options{
			AllowCIDRs: d.How.AllowCIDRs, CA: d.How.CA, AllowLoopback: local, Accept: d.Accept, MaxSize: d.MaxSize,
		})
		return Fetched{got.Body, got.Sent, got.Verified}, err
	}
}
