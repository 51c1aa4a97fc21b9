package validate_test

import (
	"bytes"
	"crypto/rand"
	"reflect"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func TestAnIdentitySurvivesSealing(t *testing.T) {
	who := validatetest.New(t).Identity(validatetest.As("okta"), validatetest.Subject("李 <a>"), validatetest.Attribute("g", "1", "2"))
	key := [32]byte{1}
	box, err := who.Seal(key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	back, err := validate.Unseal(key, box)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(who, back) {
		t.Errorf("%+v came back as %+v", who, back)
	}
	if bytes.Contains(box, []byte("okta")) {
		t.Error("the box shows what it holds")
	}
}

func TestOnlyItsOwnKeyOpensABox(t *testing.T) {
	box, err := validatetest.New(t).Identity().Seal([32]byte{1}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := validate.Unseal([32]byte{2}, box); reason.Of(err) != reason.SessionMissing {
		t.Errorf("another key: %v", err)
	}
	for i := range box {
		changed := bytes.Clone(box)
		changed[i] ^= 1
		if who, err := validate.Unseal([32]byte{1}, changed); err == nil || !who.IsZero() {
			t.Fatalf("byte %d changed, and it opens", i)
		}
	}
	for n := range box {
		if _, err := validate.Unseal([32]byte{1}, box[:n]); reason.Of(err) != reason.SessionMissing {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
}

func TestNobodyIsNotSealed(t *testing.T) {
	if _, err := (validate.Identity{}).Seal([32]byte{}, rand.Reader); err == nil {
		t.Error("a zero identity was sealed")
	}
	if _, err := validatetest.New(t).Identity().Seal([32]byte{}, bytes.NewReader(nil)); err == nil {
		t.Error("sealed without randomness")
	}
	if !(validate.Identity{}).IsZero() {
		t.Error("the zero identity is somebody")
	}
}
