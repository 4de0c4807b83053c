// `npm run screenshot`: takes the screenshots of the READMEs again, after the pages have changed.
import { spawnSync } from 'node:child_process';

const test = spawnSync(
  process.execPath,
  ['scripts/test.mjs', '--browser', 'test/browser/front-picture.browser.ts'],
  { stdio: 'inherit', env: { ...process.env, SCREENSHOT_FOLDER: 'docs/guide/images' } },
);
process.exitCode = test.status ?? 1;
