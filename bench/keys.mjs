/** What the service derives from ENCRYPTION_KEYS, as far as rows and tokens are made without it (docs/decisions/003). */
import { createCipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';

/** @param master ENCRYPTION_KEYS, one key */
export function keysOf(master) {
  const derive = (label, bytes) =>
    Buffer.from(
      hkdfSync('sha256', Buffer.from(master, 'base64'), Buffer.alloc(0), `wechat-auth/${label}/v1`, bytes),
    );
  const keyId = derive('key-id', 6).toString('base64url');
  const sealKey = createSecretKey(derive('seal', 32));
  const refreshKey = createSecretKey(derive('refresh-token', 32));
  return {
    /** @param context `table.column:id` */
    seal(plaintext, context) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', sealKey, iv).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([
        iv,
        cipher.update(plaintext, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return `v1.${keyId}.${sealed.toString('base64url')}`;
    },
    refreshToken(sessionId, generation) {
      const body = `${sessionId}.${generation}`;
      return `${body}.${createHmac('sha256', refreshKey).update(body).digest('base64url')}`;
    },
  };
}
