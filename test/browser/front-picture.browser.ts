import { mkdir } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { SHOP } from '../harness/world.js';
import { chromium, login, stands, tab } from './browser-tab.js';
import { become, open, person, world } from './login-page.js';

/** `npm run screenshot` sets the folder of the guide's images; without it the pictures are build artefacts. */
const FOLDER = process.env.SCREENSHOT_FOLDER ?? 'artifacts/screenshots';
/** More than this slows down the page that shows the picture. */
const MAX_BYTES = 250_000;
/** Two device pixels for one of CSS: sharp on the screens of most readers. */
const DENSITY = 2;
const GAP = 24 * DENSITY;

describe('the picture on the front page', () => {
  test.each([
    ['login', 'en-US', 'Lin'],
    ['login.zh-CN', 'zh-CN', '小林'],
  ])('%s shows the login page beside the phone that scanned its code', async (name, locale, nickname) => {
    await become({ nickname });
    const look = { locale, deviceScaleFactor: DENSITY, reducedMotion: 'reduce' } as const;
    const page = await tab({ ...look, viewport: { width: 960, height: 720 } });
    await open(page, login({ returnTo: `${SHOP}/` }));
    await stands(page, 'pending');

    const context = await chromium.newContext({ ...look, viewport: { width: 1200, height: 980 } });
    const phone = await context.newPage();
    await phone.goto(`${world.sandbox.url}/phone?person=${person.id}`);
    await phone.locator('#screen .login .cell').first().click();
    await phone.locator('#screen .facts').waitFor();
    // The English screen is a little higher than the phone, and a picture cannot be scrolled.
    await phone.evaluate("document.querySelector('#screen').style.zoom = '0.92'");
    await stands(page, 'scanned');

    for (const each of [page, phone]) {
      await each.evaluate(
        "document.documentElement.style.background = document.body.style.background = 'none'",
      );
    }
    const [left, right] = await Promise.all([
      page.screenshot({ omitBackground: true }),
      phone.locator('#device .bezel').screenshot({ omitBackground: true }),
    ]);
    const [{ width, height }, beside] = await Promise.all([
      sharp(left).metadata(),
      sharp(right)
        .resize({ height: 720 * DENSITY })
        .toBuffer({ resolveWithObject: true }),
    ]);
    const image = await sharp({
      create: { width: width + GAP + beside.info.width, height, channels: 4, background: '#0000' },
    })
      .composite([
        { input: left, left: 0, top: 0 },
        { input: beside.data, left: width + GAP, top: 0 },
      ])
      .webp({ quality: 85 })
      .toBuffer();
    expect(image.length).toBeLessThanOrEqual(MAX_BYTES);
    await mkdir(FOLDER, { recursive: true });
    await sharp(image).toFile(`${FOLDER}/${name}.webp`);
  });
});
