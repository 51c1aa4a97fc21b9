// Each page, as everybody sees it: in both languages, in both themes, on a desk and on a
// telephone, by keyboard.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { lookAt, requireOrder } from '../looks.mjs';
import { desk, Person } from '../person.mjs';
import { findings } from '../stage.mjs';
import { bucket, ecs, numbers, stack } from '../stacks.mjs';

test('axe-core finds what is wrong with a page', async (t) => {
  const { page } = await Person.arrive(t, await stack('plain'));
  await page.setContent('<p style="color: #ccc">faint</p><img src="data:,">');
  const all = (await findings(page)).join('\n');
  for (const rule of ['color-contrast', 'image-alt', 'html-has-lang']) assert.match(all, new RegExp(`^${rule}: `, 'm'));
  assert.match((await findings(page, 'cat.color')).join('\n'), /^color-contrast: /m);
});

test('an order that is not read, and a place that is not seen, are found', async (t) => {
  const { page } = await Person.arrive(t, await stack('plain'));
  const wrong = {
    'is read before': '<p><a href="#">a</a><p style="display: flex; flex-direction: row-reverse"><a href="#1">b</a><a href="#2">c</a>',
    'is not seen to be there': '<style>a:focus-visible { outline: none }</style><a href="#">a</a>',
    'stops at': '<a href="#">a</a><a href="#" tabindex="-1">b</a>',
  };
  for (const [words, body] of Object.entries(wrong)) {
    await page.setContent(`<!doctype html><style>:focus-visible { outline: 2px solid }</style>${body}`);
    await assert.rejects(requireOrder(page, 'wrong'), new RegExp(words));
  }
});

for (const js of [true, false]) {
  test(`whatever goes wrong on a page ends its journey${js ? '' : ' without a script too'}`, async (t) => {
    const line = await stack('plain');
    const ends = [];
    const p = await Person.arrive({ after: (end) => ends.push(end) }, line, { ...desk, js });
    await p.page.route(`${line.url}/wrong`, (route) => route.fulfill({
      contentType: 'text/html', headers: { 'Content-Security-Policy': "default-src 'none'; script-src 'self'" },
      body: '<style>p { color: red }</style><img src="/picture"><script src="/static/none.js"></script>',
    }));
    await p.go('/wrong');
    const faults = await ends[0]().then(() => '', (error) => error.actual.join('\n'));
    for (const words of [/violates.*style-src|style-src.*violates|Content Security Policy/i, /picture/]) assert.match(faults, words);
    if (js) assert.match(faults, /status of 404/);
  });
}

// held goes to a page of ours that posts itself, and stops what it posts: the page stays.
async function held(p, pattern, path) {
  await p.page.route(pattern, (route) => (route.request().method() === 'POST' ? route.fulfill({ status: 204 }) : route.continue()));
  await p.page.goto(p.line.url + path, { waitUntil: 'commit' });
}

// outside are the pages of who is not signed in, inside of bob, ending those of who was: each
// with the way to it, and what is there once it is.
const outside = [
  ['chooser', (p) => p.go(), '.options'],
  ['chooser-unknown', (p) => p.go('/?email=somebody@nowhere.example'), '#unknown'],
  ['chooser-user', (p) => p.askedBy('acme-dev', ecs('aliyun.com')), 'a[href^="/oidc/contoso"]'],
  ['refusal', (p) => p.go('/oidc/contoso/callback'), '#facts'],
  ['post', (p) => held(p, '**/sso', '/saml/fabrikam/login'), 'form[data-autosubmit]'],
  ['signedout', (p) => p.go('/?signedout'), 'main .card'],
];
const inside = [
  ['roles', (p) => p.signIn('acme', 'bob'), '#again'],
  ['credentials', (p) => p.credentials('acme-dev/developer').click(), '.tabs'],
  ['credentials-shown', (p) => p.at('label[for=show]').click(), 'pre.plain:visible'],
  ['confirm', (p) => p.lured(`/go/acme-dev/developer?to=${encodeURIComponent(bucket('aliyun.com'))}`), 'form[action="/console"]'],
  ['confirm-user', (p) => p.lured(`/idp/2345678901234567/start?to=${encodeURIComponent(bucket('aliyun.com'))}`), 'form[action="/user"]'],
  ['stepup', (p) => p.lured('/go/acme-intl/strongroom'), 'a[href*="stepup="]'],
  ['stepup-user', (p) => p.lured('/idp/9012345678901234/start'), 'a[href*="stepup="]'],
  ['entry', (p) => held(p, `${p.line.cloud.signin}/**`, '/go/acme-prod/readonly'), 'form[data-autosubmit]'],
  ['entry-user', (p) => held(p, `${p.line.cloud.signin}/**`, '/idp/2345678901234567/start'), 'form[data-autosubmit]'],
  ['arrival', arrive, 'form[action="/arrival"]'],
];
const others = [
  ['making', waited, 'a[href*="waits="]'],
  ['roles-empty', async (p) => { await p.page.goto(started(p)); await p.prove('fabrikam', 'grace'); }, '#me'],
  ['refusal-user', refusedUser, '.options'],
  ['ended', endedElsewhere, 'main p a.button'],
];

const started = (p) => new URL('/start', p.line.idps.find(({ id }) => id === 'fabrikam').metadata_url).href;

// waited comes to an account in which users are made, and that nobody lets make any: the
// page looks again after a moment, which is stopped here, for it to stay.
async function waited(p) {
  await p.page.route('**/start?*waits=*', (route) => route.fulfill({ status: 204 }));
  await p.go(`/idp/${numbers['acme-new']}/start`);
  await p.prove('contoso', 'erin');
}

async function left(p) {
  await p.go();
  await p.choose('acme');
  await p.prove('acme', 'alice');
}

async function arrive(p) {
  await p.page.goto(started(p));
  await p.prove('fabrikam', 'frank');
}

async function refusedUser(p) {
  await p.askedBy('acme-dev');
  await p.choose('contoso');
  await p.prove('contoso', 'erin');
}

async function endedElsewhere(p) {
  await p.signIn('acme', 'alice');
  const other = await p.tab();
  await other.go();
  await other.at('button[name="everywhere"]').click();
  await other.at('main .card').waitFor();
  await lookAt(other.page, `signedout-everywhere-${p.look.locale}`);
  await p.credentials('acme-dev/developer').click();
}

suite('pages for everybody', { concurrency: 2 }, () => {
  for (const locale of ['en-GB', 'zh-CN']) {
    for (const [whose, pages] of Object.entries({ 'of who is not signed in': outside, 'of who is': inside })) {
      test(`pages ${whose}, ${locale}`, async (t) => {
        const p = await Person.arrive(t, await stack('every'), { ...desk, locale, refusals: [400, 403] });
        for (const one of pages) await see(p, one);
      });
    }
    for (const one of others) {
      test(`${one[0]}, ${locale}`, async (t) => see(await Person.arrive(t, await stack('every'), { ...desk, locale, refusals: [401, 403] }), one));
    }
    test(`refusal-left, ${locale}`, async (t) => {
      await see(await Person.arrive(t, await stack('tls'), { ...desk, locale, refusals: [403] }), ['refusal-left', left, '#facts']);
    });
  }
});

// see looks at a page; the order of its stops in one language is that at one width.
async function see(p, [name, go, there]) {
  await p.page.setViewportSize({ width: 1280, height: 800 });
  await go(p);
  await p.at(there).first().waitFor();
  const called = `${name}-${p.look.locale}`;
  await lookAt(p.page, called);
  const width = p.look.locale === 'zh-CN' ? 320 : 1280;
  await p.page.setViewportSize({ width, height: 800 });
  await requireOrder(p.page, `${called} ${width}`);
}
