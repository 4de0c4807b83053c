import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { MemoryStore } from '../../src/ephemeral/memory-store.js';
import type { PushMessage } from '../../src/wechat-events/push-message.js';
import { SeenPushes } from '../../src/wechat-events/seen-pushes.js';
import { MovableClock } from '../harness/movable-clock.js';

const APP = 'wx5a4db0c0de000001';
const PUSH: PushMessage = {
  event: 'user_info_modified',
  appId: APP,
  openId: 'oA',
  fromUserName: 'oService',
  createTime: '1714037059',
  revokeInfo: null,
};

describe('pushes that were seen', () => {
  let clock: MovableClock;
  let store: MemoryStore;
  let seen: SeenPushes;
  let acted: number;
  const act = () => {
    acted++;
    return Promise.resolve();
  };

  beforeEach(() => {
    clock = new MovableClock();
    store = new MemoryStore(clock);
    seen = new SeenPushes(store);
    acted = 0;
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await store.close();
  });

  test('another app, event, person, withdrawal or second is another push; without OpenID the sender is the person', async () => {
    const others: PushMessage[] = [
      { ...PUSH, event: 'user_authorization_revoke' },
      { ...PUSH, openId: 'oB' },
      { ...PUSH, openId: null, fromUserName: 'oC' },
      { ...PUSH, openId: null, fromUserName: 'oD' },
      { ...PUSH, createTime: '1714037060' },
    ];
    for (const push of [PUSH, ...others, PUSH, ...others]) await seen.once(APP, push, act);
    expect(acted).toBe(6);
    await seen.once('wx5a4db0c0de000002', PUSH, act);
    await seen.once(APP, { ...PUSH, fromUserName: 'oAnotherService' }, act);
    expect(acted).toBe(7);
    await seen.once(APP, { ...PUSH, revokeInfo: '301' }, act);
    expect(acted).toBe(8);
  });

  test('a push that is being acted on is not answered before its end', async () => {
    let finish = (): void => undefined;
    const acting = seen.once(APP, PUSH, () => new Promise<void>((resolve) => (finish = resolve)));
    let answered = false;
    const repeat = seen.once(APP, PUSH, act).then(() => (answered = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(false);
    finish();
    await Promise.all([acting, repeat]);
    expect(acted).toBe(0);
  });

  test('what does not come to its end in time is answered with an error', async () => {
    const now = jest.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValueOnce(0);
    void seen.once(APP, PUSH, () => new Promise<void>(() => undefined));
    now.mockReturnValue(3_501);
    await expect(seen.once(APP, PUSH, act)).rejects.toMatchObject({ code: 'PUSH_BUSY', status: 503 });
    expect(acted).toBe(0);
  });

  test('after a crash in the middle a repeat acts, once the mark has ended', async () => {
    void seen.once(APP, PUSH, () => new Promise<void>(() => undefined));
    clock.advance(11);
    await seen.once(APP, PUSH, act);
    expect(acted).toBe(1);
  });

  test('a repeat that waits acts when the first one fails', async () => {
    const failing = seen.once(APP, PUSH, () => Promise.reject(new Error('away')));
    const repeat = seen.once(APP, PUSH, act);
    await expect(failing).rejects.toThrow('away');
    await repeat;
    expect(acted).toBe(1);
  });

  test('a message under a stamp seen before is refused, unless it is the same to the same app', async () => {
    const stamp = { timestamp: '1714037059', nonce: '486452656' };
    for (let repeat = 0; repeat < 2; repeat++) await seen.claimStamp(stamp, APP, '{}');
    const replayed = { code: 'PUSH_REPLAYED' };
    await expect(seen.claimStamp(stamp, APP, '{ }')).rejects.toMatchObject(replayed);
    await expect(seen.claimStamp(stamp, 'wx5a4db0c0de000002', '{}')).rejects.toMatchObject(replayed);
    await seen.claimStamp({ ...stamp, nonce: '486452657' }, APP, '{ }');
    clock.advance(10 * 60);
    await expect(seen.claimStamp(stamp, APP, '{ }')).rejects.toMatchObject(replayed);
  });
});
