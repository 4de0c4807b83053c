import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AVATAR_SIZES, type AvatarSize } from './avatar-sizes.js';
import { avatarName, AvatarStore, storeUnavailable } from './avatar-store.js';

/** Pictures in a folder of this machine, in subfolders named by the first two characters of the key. */
export class DiskAvatarStore extends AvatarStore {
  constructor(private readonly folder: string) {
    super();
  }

  async put(key: string, size: AvatarSize, bytes: Buffer): Promise<void> {
    const file = this.file(key, size);
    const temporary = `${file}.${randomBytes(6).toString('hex')}`;
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeAndSync(temporary, bytes);
      // The rename is atomic: a reader sees the whole file or none, also after a power failure.
      await rename(temporary, file);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw storeUnavailable(error);
    }
  }

  async get(key: string, size: AvatarSize): Promise<Buffer | null> {
    const file = this.file(key, size);
    try {
      return await readFile(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw storeUnavailable(error);
    }
  }

  async delete(key: string): Promise<void> {
    const files = AVATAR_SIZES.map((size) => this.file(key, size));
    try {
      await Promise.all(files.map((file) => rm(file, { force: true })));
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  private file(key: string, size: AvatarSize): string {
    const name = avatarName(key, size);
    return join(this.folder, name.slice(0, 2), name);
  }
}

async function writeAndSync(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
