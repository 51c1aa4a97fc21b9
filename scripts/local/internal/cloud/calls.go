package cloud

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Call is one that IMS or RAM has worked on, whatever came of it and whether or not
// its answer arrived.
type Call struct {
	Number  int    `json:"number"` // since the start, from 1
	Service string `json:"service"`
	Action  string `json:"action"`
	Write   bool   `json:"write"`
	Account string `json:"account"` // whose RAM; "" where nobody was believed
	Caller  string `json:"caller"`
	Name    string `json:"name,omitempty"`   // of the provider, the role, the user (without domain) or the group
	Group   string `json:"group,omitempty"`  // beside a user
	Policy  string `json:"policy,omitempty"` // beside a user or a group
	Code    string `json:"code,omitempty"`   // of the refusal
}

func callOf(service string, q rpcRequest, who caller, f *fault) Call {
	call := Call{
		Service: service, Action: q.action(), Write: writes(q.action()),
		Account: who.account, Caller: who.arn, Name: nameIn(q) + userIn(q), Group: q.params.Get("GroupName"), Policy: q.params.Get("PolicyName"), Code: codeOf(f),
	}
	if call.Name == "" {
		call.Name, call.Group = call.Group, ""
	}
	if call.Name == "" {
		call.Name, call.Policy = call.Policy, ""
	}
	return call
}

// writes answers whether an action changes anything.
func writes(action string) bool {
	return !strings.HasPrefix(action, "Get") && !strings.HasPrefix(action, "List")
}

// mostCalls are kept; the numbers go on.
const mostCalls = 20_000

type calls struct {
	mu   sync.Mutex
	last int
	kept []Call
}

func (c *calls) add(call Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	call.Number = c.last
	if len(c.kept) == mostCalls {
		c.kept = slices.Delete(c.kept, 0, mostCalls/2)
	}
	c.kept = append(c.kept, call)
}

// Calls are those of IMS and RAM since the start, in their order.
func (c *Cloud) Calls() []Call {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	return slices.Clone(c.calls.kept)
}

// Seen is what GET on the troubles' address answers.
type Seen struct {
	Calls    []Call         `json:"calls"`
	Troubled map[string]int `json:"troubled"` // service: requests that met its trouble
	Kinds    map[string]int `json:"kinds"`    // the same by service and kind, "ims lost"
}

// seen lists calls: all, or those of one service, action, account or name.
func (c *Cloud) seen(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	other := func(name, value string) bool { return query.Has(name) && query.Get(name) != value }
	count, kinds := c.troubles.met()
	found := Seen{Calls: slices.DeleteFunc(c.Calls(), func(call Call) bool {
		return other("service", call.Service) || other("action", call.Action) || other("account", call.Account) || other("name", call.Name)
	}), Troubled: count, Kinds: kinds}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(found) // the client went away: nobody to tell
}
