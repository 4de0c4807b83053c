declare module 'oidc-provider/lib/provider.js' {
  export const Provider: unknown;
}
declare module 'oidc-provider/lib/helpers/errors.js';
declare module 'oidc-provider/lib/helpers/interaction_policy/index.js';
