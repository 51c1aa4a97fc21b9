// What one does on the list of roles by keys, by a second click and over the hours, what
// it says of roles that one lacks something for, and what it looks like where a company
// has a logo, and on paper.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { desk, journey, Person, phone } from '../person.mjs';
import { findings } from '../stage.mjs';
import { stack } from '../stacks.mjs';

const script = { looks: [desk, { ...phone, js: true }] };

suite('the list of roles', { concurrency: 2 }, () => {
  journey('arrow keys, a slash and Enter', byKeys, script);
  journey('a session that nobody uses', overTheHours, script);
  journey('a second click on a link', twice, script);
  journey('roles that one lacks something for', nearly);
  journey('the company\'s logo, whichever function shows the page', logo, { refusals: [404] });
  test('five hundred roles are searched without a request', fiveHundred);
  test('what is printed has no secret and nothing to press', printed);
});

// place is which of the rows that are shown has the focus, and what in it.
const place = (page) => page.evaluate(() => {
  const rows = [...document.querySelectorAll('.account:not([hidden]) .roles li:not([hidden])')];
  const row = rows.findIndex((one) => one.contains(document.activeElement));
  return [row, row < 0 ? document.activeElement.id : [...rows[row].querySelectorAll('a, button')].indexOf(document.activeElement)];
});

async function byKeys(p) {
  await p.signIn('acme', 'bob');
  const { keyboard } = p.page;
  await keyboard.press('/'); // from anywhere; where there is a mouse the search has the focus already
  await p.page.getByRole('searchbox').fill('');
  const goes = async (key, ...want) => {
    await keyboard.press(key);
    assert.deepEqual(await place(p.page), want, key);
  };
  await goes('ArrowDown', 0, 0);
  await goes('Tab', 0, 1);
  await goes('ArrowDown', 1, 1);
  await goes('ArrowUp', 0, 1);
  await goes('ArrowUp', -1, 'search');
  await goes('ArrowUp', -1, 'search');
  await keyboard.type('developer');
  await goes('ArrowDown', 0, 0);
  await goes('/', -1, 'search');
  assert.equal(await p.page.getByRole('searchbox').inputValue(), 'developer', 'the slash goes there, and not in');
  await keyboard.press('Enter');
  await p.inConsole();
  await p.consoleSays('developer');
}

async function overTheHours(p) {
  await p.signIn('acme', 'bob');
  await p.page.clock.install();
  await p.go();
  const notice = p.at('#ending');
  const after = async (time, state) => {
    await p.page.clock.fastForward(time);
    const { textContent, want } = await notice.evaluate((el, key) => ({ textContent: el.textContent, want: el.dataset[key] }), state);
    assert.ok(state ? want && textContent.startsWith(want) : textContent === '', `after ${time}: ${textContent}`);
    assert.equal(await notice.getByRole('link').count(), state ? 1 : 0);
  };
  await after('50:00', '');
  await after('06:00', 'soon');
  await p.shoot('list-ends-soon');
  await after('05:00', 'over');
  const counted = () => p.at('[data-ends]').evaluate((el) => [el.textContent, el.dataset.over]);
  assert.notEqual((await counted())[0], (await counted())[1]);
  await after('11:00:00', 'over');
  assert.equal((await counted())[0], (await counted())[1]);
  await notice.getByRole('link').click();
  await p.roles(); // to us no hour has passed
}

// twice asks the page whether it stopped the second click, and stops both: Chromium itself
// drops a second request to the same address.
async function twice(p) {
  const clicked = async (link) => {
    await p.page.evaluate(() => {
      globalThis.stopped = [];
      addEventListener('click', (event) => {
        globalThis.stopped.push(event.defaultPrevented);
        event.preventDefault();
      });
    });
    await link.dblclick();
    assert.deepEqual(await p.page.evaluate(() => globalThis.stopped), [false, true]);
  };
  await p.go();
  await clicked(p.at('a[href^="/saml/acme/"]'));
  await p.signIn('acme', 'bob');
  await clicked(p.console('acme-dev/developer'));
}

async function nearly(p) {
  await p.signIn('acme', 'bob');
  const section = p.at('section[aria-labelledby="nearly"]');
  const text = await section.innerText();
  for (const word of ['acme-prod · admin', 'groups', 'platform', 'sre']) assert.ok(text.includes(word), text);
  assert.equal(await section.locator('li').locator('a, button, input').count(), 0);
  assert.equal(await p.console('acme-prod/admin').count() + await p.credentials('acme-prod/admin').count(), 0);
  if (!p.js) return;
  await p.page.getByRole('searchbox').fill('prod admin');
  assert.equal(await p.at('.account:visible').count(), 1);
  assert.ok(await section.isVisible());
  await p.page.getByRole('searchbox').press('Enter');
  assert.equal(p.page.url(), `${p.line.url}/`, 'there is nothing to open');
  await p.page.getByRole('searchbox').fill('prod finance');
  assert.equal(await section.isVisible(), false);
}

async function logo(p) {
  for (const path of ['/', '/saml/nobody/login', '/oidc/nobody/login']) {
    await p.go(path);
    const shown = await p.at('.brand img').evaluate(async (img) => {
      await img.decode();
      return [img.getAttribute('src'), img.naturalWidth > 0];
    });
    assert.match(shown[0], /^\/static\/logo\.[0-9a-f]{16}\.svg$/, path);
    assert.ok(shown[1], path);
  }
  await p.shoot('list-logo');
}

async function printed(t) {
  const p = await Person.arrive(t, await stack('plain'));
  await p.signIn('acme', 'bob');
  const pressable = () => p.at('button:visible, input:visible, .roles a:visible, label:visible').evaluateAll((all) => all.map((one) => one.outerHTML));
  await p.page.emulateMedia({ media: 'print' });
  assert.deepEqual(await pressable(), []);
  await p.page.emulateMedia({ media: 'screen' });
  await p.credentials('acme-dev/developer').click();
  await p.at('label[for=show]').click();
  const secrets = p.at('pre.plain:visible');
  assert.equal(await secrets.count(), 1);
  await p.page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.equal(await secrets.count(), 0);
  assert.equal(await p.at('pre.masked:visible').count(), 1);
  await p.shoot('list-printed');
  assert.equal(await p.at('body').evaluate((body) => getComputedStyle(body).color), 'rgb(22, 27, 36)', 'dark on light');
}

async function fiveHundred(t) {
  const p = await Person.arrive(t, await stack('tls'));
  await p.signIn('fabrikam', 'frank');
  const answer = await p.page.reload();
  const { responseBodySize } = await answer.request().sizes();
  assert.ok(responseBodySize < 60 << 10, `${responseBodySize} bytes`);
  const shown = () => p.at('.roles li:visible').count();
  assert.ok(await shown() >= 500);
  assert.deepEqual(await findings(p.page), []);
  const asked = [];
  p.page.on('request', (request) => asked.push(request.url()));
  const search = p.page.getByRole('searchbox');
  await search.pressSequentially('TEAM-31 role-7');
  assert.equal(await shown(), 1);
  await p.shoot('list-searched');
  await search.fill('11000000000000 role-9');
  assert.equal(await shown(), 50);
  await search.fill('team-31 role-7');
  assert.deepEqual(asked, []);
  await search.press('Enter');
  await p.inConsole();
  await p.consoleSays('role-7', '1100000000000031');
}
