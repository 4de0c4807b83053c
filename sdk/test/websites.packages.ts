import { cpSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { sites, stands, tab } from '../../test/browser/browser-tab.js';
import { countCalls, inMiniProgram, otherSite, world } from '../web/test/sdk-page.js';
import { installed, Project } from './project.js';
import { faultsIn } from './type-check.js';

const EXAMPLES = join(import.meta.dirname, '../web/example');

/** A project with the hook or composable that its author has copied, as the README says. */
async function projectWithHook(name: 'react' | 'vue'): Promise<Project> {
  const project = await Project.copyOf(name);
  for (const file of ['auth.ts', 'use-auth.ts']) {
    const text = await readFile(join(EXAMPLES, name, file), 'utf8');
    await project.write(file, text.replace('https://auth.example.com', world.url));
  }
  return project;
}

/** Shows what a bundler makes of a project, in development, where React has its strict mode. */
async function showBundle(project: Project, file: string): Promise<void> {
  const code = await project.bundle(file, {
    format: 'iife',
    target: 'es2020',
    jsx: 'automatic',
    define: {
      'process.env.NODE_ENV': '"development"',
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
  });
  sites.script('/main.js', code);
}

const KINDS: readonly (readonly [name: string, show: () => Promise<void>])[] = [
  ['React', async () => showBundle(await projectWithHook('react'), 'main.jsx')],
  ['Vue', async () => showBundle(await projectWithHook('vue'), 'main.js')],
  [
    'the single file and no bundler',
    async () => {
      const project = await Project.copyOf('page');
      cpSync(
        join(installed('@wechat-auth/web'), 'dist/wechat-auth.min.js'),
        project.path('wechat-auth.min.js'),
      );
      await project.write('config.js', `export const baseUrl = '${world.url}';`);
      for (const file of ['main.js', 'config.js', 'wechat-auth.min.js']) {
        sites.script(`/${file}`, await project.read(file));
      }
    },
  ],
];

test.each(KINDS)(
  'a website with %s logs somebody in by a redirect, keeps the login, and ends it',
  async (_name, show) => {
    await show();
    sites.show(
      '/',
      '<html lang="en"><title>Shop</title><div id="root"></div><script type="module" src="/main.js"></script>',
    );
    const page = await tab();
    await page.goto(otherSite);
    await page.getByRole('button', { name: 'Log in' }).click();
    await stands(page, 'pending');
    await inMiniProgram('scan', 'confirm');
    const redemptions = countCalls('/v1/web-qr-login/token');
    await page.getByText(/^Hello/).waitFor();
    expect(page.url()).toBe(`${otherSite}/`);
    expect(redemptions()).toBe(1);
    await page.reload();
    await page.getByText(/^Hello/).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
  },
);

describe.each([
  ['react', 'server.jsx'],
  ['vue', 'server.js'],
] as const)('with the hook for %s', (name, server) => {
  test('a page is rendered on a server, where nobody is known yet and nothing goes on listening', async () => {
    const project = await projectWithHook(name);
    await project.write(
      'server.mjs',
      await project.bundle(server, {
        platform: 'node',
        format: 'esm',
        jsx: 'automatic',
        packages: 'external',
      }),
    );
    expect(project.run('server.mjs')).toEqual({
      html: expect.stringMatching(/^<main><p role="status">unknown<\/p>/),
      listeners: 0,
    });
  });

  test('a program in strict TypeScript compiles', async () => {
    const project = await projectWithHook(name);
    const options = { lib: ['es2020', 'dom'], types: [], module: 'esnext', moduleResolution: 'bundler' };
    expect(faultsIn(project, 'use-auth.ts', options)).toEqual([]);
  });
});
