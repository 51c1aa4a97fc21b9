package tablestore

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is one thing that goes wrong on purpose. A test that wants to see an
// answer lost after the commit sets {"kind":"lost","commit":true,"times":1}.
type Fault struct {
	Table   string `json:"table,omitempty"`    // "": any
	Action  string `json:"action,omitempty"`   // "": any
	Kind    string `json:"kind"`               // lost: the connection closes without an answer; slow; error; not_ready: new tables answer so for some seconds
	Commit  bool   `json:"commit,omitempty"`   // the operation takes effect nevertheless; slow waits after it
	Times   int    `json:"times,omitempty"`    // 0: until cleared
	Seconds int    `json:"seconds,omitempty"`  // 0: until cleared
	DelayMS int    `json:"delay_ms,omitempty"` // slow
	Code    string `json:"code,omitempty"`     // error, such as OTSServerBusy
	Status  int    `json:"status,omitempty"`   // error; 0: the status that goes with the code
	Message string `json:"message,omitempty"`  // error

	until time.Time
	rows  bool // only the actions on rows
}

const (
	faultLost  = "lost"
	faultSlow  = "slow"
	faultError = "error"

	// faultNotReady waits for CreateTable: for its Seconds after that the rows of
	// the new table are refused, as in the cloud, where a table needs a while.
	faultNotReady = "not_ready"
	codeNotReady  = "OTSTableNotReady"
)

// faults is the list of those that are set.
type faults struct {
	mu   sync.Mutex
	list []Fault
	now  func() time.Time
}

// take returns the first fault that concerns a call, counting it down.
func (f *faults) take(action string, tables []string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.expire()
	i := slices.IndexFunc(f.list, func(fault Fault) bool { return fault.concerns(action, tables) })
	if i < 0 {
		return Fault{}, false
	}
	taken := f.list[i]
	if taken.Times == 1 {
		f.list = slices.Delete(f.list, i, i+1)
	} else if taken.Times > 1 {
		f.list[i].Times--
	}
	return taken, true
}

func (f *faults) expire() {
	f.list = slices.DeleteFunc(f.list, func(fault Fault) bool { return !fault.until.IsZero() && !f.now().Before(fault.until) })
}

// created starts the time in which a new table is not ready, if a fault says so.
func (f *faults) created(table string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.list {
		if fault.Kind == faultNotReady && (fault.Table == "" || fault.Table == table) {
			until := f.now().Add(time.Duration(fault.Seconds) * time.Second)
			f.list = append(f.list, Fault{
				Table: table, Kind: faultError, Code: codeNotReady,
				Seconds: fault.Seconds, until: until, rows: true,
			})
			return
		}
	}
}

func (f Fault) concerns(action string, tables []string) bool {
	if f.Kind == faultNotReady || f.rows && !strings.Contains(action, "Row") && action != "GetRange" {
		return false
	}
	return (f.Action == "" || f.Action == action) && (f.Table == "" || slices.Contains(tables, f.Table))
}

func (f Fault) check() error {
	switch {
	case f.Kind != faultLost && f.Kind != faultSlow && f.Kind != faultError && f.Kind != faultNotReady:
		return fmt.Errorf("kind %q: lost, slow, error or not_ready", f.Kind)
	case f.Kind == faultNotReady && f.Seconds <= 0:
		return fmt.Errorf("not_ready needs seconds")
	case f.Kind == faultSlow && f.DelayMS <= 0:
		return fmt.Errorf("slow needs delay_ms")
	case f.Kind == faultError && f.Code == "":
		return fmt.Errorf("error needs code")
	case f.Times < 0 || f.Seconds < 0:
		return fmt.Errorf("times and seconds must not be negative")
	}
	return nil
}

// refusal is the answer of a fault of the kind error.
func (f Fault) refusal() *refusal {
	status, message := f.Status, f.Message
	if status == 0 {
		status = statusOf(f.Code)
	}
	if message == "" {
		message = messageOf(f.Code)
	}
	return &refusal{status, f.Code, message}
}

func statusOf(code string) int {
	switch code {
	case "OTSConditionCheckFail", "OTSQuotaExhausted", "OTSNotEnoughCapacityUnit", "OTSCapacityUnitExhausted",
		"OTSTooFrequentReservedThroughputAdjustment", "OTSAuthFailed":
		return http.StatusForbidden
	case codeNotReady, "OTSObjectNotExist":
		return http.StatusNotFound
	case "OTSRowOperationConflict", "OTSObjectAlreadyExist":
		return http.StatusConflict
	case "OTSParameterInvalid", "OTSInvalidPK":
		return http.StatusBadRequest
	case "OTSInternalServerError":
		return http.StatusInternalServerError
	}
	return http.StatusServiceUnavailable
}

// messageOf is the service's sentence where a client looks at it, or might.
func messageOf(code string) string {
	switch code {
	case codeNotReady:
		return "The table is not ready."
	case "OTSRowOperationConflict":
		return "Data is being modified by the other request."
	case "OTSQuotaExhausted":
		return "Too frequent table operations."
	}
	return "Injected fault."
}

// Faults returns the handler by which tests set faults: POST one as JSON, GET
// the list, DELETE to clear it. It belongs on the admin address only.
func (s *Server) Faults() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", s.faults.show)
	mux.HandleFunc("POST /", s.faults.set)
	mux.HandleFunc("DELETE /", s.faults.clear)
	return mux
}

func (f *faults) show(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	f.expire()
	list := append([]Fault{}, f.list...)
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(list) // the client went away
}

func readFault(in io.Reader) (fault Fault, err error) {
	decoder := json.NewDecoder(in)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&fault); err != nil {
		return Fault{}, err
	}
	return fault, fault.check()
}

func (f *faults) set(w http.ResponseWriter, r *http.Request) {
	fault, err := readFault(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	if fault.Seconds > 0 && fault.Kind != faultNotReady {
		fault.until = f.now().Add(time.Duration(fault.Seconds) * time.Second)
	}
	f.list = append(f.list, fault)
	f.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (f *faults) clear(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	f.list = nil
	f.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}
