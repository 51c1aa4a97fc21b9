package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
	"github.com/fc-sso/fc-sso/scripts/local/internal/delivery"
	"github.com/fc-sso/fc-sso/scripts/local/internal/runtime"
)

const adminBody = 1 << 20

// startAdmin serves the side door for tests:
//
//	GET    /instances                       function's folder: [pid]
//	POST   /runtime     {"body","query"}    how events are written (runtime.Settings)
//	POST   /clock       {"offset":"90s"}    moves the clock of the emulated services, not the functions'
//	POST   /functions/NAME                  hands the body to a function as an event; to one that
//	                                        nobody waits for with X-Fc-Invocation-Type: Async
//	POST   /cloud       {"service","kind",…}  what a service of the cloud does instead (cloud.Trouble)
//	GET    /cloud?account=…                 what IMS and RAM were asked for (cloud.Seen)
//	POST   /credentials {"each","uses"}     how soon functions' credentials are replaced (cloud.Rotation)
//	POST   /users       {"account","name","mfa"}  makes a RAM user; mfa: binds a device
//	DELETE /users?account=…&name=…          takes one away
//	GET    /directory?account=…             an account's RAM users and groups (cloud.Directory)
//	POST   /limits      {"account","users","groups","groupsPerUser","keysPerUser"}  how many there may be
//	POST   /roles       {"arn","trust","permission"}  makes a role, or replaces it; its sessions last up to 12 hours
//	DELETE /roles?arn=…                     takes a role away
//	GET    /delivered                       what the bus and the topic took: [cloud.Delivery]
//	POST   /events      [CloudEvent]        puts events on the bus hr, of which provisioning is told
//	POST   /messages    [message]           publishes messages into the topic hr, likewise
//	POST   /delivery    {"duplicates", …}   how badly things are delivered (delivery.Settings)
//	GET    /delivery?wait=…                 what waits for delivery and what was given up (delivery.Status)
//	DELETE /delivery                        forgets both
//	POST   /idps/ID/…                       turns the keys of a demo provider, and its ways (idp.IdP.Admin, op.OP.Admin)
//	       /tablestore                      faults (tablestore.Server.Faults)
func (s *station) startAdmin(context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("/tablestore", s.tables.Faults())
	mux.HandleFunc("POST /clock", s.setClock)
	if s.options.only == "" {
		mux.HandleFunc("GET /instances", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(s.pids())
		})
		mux.HandleFunc("POST /runtime", s.setRuntime)
		mux.Handle("POST /cloud", s.cloud.Troubles())
		mux.Handle("GET /cloud", s.cloud.Troubles())
		mux.HandleFunc("POST /credentials", s.setRotation)
		mux.HandleFunc("POST /users", s.addUser)
		mux.HandleFunc("DELETE /users", func(_ http.ResponseWriter, r *http.Request) {
			s.cloud.RemoveUser(r.URL.Query().Get("account"), r.URL.Query().Get("name"))
		})
		mux.Handle("GET /directory", s.cloud.Directories())
		mux.HandleFunc("POST /limits", s.setLimits)
		mux.HandleFunc("POST /roles", s.putRole)
		mux.HandleFunc("DELETE /roles", func(_ http.ResponseWriter, r *http.Request) { s.cloud.RemoveRole(r.URL.Query().Get("arn")) })
		mux.Handle("GET /delivered", s.cloud.Delivered())
		mux.HandleFunc("POST /events", s.putEvents)
		mux.HandleFunc("POST /messages", s.publish)
		mux.Handle("/delivery", s.queue.Admin())
		mux.HandleFunc("POST /functions/{name}", s.invoke)
		for id, door := range s.doors {
			mux.Handle("POST /idps/"+id+"/", http.StripPrefix("/idps/"+id, door))
		}
	}
	s.line.AdminURL = origin("http", s.ports.admin)
	s.serve(s.ports.admin, refuseBrowsers(mux))
	return nil
}

// refuseBrowsers keeps web pages from the side door: a page of anywhere can
// make a browser post to loopback, and then says where it comes from.
func refuseBrowsers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			http.Error(w, "not for browsers", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, adminBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func (s *station) setRuntime(w http.ResponseWriter, r *http.Request) {
	var settings runtime.Settings
	if !readJSON(w, r, &settings) {
		return
	}
	if err := s.front.Set(settings); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (s *station) setClock(w http.ResponseWriter, r *http.Request) {
	var wish struct{ Offset string }
	if !readJSON(w, r, &wish) {
		return
	}
	offset, err := time.ParseDuration(wish.Offset)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.clock.offset.Store(int64(offset))
}

func (s *station) setRotation(w http.ResponseWriter, r *http.Request) {
	var wish cloud.Rotation
	if !readJSON(w, r, &wish) {
		return
	}
	if err := s.cloud.Rotate(wish); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (s *station) addUser(w http.ResponseWriter, r *http.Request) {
	var user struct {
		Account, Name string
		MFA           bool
	}
	if !readJSON(w, r, &user) {
		return
	}
	err := s.cloud.AddUser(user.Account, user.Name)
	if err == nil && user.MFA {
		err = s.cloud.BindDevice(user.Account, user.Name)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (s *station) setLimits(w http.ResponseWriter, r *http.Request) {
	var wish struct {
		Account string
		cloud.Limits
	}
	if !readJSON(w, r, &wish) {
		return
	}
	if err := s.cloud.SetLimits(wish.Account, wish.Limits); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// putRole makes a role with policies that a test brings. No API does so here: what an
// administrator clicks together is not emulated.
func (s *station) putRole(w http.ResponseWriter, r *http.Request) {
	var role struct{ ARN, Trust, Permission string }
	if !readJSON(w, r, &role) {
		return
	}
	made := cloud.Role{ARN: role.ARN, Trust: role.Trust, Permission: role.Permission, MaxSession: longestSession}
	if err := s.cloud.AddRole(made); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// invoke is how a test plays a timer or an event source.
func (s *station) invoke(w http.ResponseWriter, r *http.Request) {
	event, err := io.ReadAll(http.MaxBytesReader(w, r.Body, adminBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name := s.functionName(r.PathValue("name"))
	if name == "" {
		http.Error(w, "no such function", http.StatusNotFound)
		return
	}
	var answer []byte
	if r.Header.Get("X-Fc-Invocation-Type") == "Async" {
		err = s.queue.Put(delivery.Invocation{Function: name, Payload: event})
	} else {
		answer, err = s.manager.Invoke(r.Context(), name, event)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	_, _ = w.Write(answer)
}
