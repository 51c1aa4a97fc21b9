package rotation

import (
	"context"
	"fmt"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/own"
)

// ourWatch is the row that remembers what was told of ourselves: no identity provider
// can be called so.
const ourWatch = "/own"

// own looks after the certificate of the key of ours that signs. One that follows does
// not silence it: until that signs, everybody is shown this one.
func (r rotation) own(ctx context.Context, tell telling) error {
	if r.Own == nil {
		return nil
	}
	keys, err := r.Own(ctx)
	if err != nil {
		return fmt.Errorf("our keys: %w", err)
	}
	s := seen{at: r.Now()}
	if key, there := keys.In(own.Current); there {
		c := key.Certificate
		s.endings = []ending{{alert.OwnExpires, "ours", key.Fingerprint(), "the certificate of our key " + key.ID[:12], c.NotBefore, c.NotAfter}}
	}
	return r.watch(ctx, ourWatch, alert.About{}, s, tell)
}
