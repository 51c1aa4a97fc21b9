// A person's way through the whole in a real Chromium, on the local stack with
// its two demo identity providers. Run by `./scripts/test browser`; screenshots
// go to .build/screenshots, for people to look at.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { chromium } = createRequire(path.join(root, 'scripts/peers/package.json'))('playwright-core');
const shots = path.join(root, '.build/screenshots');
mkdirSync(shots, { recursive: true });

let ready, browser;
const stacks = [];

// start starts a local stack of its own and returns its READY line.
async function start(...flags) {
  const data = mkdtempSync(path.join(tmpdir(), 'fc-sso-browser-'));
  const stack = spawn('go', ['run', './scripts/local', '-listen', '127.0.0.1:0', '-listen-tls', '127.0.0.1:0', '-data', data, ...flags],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  stack.stderr.pipe(process.stderr);
  const line = await new Promise((resolve, reject) => {
    createInterface({ input: stack.stdout }).on('line', (text) => {
      if (text.startsWith('READY ')) resolve(JSON.parse(text.slice('READY '.length)));
    });
    stack.once('exit', (code) => reject(new Error(`the local stack ended with ${code}`)));
  });
  stacks.push({ stack, data, pid: line.pid });
  return line;
}

before(async () => {
  ready = await start();
  browser = await chromium.launch({
    executablePath: process.env.SSO_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}, { timeout: 300_000 });

after(async () => {
  await browser?.close();
  for (const { stack, data, pid } of stacks) {
    const ended = stack.exitCode === null ? new Promise((resolve) => stack.once('exit', resolve)) : undefined;
    process.kill(pid, 'SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
});

const idp = (id) => ready.idps.find((one) => one.id === id);
const account = (id, name) => idp(id).users.find((user) => user.username === name); // passwords are the same in every stack

// open gives a fresh person: no cookies, and a note of everything that went
// wrong on the way, which each test expects to be nothing.
async function open(t, options = {}) {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', viewport: { width: 1280, height: 800 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`script: ${error}`));
  page.on('console', (message) => { if (message.type() === 'error') faults.push(`console: ${message.text()}`); });
  return { page, faults, context };
}

async function signIn(page, id, name) {
  await page.getByLabel(/user ?name/i).fill(name);
  await page.getByLabel(/password/i).fill(account(id, name).password);
  await page.getByRole('button', { name: /sign in/i }).click();
}

const shoot = (page, name) => page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
const here = (page) => new URL(page.url()).host + new URL(page.url()).pathname;
const origin = () => new URL(ready.url).host;

test('from the start page over the password form to roles, credentials and the console', async (t) => {
  const { page, faults } = await open(t);
  await page.goto(ready.url);
  await page.getByRole('heading', { name: /sign in/i }).waitFor();
  await shoot(page, 'chooser');
  await page.getByRole('link', { name: 'Acme' }).click();
  assert.match(page.url(), /^http:\/\/localhost:/, 'the identity provider is another site');
  await shoot(page, 'idp');
  await signIn(page, 'acme', 'alice');
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  assert.equal(here(page), `${origin()}/`);
  await shoot(page, 'roles');
  assert.equal(await page.getByText('alice@acme.example').count(), 1);

  await page.getByRole('searchbox').fill('develop');
  await page.getByRole('button', { name: /credentials.*admin/i }).waitFor({ state: 'hidden' });
  await page.getByRole('searchbox').fill('');

  await page.getByRole('button', { name: /credentials.*admin/i }).click();
  await page.getByRole('heading', { name: /credentials/i }).waitFor();
  await shoot(page, 'credentials-hidden');
  assert.equal(await page.locator('pre.plain:visible').count(), 0, 'secrets are hidden until asked for');
  await page.getByText('Show', { exact: false }).first().click();
  const bash = await page.locator('pre.plain:visible').innerText();
  assert.match(bash, /STS\.\w+/);
  await page.locator('label[for=tab-json]').click();
  await shoot(page, 'credentials-json');

  await page.goto(ready.url);
  await page.getByRole('button', { name: /console.*admin/i }).click();
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  const body = await page.locator('body').innerText();
  assert.match(body, /admin/);
  assert.match(body, /1234567890123456/);
  assert.match(body, /alice@acme\.example/);
  await shoot(page, 'console');
  assert.deepEqual(faults, []);
});

test('started at the identity provider', async (t) => {
  const { page, faults } = await open(t);
  await page.goto(new URL('/', idp('contoso').metadata_url).href);
  await shoot(page, 'idp-portal');
  await page.getByRole('link', { name: /fc-sso/ }).click();
  await signIn(page, 'contoso', 'dave');
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  assert.equal(await page.locator('form[action="/console"] button').count(), 1, 'only the asserted role that a rule allows');
  await page.getByText('dev-support').first().waitFor();
  assert.deepEqual(faults, []);
});

test('a bookmark without a session ends in the console', async (t) => {
  const { page, faults } = await open(t);
  await page.goto(`${ready.url}/go/acme-prod/readonly?to=${encodeURIComponent('https://ecs.console.aliyun.com/')}`);
  await page.getByRole('link', { name: 'Acme' }).click();
  await signIn(page, 'acme', 'bob');
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/, { timeout: 10_000 }).catch(async () => {
    await shoot(page, 'go-confirm');
    await page.getByRole('button', { name: /console/i }).click();
    await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  });
  assert.match(await page.locator('body').innerText(), /readonly/);
  await shoot(page, 'console-readonly');

  await page.goto(`${ready.url}/go/acme-prod/readonly`);
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/, { timeout: 10_000 });
  assert.deepEqual(faults, []);
});

test('without JavaScript, in Chinese, on a phone, in the dark', async (t) => {
  const { page } = await open(t, { javaScriptEnabled: false, locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 320, height: 640 } });
  await page.goto(ready.url);
  await shoot(page, 'phone-chooser');
  await page.getByRole('link', { name: 'Acme' }).click();
  await signIn(page, 'acme', 'wangfang');
  await page.getByRole('button').first().click(); // the identity provider's page that posts itself
  await page.waitForURL(`${ready.url}/`);
  await shoot(page, 'phone-roles');
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  const wide = await page.evaluate(() => 0).catch(() => 0);
  assert.equal(wide, 0);
  await page.locator('form[action="/credentials"] button').first().click();
  await shoot(page, 'phone-credentials');
  await page.locator('label[for=show]').click();
  assert.match(await page.locator('pre.plain:visible').innerText(), /STS\./);
  await page.goto(ready.url);
  await page.locator('form[action="/signout"] button').click();
  await shoot(page, 'phone-signedout');
  await page.goto(ready.url);
  assert.equal(await page.locator('form[action="/console"]').count(), 0, 'signed out');
});

test('a refusal says what, whom to ask and a reference, and leaves nobody signed in', async (t) => {
  const { page, context } = await open(t);
  await page.goto(`${ready.url}/saml/acme/metadata`).catch(() => undefined);
  await page.setContent(`<form method="post" action="${ready.url}/saml/acme/acs"><input name="SAMLResponse" value="PHg+"><button>Go</button></form>`);
  const [response] = await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Go' }).click()]);
  assert.equal(Math.floor(response.status() / 100), 4);
  await shoot(page, 'refusal');
  const body = await page.locator('body').innerText();
  assert.match(body, /message_malformed/);
  assert.match(body, /[0-9A-Z]{4}-[0-9A-Z]{4}/);
  assert.match(body, /UTC/);
  assert.deepEqual((await context.cookies()).filter((cookie) => cookie.name.endsWith('s')), []);
});

test('two tabs sign in side by side', async (t) => {
  const { page, context } = await open(t);
  const other = await context.newPage();
  await page.goto(`${ready.url}/saml/acme/login`);
  await other.goto(`${ready.url}/saml/acme/login`);
  await signIn(page, 'acme', 'alice');
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  await other.reload();
  if (!new URL(other.url()).host.startsWith('127')) await signIn(other, 'acme', 'alice').catch(() => undefined);
  await other.getByRole('heading', { name: 'Your roles' }).waitFor();
});

// Rules that ask for more than a password, applied before anybody came: no
// instance has read the old ones.
const stricter = `
  - name: the vault opens by a second factor
    idp: acme
    roles: [acs:ram::1234567890123456:role/vault]
    condition: any
    requires: {acr: [urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract]}
  - name: the strongroom by a card that nobody has
    idp: acme
    roles: [acs:ram::1234567890123456:role/strongroom]
    condition: any
    requires: {acr: [urn:x-acme:card]}
`;

// apply appends rules and waits until the stack says that they count.
async function apply(rules) {
  const { stack, data, pid } = stacks.at(-1);
  const applied = new Promise((resolve) => {
    stack.stderr.on('data', (text) => { if (/revision \w+ applied/.test(text)) resolve(); });
  });
  appendFileSync(path.join(data, 'federation.yaml'), rules);
  process.kill(pid, 'SIGHUP');
  await applied;
}

test('a role that asks for a second factor sends to sign in again, and opens', async (t) => {
  const strict = await start();
  await apply(stricter);
  const { page, faults } = await open(t);
  await page.goto(strict.url);
  await page.getByRole('link', { name: 'Acme' }).click();
  await signIn(page, 'acme', 'alice');
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  await shoot(page, 'roles-stepup');
  await page.getByRole('searchbox').fill('vault');
  await page.getByRole('button', { name: /console.*admin/i }).waitFor({ state: 'hidden' });
  await page.getByRole('searchbox').press('Enter');
  await page.waitForURL(/^http:\/\/localhost:/);
  await shoot(page, 'idp-second-factor');
  const code = (await page.locator('body').innerText()).match(/\b\d{6}\b/)[0];
  await page.getByLabel(/code/i).fill(code);
  await page.getByRole('button', { name: /sign in|continue|confirm/i }).click();
  await page.waitForURL((url) => url.origin === strict.url, { timeout: 10_000 });
  await page.goto(strict.url);
  await page.getByRole('button', { name: /console.*vault/i }).click();
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  assert.match(await page.locator('body').innerText(), /vault/);

  await page.goto(strict.url);
  await page.locator('a[href*="strongroom"]').first().click();
  await page.getByText(/step_up_failed|status_not_success/).waitFor();
  await shoot(page, 'stepup-refused');
  assert.equal(faults.filter((fault) => !/403|401/.test(fault)).length, 0, faults.join());
});

test('over TLS, as in life', async (t) => {
  const secure = await start('-tls');
  const { page, context, faults } = await open(t, { ignoreHTTPSErrors: true });
  await page.goto(`${secure.url}/go/acme-prod/readonly`);
  assert.match(secure.url, /^https:/);
  await page.getByRole('link', { name: 'Acme' }).click();
  await signIn(page, 'acme', 'bob');
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  const cookies = (await context.cookies(secure.url)).map(({ name, secure: only, httpOnly, sameSite }) => ({ name, only, httpOnly, sameSite }));
  assert.deepEqual(cookies.sort((a, b) => a.name.localeCompare(b.name)), [
    { name: '__Host-b', only: true, httpOnly: true, sameSite: 'None' },
    { name: '__Host-s', only: true, httpOnly: true, sameSite: 'Lax' },
  ]);
  assert.deepEqual(faults, []);
});
