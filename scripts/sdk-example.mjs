// The copy of @wechat-auth/mini-program in the example: a mini program cannot require a file outside of its folder.
// `--write` copies it from the build; without it a difference fails.
import { readFileSync } from 'node:fs';
import { writeOrCompare } from './generated.mjs';

const BUILD = 'sdk/mini-program/dist';
const COPY = 'sdk/mini-program/example/lib';
const FILES = ['wechat-auth.js', 'wechat-auth.d.ts'];

for (const file of FILES)
  await writeOrCompare(`${COPY}/${file}`, readFileSync(`${BUILD}/${file}`, 'utf8'), 'npm run sdk-example');
