import { beforeEach, describe, expect, test } from '@jest/globals';
import { Browser, locationOf } from '../../../../test/harness/browser.js';
import { pkce } from '../../../../test/harness/pkce.js';
import { WECHAT_USER_AGENT } from '../../../../test/harness/wechat-browser.js';
import { AuthError } from '../../../shared/auth-error.js';
import type { Screen } from './program.js';
import { setStage } from './stage.js';

const ENTER = 'https://shop.example.com/enter';
const RETURN_TO = 'https://shop.example.com/welcome';

const OFFLINE = new AuthError('NETWORK_FAILED').advice.en;
const LOGGED_OUT = new AuthError('LOGGED_OUT').advice.en;

const stage = setStage();

async function logOut(): Promise<void> {
  const index = await stage.program.open('index');
  await index.tap('Log out');
}

describe('the web view', () => {
  const open = (): Promise<Screen> => stage.program.open('web-view');
  const addressOf = (page: Screen): URL => new URL(String(page.attributesOf('web-view')?.src));

  test('logs the same person in on the website, with no token in the address', async () => {
    const address = addressOf(await open());
    expect(address.origin + address.pathname).toBe(ENTER);
    expect([...address.searchParams.keys()]).toEqual(['ticket']);

    // What the website does, in WeChat's browser.
    const { verifier, challenge } = pkce();
    const query = new URLSearchParams({
      ticket: address.searchParams.get('ticket') ?? '',
      returnTo: RETURN_TO,
      codeChallenge: challenge,
    });
    const browser = new Browser();
    const back = locationOf(
      await browser.visit(`${stage.world.url}/v1/web-qr-login/authorize?${query.toString()}`, {
        headers: { 'user-agent': WECHAT_USER_AGENT },
      }),
    );
    const loginCode = back.searchParams.get('loginCode');
    const { body } = await stage.world.redeem(browser, loginCode, { codeVerifier: verifier });
    expect(body.user.id).toBe(await stage.userId());
  });

  test('takes a new ticket where the page did not open', async () => {
    const page = await open();
    const { href } = addressOf(page);
    await page.dispatchAt('web-view', 'error', {});
    expect(page.text).toBe('The page did not open. Try again');
    await page.tap('Try again');
    expect(addressOf(page).href).not.toBe(href);
  });

  test('says that the network is away, and opens once it is back', async () => {
    await stage.program.open('index');
    stage.phone.lost = 'call';
    const page = await open();
    expect(page.text).toContain(OFFLINE);
    expect(page.attributesOf('web-view')).toBeNull();
    stage.phone.lost = 'nothing';
    await page.tap('Try again');
    expect(addressOf(page).pathname).toBe('/enter');
  });

  test('asks a person who is logged out to log in, and then opens', async () => {
    await logOut();
    const page = await open();
    expect(page.text).toBe('Please log in first. Log in');
    await page.tap('Log in');
    expect(addressOf(page).pathname).toBe('/enter');
  });
});

describe('the list of logins', () => {
  const THERE = 'Log out there';
  const EVERYWHERE_ELSE = 'Log out everywhere else';
  const open = (): Promise<Screen> => stage.program.open('sessions');

  test('marks this phone, and ends another one', async () => {
    await stage.program.open('index');
    const elsewhere = await stage.world.websiteLogin(stage.person);
    const page = await open();
    expect(page.text).toContain('Mini program This phone');
    expect(page.text).toMatch(/Website \S.* Last used \d{4}-\d\d-\d\d \d\d:\d\d/);
    await page.tap(THERE);
    expect(page.text).not.toContain('Website');
    expect(page.text).toContain('You are not logged in anywhere else.');
    expect((await stage.world.verify(elsewhere.accessToken)).status).toBe(401);
  });

  test('ends it once the network is back', async () => {
    await stage.program.open('index');
    await stage.world.websiteLogin(stage.person);
    const page = await open();
    stage.phone.lost = 'call';
    await page.tap(THERE);
    expect(page.text).toContain(OFFLINE);
    expect(page.text).toContain('Website');
    stage.phone.lost = 'nothing';
    await page.tap('Try again');
    expect(page.text).toContain('You are not logged in anywhere else.');
  });

  test('ends all others', async () => {
    await stage.program.open('index');
    const others = [
      await stage.world.miniProgramLogin(stage.person),
      await stage.world.websiteLogin(stage.person),
    ];
    const page = await open();
    expect(page.buttons).toEqual([THERE, THERE, EVERYWHERE_ELSE, 'Log out']);
    await page.tap(EVERYWHERE_ELSE);
    expect(page.buttons).toEqual(['Log out']);
    for (const { accessToken } of others) expect((await stage.world.verify(accessToken)).status).toBe(401);
    await page.call('open');
    await page.settled();
    expect(page.text).toContain('This phone');
  });

  test('logs out here, and shows nothing until the person logs in', async () => {
    const page = await open();
    await page.tap('Log out');
    expect(page.text).toBe(`${LOGGED_OUT} Log in`);
    expect(stage.phone.wxLogins).toBe(1);
    await page.tap('Log in');
    expect(page.text).toContain('This phone');
  });

  test('is gone at once after a logout while the network is silent', async () => {
    const page = await open();
    const release = stage.phone.holdCalls();
    await page.tap('Log out');
    expect(page.text).toBe(`${LOGGED_OUT} Log in`);
    release();
  });

  test('says that the network is away, and comes once it is back', async () => {
    await stage.program.open('index');
    stage.phone.lost = 'call';
    const page = await open();
    expect(page.text).toBe(`${OFFLINE} Try again`);
    stage.phone.lost = 'nothing';
    await page.tap('Try again');
    expect(page.text).toContain('This phone');
  });
});

describe('leaving', () => {
  const LEAVE = 'Delete for good';
  const AGAIN = 'Log in again';
  const users = (id: string): Promise<number> => stage.world.count(`users WHERE id = '${id}'`);
  const carts = (): string[] => [...stage.phone.storage.keys()].filter((key) => key.startsWith('cart:'));
  let id: string;
  let page: Screen;
  beforeEach(async () => {
    await stage.program.open('index');
    id = await stage.userId();
    page = await stage.program.open('leave');
  });

  test('is confirmed twice, and deletes the account', async () => {
    expect(page.buttons).toEqual(['Go on', 'Keep my account']);
    await page.tap('Go on');
    expect(page.buttons).toEqual([LEAVE, 'Keep my account']);
    expect(await users(id)).toBe(1);
    await page.tap(LEAVE);
    expect(page.text).toContain('Your account is deleted');
    expect(await users(id)).toBe(0);
  });

  test.each([[[]], [['Go on']]])('can be called off after %j', async (taps) => {
    for (const tap of taps) await page.tap(tap);
    await page.tap('Keep my account');
    expect(stage.phone.opened).toEqual(['/pages/index/index']);
    expect(await users(id)).toBe(1);
  });

  test('is followed by no login until the person logs in, which makes a new account', async () => {
    await page.tap('Go on');
    await page.tap(LEAVE);
    const { wxLogins } = stage.phone;
    const index = await stage.program.open('index');
    expect(index.text).toContain('You are logged out');
    await stage.restart();
    for (const name of ['index', 'profile', 'location', 'web-view', 'sessions', 'leave'])
      await stage.program.open(name);
    expect(stage.phone.wxLogins).toBe(wxLogins);
    expect(await users(id)).toBe(0);

    const again = await stage.program.open('leave');
    await again.tap('Log in');
    expect(again.buttons).toEqual(['Go on', 'Keep my account']);
    expect(await stage.userId()).not.toBe(id);
  });

  test('offers to log in again', async () => {
    await page.tap('Go on');
    await page.tap(LEAVE);
    await page.tap(AGAIN);
    expect(page.text).toContain('This is a new account.');
    expect(await stage.userId()).not.toBe(id);
    await page.tap('To the start page');
    expect(stage.phone.opened).toEqual(['/pages/index/index']);
  });

  test('is tried again after the network was away', async () => {
    await page.tap('Go on');
    stage.phone.lost = 'call';
    await page.tap(LEAVE);
    expect(page.text).toContain(OFFLINE);
    expect(page.text).not.toContain('Your account is deleted');
    stage.phone.lost = 'nothing';
    await page.tap('Try again');
    expect(page.text).toContain('Your account is deleted');
    expect(await users(id)).toBe(0);
  });

  test('ends well, and makes no new account, where only the answer was lost', async () => {
    await page.tap('Go on');
    stage.phone.lost = 'answer';
    await page.tap(LEAVE);
    stage.phone.lost = 'nothing';
    if (page.buttons.includes('Try again')) await page.tap('Try again');
    expect(page.text).toContain('Your account is deleted');
    expect(await users(id)).toBe(0);
    await expect(stage.userId()).rejects.toThrow('0 users');
  });

  test('removes the cart', async () => {
    const index = await stage.program.open('index');
    await index.tap('Add to cart');
    expect(carts()).toEqual([`cart:${id}`]);
    await page.tap('Go on');
    await page.tap(LEAVE);
    expect(carts()).toEqual([]);
  });

  test('removes the cart where nobody has asked who the user is since the start', async () => {
    const index = await stage.program.open('index');
    await index.tap('Add to cart');
    await stage.restart();
    page = await stage.program.open('leave');
    await page.tap('Go on');
    await page.tap(LEAVE);
    expect(page.text).toContain('Your account is deleted');
    expect(carts()).toEqual([]);
  });
});
