import type { Migration, Schema } from './schema.js';

/** Adds the time at which a person revoked all consent of an app: what WeChat gave before that is stored no more. */
export class KeepWhenConsentWasRevoked1764700000000 implements Migration {
  readonly name = 'KeepWhenConsentWasRevoked1764700000000';

  async forward(schema: Schema): Promise<void> {
    await schema.addColumn('wechat_identities', 'consent_revoked_at', `${schema.types.time} NULL`);
  }

  async backward(schema: Schema): Promise<void> {
    await schema.dropColumn('wechat_identities', 'consent_revoked_at');
  }
}
