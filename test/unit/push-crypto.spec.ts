import { describe, expect, test } from '@jest/globals';
import { pushAesKey } from '../../src/config/parsers.js';
import {
  decryptPush,
  encryptPush,
  isPushSignature,
  type PushStamp,
  pushSignature,
} from '../../src/wechat/push-crypto.js';

/** wechat-api.md section 2.3, V4: the official example of the message push. */
const V4 = {
  token: 'AAAAA',
  secrets: { appId: 'wxba5fad812f8e6fb9', aesKey: pushAesKey('A'.repeat(43)) },
  safe: { timestamp: '1714112445', nonce: '415670741' },
  encrypt:
    '+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=',
  message:
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}',
};
const V5_KEY = pushAesKey('abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG');
const RANDOM = Buffer.from('aaaabbbbccccdddd');

const opens = (bytes: Buffer): boolean => decryptPush(bytes.toString('base64'), V4.secrets) !== null;

describe('official vectors', () => {
  test('V4: the four signatures', () => {
    const { token } = V4;
    expect(pushSignature(token, { timestamp: '1714036504', nonce: '1514711492' })).toBe(
      'f464b24fc39322e44b38aa78f5edd27bd1441696',
    );
    expect(pushSignature(token, { timestamp: '1714037059', nonce: '486452656' })).toBe(
      '899cf89e464efb63f54ddac96b0a0a235f53aa78',
    );
    expect(pushSignature(token, V4.safe)).toBe('6c5c811b55cc85e0e1b54100749188c20beb3f5d');
    expect(pushSignature(token, V4.safe, V4.encrypt)).toBe('046e02f8204d34f8ba5fa3b1db94908f3df2e9b3');
  });

  test('V4: the encrypted push decrypts, and encrypts to the same text again', () => {
    expect(decryptPush(V4.encrypt, V4.secrets)).toBe(V4.message);
    expect(encryptPush(V4.message, V4.secrets, Buffer.from('a8eedb185eb2fecf'))).toBe(V4.encrypt);
  });

  test('V4: the encrypted reply', () => {
    const encrypted = encryptPush('{"demo_resp":"good luck"}', V4.secrets, Buffer.from('707722b803182950'));
    expect(encrypted).toBe(
      'ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==',
    );
    expect(pushSignature(V4.token, { timestamp: '1713424427', nonce: '415670741' }, encrypted)).toBe(
      '1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1',
    );
  });

  test('V5: the Java demo, with Chinese text', () => {
    const secrets = { aesKey: V5_KEY, appId: 'wxb11529c136998cb6' };
    const encrypted =
      'jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==';
    expect(encryptPush('我是中文abcd123', secrets, RANDOM)).toBe(encrypted);
    expect(decryptPush(encrypted, secrets)).toBe('我是中文abcd123');
  });

  test('V6: the Python demo', () => {
    const encrypted =
      'hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=';
    const stamp = { timestamp: '1409735669', nonce: '1320562132' };
    expect(isPushSignature('5d197aaffba7e9b25a30732f161a50dee96bd5fa', 'spamtest', stamp, encrypted)).toBe(
      true,
    );
    const message = decryptPush(encrypted, { aesKey: V5_KEY, appId: 'wx2c2769f8efd9abc2' }) ?? '';
    expect(Buffer.byteLength(message)).toBe(280);
    expect(message).toContain('<FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>');
    expect(message).toContain('<CreateTime>1409735668</CreateTime>');
    expect(message).toContain('<Content><![CDATA[abcdteT]]></Content>');
    expect(message).toContain('<MsgId>6054768590064713728</MsgId>');
  });

  test('V7: an encrypted echostr', () => {
    const encrypted =
      'P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==';
    const stamp = { timestamp: '1409659589', nonce: '263014780' };
    expect(isPushSignature('5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3', 'QDG6eK', stamp, encrypted)).toBe(
      true,
    );
    const secrets = {
      aesKey: pushAesKey('jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C'),
      appId: 'wx5823bf96d3bd56c7',
    };
    expect(decryptPush(encrypted, secrets)).toBe('1616140317555161061');
  });

  test('V16: a push that a third-party platform signed, for a mini program that its end does not name', () => {
    const encrypted =
      'D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg==';
    const stamp = { timestamp: '1715943329', nonce: '1590219412' };
    expect(pushSignature('AAAAA', stamp)).toBe('cc0c594499c1634947d5b502f158ee518947db27');
    expect(isPushSignature('6c12a4205838198b8fa631b3220723bb07f1015c', 'AAAAA', stamp, encrypted)).toBe(true);
    const platform = { ...V4.secrets, appId: 'wx134c8103faa5a59e' };
    const message = decryptPush(encrypted, platform) ?? '';
    expect(Buffer.byteLength(message)).toBe(292);
    expect(message).toContain('<Event><![CDATA[debug_demo]]></Event>');
    expect(encryptPush(message, platform, Buffer.from('1205899eaf019bbd'))).toBe(encrypted);
    expect(decryptPush(encrypted, V4.secrets)).toBeNull();
    expect(decryptPush(encrypted, V4.secrets, ['wx134c8103faa5a59f'])).toBeNull();
    expect(decryptPush(encrypted, V4.secrets, ['wx1', platform.appId])).toBe(message);
  });

  test('V16: the encrypted reply', () => {
    const secrets = { ...V4.secrets, appId: 'wx134c8103faa5a59e' };
    const reply = '<xml><demo_resp>[CDATA[good luck]]</demo_resp></xml>';
    const encrypted = encryptPush(reply, secrets, Buffer.from('999951349e8ee746'));
    expect(encrypted).toBe(
      'hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6+3HAZbSvPT9t/o11MI7d6WELwqrGd7jMnV0zv3Zc9Nq7',
    );
    expect(pushSignature('AAAAA', { timestamp: '1713424427', nonce: '415670741' }, encrypted)).toBe(
      '03e0812039325c2712ef5f0f980fd14c70d6e307',
    );
  });
});

describe('signatures', () => {
  const right = pushSignature('AAAAA', V4.safe, V4.encrypt);

  test.each([
    ['of another token', pushSignature('AAAAB', V4.safe, V4.encrypt)],
    ['without the ciphertext', pushSignature('AAAAA', V4.safe)],
    ['in capitals', right.toUpperCase()],
    ['cut short', right.slice(0, 39)],
    ['empty', ''],
    ['that is no hex', '签名'.repeat(20)],
  ])('%s are refused', (_, signature) => {
    expect(isPushSignature(signature, 'AAAAA', V4.safe, V4.encrypt)).toBe(false);
    expect(isPushSignature(right, 'AAAAA', V4.safe, V4.encrypt)).toBe(true);
  });

  test('no other cut of the same text passes for a second (timestamp, nonce) of the same hour', () => {
    const digits = V4.safe.timestamp + V4.safe.nonce;
    const signature = pushSignature('AAAAA', V4.safe);
    const passing: PushStamp[] = [];
    const isNear = (timestamp: string) => Math.abs(Number(timestamp) - Number(V4.safe.timestamp)) < 3_600;
    for (let at = 0; at <= digits.length; at++) {
      for (const [timestamp, nonce] of [
        [digits.slice(0, at), digits.slice(at)],
        [digits.slice(at), digits.slice(0, at)],
      ] as const) {
        if (isNear(timestamp) && isPushSignature(signature, 'AAAAA', { timestamp, nonce }))
          passing.push({ timestamp, nonce });
      }
    }
    expect(passing).toEqual([V4.safe]);
  });

  test('a nonce that swallows the beginning of the ciphertext is refused, though the text is the same', () => {
    const stamp = { timestamp: '1714112445', nonce: '3' };
    const encrypted = `4${'A'.repeat(127)}B${'A'.repeat(127)}`;
    const moved = { ...stamp, nonce: stamp.nonce + encrypted.slice(0, 128) };
    const signature = pushSignature('zzz', stamp, encrypted);
    expect(pushSignature('zzz', moved, encrypted.slice(128))).toBe(signature);
    expect(isPushSignature(signature, 'zzz', stamp, encrypted)).toBe(true);
    expect(isPushSignature(signature, 'zzz', moved, encrypted.slice(128))).toBe(false);
  });
});

describe('what cannot be decrypted is refused alike', () => {
  const cipher = Buffer.from(V4.encrypt, 'base64');

  test('every flipped bit: always by the signature, and by the padding or the appid where it affects them', () => {
    const signature = pushSignature('AAAAA', V4.safe, V4.encrypt);
    for (let bit = 0; bit < cipher.length * 8; bit++) {
      const flipped = Buffer.from(cipher);
      const at = Math.floor(bit / 8);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit % 8)), at);
      expect(isPushSignature(signature, 'AAAAA', V4.safe, flipped.toString('base64'))).toBe(false);
      // The last 37 bytes hold the appid and the padding; a block also decides over the one after it.
      if (at >= cipher.length - 48) expect(opens(flipped)).toBe(false);
    }
    expect(opens(cipher)).toBe(true);
  });

  test('another appid, a longer and a shorter one', () => {
    for (const appId of [
      'wxba5fad812f8e6fb8',
      'wxba5fad812f8e6fb9a',
      'wxba5fad812f8e6fb',
      'ba5fad812f8e6fb9',
    ]) {
      expect(decryptPush(V4.encrypt, { ...V4.secrets, appId })).toBeNull();
      expect(decryptPush(encryptPush('{}', { ...V4.secrets, appId }), V4.secrets)).toBeNull();
    }
  });

  test('another key', () => {
    expect(decryptPush(V4.encrypt, { ...V4.secrets, aesKey: V5_KEY })).toBeNull();
  });

  test.each([
    ['cut inside a block', cipher.subarray(0, -1)],
    ['cut after 16 bytes of a block of 32', cipher.subarray(0, -16)],
    ['cut after a block', cipher.subarray(0, -32)],
    ['without its beginning', cipher.subarray(32)],
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(64)],
  ])('%s', (_, bytes) => {
    expect(opens(bytes)).toBe(false);
  });

  test.each(['', '=', 'AAAA\n', 'AA-_'.repeat(16), '<xml>', V4.encrypt.slice(0, -1), ` ${V4.encrypt}`])(
    'text that is no base64: %j',
    (text) => {
      expect(decryptPush(text, V4.secrets)).toBeNull();
    },
  );

  /** Content as it is encrypted, padding and all: 64 bytes. */
  const content = (length: number, padding: readonly number[]): Buffer => {
    const body = Buffer.concat([RANDOM, Buffer.alloc(4), Buffer.from('{}'), Buffer.from(V4.secrets.appId)]);
    body.writeUInt32BE(length, 16);
    return Buffer.concat([body, Buffer.from(padding)]);
  };

  test.each([
    ['a length of one too many', content(3, Array<number>(24).fill(24))],
    ['a length of one too few', content(1, Array<number>(24).fill(24))],
    ['no length', content(0, Array<number>(24).fill(24))],
    ['a length beyond the end', content(0xffffffff, Array<number>(24).fill(24))],
    ['padding of zero', content(2, Array<number>(24).fill(0))],
    ['padding of 33', content(2, Array<number>(24).fill(33))],
    ['padding that differs in its first byte', content(2, [23, ...Array<number>(23).fill(24)])],
    ['padding longer than the blocks of the library', content(2, [...Array<number>(23).fill(25), 24])],
  ])('%s', async (_, plain) => {
    const { createCipheriv } = await import('node:crypto');
    const { aesKey } = V4.secrets;
    const encrypt = (text: Buffer): Buffer => {
      const aes = createCipheriv('aes-256-cbc', aesKey, aesKey.subarray(0, 16)).setAutoPadding(false);
      return Buffer.concat([aes.update(text), aes.final()]);
    };
    expect(opens(encrypt(content(2, Array<number>(24).fill(24))))).toBe(true);
    expect(opens(encrypt(plain))).toBe(false);
  });
});

describe('messages of any length', () => {
  test('come back as they were, with 1 to 32 bytes of padding', () => {
    for (let length = 0; length <= 70; length++) {
      const message = '微'.repeat(length % 7) + 'x'.repeat(length);
      expect(decryptPush(encryptPush(message, V4.secrets), V4.secrets)).toBe(message);
    }
  });
});
