/** 0 live, 1 sandbox: WeChat's names for the two environments of virtual payment (section 13.2). */
export type PayEnv = 0 | 1;

/** An AppKey as it is configured. */
export interface PayAppKey {
  appId: string;
  env: PayEnv;
  appKey: string;
}

/** The AppKeys of mini programs that have none of their own. */
export const DEFAULT_APP_KEYS: Readonly<Record<PayEnv, string>> = {
  0: '5a4db0c0de0000000000000000000pk0',
  1: '5a4db0c0de0000000000000000000pk1',
};

/** The AppKeys of virtual payment, of each mini program and environment. */
export class PayKeys {
  private readonly keys: ReadonlyMap<string, string>;

  constructor(configured: readonly PayAppKey[]) {
    this.keys = new Map(configured.map(({ appId, env, appKey }) => [`${appId} ${env}`, appKey]));
  }

  of(appId: string, env: PayEnv): string {
    return this.keys.get(`${appId} ${env}`) ?? DEFAULT_APP_KEYS[env];
  }
}
