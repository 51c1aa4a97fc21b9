package cloud

import (
	"net/http"
	"strings"
)

// posted is what an identity provider lets a browser post here.
type posted struct{ response, relayState string }

// maxPosted leaves room for what percent-encoding adds.
const maxPosted = 4 * maxAssertion

func readPosted(w http.ResponseWriter, r *http.Request) (posted, *fault) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPosted)
	if r.ParseForm() != nil {
		return posted{}, refuse(http.StatusBadRequest, "InvalidParameter", "The form cannot be read.")
	}
	response, relayState := r.PostForm["SAMLResponse"], r.PostForm["RelayState"]
	switch {
	case len(response) == 0:
		return posted{}, required("SAMLResponse")
	case len(response) > 1 || len(response[0]) < 4 || len(response[0]) > maxAssertion:
		return posted{}, malformed("SAMLResponse").because("%d of them; one of 4 to %d characters is wanted", len(response), maxAssertion)
	}
	return posted{response[0], strings.Join(relayState, "")}, nil
}

// consolePageOr is the page that a RelayState names, where it is Alibaba Cloud's. What
// is not is passed over without a word.
func consolePageOr(relayState, home string) string {
	if page, ok := officialPage(relayState); ok {
		return page
	}
	return home
}
