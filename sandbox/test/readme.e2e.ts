import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSandbox, type Sandbox } from '../src/sandbox.js';
import { ServiceStandIn } from './service-stand-in.js';

let service: ServiceStandIn;
let sandbox: Sandbox;
beforeAll(async () => {
  service = await ServiceStandIn.start();
  service.onJson('/v1/mini-program/login', { accessToken: 'a-token' });
  service.onJson('/v1/mini-program/partner-authorizations', {
    partner: { id: 'CLIENT_ID', name: '小店', logoUrl: null },
    scopes: ['openid', 'profile'],
    granted: false,
    code: 'a-partner-code',
    expiresAt: '2026-11-21T08:31:00.000Z',
  });
  sandbox = createSandbox({ serviceUrl: service.url });
  await sandbox.listen();
});
afterAll(async () => {
  await sandbox.close();
  await service.stop();
});

/** The commands of a README that call the sandbox, one after the other, as one script. */
function commandsOf(readme: string): string {
  const text = readFileSync(new URL(`../${readme}`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks
    .filter((block) => /^(U=|post |curl )/m.test(block))
    .join('')
    .replace(/http:\/\/127\.0\.0\.1:(3001|4000)\b/g, (_, port) =>
      port === '3001' ? sandbox.url : service.url,
    )
    .replaceAll('curl -sS', 'curl -sSf');
}

describe.each(['README.md', 'README.zh-CN.md'])('the commands in %s', (readme) => {
  it('log in by each channel, and use the control API', async () => {
    const script = commandsOf(readme);
    expect(script.match(/curl|post /g)?.length).toBeGreaterThan(40);
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script]);
    const [logins = ''] = stdout.split('{"people":');
    expect(logins).not.toMatch(/"errcode":-?[1-9]/);
    expect(logins).toMatch(/"session_key":.*"purePhoneNumber":.*"headimgurl":.*callback\?code=\w+&state=1/s);
    expect(stdout).toContain('"extraData":{"code":"a-partner-code"}');
    expect(stdout).toContain('"errMsg":"requestVirtualPayment:ok"');
    expect(service.asked.map(({ path }) => path.split('?')[0])).toContain(
      '/v1/wechat/events/wx5a4db0c0de000001',
    );
  });
});
