import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { type Browser, chromium, type Page } from 'playwright-core';

/** For the browser tests in sdk/, where playwright-core is not installed. */
export type { BrowserContextOptions, Page } from 'playwright-core';

const AXE = readFileSync('test/node_modules/axe-core/axe.min.js', 'utf8');
/** WCAG 2.2 A and AA, and axe-core's best practices. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Debian's, or that of GitHub's runners. The shell has no windows: it opens a page three times as fast. */
const PROGRAMS = ['chromium-headless-shell', 'chromium', 'google-chrome'].map((name) => `/usr/bin/${name}`);

/** Chromium, without what it does in the background. @throws Error where none is installed */
export function launchChromium(): Promise<Browser> {
  const executablePath = PROGRAMS.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error(`There is none of ${PROGRAMS.join(', ')}.`);
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Keeps a picture of a page as a build artefact. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir('artifacts/screenshots', { recursive: true });
  await page.screenshot({ path: `artifacts/screenshots/${name}.png` });
}

/** Collects the warnings and errors on the console of a page; a test expects none. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}

/** What axe-core finds wrong on a page and in its frames: address, rule and element of each barrier. */
export async function barriersOn(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const frame of page.frames()) {
    // A frame without a document of its own is part of the page around it.
    if (frame.url() === 'about:blank' || frame.url() === '') continue;
    if (!(await frame.evaluate<boolean>("'axe' in window"))) await frame.evaluate(AXE);
    const violations = await frame.evaluate<{ id: string; nodes: { html: string }[] }[]>(
      `axe.run(document, { iframes: false, runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) => violations)`,
    );
    for (const { id, nodes } of violations) {
      found.push(...nodes.map(({ html }) => `${frame.url()}: ${id}: ${html}`));
    }
  }
  return found;
}
