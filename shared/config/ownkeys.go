package config

import "regexp"

const (
	signingKeyFile   = "SSO_SIGNING_KEY_FILE"
	kmsEndpoint      = "SSO_KMS_ENDPOINT"
	signingKMSKey    = "SSO_SIGNING_KMS_KEY"
	decryptionSecret = "SSO_DECRYPTION_SECRET"
)

// kmsName is what KMS lets keys and secrets be called.
var kmsName = regexp.MustCompile(`^[-A-Za-z0-9_/.]{1,192}$`)

// ownKeys checks the settings of our own keys together: a file signs, or KMS, and who
// has both set has forgotten one.
func (l *loader) ownKeys(cfg *Config, needed bool) {
	for name, value := range map[string]string{signingKMSKey: cfg.SigningKMSKey, decryptionSecret: cfg.DecryptionSecret} {
		if value != "" && !kmsName.MatchString(value) {
			l.fault(name, "%q is not a name that KMS gives", value)
		}
	}
	switch {
	case cfg.SigningKeyFile != "" && cfg.SigningKMSKey != "":
		l.fault(signingKMSKey, "%s is set too: leave one of them out", signingKeyFile)
	case cfg.SigningKeyFile != "" && cfg.DecryptionSecret != "":
		l.fault(decryptionSecret, "the keys of %s decrypt: leave one of them out", signingKeyFile)
	case cfg.SigningKMSKey == "" && cfg.DecryptionSecret != "":
		l.fault(decryptionSecret, "needs %s", signingKMSKey)
	case needed && cfg.SigningKeyFile == "" && cfg.SigningKMSKey == "":
		l.fault(signingKeyFile, "is needed and not set; or else %s", signingKMSKey)
	case cfg.SigningKMSKey != "" && cfg.KMSEndpoint == "":
		cfg.KMSEndpoint = l.ownKMS()
	}
}

// ownKMS is KMS in the region of this function. The local stack has no default that
// leads to the real one.
func (l *loader) ownKMS() string {
	region, _ := l.lookup("FC_REGION")
	if region == "" || l.local {
		l.fault(kmsEndpoint, "is needed and not set, and the platform names no region")
		return ""
	}
	return "https://kms." + region + ".aliyuncs.com"
}
