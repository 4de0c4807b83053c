import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProgram, type Program, startProgram } from '../harness/program.js';

/** A real nginx on a configuration of its own. */
export class NginxProcess {
  private constructor(
    private readonly program: Program,
    readonly folder: string,
  ) {}

  /** @param render the configuration, which may write to a folder that is its own */
  static async start(render: (folder: string) => string | Promise<string>): Promise<NginxProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-nginx-'));
    await writeFile(join(folder, 'nginx.conf'), await render(folder));
    const words = ['-c', join(folder, 'nginx.conf'), '-p', folder, '-g', 'daemon off;'] as const;
    return new NginxProcess(startProgram(['nginx', ...words], folder), folder);
  }

  /** Waits until something listens there. */
  async untilListening(url: string): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const reply = await fetch(url).catch(() => null);
      await reply?.body?.cancel();
      if (reply) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`nginx does not listen: ${this.program.output()}`);
  }

  async stop(): Promise<void> {
    await endProgram(this.program);
    await rm(this.folder, { recursive: true, force: true });
  }
}
