import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { HostNames, lookupBy } from '../../src/outgoing/host-names.js';
import { HttpClient, NotConnected } from '../../src/outgoing/http-client.js';
import { untilAborted } from '../../src/outgoing/until-aborted.js';
import { drippingServer, droppingPort, silentPort, silentResolver } from '../harness/black-hole.js';
import { Certificates } from '../harness/tls-files.js';

const cleanUps: (() => unknown)[] = [];
const clients: HttpClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((each) => each.close()));
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function kept<T extends { close(): unknown }>(thing: T): T {
  cleanUps.push(() => thing.close());
  return thing;
}

/** A deadline as callers have it. */
function deadline(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new Error('the deadline has passed')), ms).unref();
  return controller.signal;
}

function client(names = new HostNames(), milliseconds = 60_000): HttpClient {
  const made = new HttpClient({ lookup: names.lookup, connectMs: milliseconds });
  clients.push(made);
  return made;
}

/** A whole call, to the last byte. */
type Get = (through: HttpClient, url: string, signal: AbortSignal) => Promise<Buffer>;

const get: Get = async (through, url, signal) => {
  const { body } = await through.send({ url: new URL(url), method: 'GET', headers: {}, signal });
  return untilAborted(buffer(body), signal);
};

const getWhole: Get = async (through, url, signal) => {
  const { origin, pathname: path } = new URL(url);
  return (await through.exchange({ origin, path, method: 'GET', headers: {}, signal })).bytes;
};

/** The number of connections that this process is establishing. */
function connecting(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPConnectWrap').length;
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.each([
  { way: 'as a stream', get },
  { way: 'as a whole', get: getWhole },
])('the deadline of a call that is read $way', ({ get }) => {
  test('ends it in the name, the connection, TLS, the head and the body, and leaves nothing open', async () => {
    const [deaf, silent, dripping, names] = await Promise.all([
      droppingPort(),
      silentPort(),
      drippingServer(),
      silentResolver(),
    ]);
    [deaf, silent, dripping, names].forEach(kept);
    const before = connecting();
    const startedAt = performance.now();
    const calls = [
      get(client(new HostNames(names.resolve)), 'http://api.weixin.qq.com/', deadline(400)),
      get(client(), `http://127.0.0.1:${deaf.port}/`, deadline(400)),
      get(client(), `https://127.0.0.1:${silent.port}/`, deadline(400)),
      get(client(), `http://127.0.0.1:${silent.port}/`, deadline(400)),
      get(client(), `http://127.0.0.1:${dripping.port}/`, deadline(400)),
    ];
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toEqual(calls.map(() => 'rejected'));
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(names.asked()).toBe(1);
    await Promise.all(clients.splice(0).map((each) => each.close()));
    await until(() => connecting() === before && silent.open() === 0 && dripping.open() === 0);
  });

  test('a connection has a limit of its own, and whoever fails by it knows that nothing was sent', async () => {
    const [deaf, silent, names] = await Promise.all([droppingPort(), silentPort(), silentResolver()]);
    [deaf, silent, names].forEach(kept);
    const before = connecting();
    const outcomes = await Promise.allSettled([
      get(client(new HostNames(names.resolve), 300), 'http://api.weixin.qq.com/', deadline(60_000)),
      get(client(new HostNames(), 300), `http://127.0.0.1:${deaf.port}/`, deadline(60_000)),
      get(client(new HostNames(), 300), `https://127.0.0.1:${silent.port}/`, deadline(60_000)),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'CONNECT_TIMEOUT' } });
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(NotConnected);
    }
    await until(() => connecting() === before && silent.open() === 0);
  });

  test('a request whose deadline passed while it had no connection is never sent', async () => {
    const silent = kept(await silentPort());
    let answer: (addresses: { address: string; family: number }[]) => void = () => undefined;
    const held = new HostNames(() => new Promise((resolve) => (answer = resolve)));
    const call = get(client(held), `http://late.example:${silent.port}/`, deadline(100));
    await expect(call).rejects.toThrow('the deadline has passed');
    answer([{ address: '127.0.0.1', family: 4 }]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(silent.received()).toBe('');
  });
});

describe('host names', () => {
  test('callers of one name share a question, and one name is asked at a time', async () => {
    const asked: string[] = [];
    const answers: (() => void)[] = [];
    const names = new HostNames((hostname) => {
      asked.push(hostname);
      return new Promise((resolve) => answers.push(() => resolve([{ address: '127.0.0.1', family: 4 }])));
    });
    const calls = [names.resolve('a.example'), names.resolve('a.example'), names.resolve('b.example')];
    await until(() => answers.length === 1);
    expect(asked).toEqual(['a.example']);
    answers[0]?.();
    await until(() => answers.length === 2);
    expect(asked).toEqual(['a.example', 'b.example']);
    answers[1]?.();
    await Promise.all(calls);
    const again = names.resolve('a.example');
    await until(() => answers.length === 3);
    answers[2]?.();
    await again;
    expect(asked).toEqual(['a.example', 'b.example', 'a.example']);
  });

  test('a name that does not resolve holds up no other', async () => {
    const names = new HostNames((hostname) =>
      hostname === 'good.example'
        ? Promise.resolve([{ address: '127.0.0.1', family: 4 }])
        : Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
    );
    await expect(names.resolve('bad.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(names.resolve('good.example')).resolves.toHaveLength(1);
  });
});

describe('a forward proxy', () => {
  /** Connects every tunnel to one port, and records the requests. */
  async function proxyTo(port: number, status = 200) {
    const asked: { target: string; authorization: string | undefined }[] = [];
    const server = createServer();
    server.on('connect', (request, near: Socket) => {
      asked.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] });
      if (status !== 200) return void near.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      near.write('HTTP/1.1 200 OK\r\n\r\n');
      const far = connect(port, '127.0.0.1').on('error', () => near.destroy());
      near
        .on('error', () => far.destroy())
        .pipe(far)
        .pipe(near);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port: at } = server.address() as AddressInfo;
    kept({ close: () => server.close() });
    return { asked, url: `http://user:p%40ss@127.0.0.1:${at}` };
  }

  const through = (url: string, ca?: string, except: string[] = []) => {
    const made = new HttpClient({
      lookup: new HostNames().lookup,
      connectMs: 2_000,
      proxy: { url, except },
      ...(ca === undefined ? {} : { ca }),
    });
    clients.push(made);
    return made;
  };

  test('is asked for a tunnel by name, with its password, and sees TLS for that name alone', async () => {
    const certificates = await Certificates.start();
    kept({ close: () => certificates.stop() });
    const files = await certificates.make('DNS:api.weixin.qq.com');
    const [cert, key, ca] = await Promise.all(
      [files.certificate, files.key, files.ca].map((file) => readFile(file, 'utf8')),
    );
    const wechat = createTlsServer({ cert, key }, (request, response) => response.end(`at ${request.url}`));
    wechat.listen(0, '127.0.0.1');
    await once(wechat, 'listening');
    kept({ close: () => wechat.close() });
    const proxy = await proxyTo((wechat.address() as AddressInfo).port);
    const answer = await get(through(proxy.url, ca), 'https://api.weixin.qq.com/sns?x=1', deadline(5_000));
    expect(answer.toString()).toBe('at /sns?x=1');
    expect(proxy.asked).toEqual([
      {
        target: 'api.weixin.qq.com:443',
        authorization: `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
      },
    ]);
    await expect(
      get(through(proxy.url, ca), 'https://internal.qlogo.cn/', deadline(5_000)),
    ).rejects.toMatchObject({ name: 'NotConnected', code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test('that refuses, or is silent, fails the call as never sent, within the limit, and leaves nothing', async () => {
    const refusing = await proxyTo(1, 407);
    const silent = kept(await silentPort());
    const open = kept(await silentPort());
    const hanging = await proxyTo(open.port);
    const calls = [refusing.url, `http://127.0.0.1:${silent.port}`, hanging.url].map((url) =>
      get(through(url), 'https://api.weixin.qq.com/', deadline(60_000)),
    );
    expect(await Promise.allSettled(calls)).toMatchObject([
      { reason: { name: 'NotConnected', code: 'PROXY_407' } },
      { reason: { name: 'NotConnected', code: 'CONNECT_TIMEOUT' } },
      { reason: { name: 'NotConnected', code: 'CONNECT_TIMEOUT' } },
    ]);
    await until(() => silent.open() === 0 && open.open() === 0);
  });

  test.each([
    ['https://api.weixin.qq.com/', [], true],
    ['http://api.weixin.qq.com/', [], false],
    ['https://api.weixin.qq.com/', ['*'], false],
    ['https://api.weixin.qq.com/', ['qq.com'], false],
    ['https://api.weixin.qq.com/', ['.weixin.qq.com'], false],
    ['https://api.weixin.qq.com/', ['API.weixin.qq.com:443'], false],
    ['https://api.weixin.qq.com/', ['api.weixin.qq.com:8443', 'q.com', 'xin.qq.com'], true],
  ])('%s with NO_PROXY %j goes through it: %p', async (url, except, does) => {
    const asked: string[] = [];
    const nowhere = lookupBy((hostname) => {
      asked.push(hostname);
      return Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
    });
    const proxy = { url: 'http://proxy.example', except };
    const made = new HttpClient({ lookup: nowhere, connectMs: 2_000, proxy });
    clients.push(made);
    await expect(get(made, url, deadline(5_000))).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(asked).toEqual([does ? 'proxy.example' : 'api.weixin.qq.com']);
  });

  test('of the environment is not used, nor its exceptions', async () => {
    const names = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'];
    const before = names.map((name) => [name, process.env[name]] as const);
    for (const name of names) process.env[name] = 'http://127.0.0.1:1';
    try {
      const server = createServer((_request, response) => response.end('direct'));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      kept({ close: () => server.close() });
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      for (const made of [client(), through('http://127.0.0.1:1')]) {
        expect((await get(made, url, deadline(5_000))).toString()).toBe('direct');
      }
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    }
  });
});
