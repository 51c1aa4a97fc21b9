package samldoc

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestTheTreeIsWhatEtreeReads: whatever the scan lets through of all vectors, the
// tree that it made is the one that etree finds in the same bytes, to the last
// prefix and blank.
func TestTheTreeIsWhatEtreeReads(t *testing.T) {
	files, err := filepath.Glob("../validate/testdata/saml/*.txtar")
	if err != nil || len(files) < 300 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	read := 0
	for _, name := range files {
		archive, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, xml, found := bytes.Cut(archive, []byte("-- response.xml --\n"))
		if !found {
			continue
		}
		xml = bytes.TrimSuffix(xml, []byte("\n"))
		root, made, err := scanTree(xml, responseLimits())
		if err != nil {
			continue
		}
		read++
		etrees, err := readTree(xml)
		if err != nil {
			t.Errorf("%s: etree refuses what the scan takes: %v", name, err)
			continue
		}
		if err := sameTree(root, made.Root()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := sameTree(root, etrees.Root()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		ours, _ := made.WriteToBytes()
		etrees.SetRoot(etrees.Root())
		theirs, _ := etrees.WriteToBytes()
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%s: made\n%s\nread\n%s", name, ours, theirs)
		}
	}
	if read < 200 {
		t.Errorf("only %d vectors were read: this shows little", read)
	}
}
