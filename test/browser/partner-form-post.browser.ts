import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Listening, listening } from '../harness/listening.js';
import { API_KEYS } from '../harness/operator.js';
import { PartnerApp } from '../harness/partner-app.js';
import { World } from '../harness/world.js';
import { context, tab } from './browser-tab.js';

let world: World;
let site: Listening;
const received: URLSearchParams[] = [];
beforeAll(async () => {
  world = await World.start(API_KEYS);
  site = await listening(
    createServer((request, response) => {
      void text(request).then((body) => {
        if (request.method === 'POST') received.push(new URLSearchParams(body));
        response
          .setHeader('content-type', 'text/html')
          .end('<link rel="icon" href="data:,"><h1>Reports</h1>');
      });
    }),
  );
});
afterAll(async () => {
  await site.close();
  await world.stop();
});

test('a partner that asks for response_mode=form_post gets the code in a form, which Chromium sends', async () => {
  const callback = `${site.url}/callback?a=1&b=2`;
  const partner = await PartnerApp.register(world, { redirectUris: [callback] });
  const parameters = { redirect_uri: callback };
  const first = partner.begin(parameters);
  await partner.authorize(await world.person(), first);

  const page = await tab();
  const cookies = ['wechat-auth-login', 'wechat-auth-partner', 'wechat-auth-partner.sig'].map((name) => ({
    name,
    value: first.browser.cookie(world.url, name) ?? '',
    url: world.url,
  }));
  await context.addCookies(cookies);
  const begun = partner.begin({ ...parameters, response_mode: 'form_post' });
  await page.goto(begun.url.href);
  await page.getByRole('heading', { name: 'Reports' }).waitFor();
  expect(page.url()).toBe(callback);
  expect(received.map((form) => [form.get('state'), form.get('iss')])).toEqual([
    [begun.state, `${world.url}/oidc`],
  ]);
  const tokens = await partner.token({
    grant_type: 'authorization_code',
    code: received[0]?.get('code') ?? '',
    redirect_uri: callback,
    code_verifier: begun.verifier,
  });
  expect(tokens.status).toBe(200);
});
