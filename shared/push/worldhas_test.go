package push_test

import "strings"

func (w *world) hasSAML(name, encoded string) {
	w.saml[name] = map[string]string{"Arn": "acs:ram::1234567890123456:saml-provider/" + name, "EncodedSAMLMetadataDocument": encoded, "AuthnSignAlgo": "rsa-sha1"}
}

func (w *world) hasOIDC(name, clientIDs, fingerprints string) {
	w.oidc[name] = map[string]string{
		"Arn": "acs:ram::1234567890123456:oidc-provider/" + name, "IssuerUrl": issuer, "ClientIds": clientIDs, "Fingerprints": fingerprints,
	}
}

func (w *world) hasRole(name, trust string, seconds int) {
	w.roles[name] = map[string]any{
		"Arn": "acs:ram::1234567890123456:role/" + strings.ToLower(name), "RoleName": name, "AssumeRolePolicyDocument": trust, "MaxSessionDuration": seconds,
	}
}
