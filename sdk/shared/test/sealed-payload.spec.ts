import { createCipheriv, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';
import * as gcm from '../../mini-program/src/user-key/aes-gcm.js';
import { base64UrlOf, bytesOfBase64 } from '../../mini-program/src/user-key/base64.js';
import type * as UserKeyEntry from '../../mini-program/src/user-key.js';
import {
  openUserPayload,
  openUserPayloadBytes,
  sealUserPayload,
} from '../../node/src/user-key/user-payload.js';

type Entry = typeof UserKeyEntry;

/** The entry as one script, for the oldest engines of mini programs. */
const [bundle] = buildSync({
  entryPoints: [fileURLToPath(new URL('../../mini-program/src/user-key.ts', import.meta.url))],
  bundle: true,
  format: 'cjs',
  target: 'es2018',
  write: false,
}).outputFiles;

interface Callbacks {
  readonly success: (result: object) => void;
  readonly fail: (failure: unknown) => void;
}

/** What WeChat knows of one person: the newest key is the first. */
class Keys {
  readonly list = [newKey(10)];

  get latest(): ReturnType<typeof newKey> {
    return this.list[0] ?? newKey(0);
  }

  change(): void {
    this.list.unshift(newKey(this.latest.version + 1));
    this.list.splice(3);
  }
}

function newKey(version: number) {
  const iv = randomBytes(8).toString('hex');
  return { encryptKey: randomBytes(16).toString('base64'), iv, version, expireTime: 1_616_575_898 };
}

/** A mini program in a realm of its own, with no BigInt either. @param wx `null`: there is none */
function start(wx: object | null): Entry {
  const module = { exports: {} };
  const context = createContext({ module, setTimeout, clearTimeout, ...(wx && { wx }) });
  runInContext('delete globalThis.BigInt; delete DataView.prototype.setBigUint64;', context);
  runInContext(bundle?.text ?? '', context);
  return module.exports as Entry;
}

/** @param random bytes; WeChat's own by default */
function phoneOf(keys: Keys, random?: Buffer): object {
  return {
    getUserCryptoManager: () => ({
      getLatestUserKey: ({ success }: Callbacks) => void setImmediate(success, keys.latest),
      getRandomValues: ({ success, length }: Callbacks & { readonly length: number }) =>
        void setImmediate(success, { randomValues: new Uint8Array(random ?? randomBytes(length)).buffer }),
    }),
  };
}

let keys: Keys;
let phone: Entry;
beforeEach(() => {
  keys = new Keys();
  phone = start(phoneOf(keys));
});

const PAYLOADS = ['', 'a', '{"card":"6222 0000 0000 0000","见":"𠮷😀"}', 'x'.repeat(100_001)];

describe('what a mini program seals', () => {
  test.each(PAYLOADS)('is opened by the server: %#', async (payload) => {
    const sealed = await phone.sealPayload(payload);
    expect(sealed).toMatch(/^1\.10\.[\w-]+$/);
    expect(openUserPayload(sealed, keys.list)).toBe(payload);
  });

  test('may be bytes', async () => {
    const bytes = randomBytes(1000);
    const sealed = [
      await phone.sealPayload(new Uint8Array(bytes)),
      await phone.sealPayload(new Uint8Array(bytes).buffer),
    ];
    for (const each of sealed) expect(openUserPayloadBytes(each, keys.list)).toEqual(bytes);
    expect(() => openUserPayload(sealed[0] ?? '', keys.list)).toThrow(
      expect.objectContaining({ code: 'USER_PAYLOAD_INVALID' }),
    );
  });

  test('is another text each time, although the iv of WeChat is the same', async () => {
    const sealed = await Promise.all(Array.from({ length: 20 }, () => phone.sealPayload('the same')));
    expect(new Set(sealed.map((each) => each.slice(0, 24))).size).toBe(20);
  });

  test('is opened after the key has changed twice, and no more after the third time', async () => {
    const sealed = await phone.sealPayload('in time');
    keys.change();
    keys.change();
    expect(openUserPayload(sealed, keys.list)).toBe('in time');
    keys.change();
    expect(() => openUserPayload(sealed, keys.list)).toThrow(
      expect.objectContaining({ code: 'USER_KEY_STALE', status: 409 }),
    );
  });

  test('is not opened with a key of somebody else that has the same version', async () => {
    const sealed = await phone.sealPayload('mine');
    expect(() => openUserPayload(sealed, new Keys().list)).toThrow(
      expect.objectContaining({ code: 'USER_PAYLOAD_INVALID', status: 400 }),
    );
  });

  test('is refused where any of its bytes, its version or the iv was changed', async () => {
    const sealed = await phone.sealPayload('pay 100');
    const [form = '', version = '', body = ''] = sealed.split('.');
    const bytes = Buffer.from(body, 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const text = `${form}.${version}.${changed.toString('base64url')}`;
      expect(() => openUserPayload(text, keys.list)).toThrow(
        expect.objectContaining({ code: 'USER_PAYLOAD_INVALID' }),
      );
    }
    const renamed = [{ ...keys.latest, version: 11 }];
    expect(() => openUserPayload(`1.11.${body}`, renamed)).toThrow(
      expect.objectContaining({ code: 'USER_PAYLOAD_INVALID' }),
    );
    const reset = [{ ...keys.latest, iv: '0000000000000000' }];
    expect(() => openUserPayload(sealed, reset)).toThrow(
      expect.objectContaining({ code: 'USER_PAYLOAD_INVALID' }),
    );
  });

  test.each([
    ['nothing', ''],
    ['another form', '2.10.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
    ['too short', '1.10.AAAA'],
    ['standard base64', `1.10.${'a+/a'.repeat(12)}`],
    ['bits beside the bytes', `1.10.${'A'.repeat(37)}B`],
    ['a line break', `1.10.${'A'.repeat(40)}\n`],
  ] as const)('is refused with %s', async (_, sealed) => {
    expect(() => openUserPayload(sealed, keys.list)).toThrow(
      expect.objectContaining({ code: 'USER_PAYLOAD_INVALID' }),
    );
    await expect(phone.openPayload(sealed)).rejects.toMatchObject({ code: 'USER_PAYLOAD_INVALID' });
  });

  test('cannot be half a character', async () => {
    await expect(phone.sealPayload('\ud83d')).rejects.toMatchObject({ code: 'USER_PAYLOAD_INVALID' });
  });
});

describe('what the server seals', () => {
  test.each(PAYLOADS)('is opened by the mini program: %#', async (payload) => {
    expect(await phone.openPayload(sealUserPayload(payload, keys.list))).toBe(payload);
  });

  test('is sealed with the newest key, whatever the order is', async () => {
    keys.change();
    const sealed = sealUserPayload('new', [...keys.list].reverse());
    expect(sealed.split('.')[1]).toBe('11');
    expect(await phone.openPayload(sealed)).toBe('new');
  });

  test('is opened after the key has changed, by a mini program that has used the one before', async () => {
    const sealed = sealUserPayload('late', keys.list);
    await phone.sealPayload('something');
    keys.change();
    expect(await phone.openPayload(sealed)).toBe('late');
    await expect(start(phoneOf(keys)).openPayload(sealed)).rejects.toMatchObject({ code: 'USER_KEY_STALE' });
  });

  test('may be bytes, which are no text', async () => {
    const bytes = Buffer.from([0xff, 0, 0xc3]);
    const sealed = sealUserPayload(bytes, keys.list);
    expect([...(await phone.openPayloadBytes(sealed))]).toEqual([...bytes]);
    await expect(phone.openPayload(sealed)).rejects.toMatchObject({
      code: 'USER_PAYLOAD_INVALID',
      advice: { en: expect.stringMatching(/support/) },
    });
  });

  test('is refused where a byte was changed', async () => {
    const sealed = sealUserPayload('pay 100', keys.list);
    const at = sealed.length - 10;
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    await expect(phone.openPayload(changed)).rejects.toMatchObject({ code: 'USER_PAYLOAD_INVALID' });
  });

  test('needs a key', () => {
    expect(() => sealUserPayload('x', [])).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }));
    expect(() => sealUserPayload('x', [{ ...keys.latest, encryptKey: 'c2hvcnQ=' }])).toThrow(
      expect.objectContaining({ code: 'OPTIONS_INVALID' }),
    );
  });
});

test('what one side has sealed is not taken for the answer of the other', async () => {
  const own = await phone.sealPayload('mine');
  await expect(phone.openPayload(own)).rejects.toMatchObject({ code: 'USER_PAYLOAD_INVALID' });
  expect(() => openUserPayload(sealUserPayload('mine', keys.list), keys.list)).toThrow(
    expect.objectContaining({ code: 'USER_PAYLOAD_INVALID' }),
  );
});

describe('getLatestUserKey', () => {
  const keyOf = async (wx: object | null): Promise<unknown> => start(wx).getLatestUserKey();
  const manager = (getLatestUserKey: (callbacks: Callbacks) => unknown) => ({
    getUserCryptoManager: () => ({ getLatestUserKey }),
  });

  test('gives what WeChat gives, as a promise', async () => {
    expect(await phone.getLatestUserKey()).toEqual(keys.latest);
  });

  test('says that a platform has no keys, which no repetition changes', async () => {
    for (const wx of [null, {}]) {
      await expect(keyOf(wx)).rejects.toMatchObject({ code: 'USER_KEY_UNAVAILABLE', retryable: false });
    }
  });

  test('rejects with what WeChat has said', async () => {
    const failure = { errMsg: 'getLatestUserKey:fail system error', errno: 1 };
    const wx = manager(({ fail }) => setImmediate(fail, failure));
    await expect(keyOf(wx)).rejects.toMatchObject({
      name: 'AuthError',
      code: 'USER_KEY_UNAVAILABLE',
      retryable: true,
      detail: failure.errMsg,
      reason: failure,
    });
  });

  test.each([{}, { encryptKey: 'c2hvcnQ=', iv: '6003f73ec441c386', version: 1 }])(
    'refuses an answer that is no key: %j',
    async (answer) => {
      const wx = manager(({ success }) => setImmediate(success, answer));
      await expect(keyOf(wx)).rejects.toMatchObject({ code: 'USER_KEY_UNAVAILABLE', retryable: true });
    },
  );

  test('refuses fewer random bytes than it has asked for', async () => {
    const poor = start(phoneOf(keys, Buffer.alloc(4)));
    await expect(poor.sealPayload('x')).rejects.toMatchObject({ code: 'USER_KEY_UNAVAILABLE' });
  });
});

describe('the cipher of the mini program', () => {
  // McGrew and Viega, The Galois/Counter Mode of Operation, appendix B, test case 4.
  const VECTOR = {
    key: 'feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    data: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    payload:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    sealed:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
  };
  const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

  test('is AES-GCM', () => {
    const { key, nonce, data, payload, sealed } = VECTOR;
    const result = gcm.encrypt(bytes(key), bytes(nonce), bytes(payload), bytes(data));
    expect(Buffer.from(result).toString('hex')).toBe(sealed);
    expect(gcm.decrypt(bytes(key), bytes(nonce), result, bytes(data))).toEqual(bytes(payload));
  });

  test('agrees with that of Node.js at every length of a block', () => {
    for (let length = 0; length < 70; length++) {
      const [key, nonce, payload] = [randomBytes(16), randomBytes(12), randomBytes(length)];
      const data = randomBytes(length % 37);
      const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(data);
      const expected = Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
      const sealed = gcm.encrypt(
        new Uint8Array(key),
        new Uint8Array(nonce),
        new Uint8Array(payload),
        new Uint8Array(data),
      );
      expect(Buffer.from(sealed)).toEqual(expected);
    }
  });

  test('writes the sealed form that stands in decision 062', async () => {
    const fixed = new Keys();
    const key = { encryptKey: 'VI6BpyrK9XH4i4AIGe86tg==', iv: '6003f73ec441c386', version: 10 };
    fixed.list.unshift({ ...key, expireTime: 1_616_575_898 });
    const nonce = Buffer.from('000102030405060708090a0b', 'hex');
    const sealed = await start(phoneOf(fixed, nonce)).sealPayload('{"amount":100}');
    expect(sealed).toBe('1.10.AAECAwQFBgcICQoLpjvzqySTYgTrpgLiQ8AlD4O27TihsQgl8Wy-J9F2');
    expect(openUserPayload(sealed, [key])).toBe('{"amount":100}');
  });
});

describe('base64 in a mini program', () => {
  test('is that of Node.js', () => {
    for (let length = 0; length < 50; length++) {
      const bytes = randomBytes(length);
      expect(base64UrlOf(new Uint8Array(bytes))).toBe(bytes.toString('base64url'));
      expect(bytesOfBase64(bytes.toString('base64'))).toEqual(new Uint8Array(bytes));
      expect(bytesOfBase64(bytes.toString('base64url'))).toEqual(new Uint8Array(bytes));
    }
  });

  test.each(['A', 'AB', '?AAA', 'AA AA', undefined])('refuses %j', (text) => {
    expect(bytesOfBase64(text)).toBeUndefined();
  });
});
