package reason

import (
	"net/http"
	"slices"
)

// The codes, in the order of the table in the README.
const (
	Internal         Code = "internal"
	NotImplemented   Code = "not_implemented"
	NotFound         Code = "not_found"
	MethodNotAllowed Code = "method_not_allowed"
	WrongHost        Code = "wrong_host"
	RequestMalformed Code = "request_malformed"
	RequestTooLarge  Code = "request_too_large"
	RequestForged    Code = "request_forged"
	TargetNotAllowed Code = "target_not_allowed"

	MessageMalformed     Code = "message_malformed"
	MessageTooLarge      Code = "message_too_large"
	EncryptionRefused    Code = "encryption_unsupported"
	EncryptionUnsigned   Code = "encryption_unsigned"
	DecryptionFailed     Code = "decryption_failed"
	VersionUnsupported   Code = "version_unsupported"
	AssertionMissing     Code = "assertion_missing"
	AssertionsSeveral    Code = "assertions_several"
	SignatureMissing     Code = "signature_missing"
	SignatureAlgorithm   Code = "signature_algorithm"
	SignatureInvalid     Code = "signature_invalid"
	StatusNotSuccess     Code = "status_not_success"
	IssuerMismatch       Code = "issuer_mismatch"
	AudienceMismatch     Code = "audience_mismatch"
	DestinationMismatch  Code = "destination_mismatch"
	RecipientMismatch    Code = "recipient_mismatch"
	SubjectMissing       Code = "subject_missing"
	TokenMalformed       Code = "token_malformed"
	TokenType            Code = "token_type"
	KeyUnknown           Code = "key_unknown"
	PartyMismatch        Code = "authorized_party_mismatch"
	TokenTooOld          Code = "token_too_old"
	NonceMismatch        Code = "nonce_mismatch"
	NonceUnexpected      Code = "nonce_unexpected"
	AccessTokenMismatch  Code = "at_hash_mismatch" //nolint:gosec // a name
	LoginOnly            Code = "login_only"
	ConfirmationMissing  Code = "confirmation_missing"
	ConditionUnknown     Code = "condition_unknown"
	AuthnMissing         Code = "authn_statement_missing"
	NotYetValid          Code = "not_yet_valid"
	Expired              Code = "expired"
	LifetimeTooLong      Code = "lifetime_too_long"
	RequestMismatch      Code = "in_response_to_mismatch"
	UnsolicitedResponse  Code = "unsolicited_response"
	Replayed             Code = "replayed"
	SignInUnknown        Code = "sign_in_unknown"
	SignInOtherBrowser   Code = "sign_in_other_browser"
	SignInDeclined       Code = "sign_in_declined"
	CodeRefused          Code = "code_refused"
	TokenAnswerMalformed Code = "token_answer_malformed"
	IdPUnknown           Code = "idp_unknown"
	IdPSuspended         Code = "idp_suspended"
	AccountUnknown       Code = "account_unknown"
	KeysUnavailable      Code = "keys_unavailable"
	MetadataInvalid      Code = "metadata_invalid"
	SourceUnavailable    Code = "source_unavailable"
	KeysHeld             Code = "keys_held"
	RefreshUnderWay      Code = "refresh_under_way"
	RefreshLimited       Code = "refresh_limited"
	SessionMissing       Code = "session_missing"
	SessionOtherPerson   Code = "session_other_person"
	RoleNotGranted       Code = "role_not_granted"
	RoleUnclear          Code = "role_unclear"
	UserNotGranted       Code = "user_not_granted"
	PrincipalInvalid     Code = "principal_invalid"
	PrincipalSuffix      Code = "principal_suffix"
	PersonUnclear        Code = "person_unclear"
	PersonLeft           Code = "person_left"
	UserWaiting          Code = "user_waiting"
	GroupInvalid         Code = "group_invalid"
	RAMUnavailable       Code = "ram_unavailable"
	RAMDenied            Code = "ram_denied"
	RAMLimit             Code = "ram_limit"
	RAMConflict          Code = "ram_conflict"
	NarrowingRefused     Code = "narrowing_refused"
	GrantTypeUnknown     Code = "grant_type_unknown"
	StepUpNeeded         Code = "step_up_needed"
	StepUpFailed         Code = "step_up_failed"
	PrincipalTaken       Code = "principal_taken"
	RoleRefused          Code = "role_refused"
	ProofMissing         Code = "proof_missing"
	ProofRefused         Code = "proof_refused"
	ProofOver            Code = "proof_over"
	SCIMToken            Code = "scim_token"
	SCIMMalformed        Code = "scim_malformed"
	SCIMFilter           Code = "scim_filter"
	SCIMConflict         Code = "scim_conflict"
	SCIMPrecondition     Code = "scim_precondition"
	StoreUnavailable     Code = "store_unavailable"
	StoreConflict        Code = "store_conflict"
	SubjectUnknown       Code = "subject_unknown"
	GroupsTooMany        Code = "groups_too_many"
	STSUnavailable       Code = "sts_unavailable"
	ConsoleUnavailable   Code = "console_unavailable"
	FederationMissing    Code = "federation_missing"
	OwnKeysUnavailable   Code = "own_keys_unavailable"
	CredentialsMissing   Code = "credentials_missing"
	ConfigurationInvalid Code = "configuration_invalid"
	EventMalformed       Code = "event_malformed"
	EventUnknown         Code = "event_unknown"
	EventRefused         Code = "event_refused"
	EventTime            Code = "event_time"
)

// Mender says who can mend what led to a refusal.
type Mender string

// The menders.
const (
	Person        Mender = "person"         // the person at the browser, by trying again
	IdPAdmin      Mender = "idp_admin"      // who runs the identity provider
	CloudAdmin    Mender = "cloud_admin"    // who runs fc-sso and the accounts
	ProjectAuthor Mender = "project_author" // who writes fc-sso
)

// Row is what is known about one code.
type Row struct {
	Code   Code
	Status int    // HTTP status of the answer
	Mender Mender // whom the page sends the person to
	Hint   string // for the operator: what to look at first
}

// Table returns a row for every code, in order.
func Table() []Row { return slices.Clone(table()) }

// Lookup returns the row of code, and that of [Internal] for a code that is
// not in the table.
func Lookup(code Code) Row {
	rows := table()
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Code == code })
	if i < 0 {
		return rows[0]
	}
	return rows[i]
}

func table() []Row {
	return []Row{
		{Internal, http.StatusInternalServerError, ProjectAuthor, "a fault in fc-sso itself: the log line of this reference has the error"},
		{NotImplemented, http.StatusNotImplemented, ProjectAuthor, "this function does not do that yet"},
		{NotFound, http.StatusNotFound, Person, "no route of this function has this path: compare the routes in s.yaml"},
		{MethodNotAllowed, http.StatusMethodNotAllowed, Person, "the route exists, but not for this method"},
		{WrongHost, http.StatusBadRequest, CloudAdmin, "the request's host is not that of SSO_URL: only one origin is served"},
		{RequestMalformed, http.StatusBadRequest, Person, "a field is missing, doubled or has a wrong form"},
		{RequestTooLarge, http.StatusRequestEntityTooLarge, Person, "the request exceeds a limit that the detail names"},
		{RequestForged, http.StatusForbidden, Person, "the form was not sent from one of our own pages, or by another session"},
		{TargetNotAllowed, http.StatusBadRequest, Person, "the page to open afterwards is not one of Alibaba Cloud's console hosts"},

		{MessageMalformed, http.StatusBadRequest, IdPAdmin, "the SAML message breaks the rules of base64, XML or the SAML schema"},
		{MessageTooLarge, http.StatusBadRequest, IdPAdmin, "the SAML message exceeds a limit of size, depth or number of elements"},
		{EncryptionRefused, http.StatusUnauthorized, IdPAdmin, "encrypt the whole assertion, by RSA-OAEP and AES-GCM or AES-CBC; no NameID or attribute alone"},
		{EncryptionUnsigned, http.StatusUnauthorized, IdPAdmin, "sign the response too (AD FS: Set-AdfsRelyingPartyTrust -SamlResponseSignature MessageAndAssertion), encrypt by AES-GCM, or not at all; else allowUnsignedCBC of the record permits it"},
		{DecryptionFailed, http.StatusUnauthorized, IdPAdmin, "no key of ours opens the assertion: give the identity provider our current metadata"},
		{VersionUnsupported, http.StatusUnauthorized, IdPAdmin, "only SAML 2.0 is spoken"},
		{AssertionMissing, http.StatusUnauthorized, IdPAdmin, "the response has no assertion"},
		{AssertionsSeveral, http.StatusUnauthorized, IdPAdmin, "the response has more than one assertion"},
		{SignatureMissing, http.StatusUnauthorized, IdPAdmin, "neither the response nor the assertion is signed: switch signing on"},
		{SignatureAlgorithm, http.StatusUnauthorized, IdPAdmin, "set the identity provider to RSA, or ECDSA on P-256 or P-384, with SHA-256; SHA-1 only with allowSHA1"},
		{SignatureInvalid, http.StatusUnauthorized, IdPAdmin, "no certificate of the record verifies the signature: was the certificate changed?"},
		{StatusNotSuccess, http.StatusUnauthorized, IdPAdmin, "the identity provider itself refused: its log says why"},
		{IssuerMismatch, http.StatusUnauthorized, IdPAdmin, "the issuer of a response is not the entity ID in the record's metadata; that of Alibaba Cloud's request is not the user-based SSO of the account that the address names"},
		{AudienceMismatch, http.StatusUnauthorized, IdPAdmin, "the audience at the identity provider must be our entity ID, the metadata URL"},
		{DestinationMismatch, http.StatusUnauthorized, IdPAdmin, "the destination of a response must be our assertion consumer service URL; that of Alibaba Cloud's request the account's /idp/{account}/sso: does it have our current metadata?"},
		{RecipientMismatch, http.StatusUnauthorized, IdPAdmin, "the recipient must be our assertion consumer service URL"},
		{SubjectMissing, http.StatusUnauthorized, IdPAdmin, "the assertion names nobody: add a NameID claim"},
		{TokenMalformed, http.StatusBadRequest, IdPAdmin, "the token breaks the rules of JWS, JWT or JSON: the detail says which"},
		{TokenType, http.StatusUnauthorized, IdPAdmin, "the token is another one than an ID token: send that"},
		{KeyUnknown, http.StatusUnauthorized, IdPAdmin, "the token names a key that the issuer does not publish, or was not known to publish a moment ago"},
		{PartyMismatch, http.StatusUnauthorized, IdPAdmin, "the token was issued to another party than its audience: azp"},
		{TokenTooOld, http.StatusUnauthorized, Person, "the token was issued longer ago than maxAge of the record allows: fetch a fresh one"},
		{NonceMismatch, http.StatusUnauthorized, Person, "the token answers another sign-in than the one under way"},
		{NonceUnexpected, http.StatusUnauthorized, Person, "the token was made for a sign-in in a browser, and is not exchanged"},
		{AccessTokenMismatch, http.StatusUnauthorized, IdPAdmin, "the token was issued beside another access token"},
		{LoginOnly, http.StatusForbidden, CloudAdmin, "people sign in by this record; exchange: true would let its tokens be exchanged too"},
		{ConfirmationMissing, http.StatusUnauthorized, IdPAdmin, "no subject confirmation of the bearer kind holds"},
		{ConditionUnknown, http.StatusUnauthorized, IdPAdmin, "the assertion has a condition that we do not know and so must not ignore"},
		{AuthnMissing, http.StatusUnauthorized, IdPAdmin, "the assertion does not say when the person signed in"},
		{NotYetValid, http.StatusUnauthorized, IdPAdmin, "the clocks differ: the detail says by how much; clockSkew of the record may rise to 5m"},
		{Expired, http.StatusUnauthorized, Person, "the message came too late, or the clocks differ: the detail says by how much"},
		{LifetimeTooLong, http.StatusUnauthorized, IdPAdmin, "what may be used once must not live longer than 23 hours"},
		{RequestMismatch, http.StatusUnauthorized, Person, "the response answers another sign-in than the one under way"},
		{UnsolicitedResponse, http.StatusUnauthorized, CloudAdmin, "nobody asked for this response; allowIdPInitiated of the record would permit it"},
		{Replayed, http.StatusConflict, Person, "this message or sign-in was used before"},
		{SignInUnknown, http.StatusBadRequest, Person, "the sign-in took too long, was finished already, or never began here"},
		{SignInOtherBrowser, http.StatusForbidden, Person, "the sign-in was begun in another browser, or cookies are blocked"},
		{SignInDeclined, http.StatusForbidden, Person, "the person, or the identity provider for them, said no (access_denied): are they assigned to our application there?"},
		{CodeRefused, http.StatusUnauthorized, CloudAdmin, "the token endpoint refused our code: the detail has its error; invalid_client: compare clientID and the secret, invalid_grant: the redirect URI, or it took too long"},
		{TokenAnswerMalformed, http.StatusBadGateway, IdPAdmin, "the token endpoint's answer breaks RFC 6749 or OpenID Connect: the detail says how"},
		{IdPUnknown, http.StatusNotFound, CloudAdmin, "no identity provider of this id is in the federation"},
		{IdPSuspended, http.StatusForbidden, CloudAdmin, "the record is suspended, in the federation file or by an event: ssoctl trust show says which, ssoctl trust resume takes an event's stop away"},
		{AccountUnknown, http.StatusNotFound, CloudAdmin, "no account of this number is in the federation, or it has neither federatedProvider nor userSSO: then we are nothing to it"},
		{KeysUnavailable, http.StatusServiceUnavailable, CloudAdmin, "the record has no keys yet: its metadata could not be fetched"},
		{MetadataInvalid, http.StatusBadGateway, IdPAdmin, "the metadata does not describe a usable identity provider"},
		{SourceUnavailable, http.StatusServiceUnavailable, IdPAdmin, "the metadata, or an ID token, could not be fetched: the detail says from where and why"},
		{KeysHeld, http.StatusServiceUnavailable, CloudAdmin, "all keys of the source were replaced at once, and requireOverlap of the record holds them: ssoctl trust approve, as the detail says"},
		{RefreshUnderWay, http.StatusTooManyRequests, Person, "the source is being asked for its keys at this moment, for another sign-in"},
		{RefreshLimited, http.StatusTooManyRequests, Person, "messages that name unknown keys came faster than the source may be asked: twice, then once in 10 s"},
		{SessionMissing, http.StatusUnauthorized, Person, "no session, or it ended"},
		{SessionOtherPerson, http.StatusConflict, Person, "an unsolicited response would replace another person's session"},
		{RoleNotGranted, http.StatusForbidden, CloudAdmin, "no rule gives this role to this person"},
		{RoleUnclear, http.StatusBadRequest, Person, "the token may take several roles and the request names none: the detail lists them"},
		{UserNotGranted, http.StatusForbidden, CloudAdmin, "no rule makes this person a RAM user of the account: the detail says what each lacked"},
		{PrincipalInvalid, http.StatusForbidden, CloudAdmin, "a rule means this person, and its principal comes out as no login name of RAM: letters, digits, . - and _ of ASCII, at most 64, then @ and a suffix"},
		{PrincipalSuffix, http.StatusForbidden, CloudAdmin, "a rule means this person, and its principal has a login suffix outside the rule's domains"},
		{PersonUnclear, http.StatusForbidden, IdPAdmin, "who the person is, by the record's person or else the NameID, the sign-in does not say, or says in several values; or the NameID is transient: write person: with an attribute that has one value, the same each time"},
		{PersonLeft, http.StatusForbidden, IdPAdmin, "an event said that the person has left, or is disabled, and none since that they are back: if they are, have the identity provider say so again, as by any change of theirs"},
		{GroupInvalid, http.StatusBadRequest, IdPAdmin, "a group's name is none that RAM could hold: letters, digits, . - and _ of ASCII, at most 64; give it another at the identity provider"},
		{RAMUnavailable, http.StatusServiceUnavailable, CloudAdmin, "RAM or STS was busy, at fault or not reached while a user or group was to be made there; it is tried again"},
		{RAMDenied, http.StatusForbidden, CloudAdmin, "RAM refused a call about a user or group, or STS the maintenance role: the detail has its words; compare the role's trust and permissions with template/policies; it is tried again for some hours"},
		{RAMLimit, http.StatusConflict, CloudAdmin, "RAM has as many users or groups as the account may have, or the user is in as many groups: ask Alibaba Cloud for more, then ssoctl events retry"},
		{RAMConflict, http.StatusConflict, CloudAdmin, "something in RAM is in the way and was not put there by us, such as a policy attached to a group that is to be deleted: mend what the detail names; it is tried again for some hours, then ssoctl events retry"},
		{UserWaiting, http.StatusServiceUnavailable, CloudAdmin, "the person's RAM user was not made within a minute of their sign-in, and is still waited for: the log of provisioning says why, and ssoctl events list what it gave up"},
		{NarrowingRefused, http.StatusBadRequest, Person, "the request asks for less than the rule gives, in a way that the rule leaves no room for"},
		{GrantTypeUnknown, http.StatusBadRequest, Person, "/oidc/token takes the grant type of RFC 8693 alone"},
		{StepUpNeeded, http.StatusForbidden, Person, "a rule gives the role, or the user, after another sign-in: the detail says what its requires lacks"},
		{StepUpFailed, http.StatusForbidden, IdPAdmin, "the identity provider was asked for a sign-in of a class or age and sent another: the detail has both"},
		{PrincipalTaken, http.StatusForbidden, CloudAdmin, "a RAM user belongs to whoever signed in as it first, and that was somebody else: the decision line has account, user and the owner's identity provider; ssoctl owners ACCOUNT USER shows whose it is, ssoctl owners release lets somebody else have it"},
		{RoleRefused, http.StatusForbidden, CloudAdmin, "STS refused AssumeRole: does the role exist and trust the bundle?"},
		{ProofMissing, http.StatusForbidden, CloudAdmin, "the account has issue: direct, and only a sign-in by OpenID Connect at a provider that the account names brings a token to pass on: take the role at /oidc/token or /sts, or write issue: assume-role"},
		{ProofRefused, http.StatusForbidden, CloudAdmin, "the account has issue: direct, and STS refused the caller's own token or assertion in the words of the detail: compare the provider, its client IDs, fingerprints or metadata, and the role's trust policy in RAM"},
		{ProofOver, http.StatusForbidden, IdPAdmin, "the account has issue: direct, and the ID token of a sign-in that was begun for one was over, or nearly, before STS could be shown it: let ID tokens live for some minutes at the identity provider, or compare the clocks"},
		{SCIMToken, http.StatusUnauthorized, IdPAdmin, "the SCIM client sent no token, or one that is not its identity provider's: ssoctl scim token IDP makes one, ssoctl scim list shows which hold"},
		{SCIMMalformed, http.StatusBadRequest, IdPAdmin, "the SCIM client sent what is no JSON, or a resource, change or path that cannot be: the detail, which it was told, says what to send instead"},
		{SCIMFilter, http.StatusBadRequest, IdPAdmin, "the SCIM client asked with a filter other than eq joined by and, or by an attribute that resources are not found by: match people by userName or externalId, groups by displayName"},
		{SCIMConflict, http.StatusConflict, IdPAdmin, "another person of the identity provider has this userName, in capital or small letters: the detail has their id"},
		{SCIMPrecondition, http.StatusPreconditionFailed, IdPAdmin, "the SCIM client changes a resource as it no longer is (If-Match): it reads again and repeats"},
		{StoreUnavailable, http.StatusServiceUnavailable, CloudAdmin, "Tablestore did not answer in time"},
		{StoreConflict, http.StatusConflict, CloudAdmin, "somebody else changed it at the same time: read again and repeat"},
		{SubjectUnknown, http.StatusConflict, IdPAdmin, "an event says that a person is in a group, and none told of the person, or of the group, yet: it waits for that; if none comes, ssoctl events retry tries it again later"},
		{GroupsTooMany, http.StatusConflict, IdPAdmin, "events put a person into more groups than are kept, 2,000: assign fewer groups to the application at the identity provider"},
		{STSUnavailable, http.StatusServiceUnavailable, CloudAdmin, "STS did not answer in time"},
		{ConsoleUnavailable, http.StatusServiceUnavailable, CloudAdmin, "the console's sign-in service did not answer or refused"},
		{FederationMissing, http.StatusServiceUnavailable, CloudAdmin, "nothing was applied yet: run ssoctl apply"},
		{OwnKeysUnavailable, http.StatusServiceUnavailable, CloudAdmin, "our own key could not be used: KMS did not answer, refused or answered wrongly, or the function does not hold the key that is to sign; the detail says which"},
		{CredentialsMissing, http.StatusServiceUnavailable, CloudAdmin, "the invocation brought no role credentials: does the function have a role?"},
		{ConfigurationInvalid, http.StatusInternalServerError, CloudAdmin, "a setting is missing or wrong: the detail names all of them"},

		{EventMalformed, http.StatusBadRequest, CloudAdmin, "an event breaks the rules of JSON or CloudEvents, or lacks a field, or has one too many: the detail says which; template/events/README.md has the fields"},
		{EventUnknown, http.StatusBadRequest, CloudAdmin, "an event of an accepted source has a type that provisioning does not know: template/events/README.md lists them; let the rule of the bus pass no others"},
		{EventRefused, http.StatusForbidden, CloudAdmin, "an event comes from an account, a source or a topic that SSO_EVENTS_ACCOUNT and SSO_EVENTS_FROM do not name"},
		{EventTime, http.StatusBadRequest, CloudAdmin, "an event has no time that can be read, or one more than 15 minutes ahead, and would outdo all that comes after it: compare the sender's clock"},
	}
}
