package tablestore

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func openAt(t *testing.T, path string) *storage {
	t.Helper()
	s, err := openStorage(path, 2000)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func set(t *testing.T, s *storage, key, value string) {
	t.Helper()
	if err := s.update(func(tx *txn) error { tx.put("rows/x", key, []byte(value)); return nil }); err != nil {
		t.Fatal(err)
	}
}

// contents reads the space of the tests in both directions, which must agree.
func contents(t *testing.T, s *storage) map[string]string {
	t.Helper()
	const space = "rows/x"
	found, forward, backward := map[string]string{}, []string{}, []string{}
	err := s.view(func(tx *txn) error {
		for key, value := range tx.scan(space, "", false) {
			found[key] = string(value)
			forward = append(forward, key)
			if got := tx.get(space, key); !bytes.Equal(got, value) {
				t.Errorf("%s is %q by scan and %q by get", key, value, got)
			}
		}
		for key := range tx.scan(space, "\xff", true) {
			backward = append(backward, key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(backward)
	if !slices.IsSorted(forward) || !slices.Equal(forward, backward) {
		t.Errorf("forward %q, backward %q", forward, backward)
	}
	return found
}

// TestLayersReadAsOne holds random writes, through many journals, against a map.
func TestLayersReadAsOne(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	path := filepath.Join(t.TempDir(), "tablestore.db")
	want := map[string]string{}
	for range 5 {
		s := openAt(t, path)
		for i := range 400 {
			key := fmt.Sprintf("k%02d", random.IntN(40))
			if random.IntN(3) == 0 {
				delete(want, key)
				if err := s.update(func(tx *txn) error { tx.delete("rows/x", key); return nil }); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want[key] = fmt.Sprint(i)
			set(t, s, key, want[key])
			if i%20 == 0 && !maps.Equal(contents(t, s), want) {
				t.Fatalf("after %d writes: %v, want %v", i, contents(t, s), want)
			}
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
	s := openAt(t, path)
	if got := contents(t, s); !maps.Equal(got, want) {
		t.Errorf("after reopening: %v, want %v", got, want)
	}
	if err := s.update(func(tx *txn) error { tx.drop("rows/x"); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(path + "*"); err != nil || len(left) != 1 {
		t.Errorf("at rest there are %q, %v", left, err)
	}
	s = openAt(t, path)
	if got := contents(t, s); len(got) != 0 {
		t.Errorf("a dropped space holds %v", got)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

func TestARefusedWriteLeavesNothingBehind(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "tablestore.db"))
	refused := errors.New("refused")
	err := s.update(func(tx *txn) error {
		tx.put("rows/x", "a", []byte("1"))
		if err := tx.try(func(tx *txn) error { tx.put("rows/x", "b", []byte("1")); return refused }); !errors.Is(err, refused) {
			t.Error(err)
		}
		if tx.get("rows/x", "a") == nil || tx.get("rows/x", "b") != nil {
			t.Error("a transaction does not see what it did")
		}
		return refused
	})
	if !errors.Is(err, refused) || len(contents(t, s)) != 0 {
		t.Errorf("%v, and there is %v", err, contents(t, s))
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

// TestATornRecordIsAsIfItHadNotBeen cuts the journal of a killed server at every
// byte of its last record, and damages every byte of it.
func TestATornRecordIsAsIfItHadNotBeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tablestore.db")
	s := openAt(t, path)
	set(t, s, "a", "first")
	whole := s.journal().end
	set(t, s, "b", "second")
	end := s.journal().end
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(s.journal().file.Name())
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(s.journal().file.Name())
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	after := func(journal []byte) map[string]string {
		folder := t.TempDir()
		if err := errors.Join(os.WriteFile(filepath.Join(folder, "tablestore.db"), file, 0o600),
			os.WriteFile(filepath.Join(folder, name), journal, 0o600)); err != nil {
			t.Fatal(err)
		}
		s := openAt(t, filepath.Join(folder, "tablestore.db"))
		defer func() { _ = s.close() }()
		return contents(t, s)
	}
	if got := after(written); got["a"] != "first" || got["b"] != "second" {
		t.Errorf("undamaged: %v", got)
	}
	for i := whole; i < end; i++ {
		if got := after(written[:i]); got["a"] != "first" || len(got) != 1 {
			t.Errorf("cut at byte %d: %v", i, got)
		}
		damaged := bytes.Clone(written)
		damaged[i] ^= 0x10
		if got := after(damaged); got["a"] != "first" || len(got) != 1 {
			t.Errorf("byte %d damaged: %v", i, got)
		}
	}
}

func FuzzJournal(f *testing.F) {
	l := newLayer()
	l.drop("rows/old")
	l.set("rows/x", "a", []byte("1"))
	l.set("rows/x", "b", nil)
	f.Add(encodeLayer(nil, l))
	f.Fuzz(func(t *testing.T, data []byte) {
		found := newLayer()
		if decodeLayer(data, found) != nil {
			return
		}
		again := newLayer()
		if err := decodeLayer(encodeLayer(nil, found), again); err != nil {
			t.Error(err)
		}
		for space, e := range found.spaces {
			if !slices.Equal(e.keys, again.spaces[space].keys) {
				t.Errorf("%s: %q is read back as %q", space, e.keys, again.spaces[space].keys)
			}
		}
	})
}

func TestJournalsOfAnotherFileAreNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tablestore.db")
	s := openAt(t, path)
	set(t, s, "a", "1")
	left, err := os.ReadFile(s.journal().file.Name())
	if err != nil {
		t.Fatal(err)
	}
	name := s.journal().file.Name()
	if err := errors.Join(s.close(), os.Remove(path), os.WriteFile(name, left, 0o600)); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path)
	if got := contents(t, s); len(got) != 0 {
		t.Errorf("a new file begins with %v", got)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}
