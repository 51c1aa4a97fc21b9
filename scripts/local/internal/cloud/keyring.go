package cloud

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const adminName = "fc-sso-admin"

// Key is a long-lived access key.
type Key struct {
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
}

// String hides the secret: a key ends up in logs sooner or later.
func (k Key) String() string { return k.AccessKeyID + " [redacted]" }

// GoString hides the secret from %#v too.
func (k Key) GoString() string { return k.String() }

// LogValue hides the secret from slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Credentials are temporary: a key that needs its token and ends.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
	Expiration      time.Time
}

// String hides secret and token.
func (c Credentials) String() string { return c.AccessKeyID + " [redacted]" }

// GoString hides secret and token from %#v too.
func (c Credentials) GoString() string { return c.String() }

// LogValue hides secret and token from slog.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// caller is who holds a key. Its words for kind are those of GetCallerIdentity.
type caller struct {
	kind    string
	account string
	arn     string  // …:root, …:user/NAME or …:role/NAME, as trust policies name it
	id      string  // the account's, the user's or the role's
	session string  // of an assumed role
	within  *policy // of that session; nil: the role's own policies alone
}

const (
	kindAccount = "Account"
	kindUser    = "RAMUser"
	kindRole    = "AssumedRoleUser"
)

type entry struct {
	secret  string
	token   string    // empty for a long-lived key
	expires time.Time // zero for a long-lived key
	uses    int       // after which it is over too; 0: any number
	off     bool      // a long-lived key that was made inactive
	who     caller
}

func (e entry) expired(now time.Time) bool { return !e.expires.IsZero() && !now.Before(e.expires) }

// keyring holds every key that the cloud gave out. Dead ones stay for an hour,
// so that their holder hears "expired" and not "unknown".
type keyring struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string]entry
}

const tombstone = time.Hour

func newKeyring(now func() time.Time) *keyring {
	return &keyring{now: now, entries: map[string]entry{}}
}

func (k *keyring) addKey(key Key, who caller) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries[key.AccessKeyID] = entry{secret: key.AccessKeySecret, who: who}
}

// mint makes temporary credentials for who.
func (k *keyring) mint(who caller, lifetime time.Duration) Credentials {
	now := k.now()
	made := Credentials{
		AccessKeyID:     "STS." + text(24),
		AccessKeySecret: text(44),
		SecurityToken:   tokenPrefix + base64.StdEncoding.EncodeToString(random(480)),
		Expiration:      now.Add(lifetime).UTC().Truncate(time.Second),
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, e := range k.entries {
		if e.expired(now.Add(-tombstone)) {
			delete(k.entries, id)
		}
	}
	k.entries[made.AccessKeyID] = entry{secret: made.AccessKeySecret, token: made.SecurityToken, expires: made.Expiration, who: who}
	return made
}

// tokenPrefix is what real security tokens begin with. They are some 600
// characters long; code that kept room for less must fail here too.
const tokenPrefix = "CAIS"

// holder is who has a key; the zero caller where there is none.
func (k *keyring) holder(id string) caller {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.entries[id].who
}

// use finds a key for who checks what it has signed. One that is good for some uses has
// one less then.
func (k *keyring) use(id string) (entry, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.entries[id]
	if left := e; e.uses > 0 {
		if left.uses--; left.uses == 0 {
			left.expires = k.now()
		}
		k.entries[id] = left
	}
	return e, ok
}

// limit lets a key be over after so many uses.
func (k *keyring) limit(id string, uses int) {
	k.change(id, func(e *entry) { e.uses = uses })
}

// shorten lets a key end at the latest at the given time.
func (k *keyring) shorten(id string, end time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.entries[id]; ok && e.expires.After(end) {
		e.expires = end
		k.entries[id] = e
	}
}

// disable makes a long-lived key inactive, or active again.
func (k *keyring) disable(id string, off bool) {
	k.change(id, func(e *entry) { e.off = off })
}

// rename gives a key's holder another name.
func (k *keyring) rename(id, arn string) {
	k.change(id, func(e *entry) { e.who.arn = arn })
}

func (k *keyring) change(id string, how func(*entry)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.entries[id]; ok {
		how(&e)
		k.entries[id] = e
	}
}

// drop forgets a long-lived key.
func (k *keyring) drop(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.entries, id)
}

// loadKeys reads the long-lived keys, or makes them at the first start.
func loadKeys(dir string) (root, admin Key, err error) {
	var kept struct {
		Root  Key `json:"root"`
		Admin Key `json:"admin"`
	}
	name := filepath.Join(dir, "cloud.json")
	content, err := readFileIfAny(name)
	if err != nil {
		return Key{}, Key{}, err
	}
	if content != nil {
		if err := json.Unmarshal(content, &kept); err != nil || kept.Root.AccessKeyID == "" || kept.Admin.AccessKeyID == "" {
			return Key{}, Key{}, fmt.Errorf("%s is damaged; delete it to have new keys made", name)
		}
		return kept.Root, kept.Admin, nil
	}
	kept.Root = Key{AccessKeyID: "LTAI" + text(20), AccessKeySecret: text(30)}
	kept.Admin = Key{AccessKeyID: "LTAI" + text(20), AccessKeySecret: text(30)}
	content, err = json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return Key{}, Key{}, err
	}
	return kept.Root, kept.Admin, writeSecret(name, content)
}

// writeSecret writes by rename: a kill leaves the old file or the new one whole.
func writeSecret(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand since Go 1.24)
	return b
}

// text gives n random letters and digits.
func text(n int) string {
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789" // near 6 bits each
	var s strings.Builder
	for _, b := range random(n) {
		s.WriteByte(alphabet[int(b)%len(alphabet)])
	}
	return s.String()
}

// numericID gives a RAM user or role the 18 digits that RAM would: the same at
// every start, so that nothing needs to be stored.
func numericID(first, arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return fmt.Sprintf("%s%017d", first, binary.BigEndian.Uint64(sum[:8])%1e17)
}
