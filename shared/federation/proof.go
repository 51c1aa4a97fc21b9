package federation

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// The ID of a revision is the root of a Merkle tree over its rows, so that each
// row can show by a few hashes that it is one of them. Why: a sign-in reads three
// rows of maybe thirty thousand, and rows of two revisions must never decide
// together, whatever went wrong while they were written.
//
// A tree and not one row with all hashes: that row would be the largest that
// everybody reads.

const idHexDigits = 16

type digest = [sha256.Size]byte

// prove gives each item its proof and returns the ID of the revision that they
// make. They stand in the order of their IDs.
func prove(items []Item) string {
	level := make([]digest, len(items))
	place := make([]int, len(items)) // of each item's branch on this level
	for i, item := range items {
		items[i].Proof = nil
		level[i], place[i] = leaf(item), i
	}
	for len(level) > 1 {
		for i := range items {
			if beside := place[i] ^ 1; beside < len(level) {
				items[i].Proof = append(items[i].Proof, level[beside][:]...)
			}
			place[i] /= 2
		}
		level = parents(level)
	}
	if len(level) == 0 {
		return short16(sha256.Sum256(nil))
	}
	return short16(level[0])
}

// parents joins pairs; who has no neighbour goes up as it is.
func parents(level []digest) []digest {
	var up []digest
	for i := 0; i < len(level); i += 2 {
		if i+1 == len(level) {
			up = append(up, level[i])
			continue
		}
		up = append(up, join(level[i], level[i+1]))
	}
	return up
}

// belongs says whether the item is one of the revision's.
func belongs(rev string, item Item) bool {
	if len(item.Proof)%sha256.Size != 0 {
		return false
	}
	at := leaf(item)
	for rest := item.Proof; len(rest) > 0; rest = rest[sha256.Size:] {
		at = join(at, digest(rest[:sha256.Size]))
	}
	return short16(at) == rev
}

// leaf and join begin differently, so that no row passes for a pair of hashes.
func leaf(item Item) digest {
	return sha256.Sum256(fmt.Appendf(nil, "\x00%d %s %d %s", len(item.ID), item.ID, len(item.Body), item.Body))
}

// join sorts the two, so that a proof need not say who stood left.
func join(a, b digest) digest {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return sha256.Sum256(append(append([]byte{1}, a[:]...), b[:]...))
}

func short16(d digest) string { return hex.EncodeToString(d[:])[:idHexDigits] }
