import { baseUrl, cidrs, oneOf, port, text } from '../parsers.js';
import { optional, withDefault } from '../setting.js';

/** Where the service runs and how it is reached. */
export const SERVER = {
  title: { en: 'Address and environment', zh: '运行环境与地址' },
  settings: {
    NODE_ENV: withDefault(oneOf('development', 'test', 'production'), 'development', {
      en: '`development`, `test` or `production`. Production refuses the sandbox, its sample secrets and missing secrets.',
      zh: '`development`、`test` 或 `production`。生产环境拒绝沙箱、示例密钥，以及缺失的密钥。',
    }),
    HOST: withDefault(text, '127.0.0.1', {
      en: 'The address on which the service listens. `0.0.0.0` listens on every address of the machine; the image sets it.',
      zh: '监听地址。`0.0.0.0` 监听本机所有地址，镜像中默认如此。',
    }),
    PORT: withDefault(port, '3000', { en: 'The TCP port.', zh: 'TCP 端口。' }),
    PUBLIC_URL: optional(baseUrl, {
      en: 'The address under which clients reach the service. Callback links are built from it and never from the Host header. Its host is the 授权回调域 in the consoles of WeChat. Production requires it, with https unless the host is this machine.',
      zh: '客户端访问本服务的地址。回调链接只由它生成，不读取 Host 头。它的域名就是微信后台填写的授权回调域。生产环境必填，且须为 https（本机地址除外）。',
      otherwise: { en: '`http://localhost:PORT`', zh: '`http://localhost:PORT`' },
      examples: ['https://auth.example.com'],
    }),
    TRUSTED_PROXIES: withDefault(cidrs, '', {
      en: 'Addresses or CIDRs of the proxies whose X-Forwarded-For is believed. With docker-compose.yml: the proxies in front of its nginx; a proxy on the same machine is 172.16.0.0/12, the networks of Docker.',
      zh: '可信代理的地址或 CIDR，只采信它们的 X-Forwarded-For。使用 docker-compose.yml 时，填写其中 nginx 前面的代理；代理与 Docker 同机时填 172.16.0.0/12，即 Docker 的网段。',
      examples: ['127.0.0.1,10.0.0.0/8'],
    }),
  },
} as const;
