import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whileRunning } from '../runner/running.js';

const BLOCK = 4_096;

/** A small file system in memory that a test can fill. */
export class SmallDisk {
  /** Unmounts the file system and deletes its content. */
  readonly unmount = whileRunning('a small disk', () => {
    execFileSync('umount', [this.folder]);
    rmSync(this.folder, { recursive: true });
    return Promise.resolve();
  });

  private constructor(readonly folder: string) {}

  /** @returns `null` if this process may not mount file systems */
  static mount(megabytes: number): SmallDisk | null {
    const folder = mkdtempSync(join(tmpdir(), 'wechat-auth-test-disk-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], {
        stdio: 'ignore',
      });
      return new SmallDisk(folder);
    } catch {
      rmSync(folder, { recursive: true });
      return null;
    }
  }

  /** Fills the disk except for this many blocks of 4 KiB. */
  fill(blocksLeft: number): void {
    this.free();
    const { bavail, bsize } = statfsSync(this.folder);
    const block = Buffer.alloc(BLOCK);
    const file = openSync(this.ballast, 'w');
    for (let blocks = (bavail * bsize) / BLOCK - blocksLeft; blocks > 0; blocks--) writeSync(file, block);
    closeSync(file);
  }

  /** Frees the space that `fill` took. */
  free(): void {
    rmSync(this.ballast, { force: true });
  }

  private get ballast(): string {
    return join(this.folder, 'ballast');
  }
}
