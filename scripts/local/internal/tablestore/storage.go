package tablestore

import (
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var errClosed = errors.New("tablestore: the server is closing")

// storage is one bbolt file with one writer. Writes that arrive while the disk
// is busy share the next transaction, and so its fsync; each is answered only
// after that. db.Batch is not used: it makes a lonely write wait 10 ms.
type storage struct {
	db      *bolt.DB
	writes  chan *write
	closing chan struct{}
	stopped chan struct{}
}

// write is one operation on its way to the writer. do refuses (a *refusal)
// before it changes anything; any other error spoils the whole transaction.
type write struct {
	do     func(*bolt.Tx) error
	result chan error
}

// groupLimit bounds how many writes share a transaction, so that the first one
// is not kept waiting by those behind it.
const groupLimit = 256

func openStorage(path string) (*storage, error) {
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
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(schemaBucket())
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tablestore: cannot write to %s: %w", path, err), db.Close())
	}
	s := &storage{db: db, writes: make(chan *write, groupLimit), closing: make(chan struct{}), stopped: make(chan struct{})}
	go s.run()
	return s, nil
}

// update runs do in the writer and returns when its effect is on disk.
func (s *storage) update(do func(*bolt.Tx) error) error {
	w := &write{do, make(chan error, 1)}
	select {
	case s.writes <- w:
	case <-s.closing:
		return errClosed
	}
	select {
	case err := <-w.result:
		return err
	case <-s.stopped:
		return errClosed
	}
}

func (s *storage) view(do func(*bolt.Tx) error) error { return s.db.View(do) }

func (s *storage) run() {
	defer close(s.stopped)
	for {
		select {
		case first := <-s.writes:
			s.commit(s.group(first))
		case <-s.closing:
			return
		}
	}
}

// group adds to first what else is waiting.
func (s *storage) group(first *write) []*write {
	group := []*write{first}
	for len(group) < groupLimit {
		select {
		case w := <-s.writes:
			group = append(group, w)
		default:
			return group
		}
	}
	return group
}

func (s *storage) commit(group []*write) {
	results := make([]error, len(group))
	err := s.db.Update(func(tx *bolt.Tx) error {
		for i, w := range group {
			results[i] = w.do(tx)
			if _, refused := errors.AsType[*refusal](results[i]); results[i] != nil && !refused {
				return results[i]
			}
		}
		return nil
	})
	for i, w := range group {
		if err != nil {
			results[i] = err
		}
		w.result <- results[i]
	}
}

// close ends the writer after the group under way and gives the file free.
func (s *storage) close() error {
	close(s.closing)
	<-s.stopped
	return s.db.Close()
}
