package refresh_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// memory is store.Trust's contract for keys: a version that each write checks.
type memory struct {
	body    []byte
	version int64
	writes  int
	between func(*memory) // before the next write
	err     error
}

func (m *memory) Keys(context.Context, string) ([]byte, int64, error) {
	return m.body, m.version, m.err
}

func (m *memory) PutKeys(_ context.Context, _ string, body []byte, version int64) error {
	if between := m.between; between != nil {
		m.between = nil
		between(m)
	}
	if version != m.version {
		return reason.New(reason.StoreConflict, "version %d is not %d", version, m.version)
	}
	m.body, m.version, m.writes = body, version+1, m.writes+1
	return nil
}

// world is one source and the store; its metadata may change.
type world struct {
	store    *memory
	metadata string
	err      error
	fetched  []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{store: &memory{}, metadata: metadata(t, validatetest.New(t), validatetest.EntityID)}
}

func metadata(t *testing.T, idp validatetest.IdP, entityID string) string {
	t.Helper()
	keys := idp.Keys()
	return fmt.Sprintf(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="%s" Location="%s"/>
</IDPSSODescriptor></EntityDescriptor>`, entityID, keys.Certificates[0], keys.SSO[0].Binding, keys.SSO[0].Location)
}

func (w *world) refresh(t *testing.T, source trust.Source) (refresh.Result, error) {
	t.Helper()
	r := refresh.Refresher{
		Store: w.store,
		Fetch: func(_ context.Context, document refresh.Document) (refresh.Fetched, error) {
			w.fetched = append(w.fetched, document.Address)
			return refresh.Fetched{Body: []byte(w.metadata)}, w.err
		},
		Now: validatetest.Now,
	}
	return r.Record(t.Context(), source)
}

func (w *world) record(t *testing.T, source trust.Source) trust.Record {
	t.Helper()
	record, err := trust.Parse("r1", []byte(fmt.Sprintf(`{"id":%q,"displayName":"x","saml":{"metadataURL":%q,"clockSkewSeconds":60}}`, source.ID, source.SAML.MetadataURL)), w.store.body)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestTheFirstFetchMakesTheRecordUsable(t *testing.T) {
	w, source := newWorld(t), validatetest.Source()
	result, err := w.refresh(t, source)
	if err != nil || !result.Changed || result.Keys.EntityID != validatetest.EntityID || !result.Keys.FetchedAt.Equal(validatetest.Now()) {
		t.Fatalf("%+v, %v", result, err)
	}
	if record := w.record(t, source); record.Pending() || record.EntityID() != validatetest.EntityID {
		t.Error("the record is pending")
	}
	if len(w.fetched) != 1 || w.fetched[0] != source.SAML.MetadataURL {
		t.Errorf("fetched %q", w.fetched)
	}
}

func TestWhatDidNotChangeIsNotWritten(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		if _, err := w.refresh(t, validatetest.Source()); err != nil {
			t.Fatal(err)
		}
	}
	if w.store.writes != 1 {
		t.Errorf("%d writes", w.store.writes)
	}
}

func TestANewCertificateIsTaken(t *testing.T) {
	w := newWorld(t)
	if _, err := w.refresh(t, validatetest.Source()); err != nil {
		t.Fatal(err)
	}
	w.metadata = metadata(t, validatetest.Stranger(t), validatetest.EntityID)
	result, err := w.refresh(t, validatetest.Source())
	if err != nil || !result.Changed || w.store.writes != 2 {
		t.Errorf("%+v, %v, %d writes", result, err, w.store.writes)
	}
}

func TestAFailingSourceChangesNothing(t *testing.T) {
	w := newWorld(t)
	if _, err := w.refresh(t, validatetest.Source()); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		metadata string
		err      error
		want     reason.Code
	}{
		"no answer":         {"", reason.New(reason.SourceUnavailable, "down"), reason.SourceUnavailable},
		"HTML":              {"<html><body>sign in</body></html>", nil, reason.MetadataInvalid},
		"nothing":           {"", nil, reason.MetadataInvalid},
		"another entity ID": {metadata(t, validatetest.New(t), "https://evil.example/"), nil, reason.MetadataInvalid},
		"no certificate":    {strings.ReplaceAll(w.metadata, "X509Certificate>", "X509Serial>"), nil, reason.MetadataInvalid},
		"expired":           {strings.Replace(w.metadata, "entityID", `validUntil="2020-01-01T00:00:00Z" entityID`, 1), nil, reason.MetadataInvalid},
	} {
		broken := &world{store: w.store, metadata: tt.metadata, err: tt.err}
		result, err := broken.refresh(t, validatetest.Source())
		if reason.Of(err) != tt.want || result.Changed || w.store.writes != 1 {
			t.Errorf("%s: %+v, %v, %d writes", name, result, err, w.store.writes)
		}
		if w.record(t, validatetest.Source()).Pending() {
			t.Errorf("%s: the record lost its keys", name)
		}
	}
}

func TestAnotherSourceMayBeAnotherIssuer(t *testing.T) {
	w, source := newWorld(t), validatetest.Source()
	if _, err := w.refresh(t, source); err != nil {
		t.Fatal(err)
	}
	source.SAML.MetadataURL = "https://new.example/metadata"
	if !w.record(t, source).Pending() {
		t.Error("keys of the old source are believed")
	}
	w.metadata = metadata(t, validatetest.Stranger(t), "https://new.example/")
	result, err := w.refresh(t, source)
	if err != nil || result.Keys.EntityID != "https://new.example/" || w.record(t, source).Pending() {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestMetadataThatWasTakenInIsNotFetched(t *testing.T) {
	w, source := newWorld(t), validatetest.Source()
	source.SAML.MetadataURL, source.SAML.Metadata = "", []byte(w.metadata)
	result, err := w.refresh(t, source)
	if err != nil || !result.Changed || len(w.fetched) > 0 {
		t.Errorf("%+v, %v, fetched %q", result, err, w.fetched)
	}
}

func TestTwoAtOnceDoNoHarm(t *testing.T) {
	w := newWorld(t)
	w.store.between = func(*memory) {
		if _, err := w.refresh(t, validatetest.Source()); err != nil {
			t.Error(err)
		}
	}
	result, err := w.refresh(t, validatetest.Source())
	if err != nil || result.Changed || w.store.writes != 1 {
		t.Errorf("%+v, %v, %d writes", result, err, w.store.writes)
	}
}

func TestAStoreAtFaultIsNotTheSourcesFault(t *testing.T) {
	w := newWorld(t)
	w.store.err = reason.New(reason.StoreUnavailable, "no answer")
	if _, err := w.refresh(t, validatetest.Source()); reason.Of(err) != reason.StoreUnavailable {
		t.Errorf("got %v", err)
	}
	w.store.err, w.store.body = nil, []byte(`{"entityID":1}`)
	if _, err := w.refresh(t, validatetest.Source()); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("stored nonsense: %v", err)
	}
}

// pinned is the source with certificates of which one must sign the metadata.
func pinned(idps ...validatetest.IdP) trust.Source {
	source := validatetest.Source()
	for _, idp := range idps {
		source.SAML.MetadataKey += "-----BEGIN CERTIFICATE-----\n" + idp.Keys().Certificates[0] + "\n-----END CERTIFICATE-----\n"
	}
	return source
}

func sign(t *testing.T, idp validatetest.IdP, xml string) string {
	t.Helper()
	document := etree.NewDocument()
	if err := document.ReadFromString(xml); err != nil {
		t.Fatal(err)
	}
	root := document.Root()
	root.CreateAttr("ID", "_metadata")
	idp.Sign(root)
	root.InsertChildAt(0, root.RemoveChild(root.SelectElement("ds:Signature")))
	signed, err := document.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestMetadataThatMustBeSignedIs(t *testing.T) {
	w, signer, stranger := newWorld(t), validatetest.New(t), validatetest.Stranger(t)
	plain := w.metadata
	for _, w.metadata = range []string{plain, sign(t, stranger, plain)} {
		if _, err := w.refresh(t, pinned(signer)); reason.Of(err) != reason.MetadataInvalid || w.store.writes != 0 {
			t.Errorf("%v, %d writes", err, w.store.writes)
		}
	}
	w.metadata = sign(t, signer, plain)
	if result, err := w.refresh(t, pinned(signer)); err != nil || !result.Changed {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestKeysStayWhileTheirSignerIsPinned(t *testing.T) {
	w, signer, stranger := newWorld(t), validatetest.New(t), validatetest.Stranger(t)
	unpinned := validatetest.Source()
	if _, err := w.refresh(t, unpinned); err != nil {
		t.Fatal(err)
	}
	if !w.pending(t, pinned(signer)) {
		t.Error("keys that nobody vouched for are believed")
	}
	w.metadata = sign(t, signer, w.metadata)
	if _, err := w.refresh(t, pinned(signer)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		source  trust.Source
		pending bool
	}{
		"the signer is pinned": {pinned(signer), false},
		"with a second one":    {pinned(stranger, signer), false},
		"another one":          {pinned(stranger), true},
		"none":                 {unpinned, false},
	} {
		if w.pending(t, c.source) != c.pending {
			t.Errorf("%s: pending is not %v", name, c.pending)
		}
	}
}

func (w *world) pending(t *testing.T, source trust.Source) bool {
	t.Helper()
	declared, err := json.Marshal(source)
	if err != nil {
		t.Fatal(err)
	}
	record, err := trust.Parse("r1", declared, w.store.body)
	if err != nil {
		t.Fatal(err)
	}
	return record.Pending()
}
