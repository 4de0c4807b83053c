import { describe, expect, test } from '@jest/globals';
import { AuthError } from '../../../shared/auth-error.js';
import { setStage } from './stage.js';

const LOGIN = 'POST /v1/mini-program/login';
const ADD = 'Add to cart';

const OFFLINE = new AuthError('NETWORK_FAILED').advice.en;

const stage = setStage();

const countOf = (text: string, part: string): number => text.split(part).length - 1;

describe('the first page', () => {
  test('logs in silently and says who the person is', async () => {
    const page = await stage.program.open('index');
    expect(stage.phone.title).toBe('Example shop');
    expect(page.text).toContain(`WeChat user User ID ${await stage.userId()}`);
    expect(stage.phone.callsOf(LOGIN)).toBe(1);

    await stage.restart();
    expect((await stage.program.open('index')).text).toContain(await stage.userId());
    expect(stage.phone.callsOf(LOGIN)).toBe(1);
  });

  test('speaks the language of WeChat on the phone, Chinese where that is unknown', async () => {
    stage.phone.language = 'zh_TW';
    await stage.restart();
    expect((await stage.program.open('index')).text).toContain('退出登录');
    stage.phone.wx.getAppBaseInfo = () => {
      throw new Error('not here');
    };
    await stage.restart();
    expect((await stage.program.open('index')).text).toContain('退出登录');
  });

  test('opens the other pages', async () => {
    const page = await stage.program.open('index');
    await page.tap('Where I am');
    expect(stage.phone.opened).toEqual(['/pages/location/location']);
  });

  test('says without a network what to do, and tries again', async () => {
    stage.phone.lost = 'call';
    const page = await stage.program.open('index');
    expect(page.text).toContain(OFFLINE);
    expect(page.buttons).toEqual(['Look around', 'Try again']);
    stage.phone.lost = 'nothing';
    await page.tap('Try again');
    expect(page.text).toContain(await stage.userId());
    expect(page.text).not.toContain('network');
  });

  test('offers a person who is logged in nothing that would log them out where the network is away', async () => {
    await stage.program.open('index');
    await stage.restart();
    stage.phone.lost = 'call';
    const page = await stage.program.open('index');
    expect(page.text).toContain(OFFLINE);
    expect(page.buttons).toEqual(['Try again']);
  });

  test('shows the request id of an error that support can look up', async () => {
    await stage.world.control(`people/${stage.person.id}`, { blocked: true }, 'PATCH');
    const page = await stage.program.open('index');
    expect(page.text).toMatch(
      new RegExp(`${new AuthError('WECHAT_USER_BLOCKED').advice.en} Request ID [\\w-]{36}`),
    );
    expect(page.buttons).toEqual(['Look around']);
  });
});

describe('logged out', () => {
  test('nothing logs in until the person does', async () => {
    const page = await stage.program.open('index');
    await page.tap('Log out');
    expect(page.text).toContain('You are logged out');
    await page.show();
    await stage.restart();
    const again = await stage.program.open('index');
    expect(again.text).toContain('You are logged out');
    expect(stage.phone.wxLogins).toBe(1);

    await again.tap('Log in');
    expect(again.text).toContain(await stage.userId());
    expect(stage.phone.wxLogins).toBe(2);
  });

  test('the session is over here without a network, too', async () => {
    const page = await stage.program.open('index');
    stage.phone.lost = 'call';
    await page.tap('Log out');
    expect(page.text).toContain('You are logged out');
  });

  test('the page says so while the network is silent, and the person can log in', async () => {
    const page = await stage.program.open('index');
    const release = stage.phone.holdCalls();
    await page.tap('Log out');
    expect(page.text).toContain('You are logged out');
    expect(page.buttons).toContain('Log in');
    release();
    await page.tap('Log in');
    expect(page.text).toContain(await stage.userId());
  });
});

describe('a guest', () => {
  async function becomeGuest() {
    const page = await stage.program.open('index');
    await page.tap('Log out');
    await page.tap('Look around');
    return page;
  }

  test('looks around, and keeps what they choose over a restart, without a login', async () => {
    const page = await becomeGuest();
    expect(page.text).toContain('You are a guest');
    await page.tap(ADD);
    await stage.restart();
    const again = await stage.program.open('index');
    expect(again.text).toContain('You are a guest');
    expect(again.text).toContain('Cart Longjing tea');
    expect(stage.phone.wxLogins).toBe(1);
  });

  test('finds in the cart what they chose, after a login, and once', async () => {
    const page = await becomeGuest();
    await page.tap(ADD);
    await page.tap(ADD);
    await page.tap('Log in');
    expect(page.text).toContain('Cart Longjing tea Longjing tea');

    await page.tap('Log out');
    await page.tap('Log in');
    await stage.restart();
    const again = await stage.program.open('index');
    expect(countOf(again.text, 'Longjing tea')).toBe(3);
    await again.tap('Log out');
    await again.tap('Look around');
    expect(again.text).toContain('Cart Nothing yet');
  });

  test('gets the cart where another page logs them in', async () => {
    const page = await becomeGuest();
    await page.tap(ADD);
    const profile = await stage.program.open('profile');
    await profile.tap('Log in');
    await page.show();
    expect(page.text).toContain('Cart Longjing tea');
    expect(page.text).toContain(await stage.userId());
  });

  test('stays one while the network is away', async () => {
    const page = await becomeGuest();
    await page.tap(ADD);
    stage.phone.lost = 'call';
    await page.tap('Log in');
    expect(page.text).toMatch(new RegExp(`You are a guest.*${OFFLINE}.*Cart Longjing tea`));
    stage.phone.lost = 'nothing';
    await page.tap('Log in');
    expect(page.text).toContain('Cart Longjing tea');
  });
});
