// Search, copy, countdown, local times, and forms that post themselves.
// Every page works without this file.
'use strict';

const all = (selector) => document.querySelectorAll(selector);

// What only works with a script is hidden until there is one.
for (const el of all('[data-js]')) el.hidden = false;

// A form that carries a message posts itself, but not when somebody came back to it.
const [arrival] = performance.getEntriesByType('navigation');
if (!arrival || arrival.type !== 'back_forward') {
  for (const form of all('form[data-autosubmit]')) {
    form.submit();
    form.dataset.sent = 'yes';
    // Its button is of use again where nothing came of it.
    setTimeout(() => delete form.dataset.sent, 10000);
  }
}

// A second click never does a thing twice.
for (const form of all('form[method="post"]')) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = 'yes';
  });
}
addEventListener('pageshow', ({persisted}) => {
  if (persisted) for (const form of all('form[data-sent]')) delete form.dataset.sent;
});

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

// Search filters what the page already has; Enter takes the first role shown.
const search = document.getElementById('search');
if (search) {
  const none = document.getElementById('none');
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const role of all('.role')) {
      const text = role.dataset.find.toLowerCase();
      role.hidden = !words.every((word) => text.includes(word));
      if (!role.hidden) shown++;
    }
    for (const account of all('.account')) account.hidden = !account.querySelector('.role:not([hidden])');
    none.textContent = shown ? '' : none.dataset.text;
  };
  search.addEventListener('input', filter);
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    document.querySelector('.role:not([hidden]) :is(form[action="/console"] button, .does > a)')?.click();
  });
  filter(); // a browser may bring back what was typed
  if (matchMedia('(pointer: fine)').matches) search.focus({ preventScroll: true });
}
