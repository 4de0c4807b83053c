import {
  appIds,
  baseUrl,
  flag,
  noProxy,
  port,
  proxyUrl,
  pushAesKey,
  pushToken,
  scanPage,
  text,
  verifyFiles,
} from '../parsers.js';
import { payAppKeys } from '../pay-app-keys.js';
import { pushApps } from '../push-apps.js';
import { pushForward } from '../push-forward.js';
import { optional, withDefault } from '../setting.js';

/** WeChat's servers and what the consoles of WeChat know of this service. The apps are in `app.settings.ts`. */
export const WECHAT = {
  title: { en: 'WeChat', zh: '微信' },
  settings: {
    WECHAT_PUSH_TOKEN: optional(pushToken, {
      secret: true,
      en: 'The Token of the message push settings (消息推送) at WeChat: 3 to 32 letters and digits.',
      zh: '微信后台“消息推送”设置中的 Token：3 到 32 个字母或数字。',
    }),
    WECHAT_PUSH_AES_KEY: optional(pushAesKey, {
      secret: true,
      en: 'The EncodingAESKey of the same settings: 43 letters and digits. Where it is set, only encrypted pushes are accepted. It needs WECHAT_PUSH_TOKEN.',
      zh: '同一设置中的 EncodingAESKey：43 个字母或数字。设置后只接收加密的推送。须同时设置 WECHAT_PUSH_TOKEN。',
    }),
    WECHAT_PUSH_APPS: withDefault(pushApps, '', {
      secret: true,
      en: 'Apps whose message push has a Token and EncodingAESKey of its own: `appid:token[:aeskey]`, separated by commas. Without a key, pushes of that app are plain. An appid that is none of the apps is a third-party platform (第三方平台): with its key, the pushes of every app may come from it.',
      zh: '消息推送使用单独 Token 和 EncodingAESKey 的应用：`appid:token[:aeskey]`，多个用逗号分隔。不写密钥时，该应用的推送为明文。不属于上述应用的 AppID 视为第三方平台：写了密钥时，各应用的推送都可以由它发来。',
      examples: ['wx0123456789abcdef:token0123456789:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'],
    }),
    WECHAT_PUSH_FORWARD: withDefault(pushForward, '', {
      secret: true,
      en: 'Where the pushes of an app go on to: `appid=url`, separated by commas. The first URL of an app answers WeChat, the others get copies. Where WEBHOOK_SECRET is set, it signs them. Production accepts https only, except for this machine.',
      zh: '把某个应用的推送转发到哪里：`appid=url`，多个用逗号分隔。同一应用的第一个地址负责回复微信，其余地址收到副本。设置了 WEBHOOK_SECRET 时用它签名。生产环境只接受 https（本机除外）。',
      examples: ['wx0123456789abcdef=https://shop.example.com/wechat/push'],
    }),
    WECHAT_VERIFY_FILES: withDefault(verifyFiles, '', {
      en: 'Domain verification files of WeChat, served at the root: `name.txt:content`, separated by commas. `MP_verify_X.txt` alone has the content X.',
      zh: '微信的域名校验文件，在网站根目录下提供：`name.txt:内容`，多个用逗号分隔。只写 `MP_verify_X.txt` 时，文件内容为 X。',
      examples: ['MP_verify_AbCdEfGh12345678.txt'],
    }),
    WECHAT_PAY_APP_KEYS: withDefault(payAppKeys, '', {
      secret: true,
      en: 'The AppKeys of virtual payment (虚拟支付) of your mini programs: `appid:env:AppKey`, separated by commas, with env 0 for live and 1 for the sandbox of virtual payment. With it, signatures for other services include `paySig`.',
      zh: '小程序虚拟支付的 AppKey：`appid:env:AppKey`，多个用逗号分隔，env 为 0（现网）或 1（虚拟支付沙箱）。设置后，为其他服务签名时会同时给出 `paySig`。',
      examples: ['wx0123456789abcdef:0:<AppKey>'],
    }),
    WECHAT_SCAN_PAGE: withDefault(scanPage, '', {
      en: "The mini program's page that a scan opens, and its version: `page[@release|trial|develop]`.",
      zh: '扫码后打开的小程序页面及版本：`page[@release|trial|develop]`。',
      otherwise: { en: 'the home page of the released version', zh: '正式版的首页' },
      examples: ['pages/scan/scan@release'],
    }),
    WECHAT_API_URL: optional(baseUrl, {
      en: "The server of WeChat's API, or a simulator of it.",
      zh: '微信接口的服务器，或其模拟器。',
      otherwise: {
        en: 'the sandbox while it runs, else `https://api.weixin.qq.com`',
        zh: '沙箱运行时为沙箱，否则为 `https://api.weixin.qq.com`',
      },
      examples: ['https://api.weixin.qq.com'],
    }),
    WECHAT_OPEN_URL: optional(baseUrl, {
      en: "The server of WeChat's login pages, or a simulator of it.",
      zh: '微信登录页的服务器，或其模拟器。',
      otherwise: {
        en: 'the sandbox while it runs, else `https://open.weixin.qq.com`',
        zh: '沙箱运行时为沙箱，否则为 `https://open.weixin.qq.com`',
      },
      examples: ['https://open.weixin.qq.com'],
    }),
    HTTPS_PROXY: optional(proxyUrl, {
      secret: true,
      en: 'A forward proxy for https calls to WeChat and for pictures. Webhooks and the bucket are called without it.',
      zh: '访问微信接口和下载头像时使用的正向代理。Webhook 和存储桶不经过它。',
      examples: ['http://user:password@proxy.example.com:3128'],
    }),
    NO_PROXY: withDefault(noProxy, '', {
      en: 'Hosts that are called without HTTPS_PROXY, separated by commas.',
      zh: '不经过 HTTPS_PROXY 的主机，用逗号分隔。',
      examples: ['localhost,.example.com'],
    }),
    ACCEPT_UNIONID_CHANGE: withDefault(appIds, '', {
      en: 'AppIDs of apps that were moved to another Open Platform account: the unionids of their people may change.',
      zh: '迁移到另一个开放平台账号的应用的 AppID：这些应用的用户 unionid 允许变化。',
      examples: ['wx0123456789abcdef'],
    }),
    SANDBOX: optional(flag, {
      en: 'The simulator of WeChat beside the service: `on` or `off`.',
      zh: '与服务一同运行的微信模拟器：`on` 或 `off`。',
      otherwise: {
        en: 'on in development, unless WECHAT_API_URL is set',
        zh: '开发环境为开启，设置了 WECHAT_API_URL 时除外',
      },
      examples: ['on'],
    }),
    SANDBOX_PORT: withDefault(port, '3001', { en: 'The TCP port of the sandbox.', zh: '沙箱的 TCP 端口。' }),
    SANDBOX_SHOP_URL: withDefault(baseUrl, 'http://localhost:4100', {
      en: 'The shop at which the sample mini program of the sandbox orders, by `POST /orders`.',
      zh: '沙箱的示例小程序下单的商城，以 `POST /orders` 请求。',
    }),
    SANDBOX_HOST: withDefault(text, '127.0.0.1', {
      en: 'The address on which the sandbox listens. Whoever reaches it can be anybody in it: leave it on this machine.',
      zh: '沙箱的监听地址。能访问沙箱的人可以冒充其中任何人，请只在本机监听。',
    }),
  },
} as const;
