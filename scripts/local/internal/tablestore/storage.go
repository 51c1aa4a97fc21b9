package tablestore

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var errClosed = errors.New("tablestore: the server is closing")

const (
	spaceSchemas = "schemas"
	spaceMeta    = "meta"

	keyGeneration = "generation" // in spaceMeta: of the last journal that the file holds whole
	groupLimit    = 256          // writes that share a record, so that the first is not kept waiting by those behind it
	groupBytes    = 4 << 20
	journalLimit  = 4 << 20 // then the changes move into the file
	chunk         = 1000    // changes per transaction of that move: bounds its memory
)

// storage is one bbolt file with one writer at a time. Writes that arrive while the disk
// is busy share the next record of the journal, and so its sync; each is
// answered only after that. Every few megabytes the changes move on into the
// file, while the writer goes on in the other of two journals. At rest, after
// close, there is the one file; a start after a kill reads the journals first.
type storage struct {
	db       *bolt.DB
	journals [2]*journal
	limit    int64 // of a journal's bytes
	writes   chan *write
	writer   chan struct{} // holds one token: who has it writes, for all that wait
	closing  chan struct{}
	moving   chan error // the result of the move under way, nil when there is none; the writer's

	generation uint64 // of the journal that is written; the writer's
	failed     error  // why nothing more can be written; the writer's

	schemas schemaCache

	mu     sync.RWMutex
	recent *layer // durable, in the journal
	frozen *layer // durable, on its way into the file; nil when nothing is
}

// write is one operation on its way to the writer. An error of do discards all
// that it did.
type write struct {
	do     func(*txn) error
	result chan error
}

func openStorage(path string, limit int64) (*storage, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout:        time.Second,
		NoFreelistSync: true,
		FreelistType:   bolt.FreelistMapType,
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("tablestore: %s is in use by another server: stop that one, or choose another -data folder", path)
	}
	if err != nil {
		return nil, fmt.Errorf("tablestore: cannot open %s: %w", path, err)
	}
	s := &storage{
		db: db, limit: limit, recent: newLayer(), schemas: schemaCache{parsed: map[string]parsedSchema{}},
		writes: make(chan *write, groupLimit), writer: make(chan struct{}, 1), closing: make(chan struct{}),
	}
	if err := s.recover(path); err != nil {
		return nil, errors.Join(fmt.Errorf("tablestore: cannot read the journals of %s: %w", path, err), db.Close())
	}
	s.writer <- struct{}{}
	return s, nil
}

// recover moves into the file what a killed server left in its journals.
func (s *storage) recover(path string) error {
	applied, err := s.applied()
	if err != nil {
		return err
	}
	left := map[uint64]*layer{}
	for i := range s.journals {
		if s.journals[i], err = openJournal(fmt.Sprintf("%s-journal-%d", path, i)); err != nil {
			return err
		}
		generation, changes, err := s.journals[i].replay()
		if err != nil {
			return err
		}
		left[generation] = changes
	}
	for left[applied+1] != nil {
		if err := s.move(left[applied+1], applied+1); err != nil {
			return err
		}
		applied++
	}
	s.generation = applied + 1
	return syncFolder(path)
}

// applied returns the generation that the file holds. A new file begins with any
// number: journals that were left beside a file since deleted are not its own.
func (s *storage) applied() (generation uint64, err error) {
	err = s.db.Update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucketIfNotExists([]byte(spaceMeta))
		if err != nil {
			return err
		}
		if stored := meta.Get([]byte(keyGeneration)); len(stored) == 8 {
			generation = binary.BigEndian.Uint64(stored)
			return nil
		}
		begin := make([]byte, 8)
		_, _ = rand.Read(begin[1:]) // never fails; the first byte leaves room to count
		generation = binary.BigEndian.Uint64(begin)
		return meta.Put([]byte(keyGeneration), begin)
	})
	return generation, err
}

// update runs do and returns when its effect is on disk. The first of several
// callers writes for all: a lonely write changes no goroutine on its way.
func (s *storage) update(do func(*txn) error) error {
	w := &write{do, make(chan error, 1)}
	for queue := s.writes; ; {
		select {
		case queue <- w:
			queue = nil // once
		case err := <-w.result:
			return err
		case <-s.closing:
			return errClosed
		case <-s.writer:
			first := w
			if queue == nil {
				first = s.waiting(0, 0)
			}
			if queue = nil; first != nil {
				s.commit(first)
			}
			s.writer <- struct{}{}
		}
	}
}

// view runs do on what is on disk at this moment.
func (s *storage) view(do func(*txn) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.db.View(func(file *bolt.Tx) error { return do(s.over(file)) })
}

// over is a transaction over the file and what waits to go there; the caller
// holds the lock.
func (s *storage) over(file *bolt.Tx, above ...*layer) *txn {
	layers := append(above, s.recent)
	if s.frozen != nil {
		layers = append(layers, s.frozen)
	}
	return &txn{layers, file, &s.schemas}
}

// commit takes the first write and what else is waiting, makes one record of
// them, and shows and answers them once that is on disk.
func (s *storage) commit(first *write) {
	group, results, changes, err := s.perform(first)
	if err == nil {
		err = s.record(changes)
	}
	for i, w := range group {
		w.result <- cmp.Or(results[i], err)
	}
}

// perform runs the writes one after another, each over what the ones before it
// have done, and none seen by a reader yet.
func (s *storage) perform(first *write) (group []*write, results []error, changes *layer, err error) {
	changes = newLayer()
	s.mu.RLock()
	defer s.mu.RUnlock()
	err = s.db.View(func(file *bolt.Tx) error {
		for w := first; w != nil; w = s.waiting(len(group), changes.bytes) {
			own := newLayer()
			err := w.do(s.over(file, own, changes))
			if err == nil {
				changes.merge(own)
			}
			group, results = append(group, w), append(results, err)
		}
		return nil
	})
	return group, results, changes, err
}

func (s *storage) waiting(count, bytes int) *write {
	if count >= groupLimit || bytes >= groupBytes {
		return nil
	}
	select {
	case w := <-s.writes:
		return w
	default:
		return nil
	}
}

// record makes the changes durable, then visible. After an error of the disk
// nobody knows what is there: nothing is written any more.
func (s *storage) record(changes *layer) error {
	if changes.empty() || s.failed != nil {
		return s.failed
	}
	if err := s.journal().append(s.generation, changes); err != nil {
		s.failed = fmt.Errorf("tablestore: the journal cannot be written: %w", err)
		return s.failed
	}
	s.mu.Lock()
	s.recent.merge(changes)
	s.mu.Unlock()
	if s.journal().end >= s.limit {
		s.failed = s.rotate()
	}
	return nil
}

func (s *storage) journal() *journal { return s.journals[s.generation%2] }

// rotate sends the recent changes on their way into the file, once those before
// them have arrived.
func (s *storage) rotate() error {
	if err := s.settle(); err != nil {
		return err
	}
	s.mu.Lock()
	s.frozen, s.recent = s.recent, newLayer()
	s.mu.Unlock()
	moved := make(chan error, 1)
	s.moving = moved
	go func(changes *layer, generation uint64) { moved <- s.move(changes, generation) }(s.frozen, s.generation)
	s.generation++
	s.journal().rewind()
	return nil
}

// settle waits for the move under way.
func (s *storage) settle() error {
	if s.moving == nil {
		return nil
	}
	err := <-s.moving
	s.moving = nil
	return err
}

// move writes a layer into the file, some changes at a time: readers see the
// layer until all are there, and after a kill the journal says them again.
func (s *storage) move(changes *layer, generation uint64) error {
	err := s.db.Update(func(tx *bolt.Tx) error {
		for _, space := range changes.dropped {
			if err := tx.DeleteBucket([]byte(space)); err != nil && !errors.Is(err, bolterrors.ErrBucketNotFound) {
				return err
			}
		}
		return nil
	})
	for space, e := range changes.spaces {
		for keys := range slices.Chunk(e.keys, chunk) {
			if err == nil {
				err = s.db.Update(func(tx *bolt.Tx) error { return moveChunk(tx, space, keys, e.values) })
			}
		}
	}
	if err == nil {
		err = s.db.Update(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte(spaceMeta)).Put([]byte(keyGeneration), binary.BigEndian.AppendUint64(nil, generation))
		})
	}
	if err != nil {
		return fmt.Errorf("tablestore: the file cannot be written: %w", err)
	}
	s.mu.Lock()
	s.frozen = nil
	s.mu.Unlock()
	return nil
}

func moveChunk(tx *bolt.Tx, space string, keys []string, values map[string][]byte) error {
	bucket, err := tx.CreateBucketIfNotExists([]byte(space))
	for _, key := range keys {
		if err != nil {
			return err
		}
		if value := values[key]; value != nil {
			err = bucket.Put([]byte(key), value)
		} else {
			err = bucket.Delete([]byte(key))
		}
	}
	return err
}

// close waits for the group under way, moves everything into the file and gives
// it free.
func (s *storage) close() error {
	close(s.closing)
	<-s.writer
	err := s.settle()
	if err == nil && s.failed == nil {
		err = s.move(s.recent, s.generation)
	}
	for _, j := range s.journals {
		if err == nil && s.failed == nil {
			err = j.remove()
			continue
		}
		err = errors.Join(err, j.file.Close())
	}
	return errors.Join(err, s.db.Close())
}

// txn reads through its layers, the uppermost first, down to the file, and
// writes to the uppermost. What it returns is valid until its end.
type txn struct {
	layers  []*layer
	file    *bolt.Tx
	schemas *schemaCache
}

func (t *txn) get(space, key string) []byte {
	for _, l := range t.layers {
		if value, known := l.get(space, key); known {
			return value
		}
	}
	if bucket := t.file.Bucket([]byte(space)); bucket != nil {
		return bucket.Get([]byte(key))
	}
	return nil
}

// put takes the value over; it must not be nil.
func (t *txn) put(space, key string, value []byte) { t.layers[0].set(space, key, value) }

func (t *txn) delete(space, key string) { t.layers[0].set(space, key, nil) }

// drop deletes a space whose name will never be used again.
func (t *txn) drop(space string) { t.layers[0].drop(space) }

// try runs do over this transaction and keeps what it did unless it fails.
func (t *txn) try(do func(*txn) error) error {
	own := newLayer()
	if err := do(&txn{append([]*layer{own}, t.layers...), t.file, t.schemas}); err != nil {
		return err
	}
	t.layers[0].merge(own)
	return nil
}

// scan walks a space from a key on, in one direction.
func (t *txn) scan(space, from string, backward bool) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		sources := make([]*source, 0, len(t.layers)+1)
		for _, l := range t.layers {
			sources = append(sources, l.walk(space, from, backward))
		}
		sources = append(sources, walkFile(t.file, space, from, backward))
		for at := nearest(sources, backward); at != nil; at = nearest(sources, backward) {
			key, value := at.key, at.value
			for _, s := range sources { // what lies below it under the same key is hidden
				if s.ok && s.key == key {
					s.step()
				}
			}
			if value != nil && !yield(key, value) {
				return
			}
		}
	}
}

func walkFile(tx *bolt.Tx, space, from string, backward bool) *source {
	bucket := tx.Bucket([]byte(space))
	if bucket == nil {
		return &source{next: func() (string, []byte, bool) { return "", nil, false }}
	}
	cursor := bucket.Cursor()
	step := cursor.Next
	key, value := cursor.Seek([]byte(from))
	if backward {
		step = cursor.Prev
		switch {
		case key == nil: // behind the last one
			key, value = cursor.Last()
		case strings.Compare(string(key), from) > 0:
			key, value = cursor.Prev()
		}
	}
	return &source{string(key), value, key != nil, func() (string, []byte, bool) {
		key, value := step()
		return string(key), value, key != nil
	}}
}
