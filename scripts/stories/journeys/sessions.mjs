// Sessions: how they end in the middle of a click, here and everywhere, what a browser
// keeps of them, and what one does in them by the keyboard alone.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { desk, journey, Person, phone } from '../person.mjs';
import { stack } from '../stacks.mjs';

const role = 'acme-dev/developer';
const star = (p, state = 'on') => p.at(`.roles button[name="${state}"][value$=":role/developer"]`).first();
const signOut = (p) => p.at('header form[action="/signout"] button');

// isTold waits for the page that says that the session is over: without a code or blame,
// and with one way on.
async function isTold(p) {
  await p.at('main p a.button').waitFor();
  assert.equal(await p.at('#facts, form').count(), 0, `no fault of the person's: ${p.page.url()}`);
}

// again signs in where nobody is: at the provider the person may still be.
async function again(p, go = () => p.go()) {
  await go();
  await p.choose('acme');
  if (await p.page.getByLabel(/password/i).count()) await p.prove('acme', 'bob');
  else await p.goOn();
}

suite('sessions', { concurrency: 2 }, () => {
  journey('the session ends in another tab, in the middle of a click', async (p) => {
    const other = await p.tab();
    for (const click of [(q) => q.console(role), (q) => q.credentials(role), star]) {
      await again(p);
      await p.roles();
      await other.go();
      await signOut(other).click();
      await other.page.waitForURL(/signedout/);
      await click(p).click();
      if (click === star || p.page.url().endsWith('/credentials')) await isTold(p);
      await p.at('.options, main p a.button').first().waitFor();
      assert.equal(await p.at('#facts').count(), 0);
    }
    await p.at('main p a.button').click();
    await again(p, () => undefined);
    await p.roles();
    await other.go();
    await signOut(other).click();
    await signOut(p).click(); // of a session that is over, which is as good
    await p.page.waitForURL(/signedout/);
  }, { refusals: [401] });
  journey('a star is kept however often one clicks', async (p, t) => {
    await p.signIn('acme', p.js ? 'alice' : 'wangfang'); // a favourite is a person's, in whatever browser
    await star(p).dblclick();
    await star(p, 'off').waitFor();
    await p.page.reload();
    await star(p, 'off').waitFor();
    const other = await Person.arrive(t, p.line, p.look);
    await other.signIn('acme', p.js ? 'alice' : 'wangfang');
    await other.at('#favourites').waitFor();
    await star(other, 'off').dblclick();
    await star(other).waitFor();
    await p.page.reload();
    await star(p).waitFor();
    assert.equal(await p.at('#favourites').count(), 0);
  });
  journey('a whole journey by the keyboard alone', byKeyboard, { looks: [desk, { ...desk, js: false }, { ...phone, js: true }] });
  test('a page that the browser kept whole is not shown after signing out', async (t) => {
    const p = await Person.arrive(t, await stack('plain'), { ...desk, keeps: true, refusals: [401] });
    const mark = () => p.page.evaluate(() => { globalThis.kept = true; });
    const marked = () => p.page.evaluate(() => globalThis.kept === true);
    const back = async () => {
      const from = p.page.url();
      await p.page.evaluate(() => setTimeout(() => history.back()));
      await p.page.waitForFunction((url) => location.href !== url && document.readyState === 'complete', from);
    };
    const styles = await p.go().then(() => p.at('link[rel="stylesheet"]').getAttribute('href'));
    await p.go(styles);
    await mark();
    await p.go('/?signedout');
    await back();
    assert.equal(await marked(), true, 'this browser keeps pages whole');
    await p.signIn('acme', 'bob');
    await mark();
    await signOut(p).click();
    await p.page.waitForURL(/signedout/);
    await back();
    await p.at('.options, main p a.button').first().waitFor();
    assert.equal(await marked(), false);
    assert.ok(!(await p.page.content()).includes('bob@acme.example'));
  });
});

// Whoever is bob in another journey would be out too: one at a time.
suite('everywhere', () => {
  journey('signing out everywhere ends every browser of the person, at its next click', everywhere, { refusals: [401] });
});

async function everywhere(p, t) {
  await p.signIn('acme', 'bob');
  const others = [await Person.arrive(t, p.line, { ...p.look, refusals: [401] }), await Person.arrive(t, p.line, { ...p.look, refusals: [401] })];
  const alice = await Person.arrive(t, p.line, p.look);
  for (const other of others) await other.signIn('acme', 'bob');
  await alice.signIn('acme', 'alice');
  await p.at('button[name="everywhere"]').dblclick();
  await p.page.waitForURL(/signedout=everywhere/);
  await p.at('main .card').waitFor();
  await others[0].console(role).click();
  await isTold(others[0]);
  await others[0].shoot('ended-role');
  await others[1].credentials(role).click();
  await isTold(others[1]);
  await others[1].shoot('ended');
  await others[1].at('main p a.button').click();
  await again(others[1], () => undefined);
  await others[1].roles();
  await alice.go();
  await alice.roles();
}

async function byKeyboard(p) {
  const press = (...keys) => keys.reduce((before, key) => before.then(() => p.page.keyboard.press(key)), Promise.resolve());
  await p.go();
  await p.tabTo('a[href^="/saml/acme/"]');
  await press('Enter');
  await p.page.getByLabel(/user ?name/i).waitFor();
  await p.tabTo('[name="username"]');
  await p.page.keyboard.type('bob');
  await p.tabTo('[name="password"]');
  await p.page.keyboard.type('bob-demo');
  await press('Enter');
  if (!p.js) {
    await p.at('#answer button').waitFor();
    await p.tabTo('#answer button');
    await press('Enter');
  }
  await p.roles();
  await p.tabTo('button[name="role"][value$=":role/developer"]');
  await press('Enter');
  await p.at('.tabs').waitFor();
  await p.tabTo('#tab-bash');
  await press('ArrowRight');
  await p.at('.panel-fish').waitFor();
  await p.tabTo('#show');
  await press('Space');
  assert.match(await p.at('pre.plain:visible').innerText(), /set -gx .*STS\.\w+/s);
  await p.go();
  await p.roles();
  if (p.js && p.width > 600) { // where a hand is at the keys, the search has them
    await p.page.keyboard.type('develop');
    await press('Enter');
  } else {
    await p.tabTo('.roles a[href="/go/acme-dev/developer"]');
    await press('Enter');
  }
  await p.inConsole();
  await p.go();
  await p.roles();
  await p.tabTo('header form[action="/signout"] button');
  await press('Enter');
  await p.page.waitForURL(/signedout/);
}
