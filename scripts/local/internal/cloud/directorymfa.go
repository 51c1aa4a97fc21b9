package cloud

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 as the authenticator apps know it
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// device is a virtual MFA device; who holds its seed makes its codes.
type device struct {
	serial string
	seed   []byte
}

type deviceBody struct {
	SerialNumber string
	Type         string `json:",omitempty" xml:",omitempty"`
}

// newDeviceBody shows a seed once. The picture of it is not emulated.
type newDeviceBody struct{ SerialNumber, Base32StringSeed string }

const virtualMFA = "VMFA"

var (
	deviceName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	mfaCode    = regexp.MustCompile(`^[0-9]{6}$`)
)

func (v visit) createVirtualMFADevice() (ramAnswer, *fault) {
	name := v.q.params.Get("VirtualMFADeviceName")
	switch {
	case name == "":
		return ramAnswer{}, missing("VirtualMFADeviceName")
	case len(name) > maxUserName:
		return ramAnswer{}, beyondLength("VirtualMFADeviceName")
	case !deviceName.MatchString(name):
		return ramAnswer{}, invalidChars("VirtualMFADeviceName")
	}
	made := &device{serial: arnOf(v.account, onDevice, name), seed: random(20)}
	if _, known := v.devices[lower(made.serial)]; known {
		return ramAnswer{}, knownAlready("VirtualMFADevice")
	}
	v.devices[lower(made.serial)] = made
	return ramAnswer{VirtualMFADevice: &newDeviceBody{made.serial, base32.StdEncoding.EncodeToString(made.seed)}}, nil
}

func (v visit) askedDevice() (*device, *fault) {
	serial := v.q.params.Get("SerialNumber")
	if serial == "" {
		return nil, missing("SerialNumber")
	}
	if found, ok := v.devices[lower(serial)]; ok && found.serial == serial {
		return found, nil
	}
	return nil, noEntity("VirtualMFADevice")
}

// holder is the user who has bound a device.
func (d *directory) holder(of *device) *user {
	for _, u := range d.users {
		if u.mfa == of {
			return u
		}
	}
	return nil
}

func (v visit) deleteVirtualMFADevice() (ramAnswer, *fault) {
	found, f := v.askedDevice()
	switch {
	case f != nil:
		return ramAnswer{}, f
	case v.holder(found) != nil:
		return ramAnswer{}, inTheWay("VirtualMFADevice.User")
	}
	delete(v.devices, lower(found.serial))
	return ramAnswer{}, nil
}

// bindMFADevice wants two codes in a row, the second of now or of the step before.
func (v visit) bindMFADevice() (ramAnswer, *fault) {
	u, f := v.askedUser()
	if f != nil {
		return ramAnswer{}, f
	}
	found, f := v.askedDevice()
	if f != nil {
		return ramAnswer{}, f
	}
	one, two := v.q.params.Get("AuthenticationCode1"), v.q.params.Get("AuthenticationCode2")
	switch {
	case u.mfa != nil:
		return ramAnswer{}, knownAlready("User.MFADevice")
	case v.holder(found) != nil:
		return ramAnswer{}, knownAlready("VirtualMFADevice.User")
	case !mfaCode.MatchString(one) || !mfaCode.MatchString(two):
		return ramAnswer{}, wrongFormat("AuthenticationCode")
	case !found.shows(one, two, v.now) && !found.shows(one, two, v.now.Add(-codeStep)):
		return ramAnswer{}, refuse(http.StatusForbidden, "CheckAuthenticationCodeFail", "The parameter - %q is inccorrect.", "AuthenticationCode") // its spelling
	}
	u.mfa = found
	return ramAnswer{}, nil
}

const codeStep = 30 * time.Second

func (d *device) shows(one, two string, now time.Time) bool {
	return d.code(now.Add(-codeStep)) == one && d.code(now) == two
}

// code is RFC 6238's, of six digits.
func (d *device) code(at time.Time) string {
	mac := hmac.New(sha1.New, d.seed)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/int64(codeStep/time.Second)) // a hash takes all
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff)%1e6)
}

// unbindMFADevice leaves the device there, for another user.
func (v visit) unbindMFADevice() (ramAnswer, *fault) {
	u, f := v.askedUser()
	if f != nil {
		return ramAnswer{}, f
	}
	if u.mfa == nil {
		return ramAnswer{}, noEntity("User.MFADevice")
	}
	serial := u.mfa.serial
	u.mfa = nil
	return ramAnswer{MFADevice: &deviceBody{SerialNumber: serial}}, nil
}

// getUserMFAInfo: the newer API has a word for none; the older knows but the refusal.
func (v visit) getUserMFAInfo() (ramAnswer, *fault) {
	u, f := v.askedUser()
	if f != nil {
		return ramAnswer{}, f
	}
	bound := u.mfa != nil
	var answer ramAnswer
	if v.ims {
		answer.IsMFAEnable = &bound
	} else if !bound {
		return ramAnswer{}, noEntity("User.MFADevice")
	}
	if bound {
		answer.MFADevice = &deviceBody{SerialNumber: u.mfa.serial, Type: virtualMFA}
	}
	return answer, nil
}

// BindDevice gives a user an MFA device, as somebody did who has it in their pocket.
func (c *Cloud) BindDevice(account, name string) error {
	d := c.directory(account)
	d.mu.Lock()
	defer d.mu.Unlock()
	u, ok := d.user(name)
	if !ok || u.mfa != nil {
		return fmt.Errorf("account %s has no RAM user %s without a device", account, name)
	}
	u.mfa = &device{serial: arnOf(account, onDevice, name), seed: random(20)}
	d.devices[lower(u.mfa.serial)] = u.mfa
	return nil
}
