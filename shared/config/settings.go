package config

// Setting is one row of the README's table.
type Setting struct {
	Name, Default, Meaning string
}

// Settings lists all there are.
func Settings() []Setting {
	return []Setting{
		{urlName, "", "the one public origin, `https://sso.acme.com`; requests to another host are refused"},
		{otsEndpoint, "", "Tablestore endpoint, `https://INSTANCE.REGION.vpc.tablestore.aliyuncs.com`"},
		{otsInstance, "", "Tablestore instance"},
		{signingKeyFile, "", "PEM file inside the function's code with our RSA keys, each with its certificate: all decrypt, and the first signs unless `ssoctl keys` says another; or else the next"},
		{signingKMSKey, "", "ID of a KMS key (SIGN/VERIFY, RSA_2048 or RSA_3072) that signs in place of a file"},
		{decryptionSecret, "", "name of a KMS secret with such a PEM file: its current version and the one before decrypt, where KMS signs; none: encrypted assertions are refused"},
		{kmsEndpoint, "of the function's own region", "where KMS is"},
		{stsEndpoint, defaultSTS, "STS endpoint, best that of the function's region"},
		{signinEndpoint, "by the account's site", "where the console's sign-in is"},
		{imsEndpoint, defaultIMS, "where RAM's identity providers and user-based SSO are kept up to date"},
		{ramEndpoint, defaultRAM, "where RAM's roles are read"},
		{fcEndpoint, "of the function's own account and region", "Function Compute's endpoint, by which functions of ours have the next two called"},
		{rotation, defaultRotation, "name of the function that fetches keys: a sign-in that meets an unknown key has it called"},
		{provisioning, defaultProvisioning, "name of the function that brings events into RAM: SCIM and the portal have it called"},
		{eventsFrom, "nobody", "whose events `provisioning` takes, in a list with commas: `eventbridge:SOURCE`, of that source, by EventBridge; `mns:TOPIC`, of any source, by that topic of MNS"},
		{eventsAccount, "the function's own account", "number of the account that bus and topic belong to"},
		{alertsTo, "nobody: alerts are in the log", "who carries alerts on: `eventbridge:BUS`, a custom bus of EventBridge, or `mns:TOPIC`, a topic of MNS, which is also called SMQ"},
		{alertsEndpoint, "of the function's own account and region", "that bus's or topic's endpoint, `https://ACCOUNT.eventbridge.REGION.aliyuncs.com` or `https://ACCOUNT.mns.REGION.aliyuncs.com`"},
		{brandName, "Sign in to Alibaba Cloud", "the company's name on the pages"},
		{brandHelp, "", "whom to ask, on the pages: an e-mail address or a URL"},
		{brandLogo, "", "file inside the function's code with the company's logo, square, SVG or PNG of at most 32 KB and 1024 pixels a side, for `saml-acs`, `oidc-exchange` and `portal` alike"},
		{secretPrefix + "…", "", "the secret of our client at an OpenID provider, where `federation.yaml` says `env:SSO_SECRET_…`: a variable for each, of `oidc-exchange` alone"},
		{localStack, "", "`1` for the local stack alone: every endpoint must then be this machine"},
	}
}

const (
	urlName        = "SSO_URL"
	otsEndpoint    = "SSO_OTS_ENDPOINT"
	otsInstance    = "SSO_OTS_INSTANCE"
	stsEndpoint    = "SSO_STS_ENDPOINT"
	signinEndpoint = "SSO_SIGNIN_ENDPOINT"
	imsEndpoint    = "SSO_IMS_ENDPOINT"
	ramEndpoint    = "SSO_RAM_ENDPOINT"
	fcEndpoint     = "SSO_FC_ENDPOINT"
	rotation       = "SSO_ROTATION_FUNCTION"
	provisioning   = "SSO_PROVISIONING_FUNCTION"
	eventsFrom     = "SSO_EVENTS_FROM"
	eventsAccount  = "SSO_EVENTS_ACCOUNT"
	alertsTo       = "SSO_ALERTS_TO"
	alertsEndpoint = "SSO_ALERTS_ENDPOINT"
	brandName      = "SSO_BRAND_NAME"
	brandHelp      = "SSO_BRAND_HELP"
	brandLogo      = "SSO_BRAND_LOGO"
	localStack     = "SSO_LOCAL_STACK"
	secretPrefix   = "SSO_SECRET_"

	defaultSTS      = "https://sts.aliyuncs.com"
	defaultIMS      = "https://ims.aliyuncs.com"
	defaultRAM      = "https://ram.aliyuncs.com"
	defaultRotation = "sso-metadata-rotation"

	defaultProvisioning = "sso-provisioning"
)
