import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { call } from '../harness/http.js';
import { WEBSITE } from '../harness/world.js';
import { context, login, sites, stands, tab } from './browser-tab.js';
import {
  codeInFrame,
  logInOnPage,
  miniProgram,
  open,
  person,
  redeemIn,
  returnTo,
  world,
} from './login-page.js';

describe('a person whom the login page knows', () => {
  const atForum = () => login({ returnTo: `${sites.origin('forum')}/in` });
  const continueButton = (page: Page) => page.getByRole('button', { name: 'Continue as' });

  beforeEach(() => {
    sites.show('/in', '<h1>Forum</h1>');
  });

  test('is in at a second site after one tap, and out of all of it after a logout', async () => {
    const page = await tab();
    await logInOnPage(page);
    await open(page, atForum());
    await page.getByRole('heading', { name: person.nickname }).waitFor();
    await continueButton(page).press('Enter');
    await page.getByRole('heading', { name: 'Forum' }).waitFor();
    const refreshToken = await redeemIn(page);
    await call(`${world.url}/v1/auth/logout`, { json: { refreshToken } });
    await open(page, atForum());
    await stands(page, 'pending');
  });

  test('is known after the scan of a mini program code, which the page reports before it leaves', async () => {
    const page = await tab();
    await open(page, login({ returnTo: returnTo() }));
    await stands(page, 'pending');
    const reported = page.waitForResponse('**/login/session');
    await miniProgram('scan');
    await miniProgram('confirm');
    expect((await reported).status()).toBe(204);
    await page.waitForURL(`${returnTo()}?*`);
    await redeemIn(page);
    await open(page, atForum());
    await continueButton(page).waitFor();
  });

  test('is logged in at the site although the report gets no answer', async () => {
    const page = await tab();
    await page.route('**/login/session', () => undefined);
    await open(page, login({ returnTo: returnTo() }));
    await stands(page, 'pending');
    await miniProgram('scan');
    await miniProgram('confirm');
    await page.waitForURL(`${returnTo()}?*`);
    await redeemIn(page);
    await open(page, atForum());
    await stands(page, 'pending');
  });

  test('needs no scripts: neither to log in on WeChat’s own page nor to continue', async () => {
    const page = await tab({ javaScriptEnabled: false });
    await open(page, login({ returnTo: returnTo() }));
    const link = page.getByRole('link', { name: 'Open WeChat’s login page' }).first();
    await link.click();
    const callback = await world.scanAndAllow(new URL(page.url()), person);
    await page.goto(callback.href);
    expect(page.url()).toContain(`${returnTo()}?loginCode=`);
    await redeemIn(page);
    await open(page, atForum());
    await continueButton(page).click();
    await page.getByRole('heading', { name: 'Forum' }).waitFor();
    await redeemIn(page);
  });

  test('may be redirected by the website to another one, whatever the form allows', async () => {
    const page = await tab();
    await logInOnPage(page);
    sites.redirect('/in', `${sites.origin('elsewhere')}/home`);
    sites.show('/home', '<h1>Home</h1>');
    await open(page, atForum());
    await continueButton(page).click();
    await page.getByRole('heading', { name: 'Home' }).waitFor();
  });

  test('is shown who is logged in where the page is its own website, until the logout', async () => {
    const page = await tab();
    await logInOnPage(page);
    await open(page);
    await continueButton(page).click();
    await page.locator('#user-id').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await stands(page, 'pending');
    await open(page);
    await stands(page, 'pending');
  });

  test('may take another account, and is forgotten on request', async () => {
    const page = await tab();
    await logInOnPage(page);
    await open(page, atForum());
    await page.getByRole('link', { name: 'Use another WeChat account' }).click();
    await stands(page, 'pending');
    await page.goBack();
    await page.getByRole('button', { name: 'Forget me here' }).click();
    await stands(page, 'pending');
    expect((await context.cookies()).map(({ name }) => name)).not.toContain('wechat-auth-login');
  });

  test('is asked by WeChat again with prompt=login', async () => {
    const page = await tab();
    await logInOnPage(page);
    await open(page, login({ returnTo: returnTo(), appId: WEBSITE, prompt: 'login' }));
    expect(await codeInFrame(page)).not.toBe('');
  });
});
