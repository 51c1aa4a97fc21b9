// Package ready is the line that the local stack prints when it can be used:
// READY and one JSON object. Out of the stack, into tests and other people's
// scripts; names that are there once stay.
package ready

// Prefix begins the line.
const Prefix = "READY "

// Line is what the stack says about itself.
type Line struct {
	URL        string           `json:"url,omitempty"`     // the bundle's only origin
	TLSURL     string           `json:"tls_url,omitempty"` // the same routes for clients that insist on https
	CAFile     string           `json:"ca_file,omitempty"` // whom to trust for it
	PID        int              `json:"pid"`
	AdminURL   string           `json:"admin_url"` // faults, clock, instances, settings
	Data       string           `json:"data"`
	Federation string           `json:"federation,omitempty"` // the file that SIGHUP applies again
	Tablestore Tablestore       `json:"tablestore"`
	Cloud      *Cloud           `json:"cloud,omitempty"`
	IDPs       []IDP            `json:"idps"`
	SCIM       *SCIM            `json:"scim,omitempty"`
	PIDs       map[string][]int `json:"pids,omitempty"` // function's folder: its instances
}

// SCIM is where an identity provider pushes people, with a token of one.
type SCIM struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	IDP   string `json:"idp"`
}

// Tablestore is where the tables are, with a key that may do everything.
type Tablestore struct {
	Endpoint        string `json:"endpoint"`
	Instance        string `json:"instance"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
}

// Cloud lists the emulated endpoints, with the key of a RAM user in the
// bundle's account.
type Cloud struct {
	STS             string `json:"sts"`
	KMS             string `json:"kms"`
	IMS             string `json:"ims"`
	RAM             string `json:"ram"`
	EventBridge     string `json:"eventbridge"`
	MNS             string `json:"mns"`
	Signin          string `json:"signin"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
}

// IDP is a demo identity provider with the people that it knows.
type IDP struct {
	ID          string `json:"id"`
	Kind        string `json:"kind"` // saml or oidc
	Title       string `json:"title"`
	MetadataURL string `json:"metadata_url,omitempty"` // saml
	Issuer      string `json:"issuer,omitempty"`       // oidc
	Users       []User `json:"users"`
}

// User is somebody who can sign in.
type User struct {
	Username string `json:"username"`
	Password string `json:"password"`
}
