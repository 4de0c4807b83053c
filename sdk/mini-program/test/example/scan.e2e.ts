import { describe, expect, test } from '@jest/globals';
import { Browser } from '../../../../test/harness/browser.js';
import { type AttemptReply, SHOP } from '../../../../test/harness/world.js';
import { AuthError } from '../../../shared/auth-error.js';
import type { Screen } from './program.js';
import { setStage } from './stage.js';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
const CONFIRM = 'Log in';
const DENY = 'Not me';

const OFFLINE = new AuthError('NETWORK_FAILED').advice.en;
const LOGGED_OUT = new AuthError('LOGGED_OUT').advice.en;

const stage = setStage();

/** A computer that shows a code. */
interface Computer {
  readonly browser: Browser;
  readonly attempt: AttemptReply;
  /** What WeChat gives to the page. */
  readonly scene: string;
}

async function computer(): Promise<Computer> {
  const { world } = stage;
  const browser = new Browser();
  const attempt = await world.attempt(browser, {}, world.url, { 'user-agent': CHROME });
  return { browser, attempt, scene: encodeURIComponent(await world.ticketOf(attempt)) };
}
const statusOf = async ({ browser, attempt }: Computer) =>
  (await stage.world.status(browser, attempt.id)).body;
const open = (scene: string): Promise<Screen> => stage.program.open('scan', { scene });
const confirmations = (): number => stage.phone.sent.filter((call) => call.endsWith('/confirm')).length;

/** Logs the person out before the page opens. */
async function logOut(): Promise<void> {
  const index = await stage.program.open('index');
  await index.tap('Log out');
}

describe('the scan page', () => {
  test('shows which site and device ask, and lets the person in there with a fresh code', async () => {
    const shown = await computer();
    const page = await open(shown.scene);
    expect(page.text).toContain(`Log in to wechat-auth ${new URL(SHOP).host}`);
    expect(page.text).toMatch(
      /Device Chrome 142 · Windows[^·]* IP address 127\.0\.0\.1 Time \d{4}-\d\d-\d\d \d\d:\d\d/,
    );
    expect(await statusOf(shown)).toEqual({ status: 'scanned' });
    const { wxLogins } = stage.phone;

    await page.tap(CONFIRM);
    expect(stage.phone.wxLogins).toBe(wxLogins + 1);
    expect(page.text).toBe('Logged in Go on at the computer.');
    const { loginCode = null } = await statusOf(shown);
    const redeemed = await stage.world.redeem(shown.browser, loginCode);
    expect(redeemed.body.user.id).toBe(await stage.userId());
  });

  test('confirms once at a double tap', async () => {
    const shown = await computer();
    const page = await open(shown.scene);
    const { wxLogins } = stage.phone;
    await page.doubleTap(CONFIRM);
    expect(await statusOf(shown)).toMatchObject({ status: 'confirmed' });
    expect(confirmations()).toBe(1);
    expect(stage.phone.wxLogins).toBe(wxLogins + 1);
  });

  test('refuses', async () => {
    const shown = await computer();
    const page = await open(shown.scene);
    await page.tap(DENY);
    expect(page.text).toBe('Refused Nobody was logged in.');
    expect(await statusOf(shown)).toEqual({ status: 'denied' });
  });

  test('says what to do where it was opened without a code', async () => {
    expect((await stage.program.open('scan')).text).toBe('Scan the code on the computer screen with WeChat.');
  });

  test('says that the code has expired', async () => {
    const page = await open('Zk3v9QmX2LrT8wPbY5nHc7DfJg4Ks6Va');
    expect(page.text).toBe('This code has expired. Scan the one on the screen now.');
    expect(page.buttons).toEqual([]);
  });

  test('says that somebody else has scanned the code', async () => {
    const { world } = stage;
    const shown = await computer();
    const { accessToken } = await world.miniProgramLogin(await world.person());
    await world.scan(accessToken, shown.scene);
    const page = await open(shown.scene);
    expect(page.text).toBe('Someone else has scanned this code. Get a new one on the screen.');
  });

  test('says that the login was decided already', async () => {
    const { world, person } = stage;
    const shown = await computer();
    const page = await open(shown.scene);
    await world.scan((await world.miniProgramLogin(person)).accessToken, shown.scene, 'deny');
    await page.tap(CONFIRM);
    expect(page.text).toBe('This login has already been handled. Get a new code on the screen.');
    expect(page.buttons).toEqual([]);
  });

  test('is confirmed after the network was away', async () => {
    const shown = await computer();
    const page = await open(shown.scene);
    stage.phone.lost = 'call';
    await page.tap(CONFIRM);
    expect(page.text).toContain(OFFLINE);
    stage.phone.lost = 'nothing';
    await page.tap(CONFIRM);
    expect(await statusOf(shown)).toMatchObject({ status: 'confirmed' });
  });

  test('shows how the login was decided where only the answer was lost', async () => {
    const shown = await computer();
    const page = await open(shown.scene);
    stage.phone.lost = 'answer';
    await page.tap(CONFIRM);
    stage.phone.lost = 'nothing';
    const { wxLogins } = stage.phone;
    await page.tap('Try again');
    expect(page.text).toBe('Logged in Go on at the computer.');
    expect(stage.phone.wxLogins).toBe(wxLogins + 1);
  });

  test('takes a new code for each try', async () => {
    const shown = await computer();
    const page = await open(shown.scene);
    await stage.world.fault('/sns/jscode2session', { errcode: 40029, errmsg: 'invalid code' });
    await page.tap(CONFIRM);
    expect(page.text).toMatch(/Request ID [\w-]{36}/);
    expect(confirmations()).toBe(1);
    await page.tap(CONFIRM);
    expect(await statusOf(shown)).toMatchObject({ status: 'confirmed' });
  });

  test('asks a person who is logged out to log in, and goes on with the scan', async () => {
    await logOut();
    const shown = await computer();
    const page = await open(shown.scene);
    expect(page.text).toBe(`${LOGGED_OUT} Log in`);
    expect(await statusOf(shown)).toEqual({ status: 'pending' });
    await page.tap('Log in');
    await page.tap(CONFIRM);
    expect(await statusOf(shown)).toMatchObject({ status: 'confirmed' });
  });

  describe('with a forged code', () => {
    test.each([
      '..',
      '.',
      '../session-key/reset?',
      '..%2Fsession-key%2Freset%3F',
      '%',
      '../../users/me#',
      '🙂',
    ])('%s calls no other route', async (scene) => {
      const page = await open(scene);
      expect(page.text).toBe('This code has expired. Scan the one on the screen now.');
      expect(stage.phone.sent).toEqual([]);
    });
  });
});
