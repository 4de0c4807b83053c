import { documentUrl, flag, hexColor, metricsToken, oneOf, pictureUrl, text } from '../parsers.js';
import { optional, withDefault } from '../setting.js';

/** What people and operators see. */
export const PRESENTATION = {
  title: { en: 'Pages, documentation and monitoring', zh: '页面、文档与监控' },
  settings: {
    BRAND_NAME: withDefault(text, 'wechat-auth', {
      en: 'The name on the hosted pages.',
      zh: '托管页面上显示的名称。',
    }),
    BRAND_LOGO_URL: optional(pictureUrl, {
      en: 'A square logo beside the name, by http or https.',
      zh: '名称旁边的方形 Logo，http 或 https 地址。',
      examples: ['https://www.example.com/logo.svg'],
    }),
    BRAND_COLOR: withDefault(hexColor, '#07c160', {
      en: 'The colour of buttons, links and marks on the hosted pages, as `#rgb` or `#rrggbb`; in quotes in a .env file. Where it would be hard to read, a darker or lighter shade of it is used.',
      zh: '托管页面上按钮、链接和标记的颜色，写作 `#rgb` 或 `#rrggbb`，在 .env 文件中须加引号。对比度不足时，会自动改用更深或更浅的色调。',
    }),
    TERMS_URL: optional(documentUrl, {
      en: 'Terms of service. The hosted pages link to them and say that logging in accepts them. Put a version into the URL: a new URL is accepted anew, which the events record.',
      zh: '服务条款的地址。托管页面会显示链接，并说明登录即表示同意。请在地址中写明版本：地址变更后会重新记录用户的同意（见事件）。',
      examples: ['https://www.example.com/terms/2026-11'],
    }),
    PRIVACY_URL: optional(documentUrl, {
      en: 'Privacy policy; as TERMS_URL, with or without it.',
      zh: '隐私政策的地址；用法同 TERMS_URL，可以只设其中一个。',
      examples: ['https://www.example.com/privacy/2026-11'],
    }),
    DOCS: optional(flag, {
      en: 'Swagger UI at /docs: `on` or `off`.',
      zh: '/docs 下的 Swagger UI：`on` 或 `off`。',
      otherwise: { en: 'on; off in production', zh: '开启；生产环境关闭' },
      examples: ['on'],
    }),
    LOG_LEVEL: withDefault(oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'), 'info', {
      en: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
      zh: '`fatal`、`error`、`warn`、`info`、`debug`、`trace` 或 `silent`。',
    }),
    METRICS_TOKEN: optional(metricsToken, {
      secret: true,
      en: 'The bearer token of /metrics, 16 characters or more. Without it only this machine may read the metrics.',
      zh: '/metrics 的 Bearer 令牌，至少 16 个字符。未设置时，只有本机可以读取指标。',
    }),
  },
} as const;
