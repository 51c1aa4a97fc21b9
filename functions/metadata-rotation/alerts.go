package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

// carrier hands alerts to the bus or topic that is configured; nil where none is.
func carrier(cfg config.Config, api *openapi.Client) func(context.Context, alert.Alert) error {
	to, from := cfg.Alerts, alert.Origin{Source: cfg.URL}
	var put func(ctx context.Context, event []byte, by ram.Credentials) error
	switch to.Service {
	case config.EventBridge:
		from.Bus = to.Name
		put = func(ctx context.Context, event []byte, by ram.Credentials) error {
			return api.PutEvent(ctx, openapi.BusEvent{Endpoint: to.Endpoint, Event: event, Credentials: by})
		}
	case config.MNS:
		put = func(ctx context.Context, event []byte, by ram.Credentials) error {
			return api.Publish(ctx, openapi.TopicMessage{Endpoint: to.Endpoint, Topic: to.Name, Text: string(event), Credentials: by})
		}
	default:
		return nil
	}
	return func(ctx context.Context, a alert.Alert) error {
		event, err := a.Event(from)
		if err != nil {
			return err
		}
		by, err := trigger.RoleCredentials(ctx)
		if err != nil {
			return err
		}
		return answered(put(ctx, event, by))
	}
}

// answered marks what a service said that is there and has time.
func answered(err error) error {
	if e, said := errors.AsType[*openapi.Error](err); said && e.Status < http.StatusInternalServerError && e.Status != http.StatusTooManyRequests {
		return alert.RefusedError{Err: err}
	}
	return err
}
