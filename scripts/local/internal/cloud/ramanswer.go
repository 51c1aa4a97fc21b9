package cloud

// ramAnswer is what all the actions answer; each fills in its own.
type ramAnswer struct {
	RequestId            string
	SAMLProvider         *samlBody          `json:",omitempty" xml:",omitempty"`
	SAMLProviders        *samlList          `json:",omitempty" xml:",omitempty"`
	OIDCProvider         *oidcBody          `json:",omitempty" xml:",omitempty"`
	OIDCProviders        *oidcList          `json:",omitempty" xml:",omitempty"`
	Role                 *roleBody          `json:",omitempty" xml:",omitempty"`
	Roles                *roleList          `json:",omitempty" xml:",omitempty"`
	UserSsoSettings      *userSSOBody       `json:",omitempty" xml:",omitempty"`
	User                 *userBody          `json:",omitempty" xml:",omitempty"`
	Users                *userList          `json:",omitempty" xml:",omitempty"`
	Group                *groupBody         `json:",omitempty" xml:",omitempty"`
	Groups               *groupList         `json:",omitempty" xml:",omitempty"`
	LoginProfile         *loginBody         `json:",omitempty" xml:",omitempty"`
	AccessKey            *accessKeyBody     `json:",omitempty" xml:",omitempty"`
	AccessKeys           *accessKeyList     `json:",omitempty" xml:",omitempty"`
	IsMFAEnable          *bool              `json:",omitempty" xml:",omitempty"`
	MFADevice            *deviceBody        `json:",omitempty" xml:",omitempty"`
	VirtualMFADevice     *newDeviceBody     `json:",omitempty" xml:",omitempty"`
	Policy               *policyBody        `json:",omitempty" xml:",omitempty"`
	DefaultPolicyVersion *policyVersionBody `json:",omitempty" xml:",omitempty"`
	Policies             *policyList        `json:",omitempty" xml:",omitempty"`
	DefaultDomainName    string             `json:",omitempty" xml:",omitempty"`
	IsTruncated          *bool              `json:",omitempty" xml:",omitempty"`
	Marker               string             `json:",omitempty" xml:",omitempty"`
}
