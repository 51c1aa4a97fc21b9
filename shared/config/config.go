// Package config turns the environment into a Config, once, at the start.
//
// In: a way to look up a variable, and what the function needs. Out: a checked
// Config, and the secrets that the federation names. Refused, all at once: what is needed and missing, what is no origin or
// no endpoint, plain http and addresses of this machine. Those two pass only for
// the local stack, which says so by SSO_LOCAL_STACK=1, and then nothing else
// does: a stack that runs on one machine cannot reach a real account by mistake,
// nor can a deployment be opened by that one variable.
//
// Credentials are never settings: they come with each invocation. Names begin
// with SSO_ because FC reserves FC_.
package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Config is what the environment says.
type Config struct {
	URL              string // the one public origin: https://host, lower case, no slash at its end
	Local            bool   // everything runs on this machine
	OTSEndpoint      string
	OTSInstance      string
	SigningKeyFile   string // our own keys; "" = KMS has them
	KMSEndpoint      string
	SigningKMSKey    string // ID of the key that signs
	DecryptionSecret string // name of the secret with the keys that decrypt; "" = none does
	STSEndpoint      string
	SigninEndpoint   string // "" = that of each account's site
	IMSEndpoint      string
	RAMEndpoint      string
	FCEndpoint       string
	Rotation         string // name of the function that fetches keys
	Provisioning     string // name of the function that brings events into RAM
	Events           Events // whose events that function takes
	Alerts           Alerts // who carries alerts on
	BrandName        string
	BrandHelp        string
	BrandLogo        string // "" = ours
}

// Need is something that a function cannot do without, beside SSO_URL.
type Need int

// The needs.
const (
	Store        Need = iota // Tablestore
	SigningKey               // our key and certificate
	STS                      // STS and the console's sign-in
	Rotation                 // Function Compute, for the function that fetches keys
	Provisioning             // Function Compute, for the function that brings events into RAM
	RAM                      // STS, and the two services that keep RAM: IMS has its identity providers, RAM its roles
)

// Load reads what lookup (os.LookupEnv) gives. The error names every fault.
func Load(lookup func(string) (string, bool), needs ...Need) (Config, error) {
	l := loader{lookup: lookup, needed: needed(needs)}
	l.local = l.flag(localStack)
	cfg := Config{
		URL:              l.address(urlName),
		Local:            l.local,
		OTSEndpoint:      l.address(otsEndpoint),
		OTSInstance:      l.instance(),
		SigningKeyFile:   l.text(signingKeyFile),
		KMSEndpoint:      l.address(kmsEndpoint),
		SigningKMSKey:    l.text(signingKMSKey),
		DecryptionSecret: l.text(decryptionSecret),
		STSEndpoint:      l.address(stsEndpoint),
		SigninEndpoint:   l.address(signinEndpoint),
		IMSEndpoint:      l.address(imsEndpoint),
		RAMEndpoint:      l.address(ramEndpoint),
		FCEndpoint:       l.address(fcEndpoint),
		Rotation:         l.text(rotation),
		Provisioning:     l.text(provisioning),
		Events:           l.events(),
		Alerts:           l.alerts(),
		BrandName:        l.text(brandName),
		BrandHelp:        l.text(brandHelp),
		BrandLogo:        l.text(brandLogo),
	}
	l.defaults(&cfg)
	l.ownKeys(&cfg, slices.Contains(needs, SigningKey))
	if len(l.faults) > 0 {
		return Config{}, reason.New(reason.ConfigurationInvalid, "%w", errors.Join(l.faults...))
	}
	return cfg, nil
}

// Secrets gives the secrets that lookup (os.LookupEnv) has. Each is asked for by the
// name of its variable, which federation.yaml knows and the start of a function does
// not. Only names for that are answered, and an empty variable is none.
func Secrets(lookup func(string) (string, bool)) func(name string) (ram.Secret, error) {
	return func(name string) (ram.Secret, error) {
		value, _ := lookup(name)
		value = strings.Trim(value, "\r\n") // as a file ends that it was read from
		if !strings.HasPrefix(name, secretPrefix) || value == "" {
			return "", reason.New(reason.ConfigurationInvalid, "%.80s is not set: give the function that variable", name)
		}
		return ram.Secret(value), nil
	}
}

func needed(needs []Need) map[string]bool {
	names := map[string]bool{urlName: true}
	for _, need := range needs {
		switch need {
		case Store:
			names[otsEndpoint], names[otsInstance] = true, true
		case SigningKey: // in one of two ways: ownKeys
		case STS:
			names[stsEndpoint], names[signinEndpoint] = true, true
		case RAM:
			names[stsEndpoint], names[imsEndpoint], names[ramEndpoint] = true, true, true
		case Rotation:
			names[fcEndpoint], names[rotation] = true, true
		case Provisioning:
			names[fcEndpoint], names[provisioning] = true, true
		}
	}
	return names
}

type loader struct {
	lookup func(string) (string, bool)
	needed map[string]bool
	local  bool
	faults []error
}

func (l *loader) fault(name, format string, args ...any) {
	l.faults = append(l.faults, fmt.Errorf("%s: "+format, append([]any{name}, args...)...))
}

// hasDefault lists what may be missing although it is needed. The local stack
// has no default that leads to the real cloud.
func (l *loader) hasDefault(name string) bool {
	leadsOut := slices.Contains([]string{stsEndpoint, signinEndpoint, imsEndpoint, ramEndpoint, fcEndpoint}, name)
	return name == rotation || name == provisioning || leadsOut && !l.local
}

func (l *loader) defaults(cfg *Config) {
	l.orDefault(&cfg.STSEndpoint, stsEndpoint, defaultSTS)
	l.orDefault(&cfg.IMSEndpoint, imsEndpoint, defaultIMS)
	l.orDefault(&cfg.RAMEndpoint, ramEndpoint, defaultRAM)
	l.orDefault(&cfg.Rotation, rotation, defaultRotation)
	l.orDefault(&cfg.Provisioning, provisioning, defaultProvisioning)
	if cfg.FCEndpoint == "" && l.needed[fcEndpoint] && l.hasDefault(fcEndpoint) {
		// Within the network of the platform that runs this function.
		cfg.FCEndpoint = l.own(fcEndpoint, "https://{account}.{region}-internal.fc.aliyuncs.com")
	}
}

func (l *loader) orDefault(value *string, name, otherwise string) {
	if *value == "" && l.needed[name] && l.hasDefault(name) {
		*value = otherwise
	}
}

// own is a service's endpoint of the account and region of this function, which the
// platform tells it. The local stack has none that leads to the real cloud.
func (l *loader) own(name, pattern string) string {
	account, _ := l.lookup("FC_ACCOUNT_ID")
	region, _ := l.lookup("FC_REGION")
	if account == "" || region == "" || l.local {
		l.fault(name, "is needed and not set, and the platform names no account and region")
		return ""
	}
	return strings.NewReplacer("{account}", account, "{region}", region).Replace(pattern)
}

// text treats an empty variable as none: s.yaml sets optional ones so.
func (l *loader) text(name string) string {
	value, _ := l.lookup(name)
	value = strings.TrimSpace(value)
	if value == "" && l.needed[name] && !l.hasDefault(name) {
		l.fault(name, "is needed and not set")
	}
	return value
}

func (l *loader) flag(name string) bool {
	switch value := l.text(name); value {
	case "":
		return false
	case "1":
		return true
	default:
		l.fault(name, "is %q; 1 or nothing", value)
		return false
	}
}

// instanceName is Tablestore's rule for names of instances.
var instanceName = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9]{1,14}[A-Za-z0-9]$`)

func (l *loader) instance() string {
	value := l.text(otsInstance)
	if value != "" && !instanceName.MatchString(value) {
		l.fault(otsInstance, "%q is not a name of an instance (3 to 16 letters, digits and -)", value)
	}
	return value
}
