import type { SettingDocs, Translated } from '../setting.js';

/** A variable that docker-compose reads and the service does not. */
export interface ComposeVariable extends SettingDocs {
  readonly default: string;
  /** Whether `.env.example` sets it, so that a copy behaves like a clone without `.env`. */
  readonly isSet: boolean;
}

/** Variables of docker-compose.yml, documented beside those of the service. */
export const COMPOSE: {
  readonly title: Translated;
  readonly variables: Readonly<Record<string, ComposeVariable>>;
} = {
  title: { en: 'Only with docker-compose.yml', zh: '仅用于 docker-compose.yml' },
  variables: {
    COMPOSE_PROFILES: {
      default: 'sandbox',
      isSet: true,
      en: '`sandbox`: the sandbox plays WeChat and nothing else has to be set. Empty: the real WeChat, with PUBLIC_URL from here and the secrets from the files in secrets/, which deploy/compose/make-secrets.sh creates. The compose file then sets HOST, PORT, DATABASE_URL, REDIS_URL, ENCRYPTION_KEYS and the apps; they are not read from here.',
      zh: '`sandbox`：由沙箱模拟微信，无需其他设置。留空：使用真实微信，需在此设置 PUBLIC_URL，密钥取自 secrets/ 目录中的文件（由 deploy/compose/make-secrets.sh 生成）。此时 HOST、PORT、DATABASE_URL、REDIS_URL、ENCRYPTION_KEYS 和各应用由 compose 文件设置，不从这里读取。',
    },
    HTTP_LISTEN: {
      default: '127.0.0.1:3000',
      isSet: false,
      en: 'The address on which nginx listens: on this machine, behind the proxy that terminates TLS. `0.0.0.0:80` would accept everybody without TLS.',
      zh: 'nginx 的监听地址：只在本机监听，前面由终结 TLS 的代理转发。`0.0.0.0:80` 会让所有人不经 TLS 直接访问。',
    },
  },
};
