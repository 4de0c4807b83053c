import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { QrState } from '../state/qr-logins.js';
import type { World } from '../state/world.js';
import { queryOf } from '../web/request.js';

const ERRCODES: Record<QrState, number> = {
  pending: 408,
  scanned: 404,
  denied: 403,
  confirmed: 405,
  expired: 402,
};

interface Status {
  errcode: number;
  code: string;
  deniedUrl: string | null;
}

/**
 * `GET /connect/l/qrconnect?uuid=&last=&_=`, section 4.2: the state of a QR code, as a script
 * `window.wx_errcode=408;window.wx_code='';`, or with `f=json` as `{ wx_errcode, wx_code }`.
 *
 * Replies at once if the state differs from `last`; else holds the call until the state changes or the hold time
 * is over (408). 408 nothing yet, 404 scanned, 403 refused, 405 allowed (with the code), 402 expired.
 * With the setting denyRedirects a refusal also carries `window.wx_denied_url`.
 */
export function registerLongPoll(server: FastifyInstance, world: World): void {
  server.get('/connect/l/qrconnect', async (request, reply) => {
    const query = queryOf(request);
    const status = await waitForNews(world, request, query.uuid ?? '', Number(query.last ?? 408));
    if (query.f === 'json') return { wx_errcode: status.errcode, wx_code: status.code };
    const denied = status.deniedUrl === null ? '' : `window.wx_denied_url=${scriptText(status.deniedUrl)};`;
    return reply
      .header('content-type', 'text/javascript')
      .header('cache-control', 'no-cache, no-store')
      .send(Buffer.from(`window.wx_errcode=${status.errcode};window.wx_code='${status.code}';${denied}`));
  });
}

function statusOf(world: World, uuid: string): Status {
  const login = world.qrLogins.find(uuid);
  // WeChat forgets finished codes, so an unknown code looks expired (our inference).
  if (!login) return { errcode: ERRCODES.expired, code: '', deniedUrl: null };
  const state = world.qrLogins.stateOf(login);
  return {
    errcode: ERRCODES[state],
    code: state === 'confirmed' ? (login.code ?? '') : '',
    deniedUrl: state === 'denied' ? login.deniedUrl : null,
  };
}

/** Waits until the state differs from `known`, the caller leaves, the sandbox closes, or the hold is over. */
function waitForNews(world: World, request: FastifyRequest, uuid: string, known: number): Promise<Status> {
  const first = statusOf(world, uuid);
  // 402 and 405 are final: no change can follow.
  const held = (status: Status) => status.errcode === known && ![402, 405].includes(known);
  if (!held(first)) return Promise.resolve(first);
  return new Promise((resolve) => {
    const look = () => {
      const status = statusOf(world, uuid);
      if (!held(status)) end(status);
    };
    const giveUp = () => {
      const status = statusOf(world, uuid);
      end(held(status) ? { errcode: 408, code: '', deniedUrl: null } : status);
    };
    const end = (status: Status) => {
      clearTimeout(timer);
      for (const stop of stops) stop();
      request.raw.socket.off('close', giveUp);
      resolve(status);
    };
    const timer = setTimeout(giveUp, holdMs(world, uuid));
    const stops = [world.qrLogins.watch(uuid, look), world.clock.onMove(look), world.onClose(giveUp)];
    request.raw.socket.once('close', giveUp);
  });
}

/** The hold time in ms, shorter when the QR code expires within it. */
function holdMs(world: World, uuid: string): number {
  const expiresAt = world.qrLogins.find(uuid)?.expiresAt ?? 0;
  const left = Math.max(0, expiresAt - world.clock.now()) + 1;
  return Math.min(world.settings.longPollSeconds * 1000, left);
}

function scriptText(text: string): string {
  return JSON.stringify(text).replaceAll('<', '\\u003c');
}
