// People's ways through the whole in a real Chromium, on local stacks with the demo's
// identity providers. Run by `./scripts/test browser`; screenshots go to
// .build/screenshots, for people to look at. One process walks them all, so that they
// share stacks and a browser: the journeys stand in journeys/, a file for each kind.
import { after, before } from 'node:test';

import { launch, stop } from './stage.mjs';

before(() => launch());
after(stop);

await import('./journeys/signin.mjs');
await import('./journeys/consoles.mjs');
await import('./journeys/users.mjs');
await import('./journeys/posts.mjs');
await import('./journeys/sessions.mjs');
await import('./journeys/list.mjs');
await import('./journeys/again.mjs');
await import('./journeys/hostile.mjs');
await import('./journeys/pages.mjs');
