// Package needs lists what each way of issuing needs in RAM, once: the table of
// template/policies/README.md is written from it, and a story takes one thing after
// the other away and reads what the operator is told.
//
// In: nothing. Out: ways with their needs, in the words of the README. BUNDLE, ACCOUNT
// and the other names in capitals stand for what differs from company to company, in
// the policies beside the table as here.
package needs

// Way is one in which somebody comes to an account, or in which the bundle does.
type Way struct {
	Name  string // as issue: of an account has it, where it is one
	Title string
	Text  string
	Needs []Need
}

// Need is one thing that has to be there, and what is said where it is not.
type Need struct {
	Name   string // for the story
	Where  string // whose RAM: Account or Bundle
	What   string
	Policy string // the file beside the table that has it word for word
	Reason string // the code of the refusal; "" where the answer is not ours to make
	Says   string // how the operator learns what is missing: a part of the detail
}

// Whose RAM it is.
const (
	Account = "ACCOUNT" // that people come to
	Bundle  = "BUNDLE"  // that the functions run in
)

const (
	role     = "acs:ram::ACCOUNT:role/ROLE"
	oidc     = "acs:ram::ACCOUNT:oidc-provider/PROVIDER"
	saml     = "acs:ram::ACCOUNT:saml-provider/PROVIDER"
	notIn    = "or the trust policy of " + role + " does not let in what that vouches for (Principal, Federated, and conditions that hold)"
	notTaken = "either the trust policy of " + role + " does not name the caller's role (Principal, RAM), or the caller's role is not allowed sts:AssumeRole on it"
	oldDoc   = "the metadata of " + saml + " may be of another entity ID, or lack the certificate of the key that signed"
)

// Ways are all of them.
func Ways() []Way {
	return []Way{assumeRole(), directOIDC(), directSAML(), federated(), console(), userSSO(), maintenance(), users()}
}

func assumeRole() Way {
	return Way{
		Name: "assume-role", Title: "`issue: assume-role`",
		Text: "The functions `portal` and `oidc-exchange` assume ROLE by roles of their own. RAM of ACCOUNT knows no identity provider.",
		Needs: []Need{
			{"role", Account, "the role ROLE", "", "role_refused", role + ": AssumeRole: status 404, EntityNotExist.Role"},
			{"trust", Account, "its trust policy lets in the roles of the functions", "assume-role.trust.json", "role_refused", notTaken},
			{"permission", Bundle, "the roles `fc-sso-portal` and `fc-sso-oidc-exchange` are allowed to assume it", "assume-role.functions.json", "role_refused", notTaken},
		},
	}
}

func directOIDC() Way {
	return Way{
		Name: "direct-oidc", Title: "`issue: direct`, by OpenID Connect",
		Text: "The caller's own ID token goes on to AssumeRoleWithOIDC: RAM judges it once more. PROVIDER stands in `oidcProviders` of the account.",
		Needs: []Need{
			{"provider", Account, "the OIDC provider PROVIDER", "", "proof_refused", "either RAM has no " + oidc},
			{"issuer", Account, "its issuer URL is ISSUER, `oidc.issuer` of the record, to the letter", "", "proof_refused", oidc + ": AssumeRoleWithOIDC: status 401, AuthenticationFail.OIDCToken.IssuerNotMatch"},
			{"client", Account, "among its client IDs is CLIENT-ID, of `oidc.audiences`", "", "proof_refused", oidc + ": AssumeRoleWithOIDC: status 401, AuthenticationFail.OIDCToken.AudienceNotMatch"},
			{"fingerprint", Account, "among its fingerprints is that of the last certificate that ISSUER's server sends", "", "proof_refused", oidc + ": AssumeRoleWithOIDC: status 401, AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch"},
			{"role", Account, "the role ROLE", "", "proof_refused", role + ", " + oidc + ": AssumeRoleWithOIDC: status 404, EntityNotExist.Role"},
			{"trust", Account, "its trust policy lets in PROVIDER, for this issuer, client ID and subject", "direct-oidc.trust.json", "proof_refused", notIn},
		},
	}
}

func directSAML() Way {
	return Way{
		Name: "direct-saml", Title: "`issue: direct`, by SAML",
		Text: "The caller's own SAML response goes on to AssumeRoleWithSAML. PROVIDER stands in `samlProviders` of the account.",
		Needs: []Need{
			{"provider", Account, "the SAML provider PROVIDER", "", "proof_refused", saml + ": AssumeRoleWithSAML: status 404, EntityNotExist.SAMLProvider"},
			{"metadata", Account, "the identity provider's metadata in it", "", "proof_refused", saml + " has no metadata"},
			{"certificate", Account, "in that the entity ID, and the certificate that signs now", "", "proof_refused", oldDoc},
			{"role", Account, "the role ROLE", "", "proof_refused", role + ", " + saml + ": AssumeRoleWithSAML: status 404, EntityNotExist.Role"},
			{"trust", Account, "its trust policy lets in PROVIDER, for RECIPIENT", "direct-saml.trust.json", "proof_refused", notIn},
		},
	}
}

func federated() Way {
	return Way{
		Name: "federated", Title: "`issue: federated`",
		Text: "The bundle is a SAML provider of ACCOUNT, and makes responses of its own, for AssumeRoleWithSAML and for the console. PROVIDER stands in `federatedProvider` of the account.",
		Needs: []Need{
			{"provider", Account, "the SAML provider PROVIDER", "", "role_refused", role + ": " + saml + ": AssumeRoleWithSAML: status 404, EntityNotExist.SAMLProvider"},
			{"metadata", Account, "in it our metadata for this account, as `/idp/ACCOUNT/metadata` of the bundle serves it; with a `maintenanceRole` it is kept up to date", "", "role_refused", saml + " has no metadata"},
			{"certificate", Account, "in that our entity ID for this account, and the certificate of the key of ours that signs", "", "role_refused", oldDoc},
			{"role", Account, "the role ROLE", "", "role_refused", role + ": " + saml + ": AssumeRoleWithSAML: status 404, EntityNotExist.Role"},
			{"trust", Account, "its trust policy lets in PROVIDER, for RECIPIENT", "federated.trust.json", "role_refused", notIn},
		},
	}
}

// console is the same with another judge, who says less.
func console() Way {
	says := map[string]string{
		"provider":    "Cannot find the SAML identity provider with ARN: " + saml,
		"metadata":    "The IdP Metadata of your SAML Provider is invalid.",
		"certificate": "The SAML Assertion is invalid.",
		"role":        "The role not exists: " + role,
		"trust":       "There is no permission",
	}
	way := Way{
		Name: "federated-console", Title: "`issue: federated`, with a response in the browser",
		Text: "Where a rule gives all that ROLE has, for as long as `metadata-rotation` read by a `maintenanceRole` that it may last, the browser brings our response to Alibaba Cloud's sign-in page for roles, which refuses by itself: the person reads its words, and they are in no log of ours. The portal's decision line has the role (`grant`) and `\"way\":\"response\"`.",
	}
	for _, need := range federated().Needs {
		need.Reason, need.Says = "", says[need.Name]
		way.Needs = append(way.Needs, need)
	}
	return way
}

func userSSO() Way {
	return Way{
		Name: "user-sso", Title: "`userSSO`",
		Text: "People sign in as RAM users of ACCOUNT, by a response of ours that the browser brings to Alibaba Cloud. That refuses on its own page, and its words are in no log of ours: the portal's decision line has the user (`grant`) and the rule. `AuthnSignAlgo` may be either, for nothing is believed because of that signature.",
		Needs: []Need{
			{"enabled", Account, "user-based SSO is switched on (SetUserSsoSettings, SsoEnabled); nothing of ours does that", "", "", "User-based SSO is not enabled"},
			{"metadata", Account, "in its settings our metadata for this account, as `/idp/ACCOUNT/metadata` of the bundle serves it; with a `maintenanceRole` it is kept up to date", "", "", "The IdP Metadata of your SAML Provider is invalid."},
			{"certificate", Account, "in that our entity ID for this account, and the certificate of the key of ours that signs", "", "", "The SAML Assertion is invalid."},
			{"domain", Account, "SsoLoginWithDomain is what `withDomain` says", "", "", "The user does not exist"},
			{"suffix", Account, "the suffix of the login name is the account's default domain, its domain alias, or the auxiliary domain of its settings", "", "", "The user does not exist"},
			{"user", Account, "the RAM user of that name", "", "", "The user does not exist"},
		},
	}
}

func maintenance() Way {
	may := func(name, what string) Need {
		return Need{name, Account, "it may " + what, "maintenance.permission.json", "", name[len("ram:"):] + ": status 403, NoPermission"}
	}
	return Way{
		Name: "maintenance", Title: "`maintenanceRole`",
		Text: "`metadata-rotation`, and whoever runs `ssoctl push`, keep what RAM of ACCOUNT knows of identity providers up to date by ROLE. What is missing is told by the alert `push_failing`, by a line `ram stays as it was` in the function's log, and by `ssoctl push`.",
		Needs: []Need{
			{"role", Account, "the role ROLE", "", "", role + ": AssumeRole: status 404, EntityNotExist.Role"},
			{"trust", Account, "its trust policy lets in the function's role; leave OPERATOR out if nobody runs `ssoctl push`, and `fc-sso-provisioning` without `manage: {users: true}`", "maintenance.trust.json", "", notTaken},
			{"permission", Bundle, "the role `fc-sso-metadata-rotation` is allowed to assume it", "maintenance.function.json", "", notTaken},
			may("ram:GetSAMLProvider", "read SAML providers"),
			may("ram:UpdateSAMLProvider", "give SAML providers other metadata"),
			may("ram:CreateSAMLProvider", "make SAML providers; only for `manage: {create: true}`"),
			may("ram:GetOIDCProvider", "read OIDC providers"),
			may("ram:UpdateOIDCProvider", "give OIDC providers other client IDs"),
			may("ram:CreateOIDCProvider", "make OIDC providers; only for `manage: {create: true}`"),
			may("ram:AddFingerprintToOIDCProvider", "give OIDC providers another fingerprint"),
			may("ram:RemoveFingerprintFromOIDCProvider", "take a fingerprint from OIDC providers"),
			may("ram:GetRole", "read how long sessions of roles may last, and whom they trust"),
			may("ram:ListRoles", "read which roles there are; only for `assertedRoles` with a pattern"),
			may("ram:GetUserSsoSettings", "read the settings of user-based SSO; only for `userSSO`"),
			may("ram:SetUserSsoSettings", "set their metadata and AuthnSignAlgo; only for `userSSO`"),
		},
	}
}
