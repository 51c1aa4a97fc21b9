package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
	"github.com/fc-sso/fc-sso/scripts/local/internal/delivery"
	"github.com/fc-sso/fc-sso/scripts/local/internal/runtime"
)

// What HR sends events by: a bus and a topic, both called hr, of which provisioning is
// told. The bundle's own alerts go by others, which nobody subscribed to.
const (
	hr     = "hr"
	hearer = "provisioning" // the folder of the function
)

// eventsBody is room for the events of a whole company.
const eventsBody = 16 << 20

// startDelivery opens the queue of asynchronous invocations and the doors into it.
func (s *station) startDelivery(ctx context.Context) (err error) {
	s.queue, err = delivery.New(ctx, delivery.Options{
		Invoke: s.deliver, Account: bundleAccount, Region: region, Now: time.Now, Timers: s.options.timers,
	})
	if err != nil {
		return err
	}
	s.onStop(s.queue.Close)
	s.cloud.Subscribe(s.subscribed)
	return nil
}

// startTimers has those triggers come that come each minute. That of an hour is left to
// tests, which invoke the function.
func (s *station) startTimers(ctx context.Context) error {
	for _, function := range s.file.Functions {
		for _, trigger := range function.Triggers {
			if trigger.Type == "timer" && trigger.Enabled && trigger.Cron == "0 * * * * *" {
				s.queue.Start(ctx, delivery.Timer{Function: function.Name, Name: trigger.Name, Payload: trigger.Payload})
			}
		}
	}
	return nil
}

func (s *station) deliver(ctx context.Context, i delivery.Invocation) error {
	_, err := s.manager.Do(ctx, runtime.Call{Function: i.Function, RequestID: i.RequestID, Payload: i.Payload, Retry: i.Retry})
	if fault, ok := errors.AsType[*runtime.PlatformError](err); ok && fault.Type != "" {
		return delivery.FunctionError{Text: fault.Error()}
	}
	return err
}

// subscribed hears of all that a bus or a topic took.
func (s *station) subscribed(taken cloud.Delivery) {
	if taken.Name != hr {
		return
	}
	var err error
	if taken.Service == "mns" {
		err = s.queue.Publish(s.functionName(hearer), hr, taken.Text)
	} else {
		err = s.queue.PutEvents(s.functionName(hearer), hr, []json.RawMessage{json.RawMessage(taken.Text)})
	}
	if err != nil {
		s.log.Error("not delivered", "service", taken.Service, "error", err)
	}
}

// functionName is a function's own, by that of its folder; "": there is none.
func (s *station) functionName(folder string) string {
	for _, described := range s.file.Functions {
		if described.Resource == folder {
			return described.Name
		}
	}
	return ""
}

// platform is Function Compute behind its API.
type platform struct{ *station }

// Invoke is [cloud.Runtime].
func (p platform) Invoke(ctx context.Context, function string, event []byte) (cloud.Invocation, error) {
	answer, err := p.manager.Invoke(ctx, function, event)
	if fault, ok := errors.AsType[*runtime.PlatformError](err); ok && fault.Type != "" {
		return cloud.Invocation{Answer: fault.Body, Failed: fault.Type}, nil
	}
	return cloud.Invocation{Answer: answer}, err
}

// Queue is [cloud.Runtime].
func (p platform) Queue(function, requestID string, event []byte) error {
	if _, ok := p.manager.Instances()[function]; !ok {
		return fmt.Errorf("function %q does not exist", function)
	}
	return p.queue.Put(delivery.Invocation{Function: function, RequestID: requestID, Payload: event})
}

// putEvents plays HR without its key: a list of CloudEvents.
func (s *station) putEvents(w http.ResponseWriter, r *http.Request) {
	var events []json.RawMessage
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, eventsBody)).Decode(&events)
	if err == nil {
		err = s.queue.PutEvents(s.functionName(hearer), hr, events)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// publish does so by the topic: a list of messages, each a text, or what the text has.
func (s *station) publish(w http.ResponseWriter, r *http.Request) {
	var messages []json.RawMessage
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, eventsBody)).Decode(&messages)
	for _, message := range messages {
		text := string(message)
		_ = json.Unmarshal(message, &text) // what is no text stays as it is
		err = errors.Join(err, s.queue.Publish(s.functionName(hearer), hr, text))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}
