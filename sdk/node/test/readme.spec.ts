import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const FOLDER = resolve('sdk/node/test');
/** What stands around the blocks in the reader's program, and packages that are not installed here. */
const SURROUNDINGS: Readonly<Record<string, string>> = {
  'surroundings.d.ts': `
    declare const token: string;
    declare const code: string;
    declare const signData: string;
    declare const clientIp: string;
    declare const userAgent: string;
    declare const payload: string;
    declare const keys: readonly import('@wechat-auth/node').UserPayloadKey[];
    declare function deliver(push: unknown): Promise<void>;
    declare function moveOrders(event: string, from: string | undefined, to: string): Promise<void>;
    declare module 'express-session' {
      export default function session(options: object): import('express').RequestHandler;
      global {
        namespace Express {
          interface Request { session: object & { regenerate(then: () => void): void } }
        }
      }
    }`,
};
const WEBHOOK_APP = "import express from 'express'\nimport 'express-session'\nconst app = express()\n";

/** The blocks of a README as files, each a module. */
function blocksOf(readme: string): Record<string, string> {
  const blocks = [...readFileSync(readme, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)];
  return Object.fromEntries(
    blocks.map(([, block = ''], index) => [
      `block-${index + 1}.ts`,
      block.includes('app.post') ? WEBHOOK_APP + block : block,
    ]),
  );
}

test('the code of the README compiles in strict mode, with metadata of decorators', () => {
  const files = { ...SURROUNDINGS, ...blocksOf('sdk/node/README.md') };
  expect(Object.keys(files).length).toBeGreaterThan(8);
  const names = Object.keys(files).map((name) => resolve(FOLDER, name));
  const textOf = (path: string): string | undefined =>
    path.startsWith(FOLDER) ? files[path.slice(FOLDER.length + 1)] : undefined;
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    isolatedModules: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
    paths: {
      '@wechat-auth/node': [resolve('sdk/node/src/index.ts')],
      '@wechat-auth/node/*': [resolve('sdk/node/src/*.ts')],
    },
  };
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (path) => textOf(path) ?? readFile(path);
  host.fileExists = (path) => textOf(path) !== undefined || fileExists(path);
  host.getSourceFile = (path, version) => {
    const text = host.readFile(path);
    return text === undefined ? undefined : ts.createSourceFile(path, text, version);
  };
  const faults = ts.getPreEmitDiagnostics(ts.createProgram(names, options, host));
  expect(ts.formatDiagnostics(faults, host)).toBe('');
});
