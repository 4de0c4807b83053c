import type { AppConfig } from '../../config/app-config.js';

/** The one address to which WeChat sends browsers back, for all sites and environments. */
export function callbackUrlOf({ publicUrl }: AppConfig): string {
  return `${publicUrl}/v1/web-qr-login/callback`;
}
