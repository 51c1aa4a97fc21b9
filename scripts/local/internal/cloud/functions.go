package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
)

const (
	functionsVersion = "2023-03-30"
	maxEvent         = 32 << 20
)

// Invocation is what came of an event: what the function returned, or the platform's
// word for how it failed and what it said then.
type Invocation struct {
	Answer []byte
	Failed string // of X-Fc-Error-Type
}

// Functions answers as Function Compute's API, of which it knows InvokeFunction:
// signed, allowed to the caller by its own policies, and synchronous. invoke hands
// the event over; its error is that there is no such function, or none that is free.
func (c *Cloud) Functions(region string, invoke func(ctx context.Context, function string, event []byte) (Invocation, error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /"+functionsVersion+"/functions/{name}/invocations", func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		w.Header().Set("X-Fc-Request-Id", id)
		event, who, f := c.admitEvent(w, r, region)
		c.log.InfoContext(r.Context(), "fc", "request_id", id, "function", r.PathValue("name"), "caller", who.arn, "refusal", codeOf(f))
		if f != nil {
			writeFunctionFault(w, id, f)
			return
		}
		made, err := invoke(r.Context(), r.PathValue("name"), event)
		if err != nil {
			writeFunctionFault(w, id, refuse(http.StatusNotFound, "FunctionNotFound", "%s", err.Error()))
			return
		}
		if made.Failed != "" { // the status stays 200
			w.Header().Set("X-Fc-Error-Type", made.Failed)
		}
		_, _ = w.Write(made.Answer)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeFunctionFault(w, newRequestID(), refuse(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."))
	})
	return mux
}

func (c *Cloud) admitEvent(w http.ResponseWriter, r *http.Request, region string) ([]byte, caller, *fault) {
	event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
	if err != nil {
		return nil, caller{}, refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the payload is larger than %d bytes", maxEvent)
	}
	r.Body = io.NopCloser(bytes.NewReader(event))
	q, f := readRequest(w, r)
	if f != nil {
		return nil, caller{}, f
	}
	if q.header.Get("Authorization") == "" {
		return nil, caller{}, refuse(http.StatusBadRequest, "MissingRequiredHeader", "missing required HTTP header: Authorization")
	}
	if q.action() != "InvokeFunction" || q.version() != functionsVersion {
		return nil, caller{}, refuse(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
	}
	who, f := c.authenticate(q)
	if f != nil {
		return nil, caller{}, f
	}
	if kind := q.header.Get("X-Fc-Invocation-Type"); kind != "" && kind != "Sync" {
		return nil, who, refuse(http.StatusBadRequest, "InvalidArgument", "invocation type %q is not emulated", kind)
	}
	resource := "acs:fc:" + region + ":" + c.bundle + ":functions/" + r.PathValue("name")
	if who.account != c.bundle || !c.may(who, "fc:InvokeFunction", resource) {
		return nil, who, refuse(http.StatusForbidden, "AccessDenied", "the caller is not authorized to perform 'fc:InvokeFunction' on resource '%s'", resource)
	}
	return event, who, nil
}

func writeFunctionFault(w http.ResponseWriter, requestID string, f *fault) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Code": f.code, "Message": f.message, "RequestId": requestID})
}
