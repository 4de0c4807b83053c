import type { AppKind } from '../channel/app-kinds.js';

/** One app at WeChat, with its AppSecret. */
export interface WeChatApp {
  readonly kind: AppKind;
  readonly appId: string;
  readonly secret: string;
}

/** The form of the AppSecrets that the sandbox knows. */
export const SANDBOX_SECRET = /^5a4db0c0de0{5,}/;
