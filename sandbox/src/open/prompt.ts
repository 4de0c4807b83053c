import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Person } from '../state/people.js';
import type { QrLogin } from '../state/qr-logins.js';
import type { World } from '../state/world.js';
import { virtualHostOf } from '../web-view/hosts.js';
import { pageModeCookie, pageModeOf } from '../web-view/page-mode.js';
import { languageOf } from '../web/language.js';
import { loadPage, sendPage } from '../web/page.js';
import { queryOf } from '../web/request.js';
import { allow, deny, OutOfTurn, scan } from './consent.js';
import { sendErrorPage } from './error-page.js';

const PROMPT = loadPage('prompt', import.meta.url);
const REFUSED = loadPage('refused', import.meta.url, { styles: ['prompt'], script: true });

const TEXTS = {
  zh: {
    language: 'zh-CN',
    title: '微信授权',
    asks: '申请',
    wants: '获取你的昵称、头像',
    as: '以此身份登录',
    person: '微信个人信息',
    allow: '允许',
    deny: '拒绝',
    refused: '你拒绝了授权',
    refusedHint: '微信会在这里关闭网页，不会跳转回网站。',
  },
  en: {
    language: 'en',
    title: 'WeChat authorisation',
    asks: 'requests to',
    wants: 'Get your nickname and avatar',
    as: 'Log in as',
    person: 'WeChat profile',
    allow: 'Allow',
    deny: 'Reject',
    refused: 'You refused',
    refusedHint: 'WeChat closes the page here, and does not go back to the website.',
  },
} as const;

/**
 * The prompt of `snsapi_userinfo` inside the virtual WeChat (section 5), on the host of a person's browser only.
 *
 * - `GET /connect/oauth2/consent?uuid=`: the app and the scope that it asks for
 * - `POST` the same, form field `answer` allow or deny: 303 to redirect_uri; a refusal ends there, as at WeChat
 *
 * An expired or decided prompt is an error page with status 200.
 */
export function registerPrompt(server: FastifyInstance, world: World): void {
  server.get('/connect/oauth2/consent', (request, reply) => {
    const asked = askedOf(request, world);
    if (!asked || world.qrLogins.stateOf(asked.login) !== 'pending')
      return sendErrorPage(reply, '页面已过期');
    const { login, person } = asked;
    const app = world.apps.find(login.appId);
    return sendPage(reply, PROMPT, {
      forms: true,
      texts: {
        ...textsFor(request),
        uuid: login.uuid,
        app: app?.name ?? login.appId,
        letter: [...(app?.name ?? '?')][0] ?? '?',
        nickname: person.nickname.slice(0, 80) || '—',
        face: person.avatar.face,
        colour: person.avatar.colour.slice(1),
      },
    });
  });

  server.post('/connect/oauth2/consent', (request, reply) => {
    const asked = askedOf(request, world);
    const answer = Buffer.isBuffer(request.body)
      ? new URLSearchParams(request.body.toString()).get('answer')
      : null;
    if (!asked) return sendErrorPage(reply, '页面已过期');
    try {
      scan(world, asked.login, asked.person);
      if (answer !== 'allow') return refuse(request, reply, world, asked.login);
      if (pageModeOf(request.headers.cookie) === 'snapshot') {
        void reply.header('set-cookie', pageModeCookie('usual'));
      }
      return reply.redirect(allow(world, asked.login), 303);
    } catch (error) {
      if (error instanceof OutOfTurn) return sendErrorPage(reply, '页面已过期');
      throw error;
    }
  });
}

function askedOf(request: FastifyRequest, world: World): { login: QrLogin; person: Person } | null {
  const login = world.qrLogins.find(queryOf(request).uuid ?? '');
  const person = world.people.find(virtualHostOf(request.host)?.personId ?? '');
  return login?.kind === 'page' && person ? { login, person } : null;
}

function refuse(request: FastifyRequest, reply: FastifyReply, world: World, login: QrLogin): FastifyReply {
  deny(world, login);
  return sendPage(reply, REFUSED, { texts: textsFor(request), data: { refused: true } });
}

function textsFor(request: FastifyRequest): Record<string, string> {
  return TEXTS[languageOf({}, request.headers['accept-language'])];
}
