// The copy of @wechat-auth/mini-program in the example: a mini program cannot require a file outside of its folder.
// `--write` copies it from the build; without it a difference fails.
import { readFileSync } from 'node:fs';
import { writeOrCompare } from './generated.mjs';

const BUILD = 'sdk/mini-program/dist';
const COPY = 'sdk/mini-program/example/lib';
/** Files of the copy, by file of the build. */
const FILES = { 'wechat-auth.js': 'wechat-auth.js', 'index.d.ts': 'wechat-auth.d.ts' };

for (const [source, copy] of Object.entries(FILES))
  await writeOrCompare(`${COPY}/${copy}`, readFileSync(`${BUILD}/${source}`, 'utf8'), 'npm run sdk-example');
