package portal

import (
	"net/http"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

const function = "portal"

// withLater adds the routes of the contract that are not served yet. They refuse
// by name, so that an address which is configured early is not called a mistake.
func withLater(routes map[string]respond.Func) map[string]respond.Func {
	for _, pattern := range []string{
		// What the CLI asks, as it asks CloudSSO.
		"POST /device-authorization", "POST /token", "GET /access-assignments/{rest...}", "POST /cloud-credentials",
	} {
		routes[pattern] = notYet
	}
	return routes
}

func notYet(r *http.Request) (respond.Outcome, error) {
	return respond.Outcome{}, reason.New(reason.NotImplemented, "%s does not serve %s yet", function, r.Pattern)
}

// refuseLater is for who set up a program or another service, not for a person
// at a page.
func refuseLater(refusal respond.Refusal) respond.Outcome {
	return respond.Text("%s: %s does not do this yet; reference %s", refusal.Code, function, refusal.Reference)
}
