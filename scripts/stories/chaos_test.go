package stories_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
)

// Of two identity providers the people live through the same history; each has an
// account of its own.
const (
	calmAccount = "3456789012345678"
	wildAccount = "4567890123456789"

	twoCompanies = `
identityProviders:
  - {id: calm, saml: {metadataURL: ADDRESS/calm}, attributes: {email: mail}}
  - {id: wild, saml: {metadataURL: ADDRESS/wild}, attributes: {email: mail}}
accounts:
  - id: "3456789012345678"
    alias: calm
    maintenanceRole: acs:ram::3456789012345678:role/maintenance
    userSSO: {suffixes: [calm.onaliyun.com], withDomain: true}
    manage: {users: true, groups: true, delete: DELETE, deny: true}
  - id: "4567890123456789"
    alias: wild
    maintenanceRole: acs:ram::4567890123456789:role/maintenance
    userSSO: {suffixes: [wild.onaliyun.com], withDomain: true}
    manage: {users: true, groups: true, delete: DELETE, deny: true}
rules:
  - name: the calm have users
    idp: calm
    user: {account: "3456789012345678", principal: '{{email | before "@"}}@calm.onaliyun.com', domains: [calm.onaliyun.com], create: true}
    condition: any
  - name: the wild have users
    idp: wild
    user: {account: "4567890123456789", principal: '{{email | before "@"}}@wild.onaliyun.com', domains: [wild.onaliyun.com], create: true}
    condition: any
`
)

// TestChaosComesToTheSame delivers what happened in a company in order and once, and to
// another identity provider's people each event one to three times and in any order,
// with two instances at work, a RAM that throttles and loses answers, and instances
// killed in the middle. In scripts/test long the company has 200 people and 2,000 events.
func TestChaosComesToTheSame(t *testing.T) {
	t.Parallel()
	people, events, ways := 10, 80, []bool{true}
	if os.Getenv("SSO_TEST_ROUNDS") != "" {
		people, events, ways = 200, 2000, []bool{true, false}
	}
	for _, removes := range ways {
		t.Run(fmt.Sprintf("users of leavers are removed %v", removes), func(t *testing.T) {
			t.Parallel()
			c := newChaos(t, removes)
			c.history = newHistory(7, people, events)
			c.inOrder()
			c.inChaos()
			c.compare(people)
		})
	}
}

type chaos struct {
	*stack.Stack

	t       *testing.T
	history []func(idp string) cloudEvent
	killed  int
}

func newChaos(t *testing.T, removes bool) *chaos {
	t.Helper()
	certificate := newCertificate(t)
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://%s.example"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://%[1]s.example/sso"/></IDPSSODescriptor></EntityDescriptor>`, filepath.Base(r.URL.Path), certificate)
	}))
	t.Cleanup(metadata.Close)
	file := filepath.Join(t.TempDir(), "federation.yaml")
	text := strings.NewReplacer("ADDRESS", metadata.URL, "DELETE", fmt.Sprint(removes)).Replace(twoCompanies)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &chaos{Stack: stack.Start(t, stack.Options{Federation: file}), t: t}
}

// inOrder delivers everything once, one after the other, to one instance.
func (c *chaos) inOrder() {
	c.t.Helper()
	c.Delivery(c.t, map[string]any{"at_once": 1, "timers": "off"})
	for _, e := range c.history {
		c.PutEvents(c.t, e("calm"))
	}
	if status := c.AwaitDelivered(c.t); len(status.Dead) > 0 {
		c.t.Fatalf("%+v", status.Dead)
	}
	c.settle()
}

// inChaos delivers to two instances at once what nobody should have to work with.
func (c *chaos) inChaos() {
	c.t.Helper()
	random := rand.New(rand.NewPCG(1, 1))
	var wild []any
	for _, e := range c.history {
		for range 1 + random.IntN(3) {
			wild = append(wild, e("wild"))
		}
	}
	random.Shuffle(len(wild), func(i, j int) { wild[i], wild[j] = wild[j], wild[i] })
	for _, service := range []string{"ims", "ram"} {
		c.TroubleAs(c.t, stack.Trouble{Service: service, Kind: "throttling", Percent: 5})
		c.TroubleAs(c.t, stack.Trouble{Service: service, Kind: "lost", Percent: 2})
	}
	c.Delivery(c.t, map[string]any{"at_once": 2, "shuffle": true, "retries": 8, "backoff": "50ms", "timers": "1s"})
	enough := c.killing(random)
	for part := range slices.Chunk(wild, 100) {
		c.PutEvents(c.t, part...)
	}
	c.AwaitDelivered(c.t)
	enough()
	for _, service := range []string{"ims", "ram"} {
		c.Trouble(c.t, service, "")
	}
	c.settle()
}

// killing ends an instance of provisioning every second, by SIGKILL, until told that it is
// enough.
func (c *chaos) killing(random *rand.Rand) (enough func()) {
	ctx, stop := context.WithCancel(c.t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				c.kill(random)
			}
		}
	}()
	return func() {
		stop()
		<-over
	}
}

func (c *chaos) kill(random *rand.Rand) {
	if pids := c.PIDs(c.t)["provisioning"]; len(pids) > 0 {
		_ = syscall.Kill(pids[random.IntN(len(pids))], syscall.SIGKILL)
		c.killed++
	}
}

// settle waits until the timer has done what waits.
func (c *chaos) settle() {
	c.t.Helper()
	c.Delivery(c.t, map[string]any{"timers": "500ms"})
	until(c.t, 3*time.Minute, "events still wait", func() bool { return len(listed(c.t, c.Stack, "-pending")) == 0 })
	c.Delivery(c.t, map[string]any{"timers": "off"})
	if dead := listed(c.t, c.Stack); len(dead) > 0 {
		c.t.Fatalf("dead letters: %+v", dead)
	}
}

// compare wants both companies to be the same, in RAM and at the doors.
func (c *chaos) compare(people int) {
	c.t.Helper()
	calm, wild := c.account(calmAccount, "calm"), c.account(wildAccount, "wild")
	if calm != wild {
		c.t.Errorf("in order, once:\n%s\nin chaos:\n%s", calm, wild)
	}
	trust := store.NewLeavers(store.Open(store.Config{
		Endpoint: c.Tablestore.Endpoint, Instance: c.Tablestore.Instance, Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: c.Tablestore.AccessKeyID, AccessKeySecret: ram.Secret(c.Tablestore.AccessKeySecret)}, nil
		},
	}))
	for p := range people {
		name := fmt.Sprintf("p%d@acme.example", p)
		inOrder, err := trust.Left(c.t.Context(), "calm", name)
		inChaos, err2 := trust.Left(c.t.Context(), "wild", name)
		if err != nil || err2 != nil || inOrder != inChaos {
			c.t.Errorf("%s has left %v, in chaos %v (%v %v)", name, inOrder, inChaos, err, err2)
		}
	}
	c.t.Logf("%d events of %d people; %d instances were killed; RAM met trouble %v", len(c.history), people, c.killed, c.Seen(c.t, "action", "none").Troubled)
}

// account is all that an account's RAM holds of people, without what a second making
// could not have the same.
func (c *chaos) account(id, company string) string {
	c.t.Helper()
	d := c.Directory(c.t, id)
	d.Account = ""
	for i := range d.Users {
		d.Users[i].ID = ""
	}
	for i := range d.Groups {
		d.Groups[i].ID = ""
	}
	text, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		c.t.Fatal(err)
	}
	if len(d.Users) == 0 || len(d.Groups) == 0 {
		c.t.Errorf("nobody is there: %s", text)
	}
	return strings.ReplaceAll(string(text), company, "company")
}
