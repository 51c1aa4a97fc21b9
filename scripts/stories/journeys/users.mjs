// People as RAM users: Alibaba Cloud asks who they are, and we answer.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { inflateRawSync } from 'node:zlib';

import { journey, Person } from '../person.mjs';
import { bucket, ecs, shown } from '../stacks.mjs';

suite('users', { concurrency: 2 }, () => {
  journey('Alibaba Cloud asks, and people of two identity providers are users of one account', twoProviders);
  journey('a foreign link to a user is asked about, and who is no user is told other ways', foreignLink, { refusals: [403] });
  journey('users abroad, by the only way in', abroad);
});

async function twoProviders(p, t) {
  await p.askedBy('acme-dev', ecs('aliyun.com'));
  await p.sees(p.look.locale === 'zh-CN' ? 'acme-dev 的控制台' : 'the console of acme-dev');
  assert.equal(new URL(p.page.url()).pathname, '/idp/2345678901234567/start');
  await p.shoot('chooser-user');
  await p.at('footer a[hreflang]').first().click();
  await p.sees(p.look.locale === 'zh-CN' ? 'the console of acme-dev' : 'acme-dev 的控制台');
  await p.at('footer a[hreflang]').first().click();
  await p.choose('acme');
  await p.prove('acme', 'alice');
  await p.inConsole('response');
  assert.equal(await p.at('#user').innerText(), 'alice@acme-dev.onaliyun.com');
  assert.equal(await p.at('#opened').innerText(), shown(ecs('aliyun.com')));
  await p.shoot('console-user');
  await p.askedBy('acme-dev', ecs('aliyun.com')); // and again, with a session here
  await p.inConsole('response');
  await p.go();
  await p.shoot('roles-user');
  await p.at('a[href="/idp/2345678901234567/start"]').click();
  await p.inConsole('response');
  assert.equal(await p.at('#identity').innerText(), 'acs:ram::2345678901234567:user/alice');

  const partner = await Person.arrive(t, p.line, p.look);
  await partner.go(`/idp/2345678901234567/start?to=${encodeURIComponent(bucket('aliyun.com'))}`); // a bookmark
  await partner.choose('contoso');
  await partner.prove('contoso', 'dave');
  await partner.inConsole('response');
  assert.equal(await partner.at('#user').innerText(), 'dave@acme-dev.onaliyun.com');
  assert.equal(await partner.at('#opened').innerText(), shown(bucket('aliyun.com')));
}

async function foreignLink(p, t) {
  await p.go('/saml/acme/login');
  await p.prove('acme', 'bob');
  await p.roles();
  await p.lured('/idp/2345678901234567/start');
  await p.shoot('confirm-user');
  await p.at('form[action="/user"] button').click();
  await p.inConsole('response');
  assert.equal(await p.at('#user').innerText(), 'bob@acme-dev.onaliyun.com');

  const nobody = await Person.arrive(t, p.line, { ...p.look, refusals: [403] });
  await nobody.askedBy('acme-dev');
  await nobody.choose('contoso');
  await nobody.prove('contoso', 'erin');
  await nobody.sees('user_not_granted');
  await nobody.shoot('refusal-user');
  await nobody.choose('acme');
  await nobody.prove('acme', 'wangfang');
  await nobody.inConsole('response');
  assert.equal(await nobody.at('#user').innerText(), 'wangfang@acme-dev.onaliyun.com');
}

async function abroad(p) {
  await p.askedBy('acme-global', ecs('alibabacloud.com'));
  await p.prove('acme', 'wangfang'); // there is no other way in
  await p.inConsole('response');
  assert.match(await p.at('#user').innerText(), /^wangfang@/);
  assert.equal(await p.at('#opened').innerText(), shown(ecs('alibabacloud.com')));

  // By a form, as metadata may ask for it: with it the browser shows us no session, and
  // with what it leads to it does.
  const asked = await fetch(`${p.line.cloud.signin}/saml/logon?tenantID=7890123456789012`, { redirect: 'manual' });
  const request = inflateRawSync(Buffer.from(new URL(asked.headers.get('location')).searchParams.get('SAMLRequest'), 'base64')).toString('base64');
  await p.page.goto(p.line.cloud.signin);
  await p.page.setContent(`<form method="post" action="${p.line.url}/idp/7890123456789012/sso"><input name="SAMLRequest" value="${request}"><input name="RelayState" value="${bucket('alibabacloud.com').replace('&', '&amp;')}"><button>Go</button></form>`);
  await p.page.getByRole('button', { name: 'Go' }).click();
  await p.inConsole('response');
  assert.equal(await p.at('#opened').innerText(), shown(bucket('alibabacloud.com')));
}
