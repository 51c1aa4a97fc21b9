// The npm package oidc-provider (panva) as somebody's OpenID Provider, in a process
// of its own: unmodified, with the sign-in pages that it brings along. Not for
// production: any password does.
//
// Its first line on stdout is {"issuer"}. Each line on stdin is {"redirectURI"} of its
// one client, or {"rotate": true}: from then on it signs by a key that nobody was told
// of, and publishes no other. Each is answered by a line. Its ID tokens have no jti.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

console.info = console.error; // its warnings that it is set up for development
const cookies = { keys: [randomUUID()] };
let issuer, redirectURI, jwks, provider;

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomUUID() }] };
}

function newProvider() {
  return new Provider(issuer, {
    jwks,
    cookies,
    clients: redirectURI && [{
      client_id: 'fc-sso', client_secret: process.env.SSO_SECRET_PANVA, token_endpoint_auth_method: 'client_secret_basic',
      redirect_uris: [redirectURI], response_types: ['code'], grant_types: ['authorization_code'],
    }],
    claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false, // claims of scopes in the ID token too: we ask nobody else
    findAccount: (_, sub) => ({
      accountId: sub, claims: () => ({ sub, email: `${sub}@panva.example`, email_verified: true, groups: ['staff', sub] }),
    }),
  });
}

const server = createServer((request, response) => provider.callback()(request, response));
server.listen(0, '127.0.0.1', () => {
  issuer = `http://localhost:${server.address().port}`;
  jwks = newKey();
  provider = newProvider();
  console.log(JSON.stringify({ issuer }));
});

createInterface({ input: process.stdin }).on('line', (line) => {
  const wish = JSON.parse(line);
  redirectURI = wish.redirectURI ?? redirectURI;
  if (wish.rotate) jwks = newKey();
  provider = newProvider();
  console.log('{}');
}).on('close', () => process.exit(0)); // whoever started it is gone
