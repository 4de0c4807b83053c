import { duration, webhookSecrets, webhookUrls } from '../parsers.js';
import { optional, withDefault } from '../setting.js';

/** The audit trail and the webhooks that report it. */
export const EVENTS = {
  title: { en: 'Events and webhooks', zh: '事件与 Webhook' },
  settings: {
    WEBHOOK_URLS: withDefault(webhookUrls, '', {
      secret: true,
      en: 'Where webhooks go, separated by commas: people who come, change, are merged or leave, and their WeChat accounts; see docs/webhooks.md. Production accepts https only, except for this machine.',
      zh: 'Webhook 的接收地址，用逗号分隔：用户的新增、变更、合并、注销，以及其微信账号的变化；见 docs/webhooks.zh-CN.md。生产环境只接受 https（本机除外）。',
      examples: ['https://shop.example.com/hooks/wechat-auth'],
    }),
    WEBHOOK_SECRET: optional(webhookSecrets, {
      secret: true,
      en: 'Signs the webhooks and the pushes that go on (WECHAT_PUSH_FORWARD); required with WEBHOOK_URLS. Create one by `echo "whsec_$(openssl rand -base64 32)"`. Several are separated by commas and every one signs: add the new one, change the receivers, remove the old one.',
      zh: 'Webhook 和转发的推送（WECHAT_PUSH_FORWARD）的签名密钥，设置 WEBHOOK_URLS 时必填。用 `echo "whsec_$(openssl rand -base64 32)"` 生成。多个用逗号分隔，每个都参与签名：先加新密钥，再更新接收方，最后删除旧密钥。',
    }),
    EVENT_RETENTION: withDefault(duration, '180d', {
      en: 'How long events are kept: the audit trail and what has been delivered.',
      zh: '事件的保留时长：包括审计记录和已投递的消息。',
    }),
  },
} as const;
