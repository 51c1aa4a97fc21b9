// Command zitadel is the OpenID Provider of github.com/zitadel/oidc, with the sign-in
// page and the storage of its own example, as somebody's provider. Not for
// production.
//
// Its first line on stdout is {"issuer"}. Each line on stdin is {"redirectURI"} of its
// one client, or {"rotate": true}: from then on it signs by a key that nobody was told
// of, and publishes no other. Each is answered by a line. Its issuer ends with a
// slash; its ID tokens have a list for aud, azp, a typ, and no jti.
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "zitadel:", err)
		os.Exit(1)
	}
}

// run ends with its input: whoever started it is gone.
func run(wishes io.Reader, answers io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	issuer := "http://localhost:" + port + "/"
	s, err := newStore()
	if err != nil {
		return err
	}
	go func() {
		_ = http.Serve(listener, exampleop.SetupServer(issuer, s, slog.New(slog.DiscardHandler), false))
	}()
	say := json.NewEncoder(answers)
	if err := say.Encode(map[string]string{"issuer": issuer}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(wishes); lines.Scan(); {
		if err := s.obey(lines.Bytes()); err != nil {
			return err
		}
		if err := say.Encode(struct{}{}); err != nil {
			return err
		}
	}
	return nil
}

// store is the example's, with a key that can be changed and a client whose ID token
// has the claims that its scopes ask for.
type store struct {
	*storage.Storage

	mu  sync.Mutex
	key *key
}

func newStore() (*store, error) {
	k, err := newKey()
	return &store{Storage: storage.NewStorage(people{}), key: k}, err
}

func (s *store) obey(line []byte) error {
	var wish struct {
		RedirectURI string
		Rotate      bool
	}
	if err := json.Unmarshal(line, &wish); err != nil {
		return err
	}
	if wish.RedirectURI != "" {
		storage.RegisterClients(storage.WebClient("fc-sso", os.Getenv("SSO_SECRET_ZITADEL"), wish.RedirectURI))
	}
	if !wish.Rotate {
		return nil
	}
	k, err := newKey()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = k
	return err
}

// SigningKey replaces the example's, which never changes.
func (s *store) SigningKey(context.Context) (op.SigningKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.key, nil
}

// KeySet publishes that key alone.
func (s *store) KeySet(context.Context) ([]op.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []op.Key{publicKey{s.key}}, nil
}

// GetClientByClientID gives the client in our clothes.
func (s *store) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	return talkative{c}, err
}

type talkative struct{ op.Client }

func (talkative) IDTokenUserinfoClaimsAssertion() bool { return true }

type key struct {
	private *rsa.PrivateKey
	id      string
}

func newKey() (*key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	return &key{private, rand.Text()}, err
}

func (k *key) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k *key) Key() any                                    { return k.private }
func (k *key) ID() string                                  { return k.id }

type publicKey struct{ *key }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.private.PublicKey }

// people is who can sign in.
type people struct{}

func nina() *storage.User {
	return &storage.User{
		ID: "id-nina", Username: "nina", Password: "nina-demo", FirstName: "Nina", LastName: "Weber",
		Email: "nina@zitadel.example", EmailVerified: true,
	}
}

func (people) GetUserByID(id string) *storage.User {
	if u := nina(); u.ID == id {
		return u
	}
	return nil
}

func (people) GetUserByUsername(name string) *storage.User {
	if u := nina(); u.Username == name {
		return u
	}
	return nil
}

func (people) ExampleClientID() string { return "service" }
