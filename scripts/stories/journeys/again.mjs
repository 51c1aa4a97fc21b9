// Back, refresh, a second click, a session that ends meanwhile: what honest people do
// happens once, shows nobody's secrets, and is no error.
import assert from 'node:assert/strict';
import { suite } from 'node:test';

import { desk, journey } from '../person.mjs';

const role = 'acme-dev/developer';

// back goes back; a page that a form led to is not there any more, as the browser says.
async function back(p) {
  await p.page.goBack().catch((error) => assert.match(String(error), /ERR_CACHE_MISS|ERR_ABORTED/));
  return p.at('html').innerHTML();
}

const signOut = async (p) => {
  await p.at('header form[action="/signout"] button').click();
  await p.page.waitForURL(/signedout/);
};

suite('once more', { concurrency: 2 }, () => {
  journey('the back button shows no secret, before one signs out and after', async (p) => {
    await p.signIn('acme', 'bob');
    await p.credentials(role).click();
    await p.at('.tabs').waitFor();
    await p.at('label[for=show]').click();
    const secret = (await p.at('pre.plain:visible').innerText()).match(/STS\.\w+/)[0];
    await p.go();
    await p.roles();
    assert.ok(!(await back(p)).includes(secret));
    await p.go();
    await signOut(p);
    for (const _ of [1, 2, 3]) {
      const shown = await back(p);
      for (const word of [secret, 'bob@acme.example', 'acs:ram::']) assert.ok(!shown.includes(word), word);
    }
  });
  journey('back from a console, and on again', async (p) => {
    await p.signIn('acme', 'bob');
    for (const [taken, by] of [['acme-dev/developer'], ['acme-prod/readonly', 'response']]) {
      await p.take(taken, by);
      await back(p);
      if (by === 'response' && new URL(p.page.url()).pathname !== '/') {
        await p.at('form[data-autosubmit] button').waitFor(); // which waits to be asked
        await back(p);
      }
      await p.roles();
    }
    await p.take('acme-prod/readonly', 'response');
    await signOutIn(await p.tab());
    const shown = await back(p);
    assert.ok(!shown.includes('SAMLResponse'), 'no message of ours once the session is over');
  }, { on: 'every' });
  journey('a refresh of every page is harmless', async (p) => {
    await p.go();
    await refreshed(p, '.options');
    await p.choose('acme');
    await p.prove('acme', 'bob');
    await p.roles();
    await refreshed(p, '.roles');
    await p.credentials(role).click();
    await p.at('.tabs').waitFor();
    await refreshed(p, '.tabs'); // others, of the same role
    await p.lured(`/go/${role}`);
    await p.at('form[action="/console"]').waitFor();
    await refreshed(p, 'form[action="/console"]');
    await p.go();
    await signOut(p);
    await refreshed(p, 'main .card');
    assert.deepEqual(await p.sessions(), []);
  });
  journey('a second click on anything is harmless', async (p) => {
    await p.go();
    await p.at('a[href^="/saml/acme/"]').dblclick();
    await p.prove('acme', 'bob');
    await p.roles();
    await p.credentials(role).dblclick();
    await p.at('.tabs').waitFor();
    await p.go();
    await p.console(role).dblclick();
    await p.inConsole();
    await p.lured(`/go/${role}`);
    await p.at('form[action="/console"] button').dblclick();
    await p.inConsole();
    await p.go();
    await p.at('header form[action="/signout"] button').dblclick();
    await p.page.waitForURL(/signedout/);
    await p.at('main .card').waitFor();
  });
  journey('a second click on the page that carries the answer, without a script', async (p) => {
    await p.go('/saml/acme/login');
    p.js = true; // the button is pressed here
    await p.prove('acme', 'bob');
    await p.at('#answer button').dblclick();
    await p.roles();
  }, { looks: [{ ...desk, js: false }] });
  journey('a second click on the answer to two people', async (p) => {
    await p.signIn('acme', 'bob');
    for (const keep of ['current', 'new']) {
      await p.page.goto(new URL('/start', p.line.idps.find(({ id }) => id === 'fabrikam').metadata_url).href);
      if (keep === 'current') await p.prove('fabrikam', 'frank');
      else await p.goOn();
      await p.at(`button[value="${keep}"]`).waitFor();
      await refreshed(p, `button[value="${keep}"]`);
      await p.at(`button[value="${keep}"]`).dblclick();
      await p.roles();
      await p.sees(keep === 'current' ? 'bob@acme.example' : 'frank@fabrikam.example');
      await refreshed(p, '.roles');
    }
  });
  journey('an address that was used leads on', async (p) => {
    const seen = [];
    p.page.on('request', (request) => { if (/callback\?/.test(request.url())) seen.push(request.url()); });
    await p.signIn('contoso', 'dave');
    await p.page.goto(seen[0]);
    await p.shoot('callback-again');
    await p.at('main a.button').first().click();
    await p.roles();
  }, { refusals: [409] });
});

async function signOutIn(other) {
  await other.go();
  await signOut(other);
}

async function refreshed(p, selector) {
  const answer = await p.page.reload();
  assert.equal(answer.status(), 200, p.page.url());
  await p.at(selector).first().waitFor();
}
