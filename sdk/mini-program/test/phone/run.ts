import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { buildSync } from 'esbuild';
import type * as Sdk from '../../src/index.js';
import type { Phone } from './phone.js';

let bundle: string | undefined;

/** The package as one script, for the oldest engines of mini programs. */
export function source(): string {
  bundle ??= buildSync({
    entryPoints: [fileURLToPath(new URL('../../src/index.ts', import.meta.url))],
    bundle: true,
    format: 'cjs',
    target: 'es2018',
    write: false,
  }).outputFiles[0]?.text;
  return bundle ?? '';
}

/** What a run of a mini program has. */
export type Program = typeof Sdk & { readonly errors: unknown[] };

/**
 * Starts the mini program: the package is evaluated in a realm of its own, which has what a mini program has and nothing
 * else (no `URL`, `fetch`, `AbortController`, `crypto`, …).
 * @param wx of the phone, or what stands for it; `null`: there is none
 */
export function run(phone: Phone, wx: object | null = phone.wx): Program {
  const { now, setTimeout, clearTimeout } = phone.time;
  const errors: unknown[] = [];
  const context = createContext({
    module: { exports: {} },
    console: { error: (error: unknown) => errors.push(error) },
    setTimeout,
    clearTimeout,
    now,
    ...(wx === null ? {} : { wx }),
  });
  runInContext('Date.now = now; now = undefined; var exports = module.exports;', context);
  runInContext(source(), context);
  return { ...(context.module as { exports: typeof Sdk }).exports, errors };
}
