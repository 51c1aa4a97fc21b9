// Each page, as everybody sees it: axe-core finds nothing, and nothing scrolls sideways,
// in both languages, in both themes, on a desk and on a telephone.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { desk, Person } from '../person.mjs';
import { bucket, ecs, stack } from '../stacks.mjs';
import { findings, shoot } from '../stage.mjs';

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
const held = (p) => p.page.route(`${p.line.cloud.signin}/saml/SSO`, (route) => route.fulfill({ status: 204 }));

test('axe-core finds what is wrong with a page', async (t) => {
  const { page } = await Person.arrive(t, await stack('plain'));
  await page.setContent('<p style="color: #ccc">faint</p><img src="data:,">');
  const all = (await findings(page)).join('\n');
  for (const rule of ['color-contrast', 'image-alt', 'html-has-lang']) assert.match(all, new RegExp(`^${rule}: `, 'm'));
});

for (const js of [true, false]) {
  test(`whatever goes wrong on a page ends its journey ${js ? '' : 'without a script'}`, async (t) => {
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

suite('pages for everybody', { concurrency: 2 }, () => {
  for (const locale of ['en-GB', 'zh-CN']) {
    test(`pages for users, ${locale}`, async (t) => {
      const p = await Person.arrive(t, await stack('every'), { ...desk, locale, refusals: [403] });
      const look = (name) => lookAt(p.page, `${name}-${locale}`);
      await p.askedBy('acme-dev', ecs('aliyun.com'));
      await p.at('a[href^="/oidc/contoso"]').waitFor();
      await look('chooser-user');
      await p.choose('contoso');
      await p.prove('contoso', 'erin');
      await p.sees('user_not_granted');
      await look('refusal-user');

      await held(p);
      await p.choose('acme');
      await p.prove('acme', 'bob');
      await p.at('form[action$="/saml/SSO"] button').waitFor();
      await look('entry-user');
      await p.lured(`/idp/2345678901234567/start?to=${encodeURIComponent(bucket('aliyun.com'))}`);
      await p.at('form[action="/user"] button').waitFor();
      await look('confirm-user');
      await p.go();
      await p.at('#again').waitFor();
      await look('roles-user');
      await p.lured('/idp/9012345678901234/start');
      await p.at('a[href*="stepup="]').waitFor();
      await look('stepup-user');
    });
  }
});
