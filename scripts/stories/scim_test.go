package stories_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// pushPeople is an identity provider that tells the bundle of somebody who joins, moves
// and leaves, through the whole stack.
func pushPeople(t *testing.T, s *stack.Stack) {
	t.Helper()
	if s.SCIM == nil || s.SCIM.URL != s.URL+"/scim/v2" || !strings.HasPrefix(s.SCIM.Token, "scim_"+s.SCIM.IDP+"_") {
		t.Fatalf("READY says %+v", s.SCIM)
	}
	if status, text := push(t, s, s.SCIM.Token+"x", http.MethodGet, "/Users", ""); status != http.StatusUnauthorized || !strings.Contains(text, "scim_token") {
		t.Errorf("a wrong token: %d %s", status, text)
	}
	status, text := push(t, s, s.SCIM.Token, http.MethodPost, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"zoe@acme.example","active":true,"emails":[{"value":"zoe@acme.example","primary":true}]}`)
	var zoe struct{ ID string }
	if err := json.Unmarshal([]byte(text), &zoe); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := push(t, s, s.SCIM.Token, http.MethodGet, "/Users?filter="+url.QueryEscape(`userName eq "Zoe@acme.example"`), ""); status != http.StatusOK || !strings.Contains(text, `"totalResults":1`) || !strings.Contains(text, zoe.ID) {
		t.Errorf("%d %s", status, text)
	}
	if status, text := push(t, s, s.SCIM.Token, http.MethodPatch, "/Users/"+zoe.ID, `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`); status != http.StatusOK || !strings.Contains(text, `"active":false`) {
		t.Errorf("%d %s", status, text)
	}
	if status, text := push(t, s, s.SCIM.Token, http.MethodDelete, "/Users/"+zoe.ID, ""); status != http.StatusNoContent || text != "" {
		t.Errorf("%d %s", status, text)
	}
}

func push(t *testing.T, s *stack.Stack, token, method, path, body string) (status int, text string) {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), method, s.SCIM.URL+path, strings.NewReader(body)))
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/scim+json")
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	content := must[[]byte](t)(io.ReadAll(answer.Body))
	return answer.StatusCode, string(content)
}
