import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { type LetterOptions, post, pushLetter } from '../harness/push-letter.js';
import { MINI_PROGRAM, type Problem, WEBSITE, World } from '../harness/world.js';

/** wechat-api-2.md section 15.9: the official example of a third-party platform. */
const V16 = {
  app: 'wxba5fad812f8e6fb9',
  platform: 'wx134c8103faa5a59e',
  query:
    'signature=cc0c594499c1634947d5b502f158ee518947db27&timestamp=1715943329&nonce=1590219412&openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY&encrypt_type=aes&msg_signature=6c12a4205838198b8fa631b3220723bb07f1015c',
  encrypted:
    'D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg==',
};

const PLATFORM = 'wx5a4db0c0de0000ff';
const PLAIN_PLATFORM = 'wx5a4db0c0de0000fe';
const PAIRS = {
  common: { token: 'commonToken', aesKey: 'C'.repeat(43) },
  website: { token: 'websiteToken' },
  platform: { token: 'platformToken', aesKey: 'P'.repeat(43) },
  plainPlatform: { token: 'plainPlatformToken' },
} satisfies Record<string, LetterOptions>;

const EVENT = { MsgType: 'event', Event: 'debug_demo', debug_str: 'hello' };
const JSON_EVENT = JSON.stringify(EVENT);
const XML_EVENT =
  '<xml><MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[debug_demo]]></Event>\n<debug_str><![CDATA[hello]]></debug_str></xml>';

describe('the official example of a third-party platform', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      WECHAT_MINI_PROGRAMS: `${V16.app}:secret`,
      WECHAT_PUSH_APPS: `${V16.platform}:AAAAA:${'A'.repeat(43)}`,
    });
    world.clock.advance(1715943329 - Math.floor(world.clock.now() / 1000));
  });
  afterAll(() => world.stop());

  const take = (appId: string) =>
    call<Partial<Problem>>(`${world.url}/v1/wechat/events/${appId}?${V16.query}`, {
      body: `<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName><Encrypt><![CDATA[${V16.encrypted}]]></Encrypt></xml>`,
      headers: { 'content-type': 'text/xml' },
    });

  test('is taken at the URL of the app and ends in the appid of the platform', async () => {
    const taken = await take(V16.app);
    expect([taken.status, taken.text]).toEqual([200, 'success']);
    const slash = await take(`${V16.app}/`);
    expect([slash.status, slash.text]).toEqual([200, 'success']);
  });

  test('is refused at the URL of another app', async () => {
    const other = await take('wx0000000000000000');
    expect([other.status, other.body.code]).toEqual([403, 'PUSH_APP_MISMATCH']);
  });
});

describe('apps and platforms with pairs of their own', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      WECHAT_PUSH_TOKEN: PAIRS.common.token,
      WECHAT_PUSH_AES_KEY: PAIRS.common.aesKey,
      WECHAT_PUSH_APPS: [
        `${WEBSITE}:${PAIRS.website.token}`,
        `${PLATFORM}:${PAIRS.platform.token}:${PAIRS.platform.aesKey}`,
        `${PLAIN_PLATFORM}:${PAIRS.plainPlatform.token}`,
      ].join(', '),
    });
  });
  afterAll(() => world.stop());

  /** What a push to an app is answered, in both formats. */
  const answers = async (appId: string, options: LetterOptions): Promise<string> => {
    const replies = await Promise.all(
      [JSON_EVENT, XML_EVENT].map((message) =>
        post(world.url, appId, pushLetter(world, appId, message, options)),
      ),
    );
    const [json, xml] = replies.map(({ status, text, body }) => `${status} ${body.code ?? text}`);
    expect(json).toBe(xml);
    return json ?? '';
  };

  const TAKEN = '200 success';
  const FORGED = '403 PUSH_SIGNATURE_INVALID';
  const PLAIN_REFUSED = '403 PUSH_NOT_ENCRYPTED';
  const UNREADABLE = '403 PUSH_DECRYPTION_FAILED';

  test.each<[string, string, LetterOptions, string]>([
    ['the common pair, safe', MINI_PROGRAM, PAIRS.common, TAKEN],
    ['the common pair, compatible', MINI_PROGRAM, { ...PAIRS.common, isCompatible: true }, TAKEN],
    ['the common token, plain', MINI_PROGRAM, { token: PAIRS.common.token }, PLAIN_REFUSED],
    ['the token of another app', MINI_PROGRAM, PAIRS.website, FORGED],
    ['the own token, plain', WEBSITE, PAIRS.website, TAKEN],
    [
      'the own token, compatible with any key',
      WEBSITE,
      { ...PAIRS.website, aesKey: 'X'.repeat(43), isCompatible: true },
      TAKEN,
    ],
    ['the own token, safe without a key', WEBSITE, { ...PAIRS.website, aesKey: 'X'.repeat(43) }, UNREADABLE],
    ['the common pair instead of the own one', WEBSITE, PAIRS.common, FORGED],
    ['the pair of the platform', MINI_PROGRAM, { ...PAIRS.platform, trailer: PLATFORM }, TAKEN],
    [
      'the pair of the platform, compatible',
      WEBSITE,
      { ...PAIRS.platform, trailer: PLATFORM, isCompatible: true },
      TAKEN,
    ],
    ['the pair of the platform, ending in the app', MINI_PROGRAM, PAIRS.platform, UNREADABLE],
    ['the pair of the platform, plain', MINI_PROGRAM, { token: PAIRS.platform.token }, PLAIN_REFUSED],
    ['the common pair, ending in the platform', MINI_PROGRAM, { ...PAIRS.common, trailer: PLATFORM }, TAKEN],
    [
      'the common pair, ending in another app',
      MINI_PROGRAM,
      { ...PAIRS.common, trailer: WEBSITE },
      UNREADABLE,
    ],
    [
      'the pair of the platform, ending in another app',
      MINI_PROGRAM,
      { ...PAIRS.platform, trailer: WEBSITE },
      UNREADABLE,
    ],
    ['an appid that nobody named', MINI_PROGRAM, { ...PAIRS.common, trailer: 'wx00' }, UNREADABLE],
    ['the token of a platform without a key', MINI_PROGRAM, PAIRS.plainPlatform, FORGED],
    [
      'the key of one and the token of another',
      MINI_PROGRAM,
      { ...PAIRS.common, token: 'platformToken' },
      UNREADABLE,
    ],
    ['the platform at its own URL', PLATFORM, PAIRS.platform, TAKEN],
    ['the platform at its own URL, plain', PLATFORM, { token: PAIRS.platform.token }, PLAIN_REFUSED],
    ['the common pair at the URL of the platform', PLATFORM, PAIRS.common, FORGED],
    ['a platform without a key at its own URL', PLAIN_PLATFORM, PAIRS.plainPlatform, TAKEN],
  ])('%s', async (_, appId, options, expected) => {
    expect(await answers(appId, options)).toBe(expected);
  });

  test("a platform's events about authorisation arrive at its own URL", async () => {
    const event = `<xml><AppId>${PLATFORM}</AppId><CreateTime>1714037059</CreateTime><InfoType>unauthorized</InfoType><AuthorizerAppid>${MINI_PROGRAM}</AuthorizerAppid></xml>`;
    const reply = await post(world.url, PLATFORM, pushLetter(world, PLATFORM, event, PAIRS.platform));
    expect([reply.status, reply.text]).toEqual([200, 'success']);
  });

  test('consent is withdrawn by a push that comes through the platform, too', async () => {
    const login = await world.miniProgramLogin(await world.person());
    const event = JSON.stringify({
      CreateTime: Math.floor(world.clock.now() / 1000),
      MsgType: 'event',
      Event: 'user_authorization_cancellation',
      OpenID: login.identity.openId,
      AppID: MINI_PROGRAM,
    });
    const options = { ...PAIRS.platform, trailer: PLATFORM };
    const reply = await post(world.url, MINI_PROGRAM, pushLetter(world, MINI_PROGRAM, event, options));
    expect([reply.status, reply.text]).toEqual([200, 'success']);
    expect(await world.count(`wechat_identities WHERE open_id = '${login.identity.openId}'`)).toBe(0);
  });

  test('the URL check is answered for each pair, also with a slash at the end', async () => {
    const check = async (appId: string, { token, aesKey, trailer = appId }: LetterOptions) => {
      const letter = pushLetter(world, appId, '{}', { token });
      const plain = new URLSearchParams({ ...letter.query, echostr: '4375120948345356249' }).toString();
      const reply = await call<Partial<Problem>>(`${world.url}/v1/wechat/events/${appId}/?${plain}`);
      if (aesKey === undefined) return [`${reply.status} ${reply.body.code ?? reply.text}`];
      const sealed = pushLetter(world, appId, '1616140317555161061', { token, aesKey, trailer });
      const { Encrypt } = JSON.parse(sealed.body) as { Encrypt: string };
      const query = new URLSearchParams({ ...sealed.query, echostr: Encrypt });
      const encrypted = await call<Partial<Problem>>(
        `${world.url}/v1/wechat/events/${appId}?${query.toString()}`,
      );
      return [reply, encrypted].map(({ status, text, body }) => `${status} ${body.code ?? text}`);
    };
    const echoed = ['200 4375120948345356249', '200 1616140317555161061'];
    expect(await check(MINI_PROGRAM, PAIRS.common)).toEqual(echoed);
    expect(await check(WEBSITE, PAIRS.website)).toEqual(echoed.slice(0, 1));
    expect(await check(MINI_PROGRAM, { ...PAIRS.platform, trailer: PLATFORM })).toEqual(echoed);
    expect(await check(PLATFORM, PAIRS.platform)).toEqual(echoed);
    expect(await check(MINI_PROGRAM, PAIRS.website)).toEqual(['403 PUSH_SIGNATURE_INVALID']);
    expect(await check(PLATFORM, PAIRS.common)).toEqual(Array(2).fill('403 PUSH_SIGNATURE_INVALID'));
  });

  test('neither tokens nor keys are in the log', () => {
    for (const secret of Object.values(PAIRS).flatMap((pair) => Object.values(pair)))
      expect(world.log()).not.toContain(secret);
  });
});

describe('an app of several that has no pair', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ WECHAT_PUSH_APPS: `${WEBSITE}:${PAIRS.website.token}` });
  });
  afterAll(() => world.stop());

  test('has a closed door, which only the log explains', async () => {
    const open = pushLetter(world, WEBSITE, JSON_EVENT, PAIRS.website);
    expect((await post(world.url, WEBSITE, open)).text).toBe('success');
    const closed = await post(
      world.url,
      MINI_PROGRAM,
      pushLetter(world, MINI_PROGRAM, JSON_EVENT, PAIRS.website),
    );
    expect([closed.status, closed.body.code]).toEqual([404, 'NOT_FOUND']);
    expect(closed.text).not.toContain('WECHAT_PUSH');
    expect(world.log()).toContain('WECHAT_PUSH_APPS does not name its app');
  });
});
