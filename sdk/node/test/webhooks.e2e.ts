import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { WebhookWorker } from '../../../src/events/webhook-worker.js';
import { call } from '../../../test/harness/http.js';
import { MovableClock } from '../../../test/harness/movable-clock.js';
import { type Received, WebhookReceiver } from '../../../test/harness/webhook-receiver.js';
import { MINI_PROGRAM, World } from '../../../test/harness/world.js';
import { AuthError, verifyWebhook, type WebhookEvent, type WebhookRequest } from '../src/index.js';

const freshSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const OLD = freshSecret();
const NEW = freshSecret();

function codeOf(request: WebhookRequest): string | null {
  try {
    verifyWebhook(request);
    return null;
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

describe('verifyWebhook', () => {
  let world: World;
  let receiver: WebhookReceiver;
  /** What the service sent for a user who was created. */
  let sent: Received;
  const clock = new MovableClock();
  const now = (): number => clock.now();
  const settle = () => world.service().app.get(WebhookWorker, { strict: false }).runDue();

  beforeAll(async () => {
    receiver = await WebhookReceiver.listen(OLD, clock);
    world = await World.start({ WEBHOOK_URLS: receiver.url, WEBHOOK_SECRET: `${OLD},${NEW}` }, 1, {}, clock);
    const { user } = await world.miniProgramLogin(await world.person());
    await settle();
    [sent] = receiver.about(user.id, 'user.created') as [Received];
  });
  afterAll(async () => {
    await world.stop();
    await receiver.close();
  });

  const request = (changes: Partial<WebhookRequest> = {}): WebhookRequest => ({
    body: sent.body,
    headers: sent.headers,
    secret: OLD,
    now,
    ...changes,
  });
  /** As another sender would sign it. */
  const signed = (body: string, changes: Readonly<Record<string, string>> = {}, secret = OLD) => {
    const at = new Date(Math.floor(now() / 1000) * 1000);
    const headers = {
      'webhook-id': 'x',
      'webhook-timestamp': String(at.getTime() / 1000),
      'webhook-signature': new Webhook(secret).sign('x', at, body),
      ...changes,
    };
    return request({ body, headers });
  };

  test('what the service sends is verified, and typed by its type', () => {
    const event: WebhookEvent = verifyWebhook(request());
    expect(event).toEqual({ ...(JSON.parse(sent.body) as object), id: sent.id });
    if (event.type !== 'user.created') throw new Error(event.type);
    expect(event.data.appKind).toBe('mini_program');
    expect(event.data.appId).toBe(MINI_PROGRAM);
  });

  test('during a rotation each secret alone verifies it, and several do', () => {
    for (const secret of [
      OLD,
      NEW,
      [OLD, NEW],
      [NEW],
      `${OLD}, ${NEW}`,
      [freshSecret(), NEW],
      NEW.slice(6),
    ]) {
      expect(codeOf(request({ secret }))).toBeNull();
    }
    expect(sent.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    expect(codeOf(request({ secret: freshSecret() }))).toBe('WEBHOOK_SIGNATURE_INVALID');
  });

  test('every form of body and headers is taken', () => {
    const bytes = Buffer.from(sent.body);
    const copy = new Uint8Array(bytes);
    for (const body of [sent.body, bytes, copy, copy.buffer]) expect(codeOf(request({ body }))).toBeNull();
    const upper = Object.fromEntries(
      Object.entries(sent.headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    const lists = Object.fromEntries(Object.entries(sent.headers).map(([name, value]) => [name, [value]]));
    for (const headers of [upper, lists, new Headers(sent.headers), new Map(Object.entries(sent.headers))]) {
      expect(codeOf(request({ headers }))).toBeNull();
    }
  });

  test('a changed body, id, time or signature is refused', () => {
    const headers = (changes: Readonly<Record<string, string>>) => ({
      headers: { ...sent.headers, ...changes },
    });
    const signature = sent.headers['webhook-signature'] ?? '';
    for (const changes of [
      { body: sent.body.replace('user.created', 'user.deleted') },
      { body: `${sent.body} ` },
      { body: '' },
      headers({ 'webhook-id': 'another' }),
      headers({ 'webhook-timestamp': String(Number(sent.headers['webhook-timestamp']) + 1) }),
      headers({ 'webhook-timestamp': `${sent.headers['webhook-timestamp'] ?? ''}.0` }),
      headers({ 'webhook-signature': signature.replaceAll('v1,', 'v2,') }),
      headers({ 'webhook-signature': signature.replaceAll('v1,', 'v1a,') }),
      headers({ 'webhook-signature': signature.replaceAll('v1,', '') }),
      headers({ 'webhook-signature': 'v1,' }),
      headers({ 'webhook-signature': `v1,${'A'.repeat(43)}=` }),
      headers({ 'webhook-signature': 'v1,not base64' }),
    ]) {
      expect({ changes, code: codeOf(request(changes)) }).toEqual({
        changes,
        code: 'WEBHOOK_SIGNATURE_INVALID',
      });
    }
    const many = `v1,AAAA v2,x ${signature}`;
    expect(codeOf(request(headers({ 'webhook-signature': many })))).toBeNull();
  });

  test('a missing or repeated header field is refused', () => {
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
      const value = sent.headers[name] ?? '';
      const others = Object.entries(sent.headers).filter(([each]) => each !== name);
      for (const headers of [
        Object.fromEntries(others),
        { ...sent.headers, [name]: '' },
        { ...sent.headers, [name]: [value, value] },
        { ...sent.headers, [name.toUpperCase()]: value },
      ]) {
        expect(codeOf(request({ headers }))).toBe('WEBHOOK_HEADERS_INVALID');
      }
    }
  });

  test('a replay of five minutes ago is refused, within the tolerance it is not', () => {
    const at = Number(sent.headers['webhook-timestamp']) * 1000;
    const seconds = (off: number) => ({ now: () => at + off * 1000 });
    expect(codeOf(request(seconds(300)))).toBeNull();
    expect(codeOf(request(seconds(-300)))).toBeNull();
    expect(codeOf(request(seconds(301)))).toBe('WEBHOOK_TIMESTAMP_INVALID');
    expect(codeOf(request(seconds(-301)))).toBe('WEBHOOK_TIMESTAMP_INVALID');
    expect(codeOf(request({ ...seconds(3_000), tolerance: 3_600 }))).toBeNull();
    expect(codeOf(request({ ...seconds(10), tolerance: 5 }))).toBe('WEBHOOK_TIMESTAMP_INVALID');
    const key = Buffer.from(OLD.slice(6), 'base64');
    const mac = createHmac('sha256', key).update('x.NaN.{}').digest('base64');
    const odd = { 'webhook-timestamp': 'NaN', 'webhook-signature': `v1,${mac}` };
    expect(codeOf(signed('{}', odd))).toBe('WEBHOOK_TIMESTAMP_INVALID');
  });

  test('a parsed body is refused with the way to the raw one', () => {
    for (const body of [JSON.parse(sent.body) as object, undefined, null, 7]) {
      const thrown = () => verifyWebhook(request({ body: body as unknown as string }));
      expect(thrown).toThrow(/WEBHOOK_BODY_PARSED.*express\.raw/);
    }
  });

  test('a signed body that is no event is refused', () => {
    for (const body of [
      '',
      'x',
      'null',
      '[]',
      '{}',
      '{"type":"user.created"}',
      '{"type":7,"data":{"userId":"u"}}',
    ]) {
      expect(codeOf(signed(body))).toBe('WEBHOOK_BODY_INVALID');
    }
    const later = '{"type":"user.invented","timestamp":"","data":{"userId":"u"}}';
    expect(codeOf(signed(later))).toBeNull();
  });

  test('a secret that is none is a fault of the caller, and is not in the error', () => {
    for (const secret of ['', 'whsec_', 'short', [], ['', OLD], `${OLD},`, 'not a secret at all, really']) {
      expect(() => verifyWebhook(request({ secret }))).toThrow(/OPTIONS_INVALID/);
      if (secret.length > 6) {
        expect(() => verifyWebhook(request({ secret }))).not.toThrow(String(secret));
      }
    }
    expect(codeOf(request({ secret: undefined as unknown as string }))).toBe('OPTIONS_INVALID');
  });

  test('after a deletion the events that are still under way contain the user only', async () => {
    const { user, accessToken } = await world.miniProgramLogin(await world.person());
    receiver.answers(500);
    await settle();
    await call(`${world.url}/v1/users/me`, { method: 'DELETE', token: accessToken });
    receiver.answers(204);
    clock.advance(3_600);
    await settle();
    const events = receiver
      .about(user.id)
      .map(({ body, headers }) => verifyWebhook({ body, headers, secret: OLD, now, tolerance: 7_200 }));
    expect(events.filter(({ type }) => type === 'user.created').at(-1)?.data).toEqual({ userId: user.id });
    expect(events.find(({ type }) => type === 'user.deleted')?.data).toEqual({
      userId: user.id,
      mergedUserIds: [],
    });
  });
});
