import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { call } from '../harness/http.js';
import { type MiniProgram, type Page, Phone } from '../harness/mini-program.js';
import { blockOf, filesOf, packageCode } from '../harness/printed-code.js';
import { OwnApi } from '../harness/own-api.js';
import { type Person, SHOP, World } from '../harness/world.js';

const PAGE = 'docs/guide/mini-program.md';
const PACKAGE = '@wechat-auth/mini-program';
const LOGIN = '/v1/mini-program/login';

interface Auth {
  readonly status: string;
  readonly login: () => Promise<{ user: { id: string }; isNewUser: boolean }>;
  readonly logout: () => Promise<void>;
}

const files = filesOf(PAGE).set(PACKAGE, packageCode('mini-program'));

let world: World;
let api: OwnApi;
beforeAll(async () => {
  world = await World.start();
  api = await OwnApi.start();
});
afterAll(async () => {
  await api.stop();
  await world.stop();
});

function phoneOf(person: Person, itsFiles: ReadonlyMap<string, string>): Phone {
  const hosts = { 'https://auth.example.com': world.url, 'https://api.example.com': api.url };
  return new Phone(world, person, hosts, itsFiles);
}

describe("the guide's code for mini programs", () => {
  let person: Person;
  let phone: Phone;
  let program: MiniProgram;
  let auth: Auth;

  beforeEach(async () => {
    api.calls.length = 0;
    api.status = 200;
    person = await world.person();
    phone = phoneOf(person, files);
    await restart();
  });

  async function restart(): Promise<void> {
    program = phone.start();
    ({ auth } = await program.exportsOf<{ auth: Auth }>('auth.js'));
  }
  const usersOf = (id: string) => world.count(`users WHERE id = '${id}'`);
  const logins = () => phone.callsOf(LOGIN);

  test('logs in once, calls wechat-auth and another service, logs out, in, and leaves', async () => {
    const page = await program.open('pages/me/me');
    expect(page.data).toMatchObject({ me: { nickname: null }, orders: [] });
    expect(api.calls).toMatchObject([
      { call: 'GET /orders', authorization: expect.stringMatching(/^Bearer /) },
    ]);
    const { id } = page.data.me as { id: string };
    expect(logins()).toBe(1);

    await page.call('onLogOut');
    await restart();
    await expect(program.open('pages/me/me')).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    await page.call('onLogIn');
    await page.call('onLeave');
    expect(await usersOf(id)).toBe(0);
    await restart();
    await expect(program.open('pages/me/me')).rejects.toMatchObject({ code: 'LOGGED_OUT' });
    expect(await auth.login()).toMatchObject({ isNewUser: true });
  });

  test('checks who holds the phone before a payment, and says what is wrong', async () => {
    const page = await program.open('pages/orders/orders');
    const tap = { currentTarget: { dataset: { id: '7' } } };
    await page.call('onPay', tap);
    expect(page.data.paid).toBe(true);
    expect(api.calls.map(({ call }) => call)).toEqual(['POST /orders/7/pay']);

    await world.fault('/sns/jscode2session', { errcode: 40226, errmsg: 'blocked' });
    await page.call('onPay', tap);
    expect(phone.shown).toEqual([expect.stringMatching(/\p{Script=Han}.* WECHAT_USER_BLOCKED [\w-]{36}$/u)]);
    expect(api.calls).toHaveLength(1);
  });

  describe('the profile page', () => {
    let page: Page;
    beforeEach(async () => {
      page = await program.open('pages/profile/profile');
    });
    const phoneEvent = async (owner: Person) => ({
      detail: await world.control<{ code: string }>('phone-code', { person: owner.id }),
    });

    test('takes nickname, picture and phone number', async () => {
      await page.call('onNickname', { detail: { value: { nickname: '小红 🌸' } } });
      expect(page.data.me).toMatchObject({ nickname: '小红 🌸' });
      const avatarUrl = `${world.sandbox.url}/mmopen/vi_32/xiaoming-1/0`;
      await page.call('onAvatar', { detail: { avatarUrl } });
      expect(page.data.me).toMatchObject({ avatarUrl: expect.stringContaining('/avatars/') });
      await page.call('onPhone', await phoneEvent(person));
      expect(page.data).toMatchObject({
        me: { phoneNumber: expect.stringMatching(/^\+/) },
        avatar: 'granted',
        nickname: 'granted',
        phone: 'granted',
      });
      expect(page.text).not.toMatch(/WeChat|again/);
    });

    test.each([
      [{ errMsg: 'getPhoneNumber:fail user deny', errno: 103 }, 'refused', 'You can try again, or'],
      [{ errMsg: 'getPhoneNumber:fail', errno: 1400001 }, 'no-quota', 'Enter it by hand.'],
      [{ errMsg: 'getPhoneNumber:fail no permission', errno: 102 }, 'no-permission', 'Enter it by hand.'],
      [
        { errMsg: 'getPhoneNumber:fail api scope is not declared in the privacy agreement', errno: 112 },
        'not-declared',
        'Enter it by hand.',
      ],
    ])('goes on where the phone number is not given: %j', async (detail, status, text) => {
      await page.call('onPhone', { detail });
      expect(page.data.phone).toBe(status);
      expect(page.text).toContain(text);
      await page.call('onPhone', await phoneEvent(person));
      expect(page.data.phone).toBe('granted');
    });

    test('says that another account has the number', async () => {
      const other = await world.person({ phoneNumber: '13800138000' });
      const { accessToken } = await world.miniProgramLogin(other);
      const { code } = (await phoneEvent(other)).detail;
      await call(`${world.url}/v1/mini-program/phone-number`, { json: { code }, token: accessToken });
      person = await world.person({ phoneNumber: '13800138000' });
      phone = phoneOf(person, files);
      await restart();
      page = await program.open('pages/profile/profile');
      await page.call('onPhone', await phoneEvent(person));
      expect(page.data.phone).toBe('PHONE_NUMBER_TAKEN');
      expect(phone.shown).toEqual([expect.stringMatching(/\p{Script=Han}/u)]);
    });

    test('says that the nickname was refused, and that nothing was chosen', async () => {
      await page.call('onNickname', { detail: { pass: false, timeout: false } });
      expect(page.text).toContain('WeChat does not allow this nickname.');
      await page.call('onNickname', { detail: { value: { nickname: '' } } });
      expect(page.text).toContain('WeChat does not allow this nickname.');
      await page.call('onNickname', { detail: { value: { nickname: '小红' } } });
      expect(page.text).not.toContain('WeChat does not allow');
      await page.call('onAvatar', { detail: { errMsg: 'chooseAvatar:fail cancel' } });
      expect(page.data.avatar).toBe('refused');
    });
  });

  describe('the page with the location', () => {
    const here = 'You are here: 22.54, 114.06';

    test('asks once, by a tap', async () => {
      const page = await program.open('pages/near/near');
      expect(phone.prompts).toBe(0);
      await page.tap('Shops near me');
      expect(page.text).toBe(here);
      expect((await program.open('pages/near/near')).text).toBe(here);
      expect(phone.prompts).toBe(1);
    });

    test('leads back from a refusal through the settings, and asks no second time', async () => {
      phone.allows = false;
      let page = await program.open('pages/near/near');
      await page.tap('Shops near me');
      expect(page.data.status).toBe('refused');
      page = await program.open('pages/near/near');
      expect(page.data.status).toBe('refused-before');
      await page.tap('Open the settings');
      expect(page.data.status).toBe('refused-before');
      phone.allows = true;
      await page.tap('Open the settings');
      expect(page.text).toBe(here);
      expect(phone.prompts).toBe(1);
    });

    test('goes on when the person comes back from settings that they have opened by themselves', async () => {
      phone.authSetting['scope.userLocation'] = false;
      const page = await program.open('pages/near/near');
      expect(page.buttons).toEqual(['Open the settings']);
      phone.authSetting['scope.userLocation'] = true;
      await page.call('onShow');
      expect(page.text).toBe(here);
    });
  });

  test('asks for agreement to the privacy guide where it is missing', async () => {
    phone.needsPrivacy = true;
    phone.allows = false;
    const page = await program.open('pages/apply/apply');
    await page.call('onBegin');
    expect(page.data.step).toBe('why');
    phone.allows = true;
    await page.call('onBegin');
    await page.call('onBegin');
    expect(page.data.step).toBe('form');
    expect(phone.prompts).toBe(2);
  });

  test('takes over at the login what a guest did, and again where that failed', async () => {
    let app: { readonly onLaunch: () => void } | undefined;
    const launch = async (): Promise<Page> => {
      program.define('App', (options: typeof app) => (app = options));
      await program.exportsOf('app.js');
      app?.onLaunch();
      ({ auth } = await program.exportsOf<{ auth: Auth }>('auth.js'));
      return program.open('pages/shop/shop');
    };
    const page = await launch();
    await page.call('onLookAround');
    for (const item of ['tea', 'cup']) await page.call('onAdd', { currentTarget: { dataset: { item } } });
    expect(logins()).toBe(0);

    api.status = 500;
    await page.call('onLogIn');
    const taken = (times: number) => until(() => api.calls.length === times);
    await taken(1);
    expect(api.calls[0]).toMatchObject({
      call: 'POST /cart/guests',
      authorization: expect.stringMatching(/^Bearer /),
    });
    expect(JSON.parse(api.calls[0]?.body ?? '')).toMatchObject({ notes: [{ item: 'tea' }, { item: 'cup' }] });

    await until(() => phone.shown.length === 1);
    expect(phone.shown).toEqual([new Error('the cart was not taken over: 500')]);

    api.status = 201;
    await restart();
    await launch();
    await taken(2);
    expect(api.calls[1]?.body).toBe(api.calls[0]?.body);
    await until(() => ![...phone.storage.values()].join().includes('tea'));
    await restart();
    await launch();
    await auth.login();
    expect(api.calls).toHaveLength(2);
  });

  test('reads steps, also with a session_key that the service does not have', async () => {
    const page = await program.open('pages/steps/steps');
    expect(page.data.stepInfoList).toEqual([{ timestamp: 1, step: 4321 }]);
    // wx.login was called, and its code never came.
    await world.pass(11 * 60);
    await world.wxLogin(person);
    const before = logins();
    await page.call('onShow');
    expect(page.data.stepInfoList).toEqual([{ timestamp: 1, step: 4321 }]);
    expect(logins()).toBe(before + 1);
  });

  test.each([
    ['Taro', '// src/auth.js (Taro)'],
    ['uni-app', '// auth.js (uni-app)'],
  ])('logs in where the platform is that of %s', async (_platform, begin) => {
    phone = phoneOf(
      person,
      new Map([
        ['auth.js', blockOf(PAGE, begin)],
        ['@tarojs/taro', 'export default Taro'],
        [PACKAGE, packageCode('mini-program')],
        ['pages/me/me.js', files.get('pages/me/me.js') ?? ''],
      ]),
    );
    await restart();
    expect((await program.open('pages/me/me')).data).toMatchObject({ me: { nickname: null }, orders: [] });
    await restart();
    await program.open('pages/me/me');
    expect(logins()).toBe(1);
  });
});

describe('the code with packages on other pages', () => {
  let phone: Phone;

  async function phoneWith(code: ReadonlyMap<string, string>): Promise<Phone> {
    phone = phoneOf(await world.person(), new Map([...files, ...code]));
    return phone;
  }

  test.each(['README.md', 'README.zh-CN.md'])('%s logs in and calls another service', async (page) => {
    const code = blockOf(page, `import { createAuth } from '${PACKAGE}'`);
    await (await phoneWith(new Map([['app.js', code]]))).start().exportsOf('app.js');
    await until(() => phone.shown.length === 2);
    expect(phone.shown).toContainEqual([]);
    expect(phone.shown).toContainEqual(expect.objectContaining({ id: expect.stringMatching(/^[\w-]{36}$/) }));
    expect(phone.callsOf(LOGIN)).toBe(1);
  });

  test('account.md lists where somebody is logged in, and ends it there', async () => {
    interface Device {
      readonly id: string;
      readonly current: boolean;
    }
    interface Devices {
      readonly devices: () => Promise<Device[]>;
      readonly logOutThere: (device: Device) => Promise<void>;
      readonly logOutElsewhere: () => Promise<void>;
    }
    const code = blockOf('docs/guide/account.md', '// devices.js');
    const there = [];
    await phoneWith(new Map([['devices.js', code]]));
    const { devices, logOutThere, logOutElsewhere } = await phone.start().exportsOf<Devices>('devices.js');
    for (let logins = 0; logins < 3; logins++) there.push(await world.miniProgramLogin(phone.person));
    expect(await devices()).toHaveLength(4);
    const other = (await devices()).find(({ current }) => !current);
    if (other) await logOutThere(other);
    expect(await devices()).toHaveLength(3);
    await logOutElsewhere();
    expect((await devices()).map(({ current }) => current)).toEqual([true]);
    for (const { accessToken } of there) expect((await world.verify(accessToken)).status).toBe(401);
  });

  test('inside-wechat.md gets a ticket for the web view without a package, too', async () => {
    const code = blockOf('docs/guide/inside-wechat.md', '// without a package, in the mini program');
    const site = `import { loginCode, post } from './auth'
      export async function open(returnTo) { ${code} }`;
    const plain = filesOf('docs/guide/mini-program-plain.md').get('auth.js') ?? '';
    await phoneWith(
      new Map([
        ['auth.js', plain],
        ['site.js', site],
      ]),
    );
    interface Site {
      readonly open: (this: object, returnTo: string) => Promise<void>;
    }
    const { open } = await phone.start().exportsOf<Site>('site.js');
    let src = '';
    await open.call({ setData: (data: { src: string }) => (src = data.src) }, `${SHOP}/welcome`);
    expect(src).toMatch(/^https:\/\/shop\.example\.com\/enter\?ticket=[\w-]{20,}$/);
  });

  test('inside-wechat.md gets a ticket for the web view', async () => {
    const code = blockOf('docs/guide/inside-wechat.md', '// pages/site/site.js');
    await phoneWith(new Map([['pages/site/site.js', code]]));
    const page = await phone.start().open('pages/site/site');
    expect(page.data.src).toMatch(/^https:\/\/shop\.example\.com\/enter\?ticket=[\w-]{20,}$/);
  });
});

// That the code is the same in both languages is a check: scripts/translations.mjs.
describe('the page about mini programs', () => {
  test.each(['.md', '.zh-CN.md'])('prints the same files in %s', (ending) => {
    expect([...filesOf(PAGE.replace('.md', ending)).keys()]).toEqual([
      'auth.js',
      'pages/me/me.js',
      'pages/orders/orders.js',
      'pages/profile/profile.js',
      'pages/near/near.js',
      'pages/apply/apply.js',
      'pages/shop/shop.js',
      'app.js',
      'pages/steps/steps.js',
      'pages/scan/scan.js',
      'src/auth.js',
      'pages/profile/profile.wxml',
      'pages/near/near.wxml',
      'pages/scan/scan.wxml',
    ]);
  });
});

/** Waits for something that the test cannot await. The test runner limits the time. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((next) => setImmediate(next));
}
