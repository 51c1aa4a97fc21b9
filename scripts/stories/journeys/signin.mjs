// From the door to the roles and out again.
import assert from 'node:assert/strict';
import { suite } from 'node:test';

import { journey, Person } from '../person.mjs';

const people = [
  { idp: 'acme', name: 'wangfang', email: 'wangfang@acme.example', role: 'acme-prod/readonly' },
  { idp: 'contoso', name: 'dave', email: 'dave@contoso.example', role: 'acme-dev/dev-support' },
];

suite('signing in', { concurrency: 2 }, () => {
  for (const who of people) {
    journey(`from the start page by ${who.idp} to roles, credentials, the console, and out`, (p) => wholeDay(p, who));
  }
  journey('a bookmark without a session ends in the console, and with one too', async (p) => {
    await p.go('/go/acme-prod/readonly?to=' + encodeURIComponent('https://ecs.console.aliyun.com/'));
    await p.choose('acme');
    await p.prove('acme', 'bob');
    await p.inConsole();
    await p.consoleSays('readonly');
    await p.go('/go/acme-prod/readonly');
    await p.inConsole();
  });
  journey('a bookmark by OpenID Connect', async (p) => {
    await p.go('/go/acme-dev/dev-support');
    await p.choose('contoso');
    await p.prove('contoso', 'dave');
    await p.inConsole();
    await p.consoleSays('dev-support', 'dave@contoso.example');
  });
  journey('started at the identity provider', async (p) => {
    await p.page.goto(new URL('/', p.line.idps.find(({ id }) => id === 'fabrikam').metadata_url).href);
    await p.shoot('idp-portal');
    await p.page.getByRole('link', { name: /fc-sso/ }).click();
    await p.prove('fabrikam', 'frank');
    await p.roles();
    await p.console('acme-dev/dev-support').waitFor();
    assert.equal(await p.at('.roles li').count(), 1, 'only the asserted role that a rule allows');
  });
  journey('who says no at the provider is told so, and may say yes later', async (p) => {
    await p.go();
    await p.choose('contoso');
    const [answer] = await Promise.all([p.page.waitForNavigation(), p.page.getByRole('button', { name: 'Cancel' }).click()]);
    assert.equal(answer.status(), 403);
    await p.sees('sign_in_declined');
    await p.shoot('declined');
    assert.deepEqual(await p.sessions(), []);
    await p.signIn('contoso', 'dave');
  }, { refusals: [403] });
  journey('a refusal says what, whom to ask and a reference, and leaves nobody signed in', async (p) => {
    await p.page.goto(p.line.cloud.signin);
    await p.page.setContent(`<form method="post" action="${p.line.url}/saml/acme/acs"><input name="SAMLResponse" value="PHg+"><button>Go</button></form>`);
    const [answer] = await Promise.all([p.page.waitForNavigation(), p.page.getByRole('button', { name: 'Go' }).click()]);
    assert.equal(answer.status(), 400);
    const said = await p.text();
    for (const words of [/message_malformed/, /[0-9A-Z]{4}-[0-9A-Z]{4}/, /UTC/]) assert.match(said, words);
    await p.shoot('refusal');
    assert.deepEqual(await p.sessions(), []);
  }, { refusals: [400] });
  journey('two tabs sign in side by side', async (p) => {
    const other = await p.tab();
    await p.go('/saml/acme/login');
    await other.go('/saml/acme/login');
    await p.prove('acme', 'alice');
    await p.roles();
    await other.page.reload(); // who is signed in there is not asked again
    await other.goOn();
    await other.roles();
  });
  journey('a role that asks for a second factor sends to sign in again, and opens', secondFactor, { on: 'every', refusals: [401, 403] });
});

// wholeDay ends signed out.
async function wholeDay(p, { idp, name, email, role }) {
  await p.go();
  await p.at('.options').waitFor();
  await p.choose(idp);
  assert.match(p.page.url(), /^http:\/\/localhost:/, 'the identity provider is another site');
  await p.shoot(`idp-${idp}`);
  await p.prove(idp, name);
  await p.roles();
  await p.sees(email);
  assert.equal(await p.at('html').getAttribute('lang'), p.look.locale === 'zh-CN' ? 'zh-CN' : 'en');
  if (p.js) await searches(p);

  await p.credentials(role).click();
  await p.at('.tabs').waitFor();
  assert.equal(await p.at('pre.plain:visible').count(), 0, 'secrets are hidden until asked for');
  await p.at('label[for=show]').click();
  assert.match(await p.at('pre.plain:visible').innerText(), /STS\.\w+/);
  await p.at('label[for=tab-json]').click();
  assert.match(await p.at('pre.plain:visible').innerText(), /"\w*SecurityToken"|sts_token/i);

  await p.take(role);
  await p.consoleSays(role.split('/')[1], email);
  await p.go();
  await p.at('form[action="/signout"] button').first().click();
  await p.page.waitForURL(/signedout/);
  await p.shoot('signedout');
  await p.go();
  await p.at('.options').waitFor();
  assert.deepEqual(await p.sessions(), []);
}

// searches: what does not match goes away, and comes back.
async function searches(p) {
  await p.page.getByRole('searchbox').fill('no such role');
  await p.at('.roles li:visible').first().waitFor({ state: 'hidden' });
  await p.page.getByRole('searchbox').fill('');
  await p.at('.roles li:visible').first().waitFor();
}

async function secondFactor(p, t) {
  await p.signIn('acme', 'alice');
  if (p.js) {
    await p.page.getByRole('searchbox').fill('vault');
    await p.console('acme-prod/admin').waitFor({ state: 'hidden' });
    await p.page.getByRole('searchbox').press('Enter');
  } else {
    await p.at('a[href*="vault"]').first().click();
  }
  await p.page.waitForURL(/^http:\/\/localhost:/);
  await p.giveCode('acme');
  await p.lands('/');
  await p.take('acme-intl/vault');
  await p.consoleSays('vault');
  await p.go();
  await p.at('a[href*="strongroom"]').first().click();
  await p.goOn();
  await p.sees(/step_up_failed|status_not_success/);
  await p.shoot('stepup-refused');

  const partner = await Person.arrive(t, p.line, p.look);
  await partner.signIn('contoso', 'dave');
  await partner.at('a[href*="vault"]').first().click();
  await partner.giveCode('contoso');
  await partner.lands('/');
  await partner.take('acme-intl/vault');
  await partner.consoleSays('vault');
}
