// A person's way through the whole in a real Chromium, on the local stack with
// its two demo identity providers. Run by `./scripts/test browser`; screenshots
// go to .build/screenshots, for people to look at.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { inflateRawSync } from 'node:zlib';

import { findings, launch, open, shoot, stacks, start, stop } from './stage.mjs';

let ready;

before(async () => {
  ready = await start();
  await launch();
}, { timeout: 300_000 });

after(stop);

const idp = (id, line = ready) => line.idps.find((one) => one.id === id);

// signIn fills in an identity provider's form; passwords are the same in every stack.
async function signIn(page, id, name, line = ready) {
  await page.getByLabel(/user ?name/i).fill(name);
  await page.getByLabel(/password/i).fill(idp(id, line).users.find((user) => user.username === name).password);
  await page.getByRole('button', { name: /sign in/i }).click();
}

// giveCode types what the demo's telephone shows.
async function giveCode(page) {
  await page.waitForURL(/^http:\/\/localhost:/);
  const code = (await page.locator('body').innerText()).match(/\b\d{6}\b/)[0];
  await page.getByLabel(/code/i).fill(code);
  await page.getByRole('button', { name: /sign in|continue|confirm/i }).click();
}

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

test('by OpenID Connect, from the start page to roles, credentials and the console', async (t) => {
  const { page, faults } = await open(t);
  await page.goto(ready.url);
  await page.getByRole('link', { name: 'Contoso' }).click();
  assert.match(page.url(), /^http:\/\/localhost:/, 'the provider is another site');
  await shoot(page, 'op');
  await signIn(page, 'contoso', 'dave');
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  assert.equal(page.url(), `${ready.url}/`, 'nothing of the answer stays in the address');
  assert.equal(await page.getByText('dave@contoso.example').count(), 1);
  await shoot(page, 'roles-contoso');
  await page.getByRole('button', { name: /credentials.*dev-support/i }).click();
  await page.getByRole('heading', { name: /credentials/i }).waitFor();
  await page.getByText('Show', { exact: false }).first().click();
  assert.match(await page.locator('pre.plain:visible').innerText(), /STS\.\w+/);
  await page.goto(ready.url);
  await page.getByRole('button', { name: /console.*dev-support/i }).click();
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  assert.match(await page.locator('body').innerText(), /dave@contoso\.example/);
  assert.deepEqual(faults, []);
});

test('by OpenID Connect without JavaScript, in Chinese, on a phone, in the dark, from a bookmark', async (t) => {
  const { page } = await open(t, { javaScriptEnabled: false, locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 320, height: 640 } });
  await page.goto(`${ready.url}/go/acme-dev/dev-support`);
  await page.getByRole('link', { name: 'Contoso' }).click();
  await shoot(page, 'phone-op');
  await signIn(page, 'contoso', 'dave');
  await page.waitForURL(/\/go\/acme-dev\/dev-support|\/console/);
  if (page.url().startsWith(ready.url)) {
    await shoot(page, 'phone-go-confirm');
    await page.locator('form[action^="/console"] button, form[action^="/go"] button').first().click();
  }
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  assert.match(await page.locator('body').innerText(), /dev-support/);
  await page.goto(ready.url);
  await shoot(page, 'phone-roles-contoso');
  assert.equal(await page.locator('form[action="/credentials"] button').count(), 1);
});

// addAccounts writes accounts into the last stack's file, which count once it is applied.
function addAccounts(accounts) {
  const file = path.join(stacks.at(-1).data, 'federation.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('\nrules:\n', `${accounts}\nrules:\n`));
}

// An account on each site whose STS is shown Contoso's tokens.
const tokenAccounts = `
  - {id: "5678901234567890", alias: acme-lab, site: china, issue: direct, oidcProviders: {contoso: "acs:ram::5678901234567890:oidc-provider/contoso"}}
  - {id: "6789012345678901", alias: acme-abroad, site: international, issue: direct, oidcProviders: {contoso: "acs:ram::6789012345678901:oidc-provider/contoso"}}
`;
const tokenRules = `
  - name: partners try things out
    idp: contoso
    roles: ["acs:ram::5678901234567890:role/try", "acs:ram::6789012345678901:role/try"]
    condition: any
    session: {name: "{{email}}", duration: 1h}
`;

// live has Contoso's tokens be good for so many seconds; 0: as long as always.
const live = (line, seconds) => fetch(`${line.admin_url}/idps/contoso/quirks`, { method: 'POST', body: JSON.stringify({ token_life: seconds }) });

test('consoles by the token of the sign-in, on both sites', async (t) => {
  const line = await start();
  addAccounts(tokenAccounts); // before anybody came
  await apply(tokenRules);
  const { page, faults } = await open(t);
  await page.goto(`${line.url}/go/acme-lab/try?to=${encodeURIComponent('https://oss.console.aliyun.com/bucket/a?x=1&y=2')}`);
  await page.getByRole('link', { name: 'Contoso' }).click();
  await signIn(page, 'contoso', 'dave', line);
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  for (const words of [/try/, /5678901234567890/, /dave@contoso\.example/, /oss\.console\.aliyun\.com\/bucket\/a/]) {
    assert.match(await page.locator('body').innerText(), words);
  }
  await page.goto(line.url);
  await page.getByRole('button', { name: /console.*try.*acme-abroad/i }).click();
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  assert.match(await page.locator('body').innerText(), /6789012345678901/);
  await page.goto(`${line.url}/go/acme-abroad/try?to=${encodeURIComponent('https://ecs.console.alibabacloud.com/server')}`);
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  assert.match(await page.locator('body').innerText(), /ecs\.console\.alibabacloud\.com\/server/);
  assert.deepEqual(faults, []);
  await tokensThatAreOver(t, line);
});

// tokensThatAreOver: the person signs in again, without being asked anything, and is in
// the console; or is told why not.
async function tokensThatAreOver(t, line) {
  await live(line, 5);
  const { page, faults } = await open(t);
  await page.goto(line.url);
  await page.getByRole('link', { name: 'Contoso' }).click();
  await signIn(page, 'contoso', 'dave', line);
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  await page.getByRole('link', { name: /console.*try.*acme-lab/i }).click();
  await page.getByText('proof_over').waitFor();
  await shoot(page, 'token-over-at-once');
  assert.equal(here(page), `${new URL(line.url).host}/oidc/contoso/callback`, 'once');

  await page.goto(line.url);
  await page.getByRole('button', { name: /credentials.*try.*acme-lab/i }).click();
  await page.getByRole('heading', { name: 'Sign in again to go on' }).waitFor();
  await shoot(page, 'token-over');
  await live(line, 0);
  await page.getByRole('link', { name: 'Sign in again' }).click();
  await page.getByRole('button', { name: /credentials.*try.*acme-lab/i }).click();
  await page.getByRole('heading', { name: /credentials/i }).waitFor();

  await live(line, 5);
  const { page: other, faults: more } = await open(t);
  await other.goto(line.url);
  await other.getByRole('link', { name: 'Contoso' }).click();
  await signIn(other, 'contoso', 'dave', line);
  await other.getByRole('heading', { name: 'Your roles' }).waitFor();
  await live(line, 0);
  await other.getByRole('link', { name: /console.*try.*acme-lab/i }).click();
  await other.waitForURL(/^http:\/\/localhost:\d+\/console/);
  assert.match(await other.locator('body').innerText(), /5678901234567890/);
  assert.deepEqual([...faults, ...more].filter((fault) => !/403/.test(fault)), []);
}

test('who says no at the provider is told so, and may say yes later', async (t) => {
  const { page, context } = await open(t);
  await page.goto(ready.url);
  await page.getByRole('link', { name: 'Contoso' }).click();
  const [response] = await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Cancel' }).click()]);
  assert.equal(response.status(), 403);
  await shoot(page, 'declined');
  assert.match(await page.locator('body').innerText(), /sign_in_declined/);
  assert.deepEqual((await context.cookies()).filter((cookie) => cookie.name.endsWith('s')), []);
  await page.goto(ready.url);
  await page.getByRole('link', { name: 'Contoso' }).click();
  await signIn(page, 'contoso', 'dave');
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
});

test('started at the identity provider', async (t) => {
  const partner = await start(['-partner']);
  const { page, faults } = await open(t);
  await page.goto(new URL('/', idp('fabrikam', partner).metadata_url).href);
  await shoot(page, 'idp-portal');
  await page.getByRole('link', { name: /fc-sso/ }).click();
  await signIn(page, 'fabrikam', 'frank', partner);
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
  - name: partners open the vault by a second factor
    idp: contoso
    roles: [acs:ram::1234567890123456:role/vault]
    condition: any
    requires: {acr: ["https://refeds.org/profile/mfa"]}
`;

// apply appends rules and waits until the stack says that they count.
async function apply(rules) {
  const { stack, data, pid } = stacks.at(-1);
  const applied = new Promise((resolve) => {
    stack.stderr.on('data', (text) => { if (/local: applied/.test(text)) resolve(); });
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
  await giveCode(page);
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

  const { page: partner, faults: others } = await open(t);
  await partner.goto(strict.url);
  await partner.getByRole('link', { name: 'Contoso' }).click();
  await signIn(partner, 'contoso', 'dave');
  await partner.getByRole('heading', { name: 'Your roles' }).waitFor();
  await partner.locator('a[href*="vault"]').first().click();
  await shoot(partner, 'op-second-factor');
  await giveCode(partner);
  await partner.waitForURL((url) => url.origin === strict.url);
  await partner.goto(strict.url);
  await partner.getByRole('button', { name: /console.*vault/i }).click();
  await partner.waitForURL(/^http:\/\/localhost:\d+\/console/);
  assert.match(await partner.locator('body').innerText(), /vault/);
  assert.deepEqual(others, []);
});

// becomeFederated has the account in China take us for its identity provider as well, and
// adds a role that is given in part, and more rules, before anybody came.
async function becomeFederated(line, rules) {
  const file = path.join(stacks.at(-1).data, 'federation.yaml');
  const policy = { Version: '1', Statement: [{ Effect: 'Allow', Action: 'ecs:Describe*', Resource: '*' }] };
  writeFileSync(path.join(path.dirname(file), 'describe.json'), JSON.stringify(policy));
  writeFileSync(file, readFileSync(file, 'utf8').replace(/(alias: acme-prod\n    site: china\n    issue: )assume-role/, `$1federated
    federatedProvider: acs:ram::1234567890123456:saml-provider/fc-sso
    maintenanceRole: acs:ram::1234567890123456:role/fc-sso-maintenance`)
    .replace('accounts:\n', 'accounts:\n  - {id: "8901234567890123", alias: acme-intl, site: international}\n'));
  await apply(`
  - name: everybody looks abroad, by the function's own role
    idp: acme
    roles: [acs:ram::8901234567890123:role/viewer]
    condition: any
    session: {duration: 1h}
  - name: everybody describes
    idp: acme
    roles: [acs:ram::1234567890123456:role/describe]
    condition: any
    session: {policyFile: describe.json, duration: 1h}
${rules}`);
  const hourly = { triggerName: 'hourly', payload: '{"job":"rotate"}' };
  assert.equal((await fetch(`${line.admin_url}/functions/metadata-rotation`, { method: 'POST', body: JSON.stringify(hourly) })).status, 200);
}

const bucket = (site) => `https://oss.console.${site}/bucket/oss-eu/a?x=1&y=2`;
const deepLink = (line, role, site) => `${line.url}/go/${role}?to=${encodeURIComponent(bucket(site))}`;

// An account that is only open to whoever has a second factor.
const safeAccount = `
  - {id: "9012345678901234", alias: acme-safe, site: china, userSSO: {suffixes: [acme-safe.onaliyun.com], withDomain: true}}
`;
const userRules = `
  - name: partners have a user abroad too
    idp: contoso
    user: {account: "7890123456789012", principal: '{{email | before "@"}}@acme-global.onaliyun.com', domains: [acme-global.onaliyun.com]}
    condition: any
  - name: everybody has a user in the safe
    idp: acme
    user: {account: "9012345678901234", principal: '{{email | before "@"}}@acme-safe.onaliyun.com', domains: [acme-safe.onaliyun.com]}
    condition: any
    requires: {acr: [urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract]}
`;

// everyWay is the stack whose accounts know every way to issue, on both sites, and whose
// users come from both identity providers: one over HTTP and one over TLS.
const everyWay = (() => {
  const lines = {};
  const begin = async (flags) => {
    const line = await start(flags);
    addAccounts(tokenAccounts + safeAccount);
    await becomeFederated(line, tokenRules + userRules);
    return line;
  };
  return (...flags) => (lines[flags] ??= begin(flags));
})();

// overheard are the requests of a page from now on, each with its form.
function overheard(page) {
  const sent = [];
  page.on('request', (request) => sent.push(request.url() + ' ' + (request.postData() ?? '')));
  return sent;
}

test('consoles of accounts that take us for their identity provider, and of one that does not, on both sites', async (t) => {
  const federated = await everyWay();
  const { page: abroad, faults } = await open(t);
  await abroad.goto(deepLink(federated, 'acme-global/auditor', 'alibabacloud.com'));
  await abroad.getByRole('link', { name: 'Acme' }).click();
  const sent = overheard(abroad);
  await signIn(abroad, 'acme', 'wangfang', federated);
  await abroad.waitForURL(/^http:\/\/localhost:\d+\/console/);
  for (const words of [/auditor/, /7890123456789012/, /oss\.console\.alibabacloud\.com\/bucket\/oss-eu\/a/]) {
    assert.match(await abroad.locator('body').innerText(), words);
  }
  assert.equal(sent.filter((text) => /\/saml-role\/sso .*SAMLResponse/.test(text)).length, 1, 'by our response, once');
  await shoot(abroad, 'console-federated-abroad');

  const { page, faults: others } = await open(t);
  await page.goto(federated.url);
  await page.getByRole('link', { name: 'Acme' }).click();
  await signIn(page, 'acme', 'alice', federated);
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  await page.getByRole('button', { name: /console.*admin/i }).click();
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  assert.match(await page.locator('body').innerText(), /admin/);
  await page.goBack(); // past the page that posts itself
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();

  const heard = overheard(page);
  await page.goto(deepLink(federated, 'acme-prod/describe', 'aliyun.com'));
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  for (const words of [/describe/, /oss\.console\.aliyun\.com\/bucket\/oss-eu\/a/]) assert.match(await page.locator('body').innerText(), words);
  assert.equal(heard.filter((text) => text.includes('SAMLResponse')).length, 0, 'what is given in part is not in the browser');
  assert.ok(heard.some((text) => text.includes('SigninToken') && text.includes(encodeURIComponent(`${federated.url}/go/acme-prod/describe`))), 'the console leads back to us');
  await shoot(page, 'console-federated-in-part');

  await page.goto(deepLink(federated, 'acme-intl/viewer', 'alibabacloud.com'));
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  for (const words of [/viewer/, /oss\.console\.alibabacloud\.com\/bucket\/oss-eu\/a/]) assert.match(await page.locator('body').innerText(), words);
  assert.deepEqual([...faults, ...others], []);
});

test('the same without JavaScript, in Chinese, on a phone, in the dark', async (t) => {
  const federated = await everyWay();
  const { page } = await open(t, { javaScriptEnabled: false, locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 320, height: 640 } });
  await page.goto(deepLink(federated, 'acme-prod/admin', 'aliyun.com'));
  await page.getByRole('link', { name: 'Acme' }).click();
  await signIn(page, 'acme', 'alice', federated);
  await page.getByRole('button').first().click(); // the identity provider's page that posts itself
  await page.getByRole('button', { name: '打开阿里云' }).waitFor();
  await shoot(page, 'phone-entry');
  await page.getByRole('button', { name: '打开阿里云' }).click();
  await page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  for (const words of [/admin/, /oss\.console\.aliyun\.com\/bucket/]) assert.match(await page.locator('body').innerText(), words);
});

// askedBy begins where RAM users begin, at Alibaba Cloud.
async function askedBy(page, line, domain, service) {
  await page.goto(`${line.cloud.signin}/${domain}.onaliyun.com/login.htm?service=${encodeURIComponent(service)}`);
  await page.getByRole('button', { name: 'Logon with Organization Account' }).click();
}

const inConsole = (page) => page.waitForURL(/^http:\/\/localhost:\d+\/console/);
const ecs = (site) => `https://ecs.console.${site}/server?x=1&y=<2>`;
const shown = (address) => new URL(address).host + new URL(address).pathname; // what the console says that it opened

test('Alibaba Cloud asks, and people of two identity providers are users of one account', async (t) => {
  const { page, faults } = await open(t);
  await askedBy(page, ready, 'acme-dev', ecs('aliyun.com'));
  await page.getByText('the console of acme-dev').waitFor();
  assert.equal(new URL(page.url()).pathname, '/idp/2345678901234567/start');
  await shoot(page, 'chooser-user');
  await page.getByRole('link', { name: '中文' }).click();
  await page.getByText('acme-dev 的控制台').waitFor();
  await page.getByRole('link', { name: 'English' }).click();
  await page.getByRole('link', { name: 'Acme' }).click();
  await signIn(page, 'acme', 'alice');
  await inConsole(page);
  assert.equal(await page.locator('#user').innerText(), 'alice@acme-dev.onaliyun.com');
  assert.equal(await page.locator('#opened').innerText(), shown(ecs('aliyun.com')));
  await shoot(page, 'console-user');
  await askedBy(page, ready, 'acme-dev', ecs('aliyun.com')); // and again, with a session here
  await inConsole(page);
  await page.goto(ready.url);
  await page.getByRole('heading', { name: 'You as a user' }).waitFor();
  await shoot(page, 'roles-user');
  await page.getByRole('link', { name: /console of acme-dev as alice/i }).click();
  await inConsole(page);
  assert.match(await page.locator('#identity').innerText(), /^acs:ram::2345678901234567:user\/alice$/);
  await page.goBack(); // past the page that posts itself
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();

  const { page: partner, faults: others } = await open(t);
  await partner.goto(`${ready.url}/idp/2345678901234567/start?to=${encodeURIComponent(bucket('aliyun.com'))}`); // a bookmark
  await partner.getByRole('link', { name: 'Contoso' }).click();
  await signIn(partner, 'contoso', 'dave');
  await inConsole(partner);
  assert.equal(await partner.locator('#user').innerText(), 'dave@acme-dev.onaliyun.com');
  assert.equal(await partner.locator('#opened').innerText(), shown(bucket('aliyun.com')));
  assert.deepEqual([...faults, ...others], []);
});

// lure follows a link of ours on another site's page.
async function lure(page, line, link) {
  await page.goto(line.cloud.signin);
  await page.setContent(`<a href="${line.url}${link}">Free gifts</a>`);
  await page.getByRole('link').click();
}

test('a foreign link to a user is asked about, and who is no user is told other ways', async (t) => {
  const { page, faults } = await open(t);
  await page.goto(`${ready.url}/saml/acme/login`);
  await signIn(page, 'acme', 'bob');
  await page.getByRole('heading', { name: 'Your roles' }).waitFor();
  await lure(page, ready, '/idp/2345678901234567/start');
  await page.getByRole('heading', { name: 'Open the console?' }).waitFor();
  await shoot(page, 'confirm-user');
  await page.getByRole('button', { name: 'Open the console' }).click();
  await inConsole(page);
  assert.equal(await page.locator('#user').innerText(), 'bob@acme-dev.onaliyun.com');
  assert.deepEqual(faults, []);

  const { page: nobody } = await open(t);
  await askedBy(nobody, ready, 'acme-dev', '');
  await nobody.getByRole('link', { name: 'Contoso' }).click();
  await signIn(nobody, 'contoso', 'erin');
  await nobody.getByText('user_not_granted').waitFor();
  await nobody.getByText('Or sign in another way').waitFor();
  await shoot(nobody, 'refusal-user');
  await nobody.getByRole('link', { name: 'Acme' }).click();
  await signIn(nobody, 'acme', 'wangfang');
  await inConsole(nobody);
  assert.equal(await nobody.locator('#user').innerText(), 'wangfang@acme-dev.onaliyun.com');
});

test('users without JavaScript, abroad, in Chinese, on a phone, in the dark', async (t) => {
  const { page } = await open(t, { javaScriptEnabled: false, locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 320, height: 640 } });
  await askedBy(page, ready, 'acme-global', ecs('alibabacloud.com'));
  await signIn(page, 'acme', 'wangfang'); // there is no other way in
  await page.getByRole('button').first().click();
  await page.getByRole('button', { name: '打开阿里云' }).waitFor();
  await shoot(page, 'phone-entry-user');
  await page.getByRole('button', { name: '打开阿里云' }).click();
  await inConsole(page);
  assert.match(await page.locator('#user').innerText(), /^wangfang@/);
  assert.equal(await page.locator('#opened').innerText(), shown(ecs('alibabacloud.com')));
  await page.goto(ready.url);
  await shoot(page, 'phone-roles-user');

  // By a form, as metadata may ask for it: with it the browser shows us no session, and
  // with what it leads to it does.
  const asked = await fetch(`${ready.cloud.signin}/saml/logon?tenantID=7890123456789012`, { redirect: 'manual' });
  const request = inflateRawSync(Buffer.from(new URL(asked.headers.get('location')).searchParams.get('SAMLRequest'), 'base64')).toString('base64');
  await page.goto(ready.cloud.signin);
  await page.setContent(`<form method="post" action="${ready.url}/idp/7890123456789012/sso"><input name="SAMLRequest" value="${request}"><input name="RelayState" value="${bucket('alibabacloud.com').replace('&', '&amp;')}"><button>Go</button></form>`);
  await page.getByRole('button', { name: 'Go' }).click();
  await page.getByRole('button', { name: '打开阿里云' }).click();
  await inConsole(page);
  assert.equal(await page.locator('#opened').innerText(), shown(bucket('alibabacloud.com')));
});

// ways are people of both identity providers, the account of each site in which they are a
// user, and roles of that site: by the function's own role, by a response of ours or by
// their own token. Each console opens at a page of its own.
const ways = [
  { id: 'acme', name: 'wangfang', site: 'aliyun.com', user: ['acme-dev', '2345678901234567'], roles: { 'acme-dev/developer': 'assume-role', 'acme-prod/readonly': 'response' } },
  { id: 'acme', name: 'wangfang', site: 'alibabacloud.com', user: ['acme-global', '7890123456789012'], roles: { 'acme-intl/viewer': 'assume-role', 'acme-global/auditor': 'response' } },
  { id: 'contoso', name: 'dave', site: 'aliyun.com', user: ['acme-dev', '2345678901234567'], roles: { 'acme-dev/dev-support': 'assume-role', 'acme-lab/try': 'token' } },
  { id: 'contoso', name: 'dave', site: 'alibabacloud.com', user: ['acme-global', '7890123456789012'], roles: { 'acme-abroad/try': 'token' } },
];
const button = { acme: 'Acme', contoso: 'Contoso' };
const asUser = /\/saml\/SSO .*SAMLResponse/;
const asRole = /\/saml-role\/sso .*SAMLResponse/;

// walk is all that one person does on one site: as a user whom Alibaba Cloud asks for,
// who has to sign in; then as one who starts here; then by deep links to roles.
async function walk(t, line, { id, name, site, user: [domain, number], roles }) {
  const { page, faults } = await open(t, { ignoreHTTPSErrors: true });
  const sent = overheard(page);
  const users = async (told) => {
    await inConsole(page);
    assert.match(await page.locator('#identity').innerText(), new RegExp(`^acs:ram::${number}:user/${name}$`));
    assert.equal(await page.locator('#opened').innerText(), shown(told));
    assert.equal(sent.splice(0).filter((text) => asUser.test(text)).length, 1, `${name} in ${domain}: by one response`);
  };
  await askedBy(page, line, domain, ecs(site));
  await page.getByRole('link', { name: button[id] }).click();
  await signIn(page, id, name, line);
  await users(ecs(site));
  await page.goto(`${line.url}/idp/${number}/start?to=${encodeURIComponent(bucket(site))}`); // a bookmark
  await users(bucket(site));
  for (const [role, way] of Object.entries(roles)) {
    await page.goto(deepLink(line, role, site));
    await inConsole(page);
    const said = await page.locator('body').innerText();
    for (const words of [role.split('/')[1], `${name}@`, shown(bucket(site))]) assert.ok(said.includes(words), `${role}: ${words}: ${said}`);
    assert.equal(sent.splice(0).filter((text) => asRole.test(text)).length, way === 'response' ? 1 : 0, `${role}: ${way}`);
  }
  assert.deepEqual(faults, []);
}

for (const flags of [[], ['-tls']]) {
  for (const way of ways) {
    test(`every way into ${way.site} for a person of ${button[way.id]} ${flags}`, async (t) => walk(t, await everyWay(...flags), way));
  }
}

test('over TLS, as in life', async (t) => {
  const secure = await everyWay('-tls');
  const { page, context, faults } = await open(t, { ignoreHTTPSErrors: true });
  await page.goto(`${secure.url}/go/acme-dev/developer`);
  assert.match(secure.url, /^https:/);
  await page.getByRole('link', { name: 'Acme' }).click();
  await signIn(page, 'acme', 'bob');
  await inConsole(page);
  const cookies = (await context.cookies(secure.url)).map(({ name, secure: only, httpOnly, sameSite }) => ({ name, only, httpOnly, sameSite }));
  assert.deepEqual(cookies.sort((a, b) => a.name.localeCompare(b.name)), [
    { name: '__Host-b', only: true, httpOnly: true, sameSite: 'None' },
    { name: '__Host-s', only: true, httpOnly: true, sameSite: 'Lax' },
  ]);
  assert.deepEqual(faults, []);
});

// lookAt has axe-core look at a page in both themes, on a desk and on a telephone.
async function lookAt(page, name) {
  for (const [colorScheme, width] of [['light', 1280], ['dark', 320]]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} scrolls sideways at ${width}`);
    assert.deepEqual(await findings(page), [], `${name} ${colorScheme} ${width}`);
    await shoot(page, `seen-${name}-${width}`);
  }
}

// held stops whatever the page sends to Alibaba Cloud's sign-in: the page stays.
const held = (page, line) => page.route(`${line.cloud.signin}/saml/SSO`, (route) => route.fulfill({ status: 204 }));

test('axe-core finds what is wrong with a page', async (t) => {
  const { page } = await open(t);
  await page.setContent('<p style="color: #ccc">faint</p><img src="data:,">');
  const all = (await findings(page)).join('\n');
  for (const rule of ['color-contrast', 'image-alt', 'html-has-lang']) assert.match(all, new RegExp(`^${rule}: `, 'm'));
});

for (const locale of ['en-GB', 'zh-CN']) {
  test(`pages for users are for everybody ${locale}`, async (t) => {
    const line = await everyWay();
    const look = (page, name) => lookAt(page, `${name}-${locale}`);
    const { page, faults } = await open(t, { locale, reducedMotion: 'reduce' }); // no colour is on its way to another
    await askedBy(page, line, 'acme-dev', ecs('aliyun.com'));
    await page.locator('a[href^="/oidc/contoso"]').waitFor();
    await look(page, 'chooser-user');
    await page.locator('a[href^="/oidc/contoso"]').click();
    await signIn(page, 'contoso', 'erin', line);
    await page.getByText('user_not_granted').waitFor();
    await look(page, 'refusal-user');
    assert.deepEqual(faults.splice(0).filter((fault) => !/403/.test(fault)), []);

    await held(page, line);
    await page.locator('a[href^="/saml/acme"]').click();
    await signIn(page, 'acme', 'bob', line);
    await page.locator('form[action$="/saml/SSO"] button').waitFor();
    await look(page, 'entry-user');
    await lure(page, line, `/idp/2345678901234567/start?to=${encodeURIComponent(bucket('aliyun.com'))}`);
    await page.locator('form[action="/user"] button').waitFor();
    await look(page, 'confirm-user');
    await page.goto(line.url);
    await page.locator('#again').waitFor();
    await look(page, 'roles-user');
    assert.deepEqual(faults.splice(0), []);
    await lure(page, line, '/idp/9012345678901234/start');
    await page.locator('a[href*="stepup="]').waitFor();
    await look(page, 'stepup-user');
    assert.deepEqual(faults.filter((fault) => !/403/.test(fault)), []);
  });
}
