package cloud

import (
	"context"
	"net/http"
)

// rpcService is one RPC API behind the gateway that all of Alibaba Cloud's have.
type rpcService struct {
	name    string // in troubles and in the log
	host    string // of the real one, in refusals
	version string
	find    func(action string) (rpcCall, bool)
	note    func(Call) // nil: its calls are not listed
}

// rpcCall is an action: one that knows who signed, or an anonymous one that is told
// by a proof among its parameters.
type rpcCall struct {
	signed    func(*Cloud, caller, rpcRequest, string) (any, *fault)
	anonymous func(*Cloud, context.Context, rpcRequest, string) (any, *fault)
}

// serve answers at every host name and at path /, as the real gateway does.
func (c *Cloud) serve(s rpcService) http.Handler {
	return c.troubles.at(s.name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		q, f := readRequest(w, r)
		if f != nil {
			writeFault(w, s.host, id, false, f)
			return
		}
		who, answer, f := c.call(r.Context(), s, q, id)
		c.log.InfoContext(r.Context(), "call", "service", s.name, "request_id", id, "action", q.action(), "caller", who.arn, "session", who.session, "refusal", codeOf(f), "cause", causeOf(f))
		if s.note != nil {
			s.note(callOf(s.name, q, who, f))
		}
		if f != nil {
			writeFault(w, s.host, id, q.wantsXML(), f)
			return
		}
		write(w, http.StatusOK, q.wantsXML(), q.action()+"Response", answer)
	}))
}

func (c *Cloud) call(ctx context.Context, s rpcService, q rpcRequest, requestID string) (caller, any, *fault) {
	action, f := s.admit(q)
	if f != nil {
		return caller{}, nil, f
	}
	if action.anonymous != nil {
		answer, f := action.anonymous(c, ctx, q, requestID)
		return caller{}, answer, f
	}
	who, f := c.authenticate(q)
	if f != nil {
		return caller{}, nil, f
	}
	answer, f := action.signed(c, who, q, requestID)
	return who, answer, f
}

func (s rpcService) admit(q rpcRequest) (rpcCall, *fault) {
	switch {
	case q.path != "/" && q.path != "":
		return rpcCall{}, noSuchAPI()
	case q.action() == "":
		return rpcCall{}, missing("Action")
	case q.version() == "":
		return rpcCall{}, missing("Version")
	case q.version() != s.version:
		return rpcCall{}, refuse(http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid.")
	}
	action, ok := s.find(q.action())
	if !ok {
		return rpcCall{}, noSuchAPI()
	}
	return action, nil
}

func noSuchAPI() *fault {
	return refuse(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
}

func codeOf(f *fault) string {
	if f == nil {
		return ""
	}
	return f.code
}

func causeOf(f *fault) string {
	if f == nil {
		return ""
	}
	return f.cause
}
