import { describe, expect, test } from '@jest/globals';
import { userSignature } from '../../src/wechat/message-signatures.js';
import { decryptOpenData, signatureMatches } from '../../src/wechat/open-data.js';

/** wechat-api.md section 2.3. */
const V1 = {
  appId: 'wx4f4bc4dec97d474b',
  openId: 'oGZUI0egBJY1zhBYw2KhdUfwVJJE',
  sessionKey: 'tiihtNczf5v6AKRyjwEUhQ==',
  iv: 'r7BXXKkLb8qrSNn05n0qiA==',
  timestamp: 1_477_314_187,
  encryptedData:
    'CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew==',
};
const expected = { appId: V1.appId, openId: V1.openId, now: V1.timestamp * 1000, maxAge: 600 };

describe("WeChat's own vectors", () => {
  test('V1: the demo user is decrypted', () => {
    const { data } = decryptOpenData([V1.sessionKey], V1, expected);
    expect(data).toMatchObject({
      openId: V1.openId,
      nickName: 'Band',
      unionId: 'ocMvos6NjeKLIBqg5Mr9QjxrP1FA',
      watermark: { timestamp: V1.timestamp, appid: V1.appId },
    });
  });

  test('V1: the first key that fits is used, and named', () => {
    const other = Buffer.alloc(16, 3).toString('base64');
    expect(decryptOpenData([other, V1.sessionKey], V1, expected).sessionKey).toBe(V1.sessionKey);
    expect(() => decryptOpenData([other], V1, expected)).toThrow(
      expect.objectContaining({ code: 'SESSION_KEY_STALE' }),
    );
    expect(() => decryptOpenData([], V1, expected)).toThrow(
      expect.objectContaining({ code: 'SESSION_KEY_STALE' }),
    );
  });

  test('V1: each flipped bit of the ciphertext is stale or another watermark, never a crash', () => {
    const bytes = Buffer.from(V1.encryptedData, 'base64');
    for (let bit = 0; bit < bytes.length * 8; bit += 37) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        decryptOpenData([V1.sessionKey], { ...V1, encryptedData: damaged.toString('base64') }, expected);
      } catch (error) {
        expect(error).toMatchObject({ name: 'AppError' });
      }
    }
  });

  test('V1: watermark of another app, too old, from the future', () => {
    for (const change of [
      { appId: 'wx0000000000000000' },
      { now: expected.now + 601_000 },
      { now: expected.now - 61_000 },
    ]) {
      expect(() => decryptOpenData([V1.sessionKey], V1, { ...expected, ...change })).toThrow(
        expect.objectContaining({ code: 'OPEN_DATA_WATERMARK_INVALID' }),
      );
    }
    expect(
      decryptOpenData([V1.sessionKey], V1, { ...expected, now: expected.now - 59_000 }).data,
    ).toBeDefined();
  });

  test('V2: the signature of rawData', () => {
    const rawData =
      '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzYsrztuuICqIM5ibXQ/0"}';
    const signature = '75e81ceda165f4ffa64f4068af58c64b8f54b88c';
    expect(signatureMatches(rawData, signature, 'HyVFkGl5F5OQWJZZaNzBBg==')).toBe(true);
    expect(signatureMatches(`${rawData} `, signature, 'HyVFkGl5F5OQWJZZaNzBBg==')).toBe(false);
    expect(signatureMatches(rawData, signature.slice(1), 'HyVFkGl5F5OQWJZZaNzBBg==')).toBe(false);
  });

  test('V3: the HMAC takes the key as text', () => {
    const key = 'o0q0otL8aEzpcZL/FT9WsQ==';
    expect(userSignature(key, '{"foo":"bar"}')).toBe(
      '654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b',
    );
    expect(userSignature(key)).toBe('46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128');
  });
});
