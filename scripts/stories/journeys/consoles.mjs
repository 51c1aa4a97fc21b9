// Every way in which an account lets people into its console, on both sites.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { desk, journey, Person } from '../person.mjs';
import { bucket, deepLink, ecs, shown, stack } from '../stacks.mjs';
import { tell } from '../stage.mjs';

const china = 'aliyun.com';
const abroad = 'alibabacloud.com';
const asUser = /\/saml\/SSO .*SAMLResponse/;
const asRole = /\/saml-role\/sso .*SAMLResponse/;

// ways are people of both identity providers, the account of each site in which they are a
// user, and roles of that site: by the function's own role, by a response of ours or by
// their own token. Each console opens at a page of its own.
const ways = [
  { idp: 'acme', name: 'wangfang', site: china, user: 'acme-dev', number: '2345678901234567', roles: { 'acme-dev/developer': 'assume-role', 'acme-prod/readonly': 'response' } },
  { idp: 'acme', name: 'wangfang', site: abroad, user: 'acme-global', number: '7890123456789012', roles: { 'acme-intl/viewer': 'assume-role', 'acme-global/auditor': 'response' } },
  { idp: 'contoso', name: 'dave', site: china, user: 'acme-dev', number: '2345678901234567', roles: { 'acme-dev/dev-support': 'assume-role', 'acme-lab/try': 'token' } },
  { idp: 'contoso', name: 'dave', site: abroad, user: 'acme-global', number: '7890123456789012', roles: { 'acme-abroad/try': 'token' } },
];

// everyWay is all that one person does on one site: as a user whom Alibaba Cloud asks for,
// who has to sign in; then as one who starts here; then by deep links to roles.
async function everyWay(p, { idp, name, site, user, number, roles }) {
  const sent = p.overhears();
  const isUser = async (opened) => {
    await p.inConsole('response');
    assert.equal(await p.at('#identity').innerText(), `acs:ram::${number}:user/${name}`);
    assert.equal(await p.at('#opened').innerText(), shown(opened));
    assert.equal(sent.splice(0).filter((text) => asUser.test(text)).length, 1, `${name} in ${user}: by one response`);
  };
  await p.askedBy(user, ecs(site));
  await p.choose(idp);
  await p.prove(idp, name);
  await isUser(ecs(site));
  await p.go(`/idp/${number}/start?to=${encodeURIComponent(bucket(site))}`); // a bookmark
  await isUser(bucket(site));
  for (const [role, way] of Object.entries(roles)) {
    await p.go(deepLink(role, bucket(site)));
    await p.inConsole(way);
    await p.consoleSays(role.split('/')[1], `${name}@`, shown(bucket(site)));
    assert.equal(sent.splice(0).filter((text) => asRole.test(text)).length, way === 'response' ? 1 : 0, `${role}: ${way}`);
  }
}

suite('into consoles', { concurrency: 2 }, () => {
  for (const on of ['every', 'tls']) {
    for (const way of ways) {
      journey(`every way into ${way.site} for a person of ${way.idp}, ${on}`, (p) => everyWay(p, way), on === 'tls' ? { on, looks: [desk] } : { on });
    }
  }
  journey('a role that is given in part is not in the browser, and its console leads back', async (p) => {
    await p.signIn('acme', 'alice');
    await p.take('acme-prod/admin', 'response');
    await p.consoleSays('admin');
    if (p.js) { // past the page that posts itself
      await p.page.goBack();
      await p.roles();
    }
    const sent = p.overhears();
    await p.go(deepLink('acme-prod/describe', bucket(china)));
    await p.inConsole();
    await p.consoleSays('describe', shown(bucket(china)));
    assert.equal(sent.filter((text) => text.includes('SAMLResponse')).length, 0);
    const back = encodeURIComponent(`${p.line.url}/go/acme-prod/describe`);
    assert.ok(sent.some((text) => text.includes('SigninToken') && text.includes(back)), 'the console leads back to us');
  }, { on: 'every' });
  test('over TLS, the cookies are as in life', async (t) => {
    const p = await Person.arrive(t, await stack('tls'));
    await p.go('/go/acme-dev/developer');
    assert.match(p.line.url, /^https:/);
    await p.choose('acme');
    await p.prove('acme', 'bob');
    await p.inConsole();
    const cookies = (await p.context.cookies(p.line.url)).map(({ name, secure, httpOnly, sameSite }) => ({ name, secure, httpOnly, sameSite }));
    assert.deepEqual(cookies.sort((a, b) => a.name.localeCompare(b.name)), [
      { name: '__Host-b', secure: true, httpOnly: true, sameSite: 'None' },
      { name: '__Host-s', secure: true, httpOnly: true, sameSite: 'Lax' },
    ]);
  });
});

// Contoso's tokens become good for a few seconds: one journey at a time.
suite('tokens that are over', () => {
  // live has tokens be good for so many seconds; 0: as long as always.
  const live = (line, seconds) => tell(line, '/idps/contoso/quirks', { token_life: seconds });

  test('a person signs in again without being asked anything, or is told why not', async (t) => {
    const line = await stack('every');
    await live(line, 5);
    const p = await Person.arrive(t, line, { ...desk, refusals: [403] });
    await p.signIn('contoso', 'dave');
    await p.console('acme-lab/try').click();
    await p.sees('proof_over');
    await p.shoot('token-over-at-once');
    assert.equal(new URL(p.page.url()).pathname, '/oidc/contoso/callback', 'once');

    await p.go();
    await p.credentials('acme-lab/try').click();
    await p.page.getByRole('heading', { name: 'Sign in again to go on' }).waitFor();
    await p.shoot('token-over');
    await live(line, 0);
    await p.page.getByRole('link', { name: 'Sign in again' }).click();
    await p.roles();
    await p.credentials('acme-lab/try').click();
    await p.at('.tabs').waitFor();

    await live(line, 5);
    const other = await Person.arrive(t, line);
    await other.signIn('contoso', 'dave');
    await live(line, 0);
    await other.console('acme-lab/try').click();
    await other.inConsole();
    await other.consoleSays('5678901234567890');
  });
});
