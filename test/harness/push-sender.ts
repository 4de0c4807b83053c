import { createHash, randomInt } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { MovableClock } from './movable-clock.js';

/** The answer that WeChat gets. */
export interface PushReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** One try of a push: its query, and the rest as WeChat sends it. */
export interface PushTry {
  readonly appId: string;
  readonly body: string | Buffer;
  /** `null` sends none. */
  readonly contentType?: string | null;
  /** Behind the signature, byte for byte: `&openid=…`. */
  readonly more?: string;
}

/**
 * Sends plain pushes as WeChat does (wechat-api.md section 6.3), each try with a new timestamp and nonce. It writes
 * the request line itself, because an URL would change what stands in it.
 */
export class PushSender {
  private readonly agent = new Agent({ keepAlive: false });

  constructor(
    private readonly token: string,
    private readonly clock: MovableClock,
  ) {}

  /** A signed query. */
  query(): string {
    const timestamp = String(Math.floor(this.clock.now() / 1_000));
    const nonce = String(randomInt(1_000_000_000));
    const signature = createHash('sha1').update([this.token, timestamp, nonce].sort().join('')).digest('hex');
    return `signature=${signature}&timestamp=${timestamp}&nonce=${nonce}`;
  }

  /** Sends one try. @returns its query and the reply */
  async send(
    url: string,
    { appId, body, contentType = 'text/xml', more = '' }: PushTry,
  ): Promise<PushReply & { readonly query: string }> {
    const query = `${this.query()}${more}`;
    const { hostname, port } = new URL(url);
    const reply = await new Promise<PushReply>((resolve, reject) => {
      const sent = request(
        {
          hostname,
          port,
          method: 'POST',
          agent: this.agent,
          path: `/v1/wechat/events/${appId}?${query}`,
          headers: {
            'content-length': Buffer.byteLength(body),
            ...(contentType === null ? {} : { 'content-type': contentType }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
    return { ...reply, query };
  }
}

/** A message of a person, as XML. */
export function message(openId: string, content: string, msgId = String(randomInt(2 ** 47))): string {
  return `<xml><ToUserName><![CDATA[gh_870882ca4b1f]]></ToUserName><FromUserName><![CDATA[${openId}]]></FromUserName><CreateTime>1714037059</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${content}]]></Content><MsgId>${msgId}</MsgId></xml>`;
}

/** A notice of virtual payment about an order, as JSON. */
export function notice(openId: string, order: string, retryTimes = 0): string {
  return JSON.stringify({
    ToUserName: 'gh_870882ca4b1f',
    FromUserName: 'oServiceOfWeChat',
    CreateTime: 1_714_037_059,
    MsgType: 'event',
    Event: 'xpay_goods_deliver_notify',
    OpenId: openId,
    OutTradeNo: order,
    Env: 0,
    RetryTimes: retryTimes,
  });
}
