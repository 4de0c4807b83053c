import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../state/apps.js';
import type { QrRequest } from '../state/qr-logins.js';
import type { World } from '../state/world.js';
import { languageOf } from '../web/language.js';
import { loadPage, sendPage } from '../web/page.js';
import { queryOf } from '../web/request.js';
import { sendErrorPage } from './error-page.js';
import { redirectUriIsGood } from './redirects.js';

const PAGE = loadPage('qrconnect', import.meta.url, { script: true });

const TEXTS = {
  zh: {
    title: '使用微信扫一扫登录',
    scanned: '扫描成功',
    tap: '在微信中轻触允许即可登录',
    denied: '你已取消此次登录',
    again: '你可再次登录，或关闭窗口',
    expired: '二维码已失效',
    refresh: '点击刷新',
  },
  en: {
    title: 'Scan with WeChat to log in',
    scanned: 'Scanned',
    tap: 'Tap Allow in WeChat to log in',
    denied: 'You cancelled this login',
    again: 'You may log in again, or close this window',
    expired: 'This QR code has expired',
    refresh: 'Tap to refresh',
  },
} as const;

/**
 * `GET /connect/qrconnect?appid=&redirect_uri=&response_type=code&scope=snsapi_login&state=`, section 4.1:
 * the page with the QR code. Also what WxLogin.js sends (section 4.3): `login_type=jssdk` (response_type may be
 * missing then), `self_redirect=true|false|default`, `lang=cn|en`, `style=black|white`, `stylelite=1`, `href` (a
 * stylesheet, https or `data:text/css;base64,…`; not with stylelite), `color_scheme=auto|dark|light`; and `f=xml`,
 * which replies with a new `<uuid>` only.
 *
 * A bad appid, redirect_uri or scope is an HTML page with status 200 and the reason in an `h4`.
 */
export function registerQrconnect(server: FastifyInstance, world: World): void {
  server.get('/connect/qrconnect', (request, reply) => {
    const query = queryOf(request);
    const asked = check(query, world);
    if (typeof asked === 'string') return sendErrorPage(reply, asked);
    const { uuid } = world.qrLogins.open(asked.request, world.settings.qrSeconds);
    if (query.f === 'xml') {
      return reply
        .header('content-type', 'text/xml; charset=utf-8')
        .send(
          `<?xml version="1.0" encoding="UTF-8"?><error><errcode>0</errcode><uuid>${uuid}</uuid></error>`,
        );
    }
    return sendLoginPage(request, reply, asked, uuid);
  });
}

function check(query: Record<string, string>, world: World): { app: App; request: QrRequest } | string {
  const { appid = '', redirect_uri: redirectUri = '', scope = '', state = '' } = query;
  const app = world.apps.find(appid, ['website']);
  if (!app) return 'AppID 参数错误';
  if (!redirectUriIsGood(redirectUri, world.settings.callbackHosts)) return 'redirect_uri 参数错误';
  // A comma-separated list is allowed (section 4.1); we know no text for a wrong response_type.
  if (!scope.split(',').includes('snsapi_login')) return 'Scope 参数错误或没有 Scope 权限';
  const fromScript = query.login_type === 'jssdk' && query.response_type === undefined;
  if (query.response_type !== 'code' && !fromScript) return 'response_type 参数错误';
  return { app, request: { kind: 'qr', appId: appid, redirectUri, scope, state } };
}

function sendLoginPage(
  request: FastifyRequest,
  reply: FastifyReply,
  asked: { app: App; request: QrRequest },
  uuid: string,
): FastifyReply {
  const query = queryOf(request);
  const language = languageOf(query, query.lang ? undefined : 'zh');
  const texts = TEXTS[language];
  const theme = ['dark', 'light', 'auto'].find((scheme) => scheme === query.color_scheme) ?? 'light';
  const lite = query.stylelite === '1';
  const classes = [
    `theme_${theme}`,
    query.login_type === 'jssdk' ? 'embedded' : '',
    query.style === 'white' ? 'style_white' : '',
    lite ? 'stylelite' : '',
  ];
  return sendPage(reply, PAGE, {
    frameable: true,
    ...(!lite && isStylesheet(query.href) && { stylesheet: query.href }),
    texts: {
      ...texts,
      language: language === 'zh' ? 'zh-CN' : 'en',
      classes: classes.filter(Boolean).join(' '),
      appName: `“${asked.app.name}”`,
      uuid,
    },
    data: {
      uuid,
      redirectUri: asked.request.redirectUri,
      state: asked.request.state,
      selfRedirect: query.self_redirect ?? 'default',
    },
  });
}

/** WeChat accepts https only; plain http is for a site on the developer's computer. */
function isStylesheet(href = ''): boolean {
  if (/^data:text\/css;base64,[A-Za-z0-9+/=]+$/.test(href)) return true;
  return URL.canParse(href) && ['https:', 'http:'].includes(new URL(href).protocol);
}
