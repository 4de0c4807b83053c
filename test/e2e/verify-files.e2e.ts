import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { World } from '../harness/world.js';

describe('files by which WeChat checks a domain', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ WECHAT_VERIFY_FILES: 'MP_verify_AbCd1234.txt, 6x9K.txt:abc:def' });
  });
  afterAll(() => world.stop());

  test.each([
    ['MP_verify_AbCd1234.txt', 'AbCd1234'],
    ['6x9K.txt', 'abc:def'],
  ])('%s is served at the root, as text', async (name, content) => {
    const reply = await call(`${world.url}/${name}`);
    expect([reply.status, reply.text]).toEqual([200, content]);
    expect(reply.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('no other is', async () => {
    expect((await call(`${world.url}/MP_verify_Other.txt`)).status).toBe(404);
  });
});
