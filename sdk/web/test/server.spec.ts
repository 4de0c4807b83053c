import { expect, test } from '@jest/globals';
import { createAuth } from '../src/index.js';

test('on a server, where pages are rendered, nobody is logged in, and nothing throws or stays open', async () => {
  const auth = createAuth({ baseUrl: 'https://auth.example.com/' });
  auth.onChange(() => undefined);
  expect([auth.status, auth.user]).toEqual(['unknown', null]);
  expect(await auth.getAccessToken()).toBeNull();
  expect(await auth.getUser()).toBeNull();
  expect(auth.status).toBe('logged-out');
});
