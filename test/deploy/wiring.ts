import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Backend, createBackend } from '../harness/backend.js';
import { freePort } from '../harness/free-port.js';
import { SERVICE_KEY } from '../harness/operator.js';
import { composeEnvironment } from './compose-files.js';
import { NginxProcess } from './nginx-process.js';
import { endProgram, type Program, startProgram, untilAnswers } from '../harness/program.js';

/** One of the replicas. */
export interface Replica {
  readonly url: string;
  program: Program;
}

/** The log entry of nginx for a request. */
export interface Passage {
  readonly requestId: string;
  readonly status: number;
  /** The upstream addresses that were tried, in order. */
  readonly replicas: readonly string[];
}

/** How a wiring is reached. */
interface Addresses {
  /** Of nginx. */
  readonly url: string;
  /** Of the sandbox. */
  readonly wechatUrl: string;
}

/**
 * What docker-compose.yml starts, as processes of this machine: two replicas behind nginx, and the sandbox, with the
 * environment that it gives them, on the database and the Redis of the run. Only host names and ports differ, and
 * there are no limits, since all people here have one address.
 */
export class Wiring {
  private constructor(
    readonly addresses: Addresses,
    readonly backend: Backend,
    readonly replicas: readonly [Replica, Replica],
    private readonly sandbox: Program,
    private readonly nginx: NginxProcess,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly folder: string,
  ) {}

  /** @param proxies in front of nginx: TRUSTED_PROXIES in .env */
  static async start(proxies = ''): Promise<Wiring> {
    // /app/data: a volume that the replicas share. The first replica creates the keys there.
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-wiring-'));
    const backend = await createBackend();
    const ports = { sandbox: await freePort(), nginx: await freePort() };
    const addresses = {
      url: `http://localhost:${ports.nginx}`,
      wechatUrl: `http://localhost:${ports.sandbox}`,
    };
    const environment = composeEnvironment('sandbox', 'app', {
      ...backend.environment,
      PUBLIC_URL: addresses.url,
      WECHAT_OPEN_URL: addresses.wechatUrl,
      WECHAT_API_URL: addresses.wechatUrl,
      TRUSTED_PROXIES: '127.0.0.1',
      RATE_LIMITS: 'off',
      SERVICE_API_KEYS: `orders:${SERVICE_KEY}`,
      LOG_LEVEL: 'warn',
    });
    const sandbox = startProgram(
      [process.execPath, resolve('sandbox/dist/main.js')],
      folder,
      composeEnvironment('sandbox', 'sandbox', {
        SANDBOX_PORT: String(ports.sandbox),
        PUBLIC_URL: addresses.url,
        SANDBOX_SERVICE_URL: addresses.url,
      }),
    );
    const replicaPorts = [await freePort(), await freePort()] as const;
    const nginx = await NginxProcess.start((own) => frontConfig(own, ports.nginx, replicaPorts, proxies));
    const begin = (port: number): Replica => ({
      url: `http://127.0.0.1:${port}`,
      program: startReplica(folder, environment, port),
    });
    const replicas = [begin(replicaPorts[0]), begin(replicaPorts[1])] as const;
    const wiring = new Wiring(addresses, backend, replicas, sandbox, nginx, environment, folder);
    await untilAnswers(`${addresses.wechatUrl}/control/apps`, 200, sandbox);
    for (const replica of replicas) await wiring.untilReady(replica);
    return wiring;
  }

  get url(): string {
    return this.addresses.url;
  }

  untilReady({ url, program }: Replica): Promise<void> {
    return untilAnswers(`${url}/health/ready`, 200, program);
  }

  /** Starts a replica that has ended again, as its restart policy would, and waits until it is ready. */
  async restart(replica: Replica): Promise<void> {
    replica.program = startReplica(this.folder, this.environment, Number(new URL(replica.url).port));
    await this.untilReady(replica);
  }

  /**
   * The requests that nginx has answered so far. It notes one after it has sent the reply, so the line of a reply that
   * is here may still be on the way.
   * @param isComplete whether what is awaited is among them; waits for it, 5 s at most
   */
  async passages(
    isComplete: (passages: readonly Passage[]) => boolean = () => true,
  ): Promise<readonly Passage[]> {
    for (let attempt = 0; ; attempt++) {
      const passages = await this.notedPassages();
      if (attempt === 100 || isComplete(passages)) return passages;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    await this.nginx.stop();
    await Promise.all([...this.replicas.map(({ program }) => program), this.sandbox].map(endProgram));
    await this.backend.drop();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async notedPassages(): Promise<Passage[]> {
    const log = await readFile(join(this.nginx.folder, 'access.log'), 'utf8');
    return (
      log
        .split('\n')
        // Ignore an incomplete line.
        .slice(0, -1)
        .map((line) => {
          const { requestId, status, replica } = JSON.parse(line) as Record<string, string | number>;
          return {
            requestId: String(requestId),
            status: Number(status),
            replicas: String(replica).split(', '),
          };
        })
    );
  }
}

function startReplica(folder: string, environment: Readonly<Record<string, string>>, port: number): Program {
  return startProgram([process.execPath, resolve('dist/main.js')], folder, {
    ...environment,
    PORT: String(port),
  });
}

/** The configuration of deploy/nginx as it stands, on ports of a test. */
async function frontConfig(
  folder: string,
  port: number,
  replicas: readonly number[],
  proxies: string,
): Promise<string> {
  const script = startProgram(
    [resolve('deploy/nginx/trusted-proxies.sh'), join(folder, 'trusted-proxies.conf')],
    folder,
    { TRUSTED_PROXIES: proxies },
  );
  if ((await script.ended) !== 0) throw new Error(script.output());
  const rendered = (await readFile('deploy/nginx/nginx.conf', 'utf8'))
    .replaceAll('/tmp/', `${folder}/`)
    .replace('access_log /dev/stdout', `access_log ${folder}/access.log`)
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    // Docker's DNS finds the replicas there; here they are listed. Debian's nginx does not support `resolve`.
    .replace(/server app:3000 resolve (.*);/g, (_, options: string) =>
      replicas.map((replica) => `server 127.0.0.1:${replica} ${options};`).join('\n'),
    );
  if (!replicas.every((replica) => rendered.includes(`127.0.0.1:${replica} `)))
    throw new Error('no upstream found');
  return rendered;
}
