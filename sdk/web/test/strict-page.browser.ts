import { expect, test } from '@jest/globals';
import { complaints, sites, tab } from '../../../test/browser/browser-tab.js';
import { inMiniProgram, otherSite, scanAndAllow, singleFile, world } from './sdk-page.js';

test('a page with the strictest Content-Security-Policy and Trusted Types shows both kinds of code', async () => {
  const policy = [
    "default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'self'",
    `connect-src ${world.url}; img-src data: ${world.url}; frame-src ${world.url} ${world.sandbox.url}`,
    "require-trusted-types-for 'script'; trusted-types 'none'",
  ].join('; ');
  sites.script('/wechat-auth.min.js', singleFile);
  sites.script(
    '/page.js',
    `import { createAuth } from './wechat-auth.min.js';
    for (const method of ['mini-program', 'website']) {
      const auth = createAuth({ baseUrl: '${world.url}', storage: null });
      const { user } = await auth.loginEmbedded(document.getElementById(method), { method });
      document.querySelector('h1').append(' ' + user.id);
    }`,
  );
  sites.show(
    '/',
    `<html lang="en"><title>Shop</title><meta http-equiv="Content-Security-Policy" content="${policy}">
<main><h1>Users:</h1><div id="mini-program"></div><div id="website"></div></main>
<script type="module" src="/page.js"></script>`,
  );
  const page = await tab();
  const picture = page.waitForResponse(
    (each) => each.request().resourceType() === 'image' && each.url().startsWith(world.url),
  );
  await page.goto(otherSite);
  await (await picture).finished();
  await inMiniProgram('scan', 'confirm');
  await scanAndAllow(page, '.wechat-auth iframe');
  await page.getByRole('heading', { name: /^Users: [\w-]{36} [\w-]{36}$/ }).waitFor();
  expect(complaints).toEqual([]);
});
