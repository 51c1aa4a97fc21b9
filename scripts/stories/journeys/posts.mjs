// Pages that post themselves, to an identity provider that sends the browser on to
// another host of its own, as Okta does to another Okta and Entra ID to an AD FS. Chrome
// holds form-action against where such a post is sent on to.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { journey, Person } from '../person.mjs';
import { stack } from '../stacks.mjs';

const elsewhere = /^https?:\/\/login\.localhost:/;

// posted signs in by a form, and says which requests that took.
async function posted(p) {
  const sent = p.overhears();
  await p.go('/go/acme-dev/dev-support');
  await p.choose('fabrikam');
  await p.goOn();
  await p.page.waitForURL(elsewhere);
  await p.prove('fabrikam', 'frank');
  return sent;
}

suite('pages that post themselves', { concurrency: 2 }, () => {
  for (const on of ['every', 'tls']) {
    journey(`to an identity provider on two hosts, ${on}`, async (p) => {
      const sent = await posted(p);
      await p.inConsole();
      await p.consoleSays('dev-support', 'frank@fabrikam.example');
      assert.match(sent.find((text) => text.includes('SAMLRequest=')), /^http:\/\/localhost:\d+\/sso /);
      assert.equal(sent.filter((text) => elsewhere.test(text) && text.includes('/sso')).length, 1, 'sent on');
      assert.equal(sent.filter((text) => text.includes('/saml/fabrikam/acs SAMLResponse=')).length, 1, 'answered once, from there');
    }, { on });
  }
  test('with a narrower policy it would not work: the browser is one that minds', async (t) => {
    const p = await Person.arrive({ after: (end) => t.after(() => end().catch(() => undefined)) }, await stack('every'));
    await p.page.route('**/saml/fabrikam/login**', async (route) => {
      const answer = await route.fetch();
      const headers = { ...answer.headers() };
      headers['content-security-policy'] = headers['content-security-policy'].replace(/ https?:(?= |;|$)/g, '');
      await route.fulfill({ response: answer, headers });
    });
    const refused = p.page.waitForEvent('console', (message) => /form-action/.test(message.text()));
    await p.page.goto(`${p.line.url}/saml/fabrikam/login`, { waitUntil: 'commit' });
    await refused;
    assert.equal(new URL(p.page.url()).pathname, '/saml/fabrikam/login');
  });
});
