import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProgram, type Program, startProgram, untilAnswers } from '../harness/program.js';

/** Where Debian and Ubuntu have the modules. */
export const APACHE_MODULES = '/usr/lib/apache2/modules';

const LOADED = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'headers', 'auth_openidc'];

/** A real Apache with mod_auth_openidc, on a configuration of its own. */
export class ApacheProcess {
  private constructor(
    private readonly program: Program,
    private readonly folder: string,
  ) {}

  /** @param site directives of the server; its pages are `/index.html` and `/inside/index.html` */
  static async start(port: number, site: string): Promise<ApacheProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-apache-'));
    // As root, its workers become another user.
    await chmod(folder, 0o755);
    await mkdir(join(folder, 'inside'));
    for (const page of ['index.html', 'inside/index.html']) await writeFile(join(folder, page), 'ok');
    await writeFile(
      join(folder, 'apache.conf'),
      `ServerName 127.0.0.1
       Listen 127.0.0.1:${port}
       ${LOADED.map((name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`).join('\n')}
       User www-data
       Group www-data
       DefaultRuntimeDir ${folder}
       PidFile ${folder}/pid
       ErrorLog ${folder}/error.log
       DocumentRoot ${folder}
       ${site}`,
    );
    const words = ['-d', folder, '-f', join(folder, 'apache.conf'), '-D', 'FOREGROUND'] as const;
    const program = startProgram(['/usr/sbin/apache2', ...words], folder);
    const apache = new ApacheProcess(program, folder);
    try {
      await untilAnswers(`http://127.0.0.1:${port}/index.html`, 200, program);
    } catch (error) {
      throw new Error(await readFile(join(folder, 'error.log'), 'utf8').catch(String), { cause: error });
    }
    return apache;
  }

  async stop(): Promise<void> {
    await endProgram(this.program);
    await rm(this.folder, { recursive: true, force: true });
  }
}
