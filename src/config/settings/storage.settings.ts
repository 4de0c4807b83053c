import { avatarStore } from '../avatar-store-url.js';
import { databasePool, databaseUrl } from '../database-url.js';
import { encryptionKeys, text } from '../parsers.js';
import { redisPrefix, redisUrl } from '../redis-url.js';
import { optional, withDefault } from '../setting.js';

/** What the service stores, and where. */
export const STORAGE = {
  title: { en: 'Storage', zh: '存储' },
  settings: {
    DATABASE_URL: withDefault(databaseUrl, 'sqlite:data/wechat-auth.sqlite', {
      secret: true,
      en: 'SQLite for one instance; MariaDB 10.6, MySQL 8.0 or newer for several. The service creates and migrates the tables at start. User and password are percent-encoded; an IPv6 host stands in brackets. `ssl-mode` is `disabled`, `preferred` (TLS where the server offers it, the default), `required`, `verify-ca` or `verify-identity`; `ssl-ca` names a PEM file where no public authority signed the certificate.',
      zh: '单实例用 SQLite；多实例用 MariaDB 10.6+ 或 MySQL 8.0+。启动时自动建表和迁移。用户名、密码须做百分号编码，IPv6 地址放在方括号内。`ssl-mode` 可取 `disabled`、`preferred`（服务器支持 TLS 时使用，默认）、`required`、`verify-ca`、`verify-identity`；证书不是公共 CA 签发时，用 `ssl-ca` 指定 PEM 文件。',
      examples: [
        'mysql://user:p%40ss@127.0.0.1:3306/wechat_auth',
        'mysql://user:password@[::1]:3306/wechat_auth',
        'mysql://user:password@db.example.com/wechat_auth?ssl-mode=verify-identity&ssl-ca=/etc/ssl/db-ca.pem',
      ],
    }),
    DATABASE_POOL: withDefault(databasePool, '20', {
      en: 'Connections of one instance to MariaDB or MySQL, 1 to 1000. All instances together must stay below max_connections of the server.',
      zh: '一个实例到 MariaDB 或 MySQL 的连接数，1 到 1000。所有实例之和须小于数据库的 max_connections。',
    }),
    REDIS_URL: optional(redisUrl, {
      secret: true,
      en: 'Short-lived state that the instances share: Redis 6.2 or newer. Required where more than one instance runs. User and password are percent-encoded; the number behind the host is the database. `redis+sentinel` names the Sentinels and the primary, with `sentinel-user` and `sentinel-password` where they ask for a login; `redis+cluster` names some nodes. `rediss` speaks TLS in each form; `ssl-ca` names a PEM file of authorities.',
      zh: '多实例共享的短期状态：Redis 6.2+。运行多个实例时必填。用户名、密码须做百分号编码；主机后的数字是库号。`redis+sentinel` 列出各 Sentinel 和主节点名，Sentinel 需要登录时加 `sentinel-user` 和 `sentinel-password`；`redis+cluster` 列出部分节点。各种形式都可写成 `rediss` 以使用 TLS；`ssl-ca` 指定 CA 的 PEM 文件。',
      otherwise: { en: 'in memory, for one instance', zh: '保存在内存中，仅限单实例' },
      examples: [
        'redis://127.0.0.1:6379',
        'redis://user:p%40ss@[::1]:6379/1',
        'redis+sentinel://:password@10.0.0.1:26379,10.0.0.2:26379/mymaster/0?sentinel-password=secret',
        'redis+cluster://:password@10.0.0.1:6379,10.0.0.2:6379',
        'rediss://:password@redis.example.com:6379?ssl-ca=/etc/ssl/redis-ca.pem',
      ],
    }),
    REDIS_PREFIX: withDefault(redisPrefix, 'wechat-auth:', {
      en: 'The beginning of every key and channel in Redis: at most 64 letters, digits and `:._-`.',
      zh: 'Redis 中所有键和频道的前缀：字母、数字和 `:._-`，最多 64 个字符。',
    }),
    ENCRYPTION_KEYS: optional(encryptionKeys, {
      secret: true,
      en: 'Keys for the secrets at rest and for refresh tokens, separated by commas, each the base64 of 32 bytes (`openssl rand -base64 32`). The first one encrypts, all of them decrypt. Production requires it.',
      zh: '静态加密和刷新令牌所用的密钥，多个用逗号分隔，每个是 32 字节的 base64（`openssl rand -base64 32`）。第一个用于加密，全部可用于解密。生产环境必填。',
      otherwise: {
        en: 'created once and kept in data/encryption-keys; none in production',
        zh: '自动生成一次，保存在 data/encryption-keys；生产环境无默认值',
      },
    }),
    AVATAR_STORE: withDefault(avatarStore, 'disk:data/avatars', {
      en: 'Where pictures are stored: a folder, or a bucket with the S3 protocol. `style` says whether the bucket stands in the host name (`virtual`) or in the path (`path`).',
      zh: '头像的存放位置：本地目录，或兼容 S3 协议的存储桶。`style` 表示桶名在域名中（`virtual`）还是在路径中（`path`）。',
      examples: [
        's3://bucket?endpoint=https://s3.example.com&region=us-east-1',
        's3://bucket?endpoint=https://oss-cn-hangzhou.aliyuncs.com&region=cn-hangzhou&style=virtual',
      ],
    }),
    S3_ACCESS_KEY_ID: optional(text, {
      secret: true,
      en: 'Required where AVATAR_STORE is `s3:`. The key may GetObject, PutObject, DeleteObject and ListBucket; without ListBucket, S3 answers 403 instead of 404 for a picture that is not there. The bucket may be private.',
      zh: 'AVATAR_STORE 为 `s3:` 时必填。该密钥须有 GetObject、PutObject、DeleteObject 和 ListBucket 权限；没有 ListBucket 时，S3 对不存在的图片返回 403 而不是 404。存储桶可以是私有的。',
    }),
    S3_SECRET_ACCESS_KEY: optional(text, {
      secret: true,
      en: 'The secret of S3_ACCESS_KEY_ID.',
      zh: 'S3_ACCESS_KEY_ID 对应的密钥。',
    }),
  },
} as const;
