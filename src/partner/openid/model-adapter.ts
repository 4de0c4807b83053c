import type { Adapter, AdapterPayload } from 'oidc-provider';

/**
 * A model of oidc-provider in our storage. Operations that the provider does not need for a model reject: a
 * configuration that needs one fails in its first test.
 */
export abstract class ModelAdapter implements Adapter {
  /** @param expiresIn seconds */
  upsert(_id: string, _payload: AdapterPayload, _expiresIn: number): Promise<void> {
    return this.unused('upsert');
  }

  find(_id: string): Promise<AdapterPayload | undefined> {
    return this.unused('find');
  }

  findByUserCode(_userCode: string): Promise<AdapterPayload | undefined> {
    return this.unused('findByUserCode');
  }

  findByUid(_uid: string): Promise<AdapterPayload | undefined> {
    return this.unused('findByUid');
  }

  consume(_id: string): Promise<void> {
    return this.unused('consume');
  }

  destroy(_id: string): Promise<void> {
    return this.unused('destroy');
  }

  revokeByGrantId(_grantId: string): Promise<void> {
    return this.unused('revokeByGrantId');
  }

  private unused(operation: string): Promise<never> {
    return Promise.reject(new Error(`${this.constructor.name} has no ${operation}`));
  }
}
