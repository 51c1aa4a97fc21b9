// Package cloud emulates the part of Alibaba Cloud that the bundle calls: RAM's
// roles, identity providers and keys with the APIs that show and change them, STS,
// and the sign-in host with a console page behind it.
//
// In come signed requests to STS, IMS and RAM, ID tokens and SAML responses, console
// sign-ins, and the roles and providers that the stack declares; out go credentials
// and console sessions that die as the real ones do, and what RAM holds: what was
// written there last is what STS judges by. It shares no code with what it tests: it
// checks signatures, times, nonces, certificates and trust policies by itself, asks
// the issuers of ID tokens itself, and refuses with the real codes. What it
// does not emulate it answers as Alibaba Cloud answers an API that is not there.
//
// Not for production: keys are made at the first start and kept in the data
// folder, everything that expires is kept in memory only.
package cloud

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"time"
)

// Options are what an emulated cloud needs.
type Options struct {
	DataDir       string           // cloud.json with the long-lived keys; made when missing
	BundleAccount string           // the account in which the functions run
	SigninURL     string           // origin of the sign-in host, http://localhost:PORT; pages link nowhere else
	RotateEvery   time.Duration    // age at which a function's credentials are replaced; 0 = 5 minutes
	Now           func() time.Time // nil = time.Now
	Log           *slog.Logger     // nil = nothing
}

// rotateEvery is how often the emulated Function Compute replaces a function's
// credentials: far oftener than the real one, so that whoever keeps them is
// found out in minutes, not in hours.
const rotateEvery = 5 * time.Minute

// Cloud is the emulated cloud. It is safe for concurrent use.
type Cloud struct {
	bundle string
	rotate time.Duration
	now    func() time.Time
	log    *slog.Logger

	root, admin Key
	ring        *keyring
	nonces      *nonces
	console     *console
	troubles    *troubles
	delivered   deliveries // by EventBridge and MNS
	kms         *kms
	calls       *calls

	mu          sync.Mutex
	accounts    map[string]string       // ID -> alias
	roles       map[string]role         // by ARN
	providers   map[string]samlProvider // by ARN
	issuers     map[string]OIDCProvider // by ARN
	userSSO     map[string]userSSO      // by account
	directories map[string]*directory   // RAM users and groups, by account
	domains     map[string]string       // domain aliases, by account
	abroad      map[string]bool         // accounts of the international site
	functions   map[string]functionCredentials
	rotation    Rotation
}

// New makes the bundle's account with its function roles, and its keys at the
// first start.
func New(o Options) (*Cloud, error) {
	if !accountID.MatchString(o.BundleAccount) {
		return nil, fmt.Errorf("cloud: account %q is not a number of 5 to 32 digits", o.BundleAccount)
	}
	if _, err := url.Parse(o.SigninURL); err != nil {
		return nil, fmt.Errorf("cloud: sign-in URL: %w", err)
	}
	c := newCloud(o)
	var err error
	if c.root, c.admin, err = loadKeys(o.DataDir); err != nil {
		return nil, fmt.Errorf("cloud: %w", err)
	}
	if c.console, err = newConsole(c, o); err != nil {
		return nil, fmt.Errorf("cloud: %w", err)
	}
	if c.kms, err = openKMS(c, o.DataDir); err != nil {
		return nil, fmt.Errorf("cloud: %w", err)
	}
	c.ring.addKey(c.root, caller{kind: kindAccount, account: c.bundle, arn: "acs:ram::" + c.bundle + ":root", id: c.bundle})
	c.addAdmin()
	return c, errors.Join(c.AddAccount(c.bundle, "fc-sso"), c.addFunctionRoles())
}

func newCloud(o Options) *Cloud {
	c := &Cloud{
		bundle:      o.BundleAccount,
		rotate:      o.RotateEvery,
		now:         o.Now,
		log:         o.Log,
		accounts:    map[string]string{},
		roles:       map[string]role{},
		providers:   map[string]samlProvider{},
		issuers:     map[string]OIDCProvider{},
		userSSO:     map[string]userSSO{},
		directories: map[string]*directory{},
		domains:     map[string]string{},
		abroad:      map[string]bool{},
		functions:   map[string]functionCredentials{},
		troubles:    newTroubles(),
		calls:       &calls{},
	}
	if c.rotate == 0 {
		c.rotate = rotateEvery
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.ring = newKeyring(c.now)
	c.nonces = newNonces(c.now)
	c.troubles.accountOf = func(accessKeyID string) string {
		return c.ring.holder(accessKeyID).account
	}
	return c
}

// RootKey is the access key of the bundle's account itself. As in life it may
// do everything but assume a role.
func (c *Cloud) RootKey() Key { return c.root }

// AdminKey is the access key of the RAM user fc-sso-admin of the bundle's
// account: what an operator would give to ssoctl.
func (c *Cloud) AdminKey() Key { return c.admin }

func (c *Cloud) adminARN() string { return arnOf(c.bundle, "user", adminName) }

// Lookup gives secret and security token of an access key that is valid now, to
// servers that check signatures themselves. The token is empty for a long-lived key.
func (c *Cloud) Lookup(accessKeyID string) (secret, securityToken string, ok bool) {
	e, found := c.ring.use(accessKeyID)
	if !found || e.off || e.expired(c.now()) {
		return "", "", false
	}
	return e.secret, e.token, true
}

// AddAccount makes an account known, or gives it another alias. Each but the bundle's
// has the role that a resource directory gives its members, by which the operator
// may do everything there: who changes RAM by hand has it.
func (c *Cloud) AddAccount(id, alias string) error {
	if !accountID.MatchString(id) {
		return fmt.Errorf("account %q is not a number of 5 to 32 digits", id)
	}
	c.mu.Lock()
	_, known := c.accounts[id]
	c.accounts[id] = alias
	c.mu.Unlock()
	if known || id == c.bundle {
		return nil
	}
	return c.AddRole(Role{
		ARN: arnOf(id, onRole, DirectoryRole), Trust: Trusting(c.adminARN()),
		Permission: `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	})
}

// DirectoryRole is that role's name.
const DirectoryRole = "ResourceDirectoryAccountAccessRole"

func (c *Cloud) alias(account string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accounts[account]
}

// readFileIfAny gives nil for a file that is not there.
func readFileIfAny(name string) ([]byte, error) {
	text, err := os.ReadFile(name) //nolint:gosec // a file of our own data folder
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return text, err
}
