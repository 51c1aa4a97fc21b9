package main

import (
	"context"
	"slices"
	"time"
)

// An instance of a function goes by a federation file for 30 s after another was
// applied.
const (
	introducePause = time.Second
	introduceLimit = 45 * time.Second
)

// believer is an account that takes the bundle for an identity provider.
type believer struct {
	account  string
	provider string // ARN of the SAML provider that the bundle is; "": none
	users    bool   // user-based SSO
}

// welcome finishes what an administrator does once the functions answer: RAM learns who
// we are, and in the demo people have RAM users and roles were looked at, as they are
// within the hour.
//
// For that functions were asked before anybody else could. Others stand in their places
// then, or a file that is applied right after the start would count half a minute late.
func (s *station) welcome(ctx context.Context) error {
	s.introduce(ctx)
	demo := s.options.federation == ""
	if demo {
		if err := s.addDemoUsers(); err != nil {
			return err
		}
	}
	for _, described := range s.file.Functions {
		var err error
		if demo && described.Resource == "metadata-rotation" {
			_, err = s.manager.Invoke(ctx, described.Name, []byte(`{"triggerName":"hourly","payload":"{\"job\":\"rotate\"}"}`))
		}
		if asked := demo || len(*s.believers.Load()) > 0; err == nil && asked && slices.Contains([]string{"portal", "metadata-rotation"}, described.Resource) {
			err = s.manager.Renew(ctx, described.Name)
		}
		if err != nil {
			return complain("function "+described.Resource, err, "see "+s.data.file("logs"))
		}
	}
	return nil
}

// addDemoUsers makes the demo's people users of its accounts with user-based SSO.
func (s *station) addDemoUsers() error {
	for _, provider := range s.line.IDPs {
		for _, user := range provider.Users {
			for _, b := range *s.believers.Load() {
				if !b.users {
					continue
				}
				if err := s.cloud.AddUser(b.account, user.Username); err != nil {
					return s.demoFault(err)
				}
			}
		}
	}
	return nil
}

// introduce gives the emulated RAM the bundle's metadata, as a deployer does: fetched
// from where the portal serves it, once it does. What RAM has already stays as it is.
func (s *station) introduce(ctx context.Context) {
	missing := s.introduceAll(ctx)
	if len(missing) == 0 {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, introduceLimit)
		defer cancel()
		ticker := time.NewTicker(introducePause)
		defer ticker.Stop()
		for len(missing) > 0 {
			select {
			case <-ticker.C:
				missing = s.introduceAll(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
}

// introduceAll returns the accounts whose metadata could not be had.
func (s *station) introduceAll(ctx context.Context) (missing []believer) {
	for _, b := range *s.believers.Load() {
		if err := s.introduceTo(ctx, b); err != nil {
			s.log.InfoContext(ctx, "our metadata", "account", b.account, "error", err)
			missing = append(missing, b)
		}
	}
	return missing
}

func (s *station) introduceTo(ctx context.Context, b believer) error {
	roles, users := b.provider != "" && !s.cloud.Registered(b.provider), b.users && !s.cloud.HasUserSSOMetadata(b.account)
	if !roles && !users {
		return nil
	}
	// By http, whatever the origin is: both ports serve it.
	metadata, err := source{url: origin("http", s.ports.front) + "/idp/" + b.account + "/metadata"}.read(ctx, "")
	if err == nil && roles {
		err = s.cloud.AddSAMLProvider(b.provider, metadata)
	}
	if err == nil && users {
		err = s.cloud.SetUserSSOMetadata(b.account, metadata)
	}
	return err
}
