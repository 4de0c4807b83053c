import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type {
  Browser as Chromium,
  BrowserContext,
  BrowserContextOptions,
  Locator,
  Page,
} from 'playwright-core';
import { Site } from '../harness/site.js';
import { complaintsOf, launchChromium } from './chromium.js';

export const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

/** Each view is looked at so; between them every width, scheme and language is met with another one. */
export const LOOKS = [
  ['desktop-light-zh', { viewport: { width: 1280, height: 720 }, colorScheme: 'light', locale: 'zh-CN' }],
  ['desktop-dark-en', { viewport: { width: 1280, height: 720 }, colorScheme: 'dark', locale: 'en-US' }],
  ['phone-dark-zh', { viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'zh-CN' }],
  ['320-light-en', { viewport: { width: 320, height: 640 }, colorScheme: 'light', locale: 'en-US' }],
  ['phone-light-hant', { viewport: { width: 390, height: 844 }, colorScheme: 'light', locale: 'zh-TW' }],
] as const;

/** Of the test file that imports this, made anew for each of its tests where that matters. */
export let chromium: Chromium;
export let sites: Site;
export let context: BrowserContext;
export let complaints: string[];
beforeAll(async () => {
  chromium = await launchChromium();
  sites = await Site.start();
});
beforeEach(() => {
  complaints = [];
});
afterEach(async () => {
  await Promise.all(chromium.contexts().map((each) => each.close()));
  expect(complaints).toEqual([]);
});
afterAll(async () => {
  await chromium.close();
  await sites.stop();
});

/** A tab of a browser of its own. */
export async function tab(options: BrowserContextOptions = {}): Promise<Page> {
  context = await chromium.newContext({ locale: 'en-US', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  complaints = complaintsOf(page);
  return page;
}

/** Expected console messages: the browser reports each request that is refused or lost. */
export function expectFailedRequests(): void {
  expect(complaints.filter((each) => !each.startsWith('Failed to load resource'))).toEqual([]);
  complaints.length = 0;
}

export const stage = (page: Page): Locator => page.locator('.scan:not([hidden]) .stage');
export const statusOf = (page: Page): Locator => page.locator('.scan:not([hidden]) .status');

/** Waits for this status of the shown code. */
export async function stands(page: Page, state: string): Promise<void> {
  await page.locator(`.scan:not([hidden]) .stage[data-state=${state}]`).waitFor();
}

/** Path and query of the page. */
export function login(query: Readonly<Record<string, string>>): string {
  return `/login?${new URLSearchParams(query).toString()}`;
}

/** Lets a page believe that other windows cover it, or no longer do. */
export async function cover(page: Page, isCovered: boolean): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, 'visibilityState', {
    configurable: true, get: () => '${isCovered ? 'hidden' : 'visible'}',
  })`);
  if (!isCovered) await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
}
