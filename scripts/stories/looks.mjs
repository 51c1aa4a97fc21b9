// What is looked for on every page: that axe-core finds nothing, that nothing scrolls
// sideways, and that the tabulator goes through it as one reads.
import assert from 'node:assert/strict';

import { findings, shoot } from './stage.mjs';

// lookAt looks at a page as it is shown now, on a desk and on a telephone, in both themes.
// Of a theme only the colours are its own, so people get each theme to look at once.
export async function lookAt(page, name) {
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const found = await findings(page, colorScheme === 'dark' ? 'cat.color' : undefined);
      assert.deepEqual(found, [], `${name} ${width} ${colorScheme}`);
      if ((width < 600) === (colorScheme === 'dark')) await shoot(page, `seen-${name}-${width}-${colorScheme}`);
    }
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} scrolls sideways at ${width}`);
  }
}

// stops is where the tabulator stops on a page, from its beginning: each with its place
// among all that can be reached, its box, and the outline that shows it.
async function stops(page) {
  await page.evaluate(() => { // as if the page had just come, with nothing chosen on it
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
  });
  const found = [];
  for (let last = -1; ;) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const on = document.activeElement;
      if (!on || on === document.body) return undefined;
      const seen = document.querySelector(`label[for="${on.id}"]`) && on.type !== 'search' && on.type !== 'email' ? document.querySelector(`label[for="${on.id}"]`) : on;
      const { top, left, bottom, right } = seen.getBoundingClientRect();
      const { outlineStyle, outlineWidth } = getComputedStyle(seen);
      return {
        place: [...document.querySelectorAll('*')].indexOf(on), name: on.outerHTML.slice(0, 80),
        top: top + scrollY, bottom: bottom + scrollY, left, right,
        outline: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth),
      };
    });
    if (!stop || stop.place <= last) return found;
    last = stop.place;
    found.push(stop);
  }
}

// requireOrder demands that the tabulator stops at all that can be used, in the order in
// which it stands in the document and is read: down, and from left to right. Where it is,
// is seen.
export async function requireOrder(page, name) {
  const found = await stops(page);
  const usable = await page.evaluate(() => {
    const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary, pre[tabindex="0"]')];
    return all.filter((one) => one.checkVisibility({ visibilityProperty: true }) && !(one.type === 'radio' && !one.checked)).length;
  });
  assert.equal(found.length, usable, `${name}: stops at ${found.map((stop) => stop.name).join('\n')}`);
  found.forEach((stop, i) => {
    assert.ok(stop.outline >= 2, `${name}: ${stop.name} is not seen to be there`);
    const before = found[i - 1];
    if (!before || i === 1) return; // the first leads past the head, and lies over it
    const beside = stop.top < before.bottom - 1 && stop.bottom > before.top + 1;
    assert.ok(beside ? stop.left >= before.left : stop.top >= before.bottom - 1, `${name}: ${stop.name} is read before ${before.name}`);
  });
}
