import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';

/** What `npm run start:prod` gives to Node. */
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const options = /^node (.+) dist\/main\.js$/.exec(scripts['start:prod'] ?? '')?.[1] ?? '';

describe('the options of Node with which the service is started', () => {
  test('bound the young generation', () => {
    expect(options).toBe('--max-semi-space-size=16');
  });

  test.each([
    ['package.json', `&& node ${options} dist/main.js"`],
    ['Dockerfile', `CMD ["node", "${options}", "dist/main.js"]`],
    ['docs/guide/deployment.md', `/usr/bin/node ${options} dist/main.js`],
    ['docs/guide/deployment.zh-CN.md', `/usr/bin/node ${options} dist/main.js`],
    ['docs/guide/installation.md', `production node ${options} dist/main.js`],
    ['docs/guide/installation.zh-CN.md', `production node ${options} dist/main.js`],
    ['bench/processes.mjs', `SERVICE_ARGUMENTS = ['${options}']`],
  ])('%s starts it with the same ones', (file, line) => {
    expect(readFileSync(file, 'utf8')).toContain(line);
  });
});
