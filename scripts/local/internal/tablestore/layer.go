package tablestore

import (
	"slices"
	"strings"
)

// layer is a set of changes that lie over the file: what a write is about to do,
// or what is in the journal and not yet in the file. A nil value hides what lies
// below it.
type layer struct {
	spaces  map[string]*entries
	dropped []string // whole spaces; their names never come again
	bytes   int
}

// entries are the changes of one space, with their keys in order.
type entries struct {
	keys   []string
	values map[string][]byte
}

func newLayer() *layer { return &layer{spaces: map[string]*entries{}} }

func (l *layer) empty() bool { return len(l.spaces) == 0 && len(l.dropped) == 0 }

// get returns the value of a key, and whether this layer knows it at all.
func (l *layer) get(space, key string) (value []byte, known bool) {
	if e := l.spaces[space]; e != nil {
		value, known = e.values[key]
	}
	return value, known
}

func (l *layer) set(space, key string, value []byte) {
	e := l.spaces[space]
	if e == nil {
		e = &entries{values: map[string][]byte{}}
		l.spaces[space] = e
	}
	if _, known := e.values[key]; !known {
		at, _ := slices.BinarySearch(e.keys, key)
		e.keys = slices.Insert(e.keys, at, key)
	}
	e.values[key] = value
	l.bytes += len(space) + len(key) + len(value) + 2*changeOverhead
}

func (l *layer) drop(space string) {
	delete(l.spaces, space)
	l.dropped = append(l.dropped, space)
	l.bytes += len(space) + changeOverhead
}

// merge lays the changes of another layer over this one's.
func (l *layer) merge(above *layer) {
	for _, space := range above.dropped {
		l.drop(space)
	}
	for space, e := range above.spaces {
		for _, key := range e.keys {
			l.set(space, key, e.values[key])
		}
	}
}

// source walks a space of one layer, or of the file, in one direction.
type source struct {
	key   string
	value []byte
	ok    bool
	next  func() (key string, value []byte, ok bool)
}

func (s *source) step() { s.key, s.value, s.ok = s.next() }

// walk starts at the key, or at the next one behind it.
func (l *layer) walk(space, from string, backward bool) *source {
	e := l.spaces[space]
	if e == nil {
		return &source{next: func() (string, []byte, bool) { return "", nil, false }}
	}
	at, found := slices.BinarySearch(e.keys, from)
	step := 1
	if backward {
		step = -1
		if !found {
			at--
		}
	}
	s := &source{next: func() (string, []byte, bool) {
		if at < 0 || at >= len(e.keys) {
			return "", nil, false
		}
		key := e.keys[at]
		at += step
		return key, e.values[key], true
	}}
	s.step()
	return s
}

// nearest returns the key that comes first among the sources, nil when all are
// at their end; of equal keys the earlier source, which lies above, decides.
func nearest(sources []*source, backward bool) *source {
	var first *source
	for _, s := range sources {
		if !s.ok {
			continue
		}
		if first == nil {
			first = s
			continue
		}
		if order := strings.Compare(s.key, first.key); order < 0 && !backward || order > 0 && backward {
			first = s
		}
	}
	return first
}
