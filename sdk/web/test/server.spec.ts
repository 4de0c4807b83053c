import { expect, test } from '@jest/globals';
import { Site } from '../../../test/harness/site.js';
import { createAuth } from '../src/index.js';

test('on a server, where pages are rendered, nobody is logged in, and nothing throws or stays open', async () => {
  const auth = createAuth({ baseUrl: 'https://auth.example.com/' });
  auth.onChange(() => undefined);
  expect([auth.status, auth.user]).toEqual(['unknown', null]);
  expect(await auth.getAccessToken()).toBeNull();
  expect(await auth.getUser()).toBeNull();
  expect(await auth.handleCallback()).toBeNull();
  expect(auth.status).toBe('logged-out');
});

test('on a server fetch is that of the platform', async () => {
  const site = await Site.start();
  site.show('/orders', 'all orders');
  const auth = createAuth({ baseUrl: 'https://auth.example.com' });
  const reply = await auth.fetch(`${site.origin('127.0.0.1').replace('.localhost', '')}/orders`);
  expect(await reply.text()).toContain('all orders');
  await site.stop();
});
