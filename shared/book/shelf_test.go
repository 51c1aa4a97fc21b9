package book

import (
	"fmt"
	"testing"
)

func TestAShelfKeepsWhatIsUsedAndStaysSmall(t *testing.T) {
	s := newShelf[int](100 * (overhead + 4))
	s.put("used", 1, 0)
	for i := range 10_000 {
		s.put(fmt.Sprintf("%04d", i), i, 0)
		if _, ok := s.get("used"); !ok {
			t.Fatalf("what is in use was thrown away at %d", i)
		}
		if n := len(s.first) + len(s.old); n > 101 {
			t.Fatalf("%d things lie on a shelf for 100", n)
		}
	}
	if _, ok := s.get("0000"); ok {
		t.Error("what nobody used stayed")
	}
	s.put("large", 1, 1<<30)
	if v, ok := s.get("large"); !ok || v != 1 {
		t.Error("one that is larger than the shelf finds no place, and would be read for every sign-in")
	}
}
