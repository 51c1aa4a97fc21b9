package validate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// The kinds of what may be used once.
const (
	kindRequest   = "saml-request"
	kindAssertion = "saml-assertion"
)

// requireFirstAnswer consumes the pending request. It is kept as long as any
// nonce: the request has no end of its own in the message.
func requireFirstAnswer(ctx context.Context, t *trial) error {
	if t.want.RequestID == "" {
		return nil
	}
	return t.use(ctx, kindRequest, t.want.RequestID)
}

// requireFirstUse consumes the assertion, whatever envelope it came in.
func requireFirstUse(ctx context.Context, t *trial) error {
	return t.use(ctx, kindAssertion, t.message.Assertion.ID)
}

func (t *trial) use(ctx context.Context, kind, id string) error {
	if t.nonces == nil || t.has&verified == 0 {
		return errors.New("validate: nothing verified to use")
	}
	expires := t.validUntil()
	if kind == kindRequest {
		expires = t.now.Add(longestLife)
	}
	return t.nonces.Use(ctx, nonceKey(kind, t.record.EntityID(), id), expires)
}

// nonceKey hashes with lengths, so that no two triples give the same bytes.
func nonceKey(parts ...string) [32]byte {
	hash := sha256.New()
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		hash.Write(length[:])
		hash.Write([]byte(part))
	}
	return [32]byte(hash.Sum(nil))
}
