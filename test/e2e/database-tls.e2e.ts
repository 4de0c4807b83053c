import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/load-config.js';
import { dataSourceOptions, openDataSource } from '../../src/database/data-source.js';
import { MariadbServer } from '../harness/mariadb-server.js';
import { Certificates, type TlsFiles } from '../harness/tls-files.js';

declare const backend: { databaseUrl: string | null };

/** Connects as the service does. @returns the TLS cipher of the connection, `''` for none */
async function cipherOf(url: string): Promise<string> {
  const { database } = loadConfig({
    NODE_ENV: 'test',
    ENCRYPTION_KEYS: Buffer.alloc(32, 7).toString('base64'),
    DATABASE_URL: url,
  });
  const dataSource = new DataSource(dataSourceOptions(database));
  await openDataSource(dataSource);
  try {
    const rows: { Value: string }[] = await dataSource.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    return rows[0]?.Value ?? '';
  } finally {
    await dataSource.destroy();
  }
}

// Starts its own server, so it does not depend on the backend of the run.
if (backend.databaseUrl !== null) {
  describe('TLS to the database', () => {
    let files: Certificates;
    let ofTheServer: TlsFiles;
    let ofSomebodyElse: TlsFiles;
    let server: MariadbServer;

    beforeAll(async () => {
      files = await Certificates.start();
      ofTheServer = await files.make('DNS:localhost,IP:127.0.0.1');
      ofSomebodyElse = await files.make('DNS:localhost');
      server = await MariadbServer.start([
        `--ssl-cert=${ofTheServer.certificate}`,
        `--ssl-key=${ofTheServer.key}`,
      ]);
      await server.rows("CREATE USER 'a/b:c'@'%' IDENTIFIED BY 'p@ss?#%'");
      await server.rows("GRANT ALL ON test.* TO 'a/b:c'@'%'");
    });
    afterAll(async () => {
      await server.stop();
      await files.stop();
    });

    test.each([
      ['not spoken where it is disabled', '127.0.0.1', 'ssl-mode=disabled', false],
      ['spoken where the server offers it', '127.0.0.1', '', true],
      ['spoken where it is required', '127.0.0.1', 'ssl-mode=required', true],
      ['spoken under an authority that counts', 'localhost', 'ssl-mode=verify-ca&ssl-ca=CA', true],
      ['spoken under the name of the host', 'localhost', 'ssl-mode=verify-identity&ssl-ca=CA', true],
      ['spoken under its IPv4 address', '127.0.0.1', 'ssl-ca=CA', true],
      ['spoken to an IPv6 address', '[::1]', 'ssl-mode=verify-ca&ssl-ca=CA', true],
    ])('is %s', async (_, host, query, spoken) => {
      const url = `${server.urlOf('root', host)}?${query.replace('CA', ofTheServer.ca)}`;
      expect(Boolean(await cipherOf(url))).toBe(spoken);
    });

    test.each([
      ['another authority', 'localhost', 'ssl-mode=verify-ca&ssl-ca=OTHER'],
      ['another authority, though TLS is only required', 'localhost', 'ssl-mode=required&ssl-ca=OTHER'],
      ['no authority that everybody knows', 'localhost', 'ssl-mode=verify-identity'],
      ['another address', '[::1]', 'ssl-mode=verify-identity&ssl-ca=CA'],
    ])('%s: the start is refused with the reason', async (_, host, query) => {
      const known = query.replace('CA', ofTheServer.ca).replace('OTHER', ofSomebodyElse.ca);
      await expect(cipherOf(`${server.urlOf('root', host)}?${known}`)).rejects.toThrow(
        /^TLS to the database server, as DATABASE_URL asks for it, failed: .+/,
      );
    });

    test('user and password are percent-decoded', async () => {
      await expect(cipherOf(server.urlOf('a%2Fb%3Ac:p%40ss%3F%23%25'))).resolves.not.toBe('');
    });

    test('a server without TLS: refused if it is required, used without it if it is preferred', async () => {
      await server.crash();
      await server.startAgain(['--skip-ssl']);
      await expect(cipherOf(`${server.url}?ssl-mode=required`)).rejects.toThrow(
        'DATABASE_URL asks for TLS, which the database server does not offer.',
      );
      await expect(cipherOf(server.url)).resolves.toBe('');
    });
  });
} else {
  test('TLS to the database is tested where there is a database server', () => {
    expect(backend.databaseUrl).toBeNull();
  });
}
