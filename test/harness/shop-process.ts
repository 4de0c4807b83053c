import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import Database from 'better-sqlite3';
import { freePort } from './free-port.js';
import { exampleProgram } from './printed-code.js';
import { type Program, startProgram, untilAnswers } from './program.js';

/** What the shop has given to a buyer. */
export interface Delivered {
  /** `OutTradeNo`. */
  readonly id: string;
  readonly userId: string;
  readonly productId: string;
}

/** Settings of a file of examples/shop. */
export function shopSettings(file: 'service.env' | 'sandbox.env'): Record<string, string> {
  return parseEnv(readFileSync(join('examples/shop', file), 'utf8')) as Record<string, string>;
}

/** The shop of examples/shop as a process. Its database outlives it. */
export class ShopProcess {
  private running: Program | null = null;
  private readonly runs: Program[] = [];

  private constructor(
    private readonly port: number,
    private readonly folder: string,
    private readonly program: string,
  ) {}

  /** A shop that is not started yet. */
  static async create(): Promise<ShopProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'shop-'));
    return new ShopProcess(await freePort(), folder, exampleProgram('examples/shop/shop.mjs'));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, and waits until it answers. @param settings besides those of sandbox.env */
  async start(settings: Readonly<Record<string, string>>): Promise<void> {
    const own = { PORT: String(this.port), SHOP_DATA: join(this.folder, 'shop.sqlite') };
    const environment = { ...shopSettings('sandbox.env'), ...settings, ...own };
    this.running = startProgram([process.execPath, this.program], process.cwd(), environment);
    this.runs.push(this.running);
    await untilAnswers(`${this.url}/`, 404, this.running);
  }

  async kill(): Promise<void> {
    this.running?.child.kill('SIGKILL');
    await this.running?.ended;
    this.running = null;
  }

  /** Kills it, and deletes what it has stored. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true });
    await rm(this.program);
  }

  /** The output of all runs. */
  log(): string {
    return this.runs.map(({ output }) => output()).join('');
  }

  delivered(): Delivered[] {
    const db = new Database(join(this.folder, 'shop.sqlite'), { readonly: true });
    try {
      return db.prepare('SELECT * FROM deliveries').all() as Delivered[];
    } finally {
      db.close();
    }
  }

  /** How often it said that it delivers an order. */
  deliveriesOf(id: string): number {
    return this.log().split(`delivered ${id}`).length - 1;
  }
}
