package book

import "github.com/fc-sso/fc-sso/shared/federation"

// maxKept bounds what one shelf of an instance keeps, counted in stored bytes.
// What was parsed of them takes a few times as much; the smallest function has
// 128 MB.
const maxKept = 4 << 20

// overhead is what an entry costs beside its contents: also the word that there
// is no such identity provider is kept, and there are endless names for none.
const overhead = 512

// shelf keeps what was used lately. It has two boards of half the room each: new
// and used things lie on the first; when that is full it becomes the second, and
// what lay on the second is gone. So nothing is sorted, and what is in use stays.
type shelf[V any] struct {
	limit      int
	size       int // of the first board
	first, old map[string]kept[V]
}

type kept[V any] struct {
	value V
	size  int
}

func newShelf[V any](limit int) *shelf[V] {
	return &shelf[V]{limit: limit, first: map[string]kept[V]{}}
}

func (s *shelf[V]) get(key string) (V, bool) {
	if k, ok := s.first[key]; ok {
		return k.value, true
	}
	k, ok := s.old[key]
	if ok {
		s.lay(key, k)
	}
	return k.value, ok
}

func (s *shelf[V]) put(key string, value V, size int) {
	s.lay(key, kept[V]{value, size + len(key) + overhead})
}

func (s *shelf[V]) drop(key string) {
	s.size -= s.first[key].size
	delete(s.first, key)
	delete(s.old, key)
}

func (s *shelf[V]) lay(key string, k kept[V]) {
	if before, ok := s.first[key]; ok {
		s.size -= before.size
	} else if s.size > 0 && s.size+k.size > s.limit/2 {
		s.first, s.old, s.size = map[string]kept[V]{}, s.first, 0
	}
	delete(s.old, key)
	s.first[key] = k
	s.size += k.size
}

func sizeOf(items []federation.Item) int {
	n := 0
	for _, item := range items {
		n += len(item.Body) + len(item.Proof)
	}
	return n
}
