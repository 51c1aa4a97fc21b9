// Package tablestore is an embedded Tablestore server for development and tests,
// not for production: the genuine SDKs talk to it unchanged.
//
// In: the HTTP requests of API version 2015-12-31, signed V2 or V4. Out: the
// service's own answers, codes and messages; what a write was answered for is on
// disk. Refused: a request whose signature, token, MD5 or clock is wrong, rows
// whose checksums or lengths are, and by name every operation and option that is
// not here (indexes, transactions, search, SQL, time series).
//
// Why bbolt: one file, one dependency, ordered cursors for ranges both ways. Why
// a journal before it: a commit of bbolt waits for the disk twice, a record of
// the journal once.
package tablestore

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/golang/protobuf/proto"
)

const maxBody = 5 << 20

// Options say what a server serves, to whom, and by which clock.
type Options struct {
	Path     string // of the database file
	Journal  int64  // bytes of changes after which they move into the file; 0: 4 MB
	Instance string
	// Lookup knows the callers: securityToken is empty for a long-lived key, and
	// ok is false for a key that is unknown or has expired.
	Lookup func(accessKeyID string) (secret, securityToken string, ok bool)
	Now    func() time.Time
	Log    *slog.Logger
}

// Server answers Tablestore requests.
type Server struct {
	storage  *storage
	instance string
	lookup   func(accessKeyID string) (secret, securityToken string, ok bool)
	now      func() time.Time
	log      *slog.Logger
	faults   faults
}

// Open opens or creates the file and starts its writer. A file that another
// server holds is refused.
func Open(o Options) (*Server, error) {
	storage, err := openStorage(o.Path, cmp.Or(o.Journal, journalLimit))
	if err != nil {
		return nil, err
	}
	return &Server{
		storage:  storage,
		instance: o.Instance,
		lookup:   o.Lookup,
		now:      o.Now,
		log:      o.Log,
		faults:   faults{now: o.Now},
	}, nil
}

// Close ends the write under way and gives the file free. Serve no more then.
func (s *Server) Close() error { return s.storage.close() }

// ServeHTTP answers one request, or by a fault that a test has set closes the
// connection without an answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	caller, resp, err := s.serve(w, r)
	if errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler) // net/http's own way to drop a connection without an answer
	}
	if err != nil && asRefusal(err).status >= http.StatusInternalServerError {
		s.log.WarnContext(r.Context(), "tablestore request failed", "action", actionOf(r.URL.Path), "error", err)
	}
	s.answer(w, r, caller, resp, err)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) (signer, proto.Message, error) {
	if r.Method != http.MethodPost {
		return signer{}, nil, &refusal{http.StatusMethodNotAllowed, "OTSMethodNotAllowed", "The " + r.Method + " method is not allowed."}
	}
	body, err := readBody(w, r)
	if err != nil {
		return signer{}, nil, err
	}
	caller, err := s.authenticate(r, body)
	if err != nil {
		return signer{}, nil, err
	}
	action := actionOf(r.URL.Path)
	op, err := s.parse(action, body)
	if err != nil {
		return caller, nil, err
	}
	resp, err := s.run(r.Context(), action, op)
	return caller, resp, err
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &refusal{http.StatusRequestEntityTooLarge, "OTSRequestBodyTooLarge", "The size of POST data is too large."}
	}
	if err != nil {
		return nil, &refusal{http.StatusRequestTimeout, "OTSRequestTimeout", "Reading the request failed."}
	}
	return body, nil
}

// run performs the operation, before, after or instead of a fault.
func (s *Server) run(ctx context.Context, action string, op operation) (proto.Message, error) {
	fault, faulty := s.faults.take(action, op.tables)
	if !faulty {
		return op.run()
	}
	if fault.Kind == faultSlow && !fault.Commit {
		if err := wait(ctx, fault); err != nil {
			return nil, err
		}
		return op.run()
	}
	var resp proto.Message
	var err error
	if fault.Commit {
		resp, err = op.run()
	}
	switch fault.Kind {
	case faultLost:
		return nil, http.ErrAbortHandler
	case faultError:
		return nil, fault.refusal()
	}
	return resp, errors.Join(err, wait(ctx, fault))
}

// wait holds a call for the fault's time, or until the client has gone.
func wait(ctx context.Context, fault Fault) error {
	timer := time.NewTimer(time.Duration(fault.DelayMS) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return http.ErrAbortHandler
	}
}

// answer writes the response or the refusal. Beyond what the Go SDK reads, the
// others check MD5, date and a signature over the headers.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, caller signer, resp proto.Message, err error) {
	status := http.StatusOK
	if err != nil {
		status, resp = asRefusal(err).status, wireError(err)
	}
	body, err := proto.Marshal(resp)
	if err != nil {
		s.log.ErrorContext(r.Context(), "tablestore answer cannot be encoded", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set(headerMD5, contentMD5(body))
	h.Set(headerRequestID, requestID())
	h.Set(headerDate, s.now().UTC().Format("2006-01-02T15:04:05.000000Z"))
	h.Set(headerContentType, "protocol buffer")
	if caller.id != "" {
		h.Set("Authorization", "OTS "+caller.id+":"+sign(caller.secret, otsHeaders(h)+"\n"+r.URL.Path))
	}
	h.Set("Content-Type", "application/octet-stream")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // protobuf, and nosniff; a client that went away takes its answer for lost
}

func requestID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}
