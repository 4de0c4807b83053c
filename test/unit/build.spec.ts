import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

/** A repository with the programs of the build, and a sandbox of a few lines. */
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wechat-auth-build-'));
  for (const program of ['scripts/build.mjs', 'scripts/compile.mjs', 'sandbox/scripts/build.mjs']) {
    await cp(program, join(folder, program));
  }
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await mkdir(join(folder, 'sandbox/src/page'), { recursive: true });
  await source('greeting.ts', "export const greeting: string = 'hello';\n");
  await source('page/page.ts', "export { greeting } from '../greeting.js';\n");
  await source('page/page.css', 'p { color: green }\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function source(path: string, text: string): Promise<void> {
  return writeFile(join(folder, 'sandbox/src', path), text);
}

function build(): Promise<{ readonly stderr: string }> {
  return run(process.execPath, [join(folder, 'scripts/build.mjs'), 'sandbox']);
}

function output(path: string): string {
  return join(folder, 'sandbox/dist', path);
}

/** What the built modules say, as another process: this one would remember the first. */
async function greeting(): Promise<string> {
  const program = `import(${JSON.stringify(output('page/page.js'))}).then((page) => console.log(page.greeting))`;
  return (await run(process.execPath, ['-e', program])).stdout.trim();
}

describe('the build', () => {
  it('compiles a changed file again, and no other', async () => {
    await build();
    expect(await greeting()).toBe('hello');
    const untouched = await stat(output('page/page.js'));

    await source('greeting.ts', "export const greeting: string = 'good evening';\n");
    await build();
    expect(await greeting()).toBe('good evening');
    expect((await stat(output('page/page.js'))).mtimeMs).toBe(untouched.mtimeMs);
  });

  it('compiles a file whose output is gone', async () => {
    await build();
    await rm(output('greeting.js'));
    await build();
    expect(await greeting()).toBe('hello');
  });

  it('removes the output of a source that is gone, and copies the files of pages', async () => {
    await source('old.ts', 'export const old = true;\n');
    await source('page/old.css', '');
    await build();
    expect(await readdir(output(''))).toContain('old.js');
    expect(await readFile(output('page/page.css'), 'utf8')).toBe('p { color: green }\n');

    await rm(join(folder, 'sandbox/src/old.ts'));
    await rm(join(folder, 'sandbox/src/page/old.css'));
    await build();
    expect(await readdir(output(''))).not.toContain('old.js');
    expect(await readdir(output('page'))).toEqual(['page.css', 'page.js']);
  });

  it('fails for a file that is no TypeScript, and compiles it once it is', async () => {
    await source('greeting.ts', 'export const greeting = ;\n');
    await expect(build()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('greeting.ts') });
    await expect(build()).rejects.toMatchObject({ code: 1 });

    await source('greeting.ts', "export const greeting: string = 'hello';\n");
    await build();
    expect(await greeting()).toBe('hello');
  });

  it.each(['', '{"greeting.ts":', 'null'])(
    'compiles everything again where its record is %j',
    async (record) => {
      await build();
      await writeFile(output('greeting.js'), "export const greeting = 'half';\n");
      await writeFile(output('.compiled.json'), record);
      await build();
      expect(await greeting()).toBe('hello');
    },
  );

  it('leaves alone the record that another build is writing', async () => {
    await build();
    await writeFile(output('.compiled.json.7'), '{');
    await source('greeting.ts', "export const greeting: string = 'good evening';\n");
    await build();
    const records = (await readdir(output(''))).filter((file) => file.startsWith('.'));
    expect(records.sort()).toEqual(['.compiled.json', '.compiled.json.7']);
  });

  it('has in the image all that it reads, and warns of nothing', async () => {
    const [, stage = ''] =
      /^FROM dependencies AS build$([^]*?)^RUN /m.exec(await readFile('Dockerfile', 'utf8')) ?? [];
    const copied = [...stage.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
    for (const name of copied) await cp(name, join(folder, name), { recursive: true });
    const ignored = await readFile('.dockerignore', 'utf8');
    for (const name of copied) expect(ignored).toContain(`!${name}\n`);
    const { stderr } = await run(process.execPath, [join(folder, 'scripts/build.mjs'), 'service']);
    expect(stderr).toBe('');
  }, 60_000);

  it('compiles everything again after a build that was interrupted', async () => {
    await build();
    // What a build that was killed leaves: an output of another source, and no record.
    await writeFile(output('greeting.js'), "export const greeting = 'half';\n");
    await rm(output('.compiled.json'));
    await build();
    expect(await greeting()).toBe('hello');
  });
});
