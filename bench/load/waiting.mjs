/**
 * Browsers that show a code and wait, and the phones that scan it, in a process of its own. It receives jobs
 * `{ operation, port, … }` from its parent, see OPERATIONS, and returns the measurements.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.mjs';
import { freshCode, ServiceVisitor } from './visitors.mjs';

/** Browsers that open the page at the same time. */
const AT_ONCE = 50;
const PATIENCE_MS = 20_000;
/** What a browser sends besides, about 700 bytes: a server keeps it as long as it keeps the request. */
const BROWSER = [
  'sec-ch-ua: "Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile: ?0',
  'sec-ch-ua-platform: "Windows"',
  'User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: cors',
  'Sec-Fetch-Dest: empty',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: zh-CN,zh;q=0.9,en;q=0.8',
  'Connection: keep-alive',
  '',
].join('\r\n');

/** A browser: it begins an attempt and follows its events on the same connection. */
class Browser {
  constructor(port) {
    this.port = port;
    this.connection = new Connection(port);
    this.told = new Map();
    this.hasEnded = false;
  }

  async begin() {
    const headers = `${BROWSER}Accept: application/json\r\nOrigin: http://127.0.0.1:${this.port}\r\n`;
    const reply = await this.connection.request(
      'POST',
      '/v1/web-qr-login/attempts',
      headers,
      '{"method":"mini-program"}',
    );
    if (reply.status !== 201) throw new Error(`no attempt: ${reply.head}\n${reply.body}`);
    this.cookie = `Cookie: ${reply.cookies().join('; ')}\r\n`;
    Object.assign(this, JSON.parse(reply.body));
    // A stream has no end that a reply would be parsed up to.
    const { socket } = this.connection;
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.hasEnded = true;
    });
    socket.on('data', (bytes) => this.receive(bytes));
  }

  async follow() {
    const headers = `${BROWSER}${this.cookie}Accept: text/event-stream\r\nCache-Control: no-cache\r\n`;
    this.connection.socket.write(
      `GET /v1/web-qr-login/attempts/${this.id}/events HTTP/1.1\r\nHost: 127.0.0.1:${this.port}\r\n${headers}\r\n`,
    );
    await this.has('pending');
  }

  /** The ticket in the picture of its code. */
  async ticket() {
    const connection = new Connection(this.port);
    const reply = await connection.request('GET', new URL(this.qrImageUrl).pathname);
    connection.close();
    return /scene=([A-Za-z0-9_-]{32})/.exec(reply.body)?.[1];
  }

  /** @returns when the status arrived */
  has(status) {
    const at = this.told.get(status);
    if (typeof at === 'number') return Promise.resolve(at);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`nobody told ${status}: ${JSON.stringify([...this.told])} ${this.text}`)),
        PATIENCE_MS,
      );
      this.told.set(status, (at) => {
        clearTimeout(timer);
        resolve(at);
      });
    });
  }

  receive(bytes) {
    // A heartbeat is shorter than any event, and nothing of ten thousand of them is kept.
    if (bytes.length < 20) return;
    const at = performance.now();
    this.text = bytes.latin1Slice();
    for (const [, status] of this.text.matchAll(/"status":"([a-z]+)"/g)) {
      const waiting = this.told.get(status);
      this.told.set(status, at);
      if (typeof waiting === 'function') waiting(at);
    }
  }

  close() {
    this.connection.close();
  }
}

const browsers = [];

const OPERATIONS = {
  /** @returns how long it took until everybody had heard the first status (ms) */
  async open({ port, count }) {
    const startedAt = performance.now();
    let left = count;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) {
          const browser = new Browser(port);
          await browser.begin();
          await browser.follow();
          browsers.push(browser);
        }
      }),
    );
    return performance.now() - startedAt;
  },

  async close() {
    browsers.splice(0).forEach((browser) => browser.close());
  },

  /** How many still wait. */
  async waiting() {
    return browsers.filter(({ hasEnded }) => !hasEnded).length;
  },

  /**
   * Phones that scan and confirm, so many a second.
   * @returns p50 and p99 of the times to the event in the browser (ms): from the request of the phone that scans, of the
   *   one that confirms, and from the reply to the latter
   */
  async confirm({ port, seconds, perSecond }) {
    const phone = new Phone(port);
    await phone.logIn();
    const chosen = browsers.splice(0, seconds * perSecond);
    const scans = chosen.map(async (browser, index) => {
      await sleep((index * 1000) / perSecond);
      const ticket = await browser.ticket();
      return phone.confirm(browser, ticket);
    });
    const times = await Promise.all(scans);
    phone.close();
    chosen.forEach((browser) => browser.close());
    const quantiles = (each) => {
      const sorted = each.sort((a, b) => a - b);
      return { p50: sorted[sorted.length >> 1], p99: sorted[Math.floor(sorted.length * 0.99)] };
    };
    return {
      scanned: quantiles(times.map(({ scanned }) => scanned)),
      confirmed: quantiles(times.map(({ confirmed }) => confirmed)),
      afterReply: quantiles(times.map(({ afterReply }) => afterReply)),
    };
  },
};

/** Somebody's phone: all scans of a measurement are by one person, on connections of their own. */
class Phone {
  constructor(port) {
    this.port = port;
    this.visitor = new ServiceVisitor(port, () => 0);
    this.free = [];
  }

  async logIn() {
    const { accessToken } = await this.visitor.miniProgramLogin(0);
    this.headers = `Authorization: Bearer ${accessToken}\r\n`;
  }

  async confirm(browser, ticket) {
    const path = `/v1/mini-program/scans/${ticket}`;
    const scannedAt = performance.now();
    await this.post(path, '');
    const scanned = (await browser.has('scanned')) - scannedAt;
    const confirmedAt = performance.now();
    await this.post(`${path}/confirm`, JSON.stringify({ code: freshCode(0) }));
    const repliedAt = performance.now();
    const toldAt = await browser.has('confirmed');
    // The event may be there before the reply.
    return { scanned, confirmed: toldAt - confirmedAt, afterReply: Math.max(0, toldAt - repliedAt) };
  }

  async post(path, body) {
    const connection = this.free.pop() ?? new Connection(this.port);
    const reply = await connection.request('POST', path, this.headers, body);
    this.free.push(connection);
    if (reply.status !== 200) throw new Error(`${path}: ${reply.head}\n${reply.body}`);
  }

  close() {
    this.visitor.close();
    this.free.forEach((connection) => connection.close());
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', async ({ operation, ...job }) => {
  try {
    process.send({ result: (await OPERATIONS[operation](job)) ?? null });
  } catch (error) {
    process.send({ error: error.message });
  }
});
