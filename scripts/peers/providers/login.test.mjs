// A person's sign-in by OpenID Connect, judged by other people's providers: npm
// oidc-provider and Go's zitadel/oidc, each unmodified and in a process of its own,
// with its own pages, in a real Chromium. Both change their key between two logins,
// without a word. Run by `./scripts/test browser`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';

import { launch, open, root, shoot, start, stop } from '../../stories/stage.mjs';

const secrets = { SSO_SECRET_PANVA: 'a secret:with +& signs', SSO_SECRET_ZITADEL: 'zitadel-secret' };
const peers = path.join(root, 'scripts/peers');
const folder = mkdtempSync(path.join(tmpdir(), 'fc-sso-providers-'));
let panva, zitadel, ready;

// provide starts a provider; tell hands it a wish and waits until it is done.
async function provide(command, ...flags) {
  const child = spawn(command, flags, { cwd: peers, stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...secrets } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  const { issuer } = await next();
  const tell = (wish) => { child.stdin.write(`${JSON.stringify(wish)}\n`); return next(); };
  return { issuer, tell, end: () => child.stdin.end() };
}

// freePort is one that the bundle can have: its callbacks are registered before it is
// there.
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

before(async () => {
  [panva, zitadel] = await Promise.all([provide('node', 'providers/oidc-provider.mjs'), provide('go', 'run', './providers/zitadel')]);
  const federation = path.join(folder, 'federation.yaml');
  writeFileSync(federation, `
identityProviders:
  - {id: panva, displayName: Panva, oidc: {issuer: "${panva.issuer}", audiences: [fc-sso], login: {clientID: fc-sso, clientSecret: "env:SSO_SECRET_PANVA"}}, attributes: {email: email}}
  - {id: zitadel, displayName: Zitadel, oidc: {issuer: "${zitadel.issuer}", audiences: [fc-sso], login: {clientID: fc-sso, clientSecret: "env:SSO_SECRET_ZITADEL"}}, attributes: {email: email}}
accounts:
  - {id: "1234567890123456", alias: acme-prod}
rules:
  - name: panva's staff
    idp: panva
    roles: [acs:ram::1234567890123456:role/staff]
    condition: {StringEquals: {"oidc:groups": staff}}
    session: {name: "{{email}}"}
  - name: one of zitadel's
    idp: zitadel
    roles: [acs:ram::1234567890123456:role/staff]
    condition: {StringEquals: {"oidc:email": nina@zitadel.example}}
    session: {name: "{{email}}"}
`);
  const origin = `http://127.0.0.1:${await freePort()}`;
  await panva.tell({ redirectURI: `${origin}/oidc/panva/callback` });
  await zitadel.tell({ redirectURI: `${origin}/oidc/zitadel/callback` });
  ready = await start(['-listen', new URL(origin).host, '-federation', federation], secrets);
  await launch();
}, { timeout: 300_000 });

after(async () => {
  await stop();
  panva?.end();
  zitadel?.end();
  rmSync(folder, { recursive: true, force: true });
});

async function atPanva(page) {
  await page.getByPlaceholder(/login/i).fill('paula');
  await page.getByPlaceholder(/password/i).fill('anything');
  await page.getByRole('button', { name: /sign-in/i }).click();
  await page.getByRole('button', { name: /continue/i }).click(); // what is told to whom
}

async function atZitadel(page) {
  await page.locator('input[name=username]').fill('nina');
  await page.locator('input[name=password]').fill('nina-demo');
  await page.locator('button[type=submit], input[type=submit]').click();
}

// Their pages ask for a font that is on the Internet, and for an icon that is nowhere.
const forgiven = [/fonts\.googleapis\.com/, /ERR_NAME_NOT_RESOLVED/, /status of 404 /];

// signIn ends in the console: a role was taken with what the provider said.
async function signIn(t, name, authenticate, options) {
  const { page } = await open(t, { ...options, forgiven });
  await page.goto(ready.url);
  await page.getByRole('link', { name }).click();
  assert.match(page.url(), /^http:\/\/localhost:/);
  await authenticate(page);
  await page.waitForURL(`${ready.url}/`);
  await shoot(page, `roles-${name.toLowerCase()}`);
  await page.getByRole('link', { name: /console.*staff/i }).first().click();
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  return page.locator('body').innerText();
}

test('oidc-provider signs in, and does so by another key', async (t) => {
  assert.match(await signIn(t, 'Panva', atPanva), /paula@panva\.example/);
  await panva.tell({ rotate: true });
  assert.match(await signIn(t, 'Panva', atPanva, { javaScriptEnabled: false }), /paula@panva\.example/);
});

test('zitadel signs in, with a slash behind its name, and does so by another key', async (t) => {
  assert.ok(zitadel.issuer.endsWith('/'));
  assert.match(await signIn(t, 'Zitadel', atZitadel), /nina@zitadel\.example/);
  await zitadel.tell({ rotate: true });
  assert.match(await signIn(t, 'Zitadel', atZitadel, { javaScriptEnabled: false }), /nina@zitadel\.example/);
});
