import { apiKeys, delay, rateLimits, returnUrls } from '../parsers.js';
import { optional, withDefault } from '../setting.js';

/** Who may do what, and how often. */
export const ACCESS = {
  title: { en: 'Access and limits', zh: '访问控制与限流' },
  settings: {
    RETURN_URLS: optional(returnUrls, {
      en: 'Origins or URL prefixes that a login may return to, separated by commas. Pages of these origins may call the service (CORS). There are no wildcards. Production accepts https only, except for this machine.',
      zh: '登录后允许返回的源或 URL 前缀，用逗号分隔。这些源的页面可以调用本服务（CORS）。不支持通配符。生产环境只接受 https（本机除外）。',
      otherwise: { en: 'PUBLIC_URL', zh: 'PUBLIC_URL' },
      examples: ['https://shop.example.com,https://www.example.com/members'],
    }),
    ADMIN_API_KEYS: withDefault(apiKeys, '', {
      secret: true,
      en: 'Keys of operators, as `name:key`, separated by commas; a key has 16 characters or more. They are sent as X-Api-Key and may do what service keys may. Without keys the routes of operators are closed.',
      zh: '管理员密钥，格式为 `name:key`，多个用逗号分隔，每个密钥至少 16 个字符。通过 X-Api-Key 发送，并拥有服务密钥的全部权限。未设置时，管理接口关闭。',
    }),
    SERVICE_API_KEYS: withDefault(apiKeys, '', {
      secret: true,
      en: 'Keys of other services, in the same form. Without keys the routes for services are closed.',
      zh: '其他服务使用的密钥，格式同上。未设置时，服务接口关闭。',
    }),
    RATE_LIMITS: withDefault(rateLimits, 'on', {
      en: 'Limits per address and per app: `on`, or what one address may do in a minute where the default does not fit, as `quota=number`, separated by commas (names in src/config/quota-names.ts and src/channel/channels.ts). Calls with a good API key have no limit of their address. `off` is for load tests only; production refuses it.',
      zh: '按地址和应用限流：`on`；默认值不合适时，用 `quota=number` 指定每个地址每分钟的次数，多个用逗号分隔（名称见 src/config/quota-names.ts 和 src/channel/channels.ts）。带有效 API 密钥的调用不受地址限制。`off` 仅用于压测，生产环境拒绝。',
      examples: ['login=20000,refresh=20000'],
    }),
    SHUTDOWN_DELAY: withDefault(delay, '0s', {
      en: 'How long the service accepts requests after SIGTERM while it is not ready any more, so that a load balancer notices in time. At most 5m; the image sets 5s.',
      zh: '收到 SIGTERM 后继续接收请求的时长，期间就绪检查已返回未就绪，以便负载均衡及时摘除。最长 5m，镜像中为 5s。',
    }),
  },
} as const;
