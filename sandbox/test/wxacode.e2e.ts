import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { create } from 'qrcode';
import sharp from 'sharp';
import { ACCOUNT, Driver, MINI, type Json } from './driver.js';

const PATH = '/wxa/getwxacodeunlimit';

describe('a mini-program code at the sandbox', () => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await Driver.start({ clock: () => Date.UTC(2026, 10, 21) });
  });
  beforeEach(() => driver.control('reset'));
  afterAll(() => driver.close());

  const ask = async (body: unknown) => {
    const token = await driver.appToken();
    const response = await fetch(`${driver.sandbox.url}${PATH}?access_token=${token}`, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, type: response.headers.get('content-type'), bytes };
  };
  const errcode = async (body: unknown) => {
    const { type, bytes } = await ask(body);
    if (type?.startsWith('image/')) return 0;
    expect(type).toBe('application/json; encoding=utf-8');
    return (JSON.parse(bytes.toString()) as Json).errcode;
  };
  const made = async (query: Record<string, string> = {}) =>
    (await driver.get('/control/wxacodes', query)).json.codes as Json[];

  /** The middle of every module of the picture, dark or light, against what the link encodes to. */
  async function holds(bytes: Buffer, link: string): Promise<boolean> {
    const { data, info } = await sharp(bytes)
      .flatten({ background: '#fff' })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { modules } = create(link, { errorCorrectionLevel: 'M' });
    const step = info.width / (modules.size + 4);
    const at = (index: number) => Math.floor((index + 2.5) * step);
    return modules.data.every((dark, index) => {
      const [x, y] = [at(index % modules.size), at(Math.floor(index / modules.size))];
      return (data[(y * info.width + x) * info.channels] ?? 0) < 128 === Boolean(dark);
    });
  }

  it('is the bytes of a JPEG, 430 pixels wide, that leads to the phone', async () => {
    const { status, type, bytes } = await ask({ scene: 'ticket=abc', page: 'pages/scan/scan' });
    expect([status, type]).toEqual([200, 'image/jpeg']);
    expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xd8]);
    const { format, width, height } = await sharp(bytes).metadata();
    expect([format, width, height]).toEqual(['jpeg', 430, 430]);
    const [code] = await made();
    expect(await holds(bytes, String(code?.link))).toBe(true);
    expect(code?.link).toBe(`${driver.sandbox.url}/phone?wxacode=${String(code?.id)}`);
  });

  it('is listed with its scene, newest first, until the reset', async () => {
    await ask({ scene: 'first' });
    await ask({ scene: 'second', page: 'pages/scan/scan', env_version: 'trial', width: 280 });
    expect(await made()).toEqual([
      {
        id: expect.stringMatching(/^\w{16}$/),
        appId: MINI.appid,
        appName: '示例小程序 Demo Mini Program',
        scene: 'second',
        page: 'pages/scan/scan',
        envVersion: 'trial',
        width: 280,
        hyaline: false,
        link: expect.any(String),
        state: 'pending',
        createdAt: '2026-11-21T00:00:00.000Z',
      },
      expect.objectContaining({ scene: 'first', page: '', envVersion: 'release', width: 430 }),
    ]);
    expect(await made({ scene: 'first' })).toHaveLength(1);
    expect(await made({ limit: '1' })).toHaveLength(1);
    expect(await made({ appId: ACCOUNT.appid })).toEqual([]);
    await driver.control('reset');
    expect(await made()).toEqual([]);
  });

  it('is a PNG on a transparent ground with is_hyaline, in the colour of line_color', async () => {
    const red = { r: '200', g: 0, b: '10' };
    const { type, bytes } = await ask({ scene: 'x', is_hyaline: true, line_color: red, width: 300 });
    expect(type).toBe('image/png');
    const { format, hasAlpha, width } = await sharp(bytes).metadata();
    expect([format, hasAlpha, width]).toEqual(['png', true, 300]);
    const data = await sharp(bytes).ensureAlpha().raw().toBuffer();
    expect(data[3]).toBe(0);
    expect(data.includes(Buffer.from([200, 0, 10, 255]))).toBe(true);
    const automatic = await ask({ scene: 'x', auto_color: true, line_color: { r: 'red' } });
    expect(automatic.type).toBe('image/jpeg');
  });

  it.each([
    ['letters, digits and the marks', { scene: "aZ09!#$&'()*+,/:;=?@-._~" }, 0],
    ['32 characters', { scene: 'x'.repeat(32) }, 0],
    ['33 characters', { scene: 'x'.repeat(33) }, 40169],
    ['no scene', {}, 40169],
    ['an empty scene', { scene: '' }, 40169],
    ['a scene that is a number', { scene: 7 }, 40169],
    ['a percent sign', { scene: 'a%20b' }, 40129],
    ['a space', { scene: 'a b' }, 40129],
    ['a line break at the end', { scene: 'ab\n' }, 40129],
    ['Chinese', { scene: '登录' }, 40129],
    ['a page with a leading slash', { scene: 'x', page: '/pages/index' }, 41030],
    ['a page with a query', { scene: 'x', page: 'pages/index?a=1' }, 41030],
    ['the reserved parameter', { scene: 'x', page: 'pages/index?scancode_time=1' }, 85096],
    ['a page that is no text', { scene: 'x', page: 1 }, 47001],
    ['an unknown env_version', { scene: 'x', env_version: 'beta' }, 40097],
    ['279 pixels', { scene: 'x', width: 279 }, 40097],
    ['1281 pixels', { scene: 'x', width: 1281 }, 40097],
    ['1280 pixels', { scene: 'x', width: 1280 }, 0],
    ['a width that is text', { scene: 'x', width: '430' }, 47001],
    ['a colour of 256', { scene: 'x', line_color: { r: 256, g: 0, b: 0 } }, 40097],
    ['a colour that is text', { scene: 'x', line_color: '#000000' }, 47001],
    ['1 for true', { scene: 'x', is_hyaline: 1 }, 47001],
    ['"false" for false', { scene: 'x', check_path: 'false' }, 47001],
    ['a body that is no JSON', 'scene=x', 47001],
    ['a list', [], 47001],
    ['an empty body', '', 44002],
  ])('is answered for %s with %j by %i', async (_case, body, expected) => {
    expect(await errcode(body)).toBe(expected);
  });

  it('tells an error as WeChat does: with a hint for scene and page, without for length', async () => {
    const errmsg = async (body: unknown) =>
      String((JSON.parse((await ask(body)).bytes.toString()) as Json).errmsg);
    expect(await errmsg({ scene: 'a b' })).toMatch(/^invalid scene hint: \[[\w-]{16}\] rid: [0-9a-f-]{26}$/);
    expect(await errmsg({ scene: 'x', page: '/x' })).toMatch(/^invalid page hint: \[[\w-]{16}\] rid: /);
    expect(await errmsg({})).toMatch(
      /^invalid length for scene, or the data is not json string rid: [0-9a-f-]{26}$/,
    );
  });

  it('wants a published page where some are set, unless check_path is false', async () => {
    await driver.control('settings', { publishedPages: ['pages/index/index'] });
    expect(await errcode({ scene: 'x' })).toBe(0);
    expect(await errcode({ scene: 'x', page: 'pages/index/index' })).toBe(0);
    expect(await errcode({ scene: 'x', page: 'pages/new/new' })).toBe(41030);
    expect(await errcode({ scene: 'x', page: 'pages/new/new', check_path: false })).toBe(0);
  });

  it('is made so many times a minute: the next is 45009', async () => {
    await driver.control('settings', { wxaCodesPerMinute: 2 });
    expect([await errcode({ scene: 'a' }), await errcode({ scene: 'b' })]).toEqual([0, 0]);
    expect(await errcode({ scene: 'c' })).toBe(45009);
    await driver.control('clock', { advanceSeconds: 60 });
    expect(await errcode({ scene: 'd' })).toBe(0);
    expect((await made()).map(({ scene }) => scene)).toEqual(['d', 'b', 'a']);
  });

  it('needs POST and a token of a mini program', async () => {
    expect((await driver.get(PATH)).json.errcode).toBe(43002);
    expect((await driver.send('POST', PATH, { scene: 'x' })).json.errcode).toBe(41001);
    const foreign = await driver.callWxa(PATH, { scene: 'x' }, await driver.appToken(ACCOUNT));
    expect(foreign.json.errcode).toBe(48001);
  });
});
