package desk

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// stepUp goes on with somebody whose sign-in is not enough: to the code, or to the
// wish's own no where a code would not help.
func (d *Desk) stepUp(w http.ResponseWriter, r *http.Request, name string, wish pending) {
	if wish.Phone {
		d.showCode(w, http.StatusOK, name, wish)
		return
	}
	d.take(name)
	wish.Decline(w, r)
}

// newCode is what the demo's telephone shows.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "000000" // never (crypto/rand since Go 1.24), and no secret
	}
	return fmt.Sprintf("%06d", n)
}

// factor takes the code. The session's time becomes that of the code: the person
// has proved anew who they are.
func (d *Desk) factor(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	name := r.PostFormValue("request")
	wish, ok := d.find(name)
	handle, _, signedIn := d.current(r)
	if !ok || !signedIn {
		d.gone(w)
		return
	}
	given := strings.TrimSpace(r.PostFormValue("code"))
	if subtle.ConstantTimeCompare([]byte(given), []byte(wish.code)) != 1 {
		d.showCode(w, http.StatusUnauthorized, name, wish)
		return
	}
	d.strengthen(handle)
	http.Redirect(w, r, "/signin?request="+url.QueryEscape(name), http.StatusSeeOther)
}

func (d *Desk) strengthen(handle string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if who, ok := d.sessions[handle]; ok {
		who.Phone, who.At = true, d.o.Now().Truncate(time.Millisecond)
		d.sessions[handle] = who
	}
}
