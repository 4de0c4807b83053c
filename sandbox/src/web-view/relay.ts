import {
  request as askHttp,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { request as askHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { ServiceAddress } from '../state/service-address.js';
import { addressInside, addressOutside } from './addresses.js';
import { withoutPageMode } from './page-mode.js';
import { framedBy, withScript } from './policy.js';
import { addScript, newNonce, type PageFacts } from './script.js';
import { weChatUserAgent } from './user-agent.js';

/** Where a relayed request comes from. */
export interface Relaying {
  service: ServiceAddress;
  /** Origin of the browser inside the virtual WeChat. */
  origin: string;
  /** Origin of the phone, which frames the page. */
  phone: string;
}

// What a browser says of itself, which WeChat on a phone would not say; and what holds for one connection alone.
const DROPPED =
  /^(sec-ch-.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|accept-encoding|host)$/;
const HOP_BY_HOP = /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/;
const ANSWER_DEADLINE_MS = 30_000;

/**
 * Asks the service what a page inside the virtual WeChat asked for, as WeChat's browser would: the body is passed on as
 * it comes. Resolves when the head of the answer is there; rejects where there is none within 30 s.
 */
export function askService(incoming: IncomingMessage, relaying: Relaying): Promise<IncomingMessage> {
  const { service } = relaying;
  const url = service.url + (incoming.url ?? '/');
  return new Promise((resolve, reject) => {
    const ask = url.startsWith('https:') ? askHttps : askHttp;
    const asked = ask(url, {
      method: incoming.method,
      headers: headersToService(incoming, relaying),
      agent: false,
    });
    const deadline = setTimeout(() => asked.destroy(new Error('no answer in time')), ANSWER_DEADLINE_MS);
    const giveUp = () => asked.destroy();
    incoming.socket.once('close', giveUp);
    asked.once('close', () => {
      clearTimeout(deadline);
      incoming.socket.off('close', giveUp);
    });
    asked.once('error', reject);
    asked.once('response', (answer) => {
      clearTimeout(deadline);
      resolve(answer);
    });
    incoming.pipe(asked);
  });
}

/**
 * Passes the service's answer on as it comes, Server-Sent Events too, with redirects that stay inside the virtual
 * WeChat. HTML is made frameable and gets the page's script.
 */
export async function passOn(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  relaying: Relaying,
): Promise<void> {
  const headers = headersToPage(answer.headers, relaying);
  const isPage = /^text\/html\b/i.test(answer.headers['content-type'] ?? '');
  if (isPage && outgoing.req.method !== 'HEAD' && answer.headers['content-encoding'] === undefined) {
    await passOnPage(answer, outgoing, headers, relaying);
    return;
  }
  outgoing.writeHead(answer.statusCode ?? 502, headers);
  outgoing.flushHeaders();
  // When one side closes, the other is closed too; no reply can be sent any more.
  await pipeline(answer, outgoing).catch(() => undefined);
}

async function passOnPage(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  headers: IncomingHttpHeaders,
  relaying: Relaying,
): Promise<void> {
  const nonce = newNonce();
  const facts: PageFacts = {
    userAgent: weChatUserAgent(outgoing.req.headers['accept-language']),
    bases: [relaying.service.publicUrl, relaying.service.url],
    phone: relaying.phone,
  };
  const page = addScript(await bytesOf(answer), nonce, facts);
  const policy = headers['content-security-policy'];
  outgoing.writeHead(answer.statusCode ?? 502, {
    ...headers,
    'content-length': String(page.byteLength),
    ...(typeof policy === 'string' && { 'content-security-policy': withScript(policy, nonce) }),
  });
  outgoing.end(page);
}

function headersToService(incoming: IncomingMessage, { service, origin }: Relaying): IncomingHttpHeaders {
  const kept = Object.entries(incoming.headers).filter(([name]) => !DROPPED.test(name));
  const headers: IncomingHttpHeaders = Object.fromEntries(kept);
  headers['user-agent'] = weChatUserAgent(headers['accept-language']);
  if (headers.origin === origin) headers.origin = new URL(service.publicUrl).origin;
  if (headers.referer !== undefined) headers.referer = addressOutside(headers.referer, origin, service);
  if (headers.cookie !== undefined) headers.cookie = withoutPageMode(headers.cookie);
  if (headers.cookie === '') delete headers.cookie;
  // In WeChat the page has the screen to itself.
  if (headers['sec-fetch-dest'] === 'iframe') headers['sec-fetch-dest'] = 'document';
  return headers;
}

function headersToPage(
  answered: IncomingHttpHeaders,
  { service, origin, phone }: Relaying,
): IncomingHttpHeaders {
  const kept = Object.entries(answered).filter(([name]) => !HOP_BY_HOP.test(name));
  const headers: IncomingHttpHeaders = Object.fromEntries(kept);
  delete headers['x-frame-options'];
  delete headers['strict-transport-security'];
  if (headers.location !== undefined) headers.location = addressInside(headers.location, origin, service);
  const policy = headers['content-security-policy'];
  if (typeof policy === 'string') headers['content-security-policy'] = framedBy(policy, phone);
  const cookies = headers['set-cookie'];
  // A cookie of the service's domain would be refused here; without one it belongs to this host.
  if (cookies) headers['set-cookie'] = cookies.map((cookie) => cookie.replace(/;\s*domain=[^;]*/i, ''));
  return headers;
}

async function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
