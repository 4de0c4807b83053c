import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, FrameLocator, Page } from 'playwright-core';
import sharp from 'sharp';
import { freePort } from '../harness/free-port.js';
import { endProgram, type Program, startProgram, untilAnswers } from '../harness/program.js';
import { World } from '../harness/world.js';
import { barriersOn, complaintsOf, launchChromium, picture } from './chromium.js';

describe('the JS-SDK example in the virtual WeChat', () => {
  let world: World;
  let chromium: Browser;
  let example: Program;
  let address: string;
  let complaints: string[];
  beforeAll(async () => {
    const port = await freePort();
    address = `http://localhost:${port}`;
    world = await World.start({ RETURN_URLS: address });
    example = startProgram([process.execPath, 'server.mjs'], 'examples/js-sdk', {
      PORT: String(port),
      SERVICE_URL: world.url,
      JWEIXIN_URL: `${world.sandbox.url}/open/js/jweixin-1.6.0.js`,
    });
    chromium = await launchChromium();
    await untilAnswers(address, 200, example);
  });
  beforeEach(async () => {
    await world.control('reset', {});
    await world.pass(7200);
    complaints = [];
  });
  afterEach(async () => {
    await Promise.all(chromium.contexts().map((context) => context.close()));
    expect(complaints).toEqual([]);
  });
  afterAll(async () => {
    await chromium.close();
    await endProgram(example);
    await world.stop();
  });

  /** The page, opened by its address on the phone. */
  async function opened(
    path = '/',
    look: BrowserContextOptions = {},
  ): Promise<{ phone: Page; page: FrameLocator }> {
    const context = await chromium.newContext({ locale: 'en-US', reducedMotion: 'reduce', ...look });
    const phone = await context.newPage();
    complaints = complaintsOf(phone);
    await phone.goto(`${world.sandbox.url}/phone`);
    await phone.getByRole('button', { name: 'Open a page in WeChat', exact: true }).click();
    await phone.getByRole('textbox', { name: 'Address' }).fill(address + path);
    await phone.locator('#screen').getByRole('button', { name: 'Open', exact: true }).click();
    return { phone, page: phone.frameLocator('#web-view iframe') };
  }

  test('is ready, also behind a query and a fragment, and calls an API', async () => {
    const { phone, page } = await opened('/?from=singlemessage&q=%E4%B8%AD#part');
    await page.getByText('wx.ready').waitFor();
    await page.getByText('wx.getNetworkType: wifi').waitFor();
    await phone.locator('.web_bar').getByText('JS-SDK').waitFor();
    await picture(phone, 'js-sdk-ready');
    expect(await barriersOn(phone)).toEqual([]);
  });

  test.each([
    { colorScheme: 'light', ground: 255 },
    { colorScheme: 'dark', ground: 18 },
  ] as const)(
    'stands on the ground of a $colorScheme phone, as its text does',
    async ({ colorScheme, ground }) => {
      const { phone, page } = await opened('/', { colorScheme });
      await page.getByText('wx.getNetworkType: wifi').waitFor();
      await picture(phone, `js-sdk-${colorScheme}`);
      const shown = await phone.locator('#web-view iframe').screenshot();
      const corner = { left: 8, top: 8, width: 1, height: 1 };
      const pixel = await sharp(shown).removeAlpha().extract(corner).raw().toBuffer();
      expect([...pixel]).toEqual([ground, ground, ground]);
    },
  );

  test('reads that its domain is not a safe one', async () => {
    await world.control('settings', { jsSafeDomains: ['shop.example.com'] });
    const { phone, page } = await opened();
    await page.getByText('wx.error: config:invalid url domain').waitFor();
    await picture(phone, 'js-sdk-invalid-domain');
  });

  test('reads that the signature is over another URL, on an iPhone that keeps to the first one', async () => {
    await world.control('settings', { firstUrlCounts: true });
    const { phone, page } = await opened();
    await page.getByText('wx.ready').waitFor();
    const frame = phone.frames().find((each) => each.url().startsWith(address));
    await frame?.evaluate(`history.pushState(null, '', '/goods');
      fetch('${world.url}/v1/wechat/js-sdk-config?url=' + encodeURIComponent(location.href))
        .then((reply) => reply.json()).then((config) => wx.config({ ...config, jsApiList: [] }))`);
    await page.getByText(`wx.error: config:invalid signature ${address}/`).waitFor();
  });

  test('does nothing outside of WeChat', async () => {
    const page = await chromium.newPage();
    const answered = page.waitForResponse(/js-sdk-config/);
    await page.goto(address);
    await answered;
    await page.getByText('Waiting for WeChat').waitFor();
    // Not ready either where somebody else frames it.
    await page.setContent(`<iframe src="${address}"></iframe>`);
    await page.frameLocator('iframe').getByText('Waiting for WeChat').waitFor();
  });
});
