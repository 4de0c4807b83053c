import { readFile, writeFile } from 'node:fs/promises';

/** Writes a generated file (`--write`), or fails when it is not what the code generates now. */
export async function writeOrCompare(file, text, command) {
  if (process.argv.includes('--write')) {
    await writeFile(file, text);
    return;
  }
  const current = await readFile(file, 'utf8').catch(() => '');
  if (current === text) return;
  console.error(`${file} is not what the code says: run \`${command}\` and commit it.`);
  process.exitCode = 1;
}
