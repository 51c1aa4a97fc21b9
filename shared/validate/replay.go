package validate

import (
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
func requireFirstAnswer(t *trial) error {
	if t.want.RequestID == "" {
		return nil
	}
	return t.use(kindRequest, t.want.RequestID)
}

// requireFirstUse consumes the assertion, whatever envelope it came in.
func requireFirstUse(t *trial) error {
	return t.use(kindAssertion, t.message.Assertion.ID)
}

func (t *trial) use(kind, id string) error {
	if t.spend == nil || t.has&verified == 0 {
		return errors.New("validate: nothing verified to use")
	}
	expires := t.validUntil()
	if kind == kindRequest {
		expires = t.now.Add(longestLife)
	}
	return t.spend(nonceKey(kind, t.record.EntityID(), id), expires)
}

// nonceKey hashes with lengths, so that no two triples give the same bytes.
func nonceKey(parts ...string) [32]byte {
	text := make([]byte, 0, 256)
	for _, part := range parts {
		text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	return sha256.Sum256(text)
}
