import type { AppConfig } from '../../config/app-config.js';

/** The only callback URL registered at WeChat, for all sites and environments. */
export function callbackUrlOf({ publicUrl }: AppConfig): string {
  return `${publicUrl}/v1/web-qr-login/callback`;
}
