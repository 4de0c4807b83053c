import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { createBackend } from '../harness/backend.js';
import { call } from '../harness/http.js';
import { freePort } from '../harness/free-port.js';
import { composeEnvironment } from './compose-files.js';
import { endProgram, startProgram, untilAnswers } from '../harness/program.js';

/** Of the requests that ask whether the replica is ready: it logs those that it has to refuse. */
const EARLY = 'asked-while-it-starts';

test('a replica starts for the real WeChat with the secrets that make-secrets.sh makes, and logs nothing but JSON', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wechat-auth-production-'));
  const secrets = join(folder, 'secrets');
  const made = startProgram(['sh', resolve('deploy/compose/make-secrets.sh'), secrets], folder);
  expect(await made.ended).toBe(0);
  const backend = await createBackend();
  const { DATABASE_URL, ...elsewhere } = backend.environment;
  // The two that an operator has to fill in, or that names a host which is Docker's alone.
  await writeFile(join(secrets, 'DATABASE_URL'), `${DATABASE_URL}\n`);
  const app = 'wx0123456789abcdef:0123456789abcdef0123456789abcdef';
  await writeFile(join(secrets, 'WECHAT_MINI_PROGRAMS'), `${app}\n`);

  const port = await freePort();
  const given = composeEnvironment('real', 'app', {
    ...elsewhere,
    REDIS_URL: elsewhere.REDIS_URL ?? '',
    PUBLIC_URL: 'https://auth.example.com',
    PORT: String(port),
  });
  const environment = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value.replace('/run/secrets', secrets)]),
  );
  const replica = startProgram([process.execPath, resolve('dist/main.js')], folder, environment);
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilAnswers(`${url}/health/ready`, 200, replica, { 'x-request-id': EARLY });

    const secret = async (name: string) => (await readFile(join(secrets, name), 'utf8')).trim();
    expect((await call(`${url}/metrics`)).status).toBe(401);
    expect((await call(`${url}/metrics`, { token: await secret('METRICS_TOKEN') })).status).toBe(200);
    const [, adminKey = ''] = (await secret('ADMIN_API_KEYS')).split(':');
    const users = await call(`${url}/v1/admin/users`, { headers: { 'x-api-key': adminKey } });
    expect(users.body).toEqual({ items: [], nextCursor: null });

    expect(await endProgram(replica)).toBe(0);
    const lines = replica.output().trim().split('\n');
    const entries = lines.map((line) => JSON.parse(line) as { level: string; requestId?: string });
    expect(entries.filter(({ level, requestId }) => level !== 'info' && requestId !== EARLY)).toEqual([]);
    for (const name of ['ENCRYPTION_KEYS', 'METRICS_TOKEN', 'DATABASE_URL']) {
      expect(replica.output()).not.toContain(await secret(name));
    }
  } finally {
    await endProgram(replica);
    await backend.drop();
    await rm(folder, { recursive: true });
  }
});
