// Search, copy, countdown, local times, and forms that post themselves.
// Every page works without this file.
'use strict';

const all = (selector) => document.querySelectorAll(selector);

// What only works with a script is hidden until there is one.
for (const el of all('[data-js]')) el.hidden = false;

// A form that carries a message posts itself, but not when somebody came back to it or asked
// for it once more.
const [arrival] = performance.getEntriesByType('navigation');
if (!arrival || arrival.type === 'navigate') {
  for (const form of all('form[data-autosubmit]')) {
    form.submit();
    form.dataset.sent = 'yes'; // so is its button
    setTimeout(() => delete form.dataset.sent, 10000);
  }
}

// A second click never does a thing twice, on a button or on a link that opens a
// console. After a while it is of use again, for where nothing came of the first.
function once(el, event) {
  if (el.dataset.sent) event.preventDefault();
  el.dataset.sent = 'yes';
  setTimeout(() => delete el.dataset.sent, 10000);
}
addEventListener('submit', (event) => {
  const form = event.target;
  // In the list each button is a wish of its own: credentials may be opened in two tabs.
  once(form.matches('.list') && event.submitter || form, event);
});
addEventListener('click', (event) => {
  const link = event.target.closest('.roles a, a.option');
  const here = !event.button && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (link && here) once(link, event);
});

// Chromium keeps a page whole for the back button, no-store or not: it would show who was
// signed in to whoever came after them. It is not seen again before it was asked for anew.
addEventListener('pagehide', ({persisted}) => { document.documentElement.hidden = persisted; });
addEventListener('pageshow', ({persisted}) => { if (persisted) location.reload(); });

// Times: UTC is on the page, the local time stands beside it.
for (const time of all('time[data-local]')) {
  const at = new Date(time.dateTime);
  const here = at.toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hour12: false });
  if (isNaN(at)) continue;
  const local = document.createElement('span');
  local.className = 'nowrap';
  local.textContent = time.dataset.local.replace('{time}', here);
  time.append(' ', local);
}

function countdown(el) {
  const minutes = Math.floor((new Date(el.dataset.ends) - Date.now()) / 60000);
  const pattern = minutes < 0 ? el.dataset.over : minutes < 60 ? el.dataset.m : el.dataset.hm;
  el.textContent = pattern.replace('{h}', Math.floor(minutes / 60)).replace('{m}', minutes % 60);
}
for (const el of all('[data-ends]')) {
  countdown(el);
  setInterval(countdown, 15000, el);
}

// Near the end of a session that could go on, and when it is over, the page says so, each
// once: it is read aloud.
const ending = document.getElementById('ending');
if (ending) {
  const ends = Date.parse(ending.dataset.latest);
  const idle = Math.min(Date.parse(ending.dataset.idle) || ends, ends);
  let said;
  const say = () => {
    const left = idle - Date.now();
    const what = left <= 0 ? 'over' : left <= 300000 && idle < ends ? 'soon' : said;
    if (what === said) return;
    said = what;
    const link = document.createElement('a');
    link.href = '/';
    link.textContent = ending.dataset[what + 'Link'];
    ending.replaceChildren(ending.dataset[what], ' ', link);
  };
  say();
  setInterval(say, 15000);
}

for (const button of all('[data-copy]')) {
  const label = button.textContent;
  button.setAttribute('aria-live', 'polite');
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy);
    const rows = [...source.querySelectorAll('dt')].map((dt) => dt.textContent + ': ' + dt.nextElementSibling.textContent);
    await navigator.clipboard.writeText(rows.length ? rows.join('\n') : source.textContent);
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

// Search filters what the page already has; Enter takes the first role shown. What is
// looked through is read from the page once, at the first letter.
const search = document.getElementById('search');
if (search) {
  const none = document.getElementById('none');
  const words = (el) => el?.textContent ?? '';
  const readRows = () => [...all('.account')].map((section) => ({
    section,
    rows: [...section.querySelectorAll('li')].map((row) => ({
      row,
      text: [row.dataset.find ?? words(section.firstElementChild), words(row.querySelector('b')), words(row.querySelector('i'))].join(' ').toLowerCase(),
    })),
  }));
  let accounts;
  const filter = () => {
    accounts ??= readRows();
    const wanted = search.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const { section, rows } of accounts) {
      let some = false;
      for (const { row, text } of rows) {
        const fits = wanted.every((word) => text.includes(word));
        if (row.hidden === fits) row.hidden = !fits;
        some ||= fits;
      }
      section.hidden = !some;
      if (some) shown++;
    }
    none.textContent = shown ? '' : none.dataset.text;
  };
  search.addEventListener('input', filter);
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    document.querySelector('.roles li:not([hidden]) a')?.click();
  });

  // Arrows go from row to row, to what does the same there; a slash goes to the search.
  const does = (row) => [...row.querySelectorAll('a, button')];
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const at = document.activeElement;
    if (event.key === '/' && !at.matches('input, textarea, select')) {
      event.preventDefault();
      search.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = at.closest('.roles li');
    if (!step || !row && at !== search) return;
    event.preventDefault();
    const rows = [...all('.account:not([hidden]) .roles li:not([hidden])')];
    const place = rows.indexOf(row) + step;
    if (place < 0) search.focus();
    else if (place < rows.length) {
      const there = does(rows[place]);
      (row && there[does(row).indexOf(at)] || there[0])?.focus();
    }
  });
  if (search.value) filter(); // a browser may bring back what was typed
  const starred = document.querySelector(':target [aria-pressed]'); // the way back from it leads here
  if (starred) starred.focus();
  else if (matchMedia('(pointer: fine)').matches) search.focus({ preventScroll: true });
}
