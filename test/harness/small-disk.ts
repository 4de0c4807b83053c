import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whileRunning } from '../runner/running.js';

const BLOCK = 4_096;

/** A file system of its own in memory, small enough to be filled. */
export class SmallDisk {
  /** Takes it away with all that is on it. */
  readonly unmount = whileRunning('a small disk', () => {
    execFileSync('umount', [this.folder]);
    rmSync(this.folder, { recursive: true });
    return Promise.resolve();
  });

  private constructor(readonly folder: string) {}

  /** @returns `null` where this process may not mount one */
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

  /** Fills it but for so many blocks of 4 KiB. */
  fill(blocksLeft: number): void {
    this.free();
    const { bavail, bsize } = statfsSync(this.folder);
    const block = Buffer.alloc(BLOCK);
    const file = openSync(this.ballast, 'w');
    for (let blocks = (bavail * bsize) / BLOCK - blocksLeft; blocks > 0; blocks--) writeSync(file, block);
    closeSync(file);
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(this.ballast, { force: true });
  }

  private get ballast(): string {
    return join(this.folder, 'ballast');
  }
}
