import { describe, expect, test } from '@jest/globals';
import { KeyRing, SealError } from '../../src/crypto/key-ring.js';

const [A, B, C] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer];
const PLACE = 'users.secret:1';

describe('a sealed secret', () => {
  const ring = new KeyRing([A]);

  test.each(['', 'session key', '微信 🌱', 'x'.repeat(10_000), 'with.dots.in.it'])(
    'opens again: %.20s',
    (secret) => {
      expect(ring.open(ring.seal(secret, PLACE), PLACE)).toBe(secret);
    },
  );

  test('names its version and its key, and never looks the same twice', () => {
    const [one, other] = [ring.seal('secret', PLACE), ring.seal('secret', PLACE)];
    expect(one).toMatch(/^v1\.[\w-]{8}\.[\w-]+$/);
    expect(other).not.toBe(one);
    expect(other.split('.')[1]).toBe(one.split('.')[1]);
  });

  test('opens in its own place only', () => {
    const sealed = ring.seal('secret', PLACE);
    for (const place of ['', 'users.secret:2', 'users.other:1', `${PLACE} `]) {
      expect(() => ring.open(sealed, place)).toThrow(SealError);
    }
  });

  test('does not open when any of its characters was changed', () => {
    const sealed = ring.seal('secret', PLACE);
    for (let index = 0; index < sealed.length - 1; index++) {
      const changed = sealed.slice(0, index) + (sealed[index] === 'A' ? 'B' : 'A') + sealed.slice(index + 1);
      expect(() => ring.open(changed, PLACE)).toThrow(SealError);
    }
  });

  test('does not open a truncated value, or anything else', () => {
    const sealed = ring.seal('secret', PLACE);
    const [version, id, body = ''] = sealed.split('.');
    const others = ['', 'secret', 'v1', `${version}.${id}`, `${version}.${id}.`, `v2.${id}.${body}`];
    for (const value of [...others, sealed.slice(0, -6), `${version}.${id}.${body.slice(6)}`]) {
      expect(() => ring.open(value, PLACE)).toThrow(SealError);
    }
  });

  test('is not quoted by the error', () => {
    const sealed = ring.seal('secret', PLACE);
    expect(() => ring.open(sealed, 'elsewhere')).toThrow(expect.not.objectContaining({ message: sealed }));
    expect(() => new KeyRing([B]).open(sealed, PLACE)).toThrow(/is not in ENCRYPTION_KEYS$/);
  });
});

describe('a rotation of keys', () => {
  const before = new KeyRing([A]);
  const during = new KeyRing([A, B]);
  const after = new KeyRing([B, A]);
  const over = new KeyRing([B]);

  test('opens the old and seals by the first', () => {
    const old = before.seal('secret', PLACE);
    expect(during.open(old, PLACE)).toBe('secret');
    expect(after.open(old, PLACE)).toBe('secret');
    const fresh = after.seal('secret', PLACE);
    // Those that have not got the new order yet read it already.
    expect(during.open(fresh, PLACE)).toBe('secret');
    expect(over.open(fresh, PLACE)).toBe('secret');
    expect(() => over.open(old, PLACE)).toThrow(SealError);
  });

  test('tells which values are to be sealed again', () => {
    const old = before.seal('secret', PLACE);
    expect([before, during, after].map((ring) => ring.isCurrent(old))).toEqual([true, true, false]);
    expect(after.isCurrent(after.seal('secret', PLACE))).toBe(true);
    expect(after.isCurrent('')).toBe(false);
  });

  test('seals a value again under the first key, where a key still opens it', () => {
    const old = before.seal('secret', PLACE);
    const again = after.resealed(old, PLACE);
    expect(again).not.toBe(old);
    expect(over.open(String(again), PLACE)).toBe('secret');
    expect(before.resealed(old, PLACE)).toBe(old);
    expect(over.resealed(old, PLACE)).toBeNull();
    expect(after.resealed(old, 'another place')).toBeNull();
  });

  test('verifies macs under every key, and makes them under the first', () => {
    const old = before.mac('label', 'message');
    expect(during.mac('label', 'message')).toBe(old);
    expect(after.mac('label', 'message')).not.toBe(old);
    expect([before, during, after].map((ring) => ring.verifyMac('label', 'message', old))).toEqual([
      true,
      true,
      true,
    ]);
    expect(over.verifyMac('label', 'message', old)).toBe(false);
  });
});

describe('a mac', () => {
  const ring = new KeyRing([A, B, C]);
  const mac = ring.mac('label', 'message');

  test('is 256 bits, and always the same', () => {
    expect(mac).toMatch(/^[\w-]{43}$/);
    expect(ring.mac('label', 'message')).toBe(mac);
  });

  test('is for one label and one message', () => {
    expect(ring.verifyMac('label', 'message', mac)).toBe(true);
    expect(ring.verifyMac('other', 'message', mac)).toBe(false);
    expect(ring.verifyMac('label', 'messag', mac)).toBe(false);
    expect(ring.mac('other', 'message')).not.toBe(mac);
  });

  test('has one spelling', () => {
    const last = String.fromCharCode(mac.charCodeAt(42) + 1);
    for (const other of [
      '',
      mac.slice(1),
      `${mac}=`,
      `${mac}A`,
      ` ${mac}`,
      mac.slice(0, -1) + last,
      `${mac}\n`,
    ]) {
      expect({ other, valid: ring.verifyMac('label', 'message', other) }).toEqual({ other, valid: false });
    }
  });
});

test.each([[[]], [[Buffer.alloc(31)]], [[A, Buffer.alloc(33)]]])('a ring needs keys of 32 bytes', (keys) => {
  expect(() => new KeyRing(keys)).toThrow(RangeError);
});
