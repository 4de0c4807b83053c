import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Person } from '../state/people.js';
import type { QrRequest } from '../state/qr-logins.js';
import type { World } from '../state/world.js';
import { browserOrigin, phoneOrigin, virtualHostOf } from '../web-view/hosts.js';
import { type PageMode, pageModeCookie, pageModeOf } from '../web-view/page-mode.js';
import { queryOf } from '../web/request.js';
import { sendErrorPage } from './error-page.js';
import { redirectUriIsGood, redirectUrlOf } from './redirects.js';

/** The person who opened the page, and the browser. */
interface Visit {
  person: Person;
  /** The virtual WeChat's browser, else any other. */
  isWebView: boolean;
  /** Whether a tap of the person led here; known in the virtual WeChat's browser only. */
  tapped: boolean;
  mode: PageMode;
}

/**
 * `GET /connect/oauth2/authorize?appid=&redirect_uri=&response_type=code&scope=&state=`, section 5: a page
 * inside WeChat asks who is there. The person is the one whose browser it is inside the virtual WeChat; elsewhere
 * the one who holds the virtual phone: the cookie `sandbox_person` (set by the phone page), else the first.
 *
 * - `snsapi_base`: 302 to redirect_uri with code and state, silently
 * - `snsapi_userinfo`: 302 to a page that prompts; Allow goes to redirect_uri, Cancel nowhere
 * - `snsapi_userinfo` of a snapshot page: 302 at once with a snapshot user's code. It is one inside the virtual
 *   WeChat where nobody tapped; for a person with `snapshotUser`, with the setting snapshotUser and with
 *   `forceSnapShot=true` it always is, until the person taps 使用完整服务
 *
 * A fault in the request is an HTML page with status 200 that names the code, 10003 to 10016. With the
 * setting requireWeChatBrowser, other browsers are told to open WeChat.
 */
export function registerAuthorize(server: FastifyInstance, world: World): void {
  server.get('/connect/oauth2/authorize', (request, reply) => {
    const query = queryOf(request);
    const host = webViewHostOf(request, world);
    if (host !== null && host !== `http://${request.host}`) return reply.redirect(host + request.url);
    const visit = visitOf(request, world);
    if (!visit) return sendErrorPage(reply, '系统错误');
    const inWeChat = visit.isWebView || /MicroMessenger/i.test(request.headers['user-agent'] ?? '');
    if (world.settings.requireWeChatBrowser && !inWeChat) {
      return sendErrorPage(reply, '请在微信客户端打开链接');
    }
    const asked = check(query, world);
    if (typeof asked === 'string') return sendErrorPage(reply, asked);
    const snapshot =
      asked.scope === 'snsapi_userinfo' && isSnapshot(visit, world, query.forceSnapShot === 'true');
    if (asked.scope === 'snsapi_base' || snapshot) return goOn(reply, world, asked, visit, snapshot);
    const { uuid } = world.qrLogins.open(asked, world.settings.qrSeconds);
    return reply.redirect(visit.isWebView ? `/connect/oauth2/consent?uuid=${uuid}` : `/phone?uuid=${uuid}`);
  });
}

/**
 * The origin at which a page of the virtual WeChat belongs; null for a page of any other browser. A page may send its
 * frame here by the sandbox's usual address; over the phone's own host it finds the person who holds the phone.
 */
function webViewHostOf(request: FastifyRequest, world: World): string | null {
  const host = virtualHostOf(request.host);
  if (host?.personId) return browserOrigin(host.personId, host.port);
  if (host) {
    const person = cookiePerson(request.headers.cookie, world);
    return person ? browserOrigin(person.id, host.port) : null;
  }
  const port = /:\d+$/.exec(request.host)?.[0] ?? '';
  return request.headers['sec-fetch-dest'] === 'iframe' ? phoneOrigin(port) : null;
}

function visitOf(request: FastifyRequest, world: World): Visit | null {
  const { cookie } = request.headers;
  const host = virtualHostOf(request.host);
  const person = host?.personId ? world.people.find(host.personId) : cookiePerson(cookie, world);
  return person
    ? {
        person,
        isWebView: Boolean(host?.personId),
        tapped: request.headers['sec-fetch-user'] === '?1',
        mode: pageModeOf(cookie),
      }
    : null;
}

function cookiePerson(cookies: string | undefined, world: World): Person | undefined {
  const id = /(?:^|;\s*)sandbox_person=([a-z0-9-]+)/.exec(cookies ?? '')?.[1] ?? '';
  return world.people.find(id) ?? world.people.all()[0];
}

function isSnapshot(visit: Visit, world: World, forced: boolean): boolean {
  if (visit.mode === 'full') return false;
  const always = forced || world.settings.snapshotUser || visit.person.snapshotUser;
  return always || (visit.isWebView && !visit.tapped);
}

function check(query: Record<string, string>, world: World): QrRequest | string {
  const { appid = '', redirect_uri: redirectUri = '', scope = '', state = '' } = query;
  if (!appid) return 'appid 为空 (10012)';
  if (!redirectUri) return 'redirect_uri 为空 (10011)';
  if (!scope) return 'scope 为空 (10010)';
  if (world.apps.find(appid, ['website'])) return '不支持开放平台的 AppID (10016)';
  if (!world.apps.find(appid, ['official_account'])) return 'AppID 参数错误';
  if (!redirectUriIsGood(redirectUri, world.settings.callbackHosts)) {
    return 'redirect_uri 域名与后台配置不一致 (10003)';
  }
  if (scope !== 'snsapi_base' && scope !== 'snsapi_userinfo') return '此公众号没有这个 scope 的权限 (10005)';
  return { kind: 'page', appId: appid, redirectUri, scope, state };
}

function goOn(
  reply: FastifyReply,
  world: World,
  asked: QrRequest,
  { person, isWebView }: Visit,
  snapshot: boolean,
): FastifyReply {
  const code = world.codes.issue(
    { appId: asked.appId, personId: person.id, purpose: 'oauth', scope: asked.scope, snapshot },
    world.settings.oauthCodeSeconds,
  );
  if (isWebView && snapshot) void reply.header('set-cookie', pageModeCookie('snapshot'));
  return reply.redirect(redirectUrlOf(asked, code));
}
