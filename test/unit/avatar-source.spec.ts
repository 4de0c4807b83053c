import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AvatarFetcher, type FetchLimits } from '../../src/avatar/avatar-fetcher.js';
import { AvatarSource, largest, sandboxOrigin } from '../../src/avatar/avatar-source.js';
import { isPublicAddress } from '../../src/outgoing/public-address.js';
import { loadConfig } from '../../src/config/load-config.js';

const KEYS = randomBytes(32).toString('base64');
const GREY = 'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg';
const PICTURE = 'https://thirdwx.qlogo.cn/mmopen/vi_32/abc/132';

function source(environment: Readonly<Record<string, string>> = {}): AvatarSource {
  return new AvatarSource(
    sandboxOrigin(loadConfig({ NODE_ENV: 'test', ENCRYPTION_KEYS: KEYS, ...environment })),
  );
}

const isAllowed = (url: string, from = source()) => from.pictureUrl(url) !== null;

describe('where pictures may be fetched from', () => {
  test.each([
    PICTURE,
    'http://thirdwx.qlogo.cn/mmopen/vi_32/abc/132',
    'http://wx.qlogo.cn/mmopen/abc/0',
    'https://a.b.qlogo.cn/x',
    'HTTPS://WX.QLOGO.CN/x',
    'https://wx.qlogo.cn:443/x',
    'http://wx.qlogo.cn:80/x',
  ])('allowed: %s', (url) => {
    expect(isAllowed(url)).toBe(true);
    expect(source().allowed(url)).toMatchObject({ protocol: 'https:', port: '' });
  });

  test.each([
    'https://qlogo.cn/x',
    'https://.qlogo.cn/x',
    'https://evilqlogo.cn/x',
    'https://qlogo.cn.evil.example/x',
    'https://wx.qlogo.cn.evil.example/x',
    'https://wx.qlogo.cn@evil.example/x',
    'https://user@wx.qlogo.cn/x',
    'https://user:password@wx.qlogo.cn/x',
    'https://wx.qlogo.cn./x',
    'https://wx.qlogo.cn:8443/x',
    'http://wx.qlogo.cn:443/x',
    'https://evil.example/wx.qlogo.cn/x',
    'https://evil.example/?wx.qlogo.cn',
    'https://evil.example/#.qlogo.cn',
    'https://evil.example\\.qlogo.cn/x',
    'ftp://wx.qlogo.cn/x',
    'file:///etc/passwd',
    'file://wx.qlogo.cn/etc/passwd',
    'data:image/png;base64,AAAA',
    'javascript:alert(1)//wx.qlogo.cn',
    'http://127.0.0.1/x',
    'http://127.1:3001/x',
    'http://0x7f000001/x',
    'http://2130706433/x',
    'http://[::1]/x',
    'http://[::ffff:127.0.0.1]/x',
    'http://169.254.169.254/latest/meta-data/',
    'http://localhost/x',
    '//wx.qlogo.cn/x',
    'wx.qlogo.cn/x',
    'no address',
  ])('refused: %s', (url) => {
    expect(isAllowed(url)).toBe(false);
    expect(() => source().allowed(url)).toThrow(expect.objectContaining({ reason: 'host' }));
  });

  test('the sandbox: its exact origin, on this machine, outside production', () => {
    const sandbox = source({ WECHAT_API_URL: 'http://127.0.0.1:3001' });
    expect(isAllowed('http://127.0.0.1:3001/mmopen/vi_32/abc/132', sandbox)).toBe(true);
    expect(sandbox.allowed('http://127.0.0.1:3001/x').href).toBe('http://127.0.0.1:3001/x');
    for (const other of [
      'http://127.0.0.1:3002/x',
      'http://127.0.0.1/x',
      'https://127.0.0.1:3001/x',
      'http://127.0.0.2:3001/x',
      'http://localhost:3001/x',
      'http://user@127.0.0.1:3001/x',
    ]) {
      expect(isAllowed(other, sandbox)).toBe(false);
    }
    const production = source({
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://auth.example.com',
      WECHAT_WEBSITES: 'wx1:secret',
      WECHAT_API_URL: 'http://127.0.0.1:3001',
    });
    expect(isAllowed('http://127.0.0.1:3001/x', production)).toBe(false);
    expect(isAllowed('https://api.weixin.qq.com/x')).toBe(false);
  });

  test('the sandbox in a container of its own: its exact origin, and no https address', () => {
    const sandbox = source({ WECHAT_API_URL: 'http://sandbox:3001' });
    expect(sandbox.pictureUrl('http://sandbox:3001/mmopen/vi_32/abc/132')).toBe(
      'http://sandbox:3001/mmopen/vi_32/abc/132',
    );
    expect(sandbox.isSandbox(new URL('http://sandbox:3001/x'))).toBe(true);
    for (const other of ['http://sandbox/x', 'http://sandbox:3306/x', 'http://mysql:3001/x']) {
      expect(isAllowed(other, sandbox)).toBe(false);
    }
    const proxy = source({ WECHAT_API_URL: 'https://10.0.0.5:3001' });
    expect(isAllowed('https://10.0.0.5:3001/x', proxy)).toBe(false);
    const dressed = source({ WECHAT_API_URL: 'https://127.evil.example:3001' });
    expect(isAllowed('https://127.evil.example:3001/x', dressed)).toBe(false);
  });

  test('no URL, the grey avatar in any size and an overlong URL are no picture', () => {
    expect(source().pictureUrl(null)).toBeNull();
    expect(source().pictureUrl('')).toBeNull();
    for (const size of ['/132', '/0', '/46', '', '/']) {
      for (const host of ['https://thirdwx.qlogo.cn', 'http://wx.qlogo.cn']) {
        expect(isAllowed(`${host}/mmopen/vi_32/${GREY}${size}`)).toBe(false);
      }
    }
    expect(isAllowed(`${PICTURE}?${'x'.repeat(2100)}`)).toBe(false);
  });

  test("WeChat's pictures are asked for in their largest form, others as they are", () => {
    const asked = (url: string) => largest(new URL(url)).href;
    expect(asked(PICTURE)).toBe('https://thirdwx.qlogo.cn/mmopen/vi_32/abc/0');
    expect(asked('https://wx.qlogo.cn/mmopen/abc/46?x=1')).toBe('https://wx.qlogo.cn/mmopen/abc/0?x=1');
    expect(asked('https://wx.qlogo.cn/mmopen/abc132')).toBe('https://wx.qlogo.cn/mmopen/abc132');
    expect(asked('http://127.0.0.1:3001/mmopen/abc/132')).toBe('http://127.0.0.1:3001/mmopen/abc/132');
  });
});

describe('which addresses are public', () => {
  test.each(['1.1.1.1', '101.226.90.1', '203.205.128.1', '100.63.255.255', '100.128.0.0', '172.32.0.1'])(
    '%s is',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
  test.each(['2408:8756:1::1', '240e:e1:aa00::1', '2606:4700::1111', '2a00:1450::1'])('%s is', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );

  test.each([
    ['unspecified', ['0.0.0.0', '0.1.2.3', '::']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12::1', 'fec0::1']],
    ['link-local', ['169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'febf::1']],
    ['shared (RFC 6598)', ['100.64.0.1', '100.127.255.255']],
    ['multicast and broadcast', ['224.0.0.1', '239.1.1.1', '255.255.255.255', 'ff02::1']],
    [
      'reserved',
      ['192.0.0.8', '192.88.99.1', '198.18.0.1', '198.19.255.255', '240.0.0.1', '100::1', '4000::1'],
    ],
    ['documentation', ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1']],
    [
      'IPv4 inside of IPv6',
      ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:1.1.1.1', '::127.0.0.1', '::a00:1'],
    ],
    ['translated', ['64:ff9b::7f00:1', '64:ff9b::101:101', '64:ff9b:1::a00:1', '::ffff:0:7f00:1']],
    ['tunnelled', ['2002:7f00:1::1', '2001::1', '2001:0:7f00:1::1']],
    ['no address', ['', 'localhost', 'wx.qlogo.cn', '1.1.1.1.1', '1.1.1.1:80']],
  ])('%s is not', (_kind, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });
});

/** The timers of a second or more that are begun from now on, which expire when they are told to. */
class Timers {
  private readonly real = globalThis.setTimeout;
  private readonly begun: {
    readonly ms: number;
    readonly timer: NodeJS.Timeout;
    readonly run: () => void;
  }[] = [];

  constructor() {
    const { real, begun } = this;
    const record = (run: () => void, ms = 0): NodeJS.Timeout => {
      const timer = real(run, ms);
      if (ms >= 1_000) begun.push({ ms, timer, run });
      return timer;
    };
    globalThis.setTimeout = Object.assign(record, real);
  }

  /** Runs those whose time is over, at most once each. */
  expire(ms: number): void {
    for (const due of this.begun.splice(0).filter((each) => each.ms <= ms)) {
      clearTimeout(due.timer);
      due.run();
    }
  }

  restore(): void {
    globalThis.setTimeout = this.real;
  }
}

describe('fetching', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** @returns the origin of a server that answers so */
  async function serve(listener: RequestListener, host = '127.0.0.1'): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return `http://${host}:${address.port}`;
  }

  /** A fetcher whose sandbox is at an origin; long limits unless they are under test. */
  function fetcher(sandbox: string, limits: Partial<FetchLimits> = {}): AvatarFetcher {
    return new AvatarFetcher(source({ WECHAT_API_URL: sandbox }), limits);
  }

  test('the bytes of a picture', async () => {
    const origin = await serve((request, response) => response.end(`picture of ${request.url}`));
    expect((await fetcher(origin).fetch(`${origin}/me/132`)).toString()).toBe('picture of /me/132');
  });

  test('an answer is waited for on a machine that is full, and not for ever', async () => {
    const waiting: ServerResponse[] = [];
    const asked = new EventEmitter();
    const origin = await serve((_request, response) => {
      waiting.push(response);
      asked.emit('again');
    });
    const timers = new Timers();
    try {
      for (const [seconds, outcome] of [
        [19, 'picture'],
        [21, { reason: 'time', permanent: false }],
      ] as const) {
        const isAsked = once(asked, 'again');
        const fetched = fetcher(origin)
          .fetch(`${origin}/x`)
          .then(String, (error: unknown) => error);
        await isAsked;
        timers.expire(seconds * 1_000);
        waiting.pop()?.end('picture');
        const got = await fetched;
        if (typeof outcome === 'string') expect(got).toBe(outcome);
        else expect(got).toMatchObject(outcome);
      }
    } finally {
      timers.restore();
    }
  });

  test('three redirects are followed, each to where it says', async () => {
    const origin = await serve((request, response) => {
      const step = Number(request.url?.slice(1));
      if (step === 3) response.end('arrived');
      else response.writeHead([301, 302, 307][step] ?? 500, { location: `${step + 1}` }).end();
    });
    expect((await fetcher(origin).fetch(`${origin}/0`)).toString()).toBe('arrived');
  });

  test('a fourth redirect, and a circle, are refused', async () => {
    let asked = 0;
    const origin = await serve((_request, response) => {
      asked += 1;
      response.writeHead(302, { location: '/again' }).end();
    });
    await expect(fetcher(origin).fetch(`${origin}/again`)).rejects.toMatchObject({
      reason: 'redirects',
      permanent: true,
    });
    expect(asked).toBe(4);
  });

  test('a redirect inward is refused before anything is sent there', async () => {
    let inside = 0;
    const inner = await serve((_request, response) => {
      inside += 1;
      response.end();
    });
    for (const location of [
      `${inner}/admin`,
      inner.replace('http:', ''),
      'http://169.254.169.254/latest/meta-data/',
      'http://[::1]:6379/',
      'file:///etc/passwd',
      'https://evil.example/x',
    ]) {
      const origin = await serve((_request, response) => response.writeHead(302, { location }).end());
      await expect(fetcher(origin).fetch(`${origin}/x`)).rejects.toMatchObject({
        reason: 'host',
        permanent: true,
      });
    }
    expect(inside).toBe(0);
  });

  test('a redirect to nowhere is refused', async () => {
    const origin = await serve((_request, response) => response.writeHead(302).end());
    await expect(fetcher(origin).fetch(`${origin}/x`)).rejects.toMatchObject({ reason: 'redirects' });
  });

  test.each([
    ['one private address among public ones', ['101.226.90.1', '10.0.0.1', '101.226.90.2']],
    ['loopback', ['127.0.0.1']],
    ['loopback in IPv6', ['::1']],
    ['loopback that calls itself IPv6', ['::ffff:127.0.0.1']],
    ['one unique local address', ['240e:e1:aa00::1', 'fd00::1']],
  ])("an answer of DNS with %s is refused, at WeChat's own name too", async (_name, answer) => {
    const resolve = () =>
      Promise.resolve(answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
    await expect(fetcher('http://127.0.0.1:1', { resolve }).fetch(PICTURE)).rejects.toMatchObject({
      reason: 'address',
      permanent: false,
    });
  });

  test("a redirect to WeChat's name is resolved and looked at as well", async () => {
    const origin = await serve((_request, response) => response.writeHead(302, { location: PICTURE }).end());
    const resolve = (hostname: string) =>
      Promise.resolve([{ address: hostname === 'thirdwx.qlogo.cn' ? '10.0.0.1' : hostname, family: 4 }]);
    await expect(fetcher(origin, { resolve }).fetch(`${origin}/x`)).rejects.toMatchObject({
      reason: 'address',
    });
  });

  test('the connection uses the address that was checked, whatever the name resolves to by then', async () => {
    const origin = await serve((_request, response) => response.end('the one looked at'), '127.0.0.2');
    const byName = origin.replace('127.0.0.2', 'localhost');
    const asked: string[] = [];
    const resolve = (hostname: string) => {
      asked.push(hostname);
      return Promise.resolve([{ address: '127.0.0.2', family: 4 }]);
    };
    const picture = await fetcher(byName, { resolve }).fetch(`${byName}/x`);
    expect(picture.toString()).toBe('the one looked at');
    expect(asked).toEqual(['localhost']);
  });

  test('no proxy of the environment is used', async () => {
    const before = process.env.http_proxy;
    process.env.http_proxy = 'http://127.0.0.1:1';
    try {
      const origin = await serve((_request, response) => response.end('direct'));
      expect((await fetcher(origin).fetch(`${origin}/x`)).toString()).toBe('direct');
    } finally {
      if (before === undefined) delete process.env.http_proxy;
      else process.env.http_proxy = before;
    }
  });

  test('an endless picture is cut off at the limit, whatever its Content-Length', async () => {
    let ended = () => undefined as unknown;
    const closed = new Promise<unknown>((resolve) => (ended = () => resolve(undefined)));
    const origin = await serve((_request, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', more).on('close', ended);
      more();
    });
    await expect(fetcher(origin).fetch(`${origin}/x`)).rejects.toMatchObject({
      reason: 'too-large',
      permanent: true,
    });
    await closed;
  });

  test.each([
    ['-5103059', true],
    ['0', false],
  ])('a picture under X-ErrNo %s is WeChat saying that there is none: %p', async (errno, isNone) => {
    const origin = await serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'image/jpeg', 'X-ErrNo': errno }).end('a picture'),
    );
    const fetching = fetcher(origin).fetch(`${origin}/x`);
    if (isNone) await expect(fetching).rejects.toMatchObject({ reason: 'gone', permanent: true });
    else expect((await fetching).toString()).toBe('a picture');
  });

  test('a length that is a lie changes nothing: cut off is no picture, too much is not read', async () => {
    const origin = await serve((request, response) => {
      const length = request.url === '/more' ? 10 : 1_000_000;
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;
      response.socket?.end(head + 'x'.repeat(100));
    });
    await expect(fetcher(origin).fetch(`${origin}/less`)).rejects.toMatchObject({ reason: 'network' });
    const more = await fetcher(origin)
      .fetch(`${origin}/more`)
      .catch((error: unknown) => error);
    if (Buffer.isBuffer(more)) expect(more).toHaveLength(10);
    else expect(more).toMatchObject({ reason: 'network' });
  });

  test('exactly the limit is taken, a byte more is not', async () => {
    const origin = await serve((request, response) =>
      response.end(Buffer.alloc(Number(request.url?.slice(1)))),
    );
    expect(await fetcher(origin, { bytes: 1000 }).fetch(`${origin}/1000`)).toHaveLength(1000);
    await expect(fetcher(origin, { bytes: 1000 }).fetch(`${origin}/1001`)).rejects.toMatchObject({
      reason: 'too-large',
    });
  });

  test('a slow trickle, silence, a name that does not resolve: the time is for everything together', async () => {
    const trickle = await serve((_request, response) => {
      const timer = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(timer));
    });
    const silence = await serve(() => undefined);
    const slowly = await serve((_request, response) => {
      setTimeout(() => response.writeHead(302, { location: '/on' }).end(), 150);
    });
    const never = () => new Promise<never>(() => undefined);
    const named = trickle.replace('127.0.0.1', 'localhost');
    const startedAt = performance.now();
    const outcomes = await Promise.allSettled([
      fetcher(trickle, { milliseconds: 300 }).fetch(`${trickle}/x`),
      fetcher(silence, { milliseconds: 300 }).fetch(`${silence}/x`),
      fetcher(slowly, { milliseconds: 300 }).fetch(`${slowly}/x`),
      fetcher(named, { milliseconds: 300, resolve: never }).fetch(`${named}/x`),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: { reason: 'time', permanent: false } });
    }
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test('it can be told to stop, before and while it fetches', async () => {
    const stop = new AbortController();
    const origin = await serve(() => stop.abort());
    await expect(fetcher(origin).fetch(`${origin}/x`, stop.signal)).rejects.toMatchObject({
      reason: 'stopped',
    });
    await expect(fetcher(origin).fetch(`${origin}/x`, stop.signal)).rejects.toMatchObject({
      reason: 'stopped',
    });
  });

  test('a 404 or 410 is permanent; another error, a broken connection and a refusal are not', async () => {
    const origin = await serve((request, response) => {
      if (request.url !== '/cut') response.writeHead(Number(request.url?.slice(1))).end();
      else response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy());
    });
    const failure = (path: string) => expect(fetcher(origin).fetch(`${origin}${path}`)).rejects;
    await failure('/404').toMatchObject({ reason: 'gone', permanent: true });
    await failure('/410').toMatchObject({ reason: 'gone', permanent: true });
    await failure('/503').toMatchObject({ reason: 'status', permanent: false });
    await failure('/204').toMatchObject({ reason: 'status', permanent: false });
    await failure('/cut').toMatchObject({ reason: 'network', permanent: false });
    const closed = 'http://127.0.0.1:1';
    await expect(fetcher(closed).fetch(`${closed}/x`)).rejects.toMatchObject({
      reason: 'network',
      message: 'the connection failed (ECONNREFUSED)',
    });
  });
});
