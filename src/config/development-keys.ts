import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { encryptionKeys } from './parsers.js';

/**
 * Keys for a machine without ENCRYPTION_KEYS (never production): created once in a file that only the owner may read.
 * Two processes that start at once use the same keys, since linking the draft is atomic. The draft has a random name,
 * since processes of two containers may have the same id.
 */
export function developmentKeys(folder: string): Buffer[] {
  const file = join(folder, 'encryption-keys');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!existsSync(file)) {
    const draft = `${file}.${randomBytes(6).toString('hex')}`;
    writeFileSync(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    try {
      linkSync(draft, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(draft);
    }
  }
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  return encryptionKeys(readFileSync(file, 'utf8').trim());
}
