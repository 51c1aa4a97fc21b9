// What others try: a page of a sibling, on the bundle's own site, to which the browser's
// cookies go; a page of a stranger; and who has come by a cookie or an address. All of
// them get nothing.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { hostile, named } from '../neighbours.mjs';
import { desk, Person } from '../person.mjs';
import { stack } from '../stacks.mjs';

const admin = 'acs:ram::1234567890123456:role/readonly';
const looks = ['/', '/?signedout', '/go/acme-prod/readonly', '/idp/2345678901234567/start', '/saml/acme/login', '/nowhere', '/oidc/contoso/callback'];
const forms = { '/credentials': { role: admin }, '/console': { role: admin }, '/signout': {}, '/favourite': { on: admin }, '/user': { start: '/idp/2345678901234567/start' }, '/arrival': { keep: 'new' } };

// read is every way for a page to read another's answer; it runs in the hostile page.
async function read([target, form]) {
  const loaded = (element, url, attribute = 'src') => new Promise((resolve) => {
    const tag = document.createElement(element);
    tag.onload = () => {
      let inside = '';
      try { inside = tag.contentDocument?.body?.innerText || tag.contentWindow?.document.body.innerText || ''; } catch { /* another origin's */ }
      resolve(inside);
    };
    tag.onerror = () => resolve('');
    setTimeout(resolve, 3000, ''); // neither, as for an object
    tag[attribute] = url;
    document.body.append(tag);
  });
  const post = (mode, type) => fetch(`${target}/credentials`, { method: 'POST', mode, credentials: 'include', headers: { 'Content-Type': type }, body: form }).then((r) => r.text());
  const ways = {
    fetch: () => fetch(`${target}/`, { credentials: 'include' }).then((r) => r.text()),
    'fetch without asking': () => fetch(`${target}/`, { mode: 'no-cors', credentials: 'include' }).then((r) => r.text()),
    'fetch without cookies': () => fetch(`${target}/`, { credentials: 'omit' }).then((r) => r.text()),
    'a form by fetch': () => post('cors', 'application/x-www-form-urlencoded'),
    'a form by fetch, without asking': () => post('no-cors', 'application/x-www-form-urlencoded'),
    'JSON by fetch': () => post('cors', 'application/json'),
    XHR: () => new Promise((resolve) => {
      const asked = new XMLHttpRequest();
      asked.withCredentials = true;
      asked.onloadend = () => resolve(asked.responseText);
      asked.open('GET', `${target}/`);
      asked.send();
    }),
    iframe: () => loaded('iframe', `${target}/`),
    object: () => loaded('object', `${target}/`, 'data'),
    embed: () => loaded('embed', `${target}/`),
    script: () => loaded('script', `${target}/`),
    picture: () => loaded('img', `${target}/`),
    window: async () => {
      const other = open(`${target}/`);
      for (let i = 0; i < 100 && !other.closed; i++) { // another origin's document throws
        if (other.document.body?.innerText) return other.document.body.innerText;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return '';
    },
    message: () => new Promise((resolve) => {
      addEventListener('message', ({ data }) => resolve(JSON.stringify(data)), { once: true });
      open(`${target}/`)?.postMessage('hello', '*');
      setTimeout(resolve, 1500, '');
    }),
  };
  const got = await Promise.all(Object.entries(ways).map(async ([way, go]) => [way, await go().catch(() => '')]));
  return got.filter(([, text]) => text !== '').map(([way, text]) => `${way}: ${text}`);
}

// victim is somebody signed in, over TLS; no fault counts on the pages that attack.
async function victim(t) {
  const p = await Person.arrive({ after: (end) => t.after(() => end().catch(() => undefined)) }, await stack('tls'), desk);
  await p.signIn('acme', 'bob');
  return p;
}

// at is the victim's browser on a hostile page.
async function at(t, p, host, told) {
  const other = await p.tab();
  await other.page.goto(`https://${host}:${await hostile(t, told)}/`);
  return other;
}

async function stillIn(p) {
  await p.go();
  await p.roles();
}

suite('hostile pages', { concurrency: 2 }, () => {
  for (const [who, host] of [['a sibling', '127.0.0.1'], ['a stranger', 'localhost']]) {
    test(`${who} reads nothing`, async (t) => {
      const p = await victim(t);
      const other = await at(t, p, host);
      const form = new URLSearchParams({ role: admin, token: 'x' }).toString();
      const own = await other.page.evaluate(read, [new URL(other.page.url()).origin, form]);
      for (const way of ['fetch', 'XHR', 'iframe', 'window']) assert.ok(own.some((text) => text.startsWith(`${way}: `)), `${way} reads what it may`);
      assert.deepEqual(await other.page.evaluate(read, [p.line.url, form]), []);
      await stillIn(p);
    });
    test(`${who} shows no page of ours in a frame`, async (t) => {
      const p = await victim(t);
      const other = await at(t, p, host);
      await other.page.setContent(looks.map((path) => `<iframe src="${p.line.url}${path}"></iframe>`).join(''));
      const shown = () => other.page.frames().slice(1).map((frame) => frame.url());
      while (shown().some((url) => url === '' || url === 'about:blank')) await other.page.waitForEvent('framenavigated');
      assert.deepEqual(shown(), looks.map(() => 'chrome-error://chromewebdata/'));
    });
    test(`${who} sends no form of ours`, async (t) => {
      const p = await victim(t);
      const other = await at(t, p, host);
      const home = other.page.url();
      for (const [path, fields] of Object.entries(forms)) {
        for (const target of ['_self', 'frame']) {
          const inputs = Object.entries({ token: 'x', ...fields }).map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
          await other.page.goto(home);
          await other.page.setContent(`<iframe name="frame"></iframe><form method="post" target="${target}" action="${p.line.url}${path}">${inputs}<button>Go</button></form>`);
          const answered = other.page.waitForResponse((answer) => answer.url() === p.line.url + path);
          await other.page.getByRole('button').click();
          assert.equal((await answered).status(), 403, `${path} ${target}`);
        }
      }
      await stillIn(p);
    });
    test(`${who}'s link opens no console`, async (t) => {
      const p = await victim(t);
      const other = await at(t, p, host);
      await other.page.setContent(`<a href="${p.line.url}/go/acme-dev/developer">Free gifts</a>`);
      await other.page.getByRole('link').click();
      await other.at('form[action="/console"] button').waitFor();
      assert.equal(new URL(other.page.url()).pathname, '/go/acme-dev/developer');
    });
  }

  test('every answer says that we alone may read it', async () => {
    const line = await stack('plain');
    const asked = [...looks, '/static/none.css', '/saml/acme/metadata', '/idp/2345678901234567/metadata', '/healthz', '/saml/nobody/login', '/go/nobody/nothing']
      .map((path) => ['GET', path]).concat(Object.keys(forms).map((path) => ['POST', path]), [['POST', '/saml/acme/acs'], ['POST', '/oidc/token'], ['POST', '/sts']]);
    for (const [method, path] of asked) {
      const { headers } = await fetch(line.url + path, { method, redirect: 'manual', headers: { Origin: 'https://evil.example' } });
      assert.equal(headers.get('access-control-allow-origin'), line.url, `${method} ${path}`);
      assert.equal(headers.get('access-control-allow-credentials'), null, `${method} ${path}`);
    }
  });
  test('a sibling under the same domain plants no cookie, and reads none', async (t) => {
    const p = await victim(t);
    const own = await named(t, p.line);
    const [session] = await p.sessions();
    await p.context.addCookies([{ ...session, domain: 'sso.acme.test' }]);
    const mallory = await Person.arrive(t, p.line, desk);
    await mallory.signIn('contoso', 'erin');
    const [theirs] = await mallory.sessions();
    const planted = ['__Host-s', '__host-s', '__Secure-x=1,__Host-s', '=__Host-s'].map((name) => `${name}=${theirs.value}; Domain=acme.test; Path=/; Secure`);
    const told = Object.fromEntries(planted.map((cookie, i) => [`/${i}`, { headers: { 'Set-Cookie': cookie } }]));
    const evil = await p.tab();
    const port = await hostile(t, told);
    for (const path of Object.keys(told)) await evil.page.goto(`https://evil.acme.test:${port}${path}`);
    await evil.page.evaluate((cookies) => { for (const cookie of cookies) document.cookie = cookie; }, planted);
    assert.ok(!(await evil.page.evaluate(() => document.cookie)).includes(session.value));
    assert.deepEqual(await evil.page.evaluate(read, [own, '']), []);
    await p.page.goto(own);
    await p.sees('bob@acme.example');
  });
});

// post has a browser post what an identity provider answers, from another site.
async function post(p, path, fields) {
  await p.page.goto(p.line.cloud.signin);
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
  await p.page.setContent(`<form method="post" action="${p.line.url}${path}">${inputs}<button>Go</button></form>`);
  const [answer] = await Promise.all([p.page.waitForNavigation(), p.page.getByRole('button').click()]);
  return answer.status();
}

// intercepted signs in up to the answer, which never arrives: it is returned.
async function intercepted(p, idp, name) {
  const answer = new Promise((resolve) => {
    p.page.route('**/acs', (route) => {
      resolve(Object.fromEntries(new URLSearchParams(route.request().postData())));
      return route.fulfill({ status: 204 });
    });
  });
  await p.prove(idp, name);
  await answer;
  await p.page.unroute('**/acs');
  return answer;
}

const copy = async (from, to, name) => {
  const cookie = (await from.context.cookies(from.line.url)).find((one) => one.name === name);
  await to.context.addCookies([cookie]);
  return cookie.value;
};

suite('stolen and planted', { concurrency: 2 }, () => {
  test('the answer to a sign-in is of use in the browser that began it alone, and once', async (t) => {
    const line = await stack('plain');
    const p = await Person.arrive(t, line, desk);
    await p.go('/saml/acme/login');
    const answer = await intercepted(p, 'acme', 'bob');
    const thief = await Person.arrive(t, line, { ...desk, refusals: [403, 409] });
    assert.equal(await post(thief, '/saml/acme/acs', answer), 403, 'without a cookie');
    await thief.go('/saml/acme/login'); // has a cookie of their own now
    assert.equal(await post(thief, '/saml/acme/acs', answer), 403, 'with another cookie');
    await thief.sees('sign_in_other_browser');
    assert.equal(await post(p, '/saml/acme/acs', answer), 200);
    await p.roles();
    await copy(p, thief, '__Host-b');
    assert.equal(await post(thief, '/saml/acme/acs', answer), 409, 'with the cookie, and used');
    assert.deepEqual(await thief.sessions(), []);
  });
  test("another's address at the provider signs nobody in who did not begin there", async (t) => {
    const line = await stack('plain');
    const p = await Person.arrive(t, line, desk);
    await p.go('/oidc/contoso/login');
    const thief = await Person.arrive(t, line, { ...desk, refusals: [403] });
    await thief.page.goto(p.page.url());
    await thief.prove('contoso', 'erin');
    await thief.sees('sign_in_other_browser');
    assert.deepEqual(await thief.sessions(), []);
  });
  test('a handle is of no use once its person has signed out', async (t) => {
    const line = await stack('plain');
    const p = await Person.arrive(t, line, desk);
    await p.signIn('acme', 'bob');
    const thief = await Person.arrive(t, line, { ...desk, refusals: [401] });
    await copy(p, thief, '__Host-s');
    await stillIn(thief); // a handle is all that it takes
    await p.at('form[action="/signout"] button').first().click();
    await p.page.waitForURL(/signedout/);
    await thief.go();
    await thief.at('.options').waitFor();
    await p.go();
    await p.choose('acme'); // who is signed in there is not asked again
    await p.roles();
    await thief.go();
    await thief.at('.options').waitFor();
  });
  test('whoever signs in has a new handle, whatever was planted before', async (t) => {
    const line = await stack('plain');
    const mallory = await Person.arrive(t, line, desk);
    await mallory.signIn('contoso', 'erin');
    for (const names of [['__Host-b'], ['__Host-b', '__Host-s'], ['__Host-b', '__Host-s', '__Host-n']]) {
      const p = await Person.arrive(t, line, desk);
      let handle;
      for (const name of names) {
        const theirs = (await mallory.context.cookies(line.url)).find((one) => one.name === (name === '__Host-b' ? name : '__Host-s'));
        await p.context.addCookies([{ ...theirs, name }]);
        handle = theirs.value;
      }
      await p.go('/saml/acme/login');
      await p.prove('acme', 'bob');
      await p.roles();
      await p.sees('bob@acme.example');
      for (const { value } of await p.sessions()) assert.notEqual(value, handle, names.join());
    }
  });
  test('a session that nobody asked for asks before it replaces a person', async (t) => {
    const line = await stack('plain');
    const p = await Person.arrive(t, line, desk);
    await p.signIn('acme', 'bob');
    const mallory = await Person.arrive(t, line, desk);
    await mallory.signIn('contoso', 'erin');
    await p.context.addCookies([{ ...(await mallory.sessions())[0], name: '__Host-n' }]);
    await p.go();
    await p.at('form[action="/arrival"] button[value="current"]').click();
    await p.roles();
    await p.sees('bob@acme.example');
    assert.deepEqual((await p.sessions()).map(({ name }) => name), ['__Host-s']);
  });
});
