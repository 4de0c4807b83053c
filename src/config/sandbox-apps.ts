import type { AppKind, WeChatApp } from './app-config.js';

/** The apps that the sandbox knows from the start: the defaults outside production. Not secret. */
export const SANDBOX_APPS: Readonly<Record<AppKind, WeChatApp>> = {
  mini_program: {
    kind: 'mini_program',
    appId: 'wx5a4db0c0de000001',
    secret: '5a4db0c0de0000000000000000000001',
  },
  website: { kind: 'website', appId: 'wx5a4db0c0de000002', secret: '5a4db0c0de0000000000000000000002' },
  official_account: {
    kind: 'official_account',
    appId: 'wx5a4db0c0de000003',
    secret: '5a4db0c0de0000000000000000000003',
  },
};

/** How a secret of the sandbox looks: production refuses it. */
export const SANDBOX_SECRET = /^5a4db0c0de0{5,}/;
