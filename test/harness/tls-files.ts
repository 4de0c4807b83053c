import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProgram } from './program.js';

/** Paths of a certificate, its key and the CA that signed it, as PEM files. */
export interface TlsFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Creates CAs and certificates with openssl, in a folder of one test. */
export class Certificates {
  private made = 0;

  private constructor(private readonly folder: string) {}

  static async start(): Promise<Certificates> {
    return new Certificates(await mkdtemp(join(tmpdir(), 'wechat-auth-test-tls-')));
  }

  /**
   * Creates a certificate with a new CA. @param names subjectAltName, for example
   * `DNS:localhost,IP:127.0.0.1`
   */
  async make(names: string): Promise<TlsFiles> {
    const at = (name: string) => join(this.folder, `${this.made}-${name}.pem`);
    this.made++;
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    await openssl([
      'req',
      '-x509',
      ...curve,
      '-subj',
      '/CN=a test',
      '-keyout',
      at('ca-key'),
      '-out',
      at('ca'),
    ]);
    await openssl([
      ...['req', '-x509', ...curve, '-subj', '/CN=a server', '-addext', `subjectAltName=${names}`],
      ...['-addext', 'basicConstraints=CA:FALSE', '-CA', at('ca'), '-CAkey', at('ca-key')],
      ...['-keyout', at('key'), '-out', at('certificate')],
    ]);
    return { ca: at('ca'), certificate: at('certificate'), key: at('key') };
  }

  stop(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

async function openssl(words: readonly string[]): Promise<void> {
  const program = startProgram(['openssl', ...words], '/');
  if ((await program.ended) !== 0) throw new Error(program.output());
}
