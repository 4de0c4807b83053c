import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { World } from '../state/world.js';
import { languageOf } from '../web/language.js';
import { loadPage, sendPage } from '../web/page.js';
import { queryOf } from '../web/request.js';
import { addressInside } from './addresses.js';
import { browserOrigin, phoneOrigin, virtualHostOf } from './hosts.js';
import { pageModeCookie } from './page-mode.js';
import { framedBy } from './policy.js';
import { askService, passOn, type Relaying } from './relay.js';
import { PAGE_SCRIPT } from './script.js';

const ENTRY = loadPage('entry', import.meta.url, { script: true });
const UNREACHABLE = loadPage('unreachable', import.meta.url);
const SCRIPT = readFileSync(new URL('./page.client.js', import.meta.url), 'utf8');

const UNREACHABLE_TEXTS = {
  zh: { language: 'zh-CN', title: '无法打开网页', hint: '服务没有响应，请确认它已经启动：', again: '重试' },
  en: {
    language: 'en',
    title: 'The page cannot be opened',
    hint: 'The service does not answer. Is it running?',
    again: 'Try again',
  },
} as const;

/**
 * WeChat's built-in browser, at the hosts of hosts.ts. What a person's browser asks for is answered by the service
 * (and by no other), except WeChat's own pages: `/connect/…` and `/phone/…`.
 *
 * - `GET /phone/web/enter?to=/path&full=1`: opens a page of the service anew and without a tap, as a snapshot page may
 *   be opened; with `full=1` as 使用完整服务 does
 * - `GET /phone/web/page.client.js`: the script that every page gets
 */
export function registerWebView(server: FastifyInstance, world: World): void {
  server.addHook('onRequest', async (request, reply) => {
    const relaying = relayingOf(request, world);
    if (!relaying || /^\/(connect|phone)(\/|\?|$)/.test(request.url)) return;
    await relay(request, reply, relaying);
  });

  // The sandbox's own pages and redirects stay inside, too.
  server.addHook('onSend', async (request, reply) => {
    const relaying = relayingOf(request, world);
    if (!relaying) return;
    const location = reply.getHeader('location');
    if (typeof location === 'string') {
      void reply.header('location', addressInside(location, relaying.origin, world.service));
    }
    const policy = reply.getHeader('content-security-policy');
    if (typeof policy === 'string') {
      void reply.header('content-security-policy', framedBy(policy, relaying.phone));
    }
  });

  server.get('/phone/web/enter', (request, reply) => {
    const { to = '', full } = queryOf(request);
    void reply.header('set-cookie', pageModeCookie(full === '1' ? 'full' : 'usual'));
    return sendPage(reply, ENTRY, { data: { to: /^\/(?![/\\])/.test(to) ? to : '/login' } });
  });

  server.get(PAGE_SCRIPT, (_request, reply) =>
    reply
      .header('content-type', 'text/javascript; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(SCRIPT),
  );
}

/** How this request is relayed; null where it is not to a person's browser inside the virtual WeChat. */
function relayingOf(request: FastifyRequest, world: World): Relaying | null {
  const host = virtualHostOf(request.host);
  if (!host?.personId) return null;
  return {
    service: world.service,
    origin: browserOrigin(host.personId, host.port),
    phone: phoneOrigin(host.port),
  };
}

async function relay(request: FastifyRequest, reply: FastifyReply, relaying: Relaying): Promise<void> {
  const answer = await askService(request.raw, relaying).catch(() => null);
  if (answer) {
    reply.hijack();
    await passOn(answer, reply.raw, relaying).catch(() => reply.raw.destroy());
    return;
  }
  const language = languageOf({}, request.headers['accept-language']);
  const texts = { ...UNREACHABLE_TEXTS[language], service: relaying.service.url, path: request.url };
  await sendPage(reply.code(502), UNREACHABLE, { texts });
}
