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
	maxAsyncEvent    = 128 << 10
)

// Runtime is Function Compute behind its API.
type Runtime interface {
	// Invoke hands an event over and waits; the error is that there is no such function,
	// or none that is free.
	Invoke(ctx context.Context, function string, event []byte) (Invocation, error)
	// Queue takes an event for later; the error is that there is no such function.
	Queue(function, requestID string, event []byte) error
}

// Invocation is what came of an event: what the function returned, or the platform's
// word for how it failed and what it said then.
type Invocation struct {
	Answer []byte
	Failed string // of X-Fc-Error-Type
}

// Functions answers as Function Compute's API, of which it knows InvokeFunction:
// signed, allowed to the caller by its own policies, synchronous or not.
func (c *Cloud) Functions(region string, functions Runtime) http.Handler {
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
		if err := hand(w, r, functions, event); err != nil {
			writeFunctionFault(w, id, refuse(http.StatusNotFound, "FunctionNotFound", "%s", err.Error()))
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeFunctionFault(w, newRequestID(), refuse(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."))
	})
	return mux
}

const async = "Async" // of X-Fc-Invocation-Type

func hand(w http.ResponseWriter, r *http.Request, functions Runtime, event []byte) error {
	if r.Header.Get("X-Fc-Invocation-Type") == async {
		err := functions.Queue(r.PathValue("name"), w.Header().Get("X-Fc-Request-Id"), event)
		if err == nil {
			w.WriteHeader(http.StatusAccepted)
		}
		return err
	}
	made, err := functions.Invoke(r.Context(), r.PathValue("name"), event)
	if err != nil {
		return err
	}
	if made.Failed != "" { // the status stays 200
		w.Header().Set("X-Fc-Error-Type", made.Failed)
	}
	_, _ = w.Write(made.Answer)
	return nil
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
	switch kind := q.header.Get("X-Fc-Invocation-Type"); {
	case kind == async && len(event) > maxAsyncEvent:
		return nil, who, refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the payload is larger than %d bytes", maxAsyncEvent)
	case kind != "" && kind != "Sync" && kind != async:
		return nil, who, refuse(http.StatusBadRequest, "InvalidArgument", "invocation type %q is not known", kind)
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
