import { duration, durationOrOff, headerName, oneOf, sessionCount, text } from '../parsers.js';
import { optional, withDefault } from '../setting.js';

const PUBLIC_URL = { en: 'PUBLIC_URL', zh: 'PUBLIC_URL' };

/** Access tokens, refresh tokens and sessions. */
export const SESSIONS = {
  title: { en: 'Tokens and sessions', zh: '令牌与会话' },
  settings: {
    JWT_ISSUER: optional(text, {
      en: '`iss` of the access tokens.',
      zh: '访问令牌的 `iss`。',
      otherwise: PUBLIC_URL,
      examples: ['https://auth.example.com'],
    }),
    JWT_AUDIENCE: optional(text, {
      en: '`aud` of the access tokens.',
      zh: '访问令牌的 `aud`。',
      otherwise: PUBLIC_URL,
      examples: ['https://auth.example.com'],
    }),
    ACCESS_TOKEN_TTL: withDefault(duration, '15m', {
      en: 'The life of an access token. Services that verify it offline notice a logout this much later at most.',
      zh: '访问令牌的有效期。自行离线验证的服务最迟在这段时间后感知到退出登录。',
    }),
    SESSION_TTL: withDefault(duration, '90d', {
      en: 'A session ends this long after the login.',
      zh: '登录后经过这段时间，会话结束。',
    }),
    SESSION_IDLE_TTL: withDefault(duration, '30d', {
      en: 'A session ends when nobody refreshed it for this long.',
      zh: '会话在这段时间内没有刷新即结束。',
    }),
    SSO_TTL: withDefault(durationOrOff, '8h', {
      en: 'Whoever has logged in on the hosted pages is not asked to scan again in the same browser for this long: another site needs one tap. `0` turns it off.',
      zh: '在托管页面登录后，同一浏览器在这段时间内无需再次扫码：登录其他网站只需点一下。`0` 表示关闭。',
    }),
    MAX_SESSIONS: withDefault(sessionCount, '20', {
      en: 'Live sessions of one person in one app, 1 to 1000. A login beyond it ends the session that was unused for longest.',
      zh: '同一用户在同一应用中的有效会话数，1 到 1000。超过时，新登录会结束最久未使用的会话。',
    }),
    SESSION_POLICY: withDefault(oneOf('fixed', 'session-key'), 'fixed', {
      en: '`fixed`, or `session-key`: a refresh of a mini-program session then also requires that WeChat calls its session_key alive.',
      zh: '`fixed` 或 `session-key`。后者要求刷新小程序会话时，微信也确认其 session_key 仍然有效。',
    }),
    TOKEN_HEADER: withDefault(headerName, 'authorization', {
      en: 'Another header that may carry the access token, for clients that send it there. Authorization is accepted as well. Names that HTTP, browsers or proxies use, and names with an underscore, are refused.',
      zh: '除 Authorization 外，还可以携带访问令牌的请求头，供有此需要的客户端使用。HTTP、浏览器或代理已使用的名称，以及带下划线的名称，会被拒绝。',
      examples: ['x-token'],
    }),
    OPEN_DATA_MAX_AGE: withDefault(duration, '10m', {
      en: 'The greatest age of encrypted open data of a mini program, by its watermark.',
      zh: '小程序加密数据的最长时效，以其水印时间为准。',
    }),
  },
} as const;
