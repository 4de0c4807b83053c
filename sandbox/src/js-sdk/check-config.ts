import type { World } from '../state/world.js';
import { type PageStamp, signPage } from './signature.js';

/** A call of `wx.config`. */
export interface PageConfig extends PageStamp {
  appId: string;
  signature: string;
  /** `location.href` now, and when the page was loaded. */
  url: string;
  firstUrl: string;
}

/** What `wx.ready` or `wx.error` gets. */
export interface ConfigResult {
  errMsg: string;
  /** With an invalid signature: the URLs that it should have been over. */
  realAuthUrl?: string[];
}

/**
 * What WeChat checks of `wx.config` (section 14.3): the domain, then the signature with any valid ticket of the account
 * over the page's URL; with `firstUrlCounts` over the one of the first load, as on iOS.
 * @param outside the URL by which browsers know a page inside the virtual WeChat
 */
export function checkConfig(
  world: World,
  config: PageConfig,
  outside: (url: string) => string = (url) => url,
): ConfigResult {
  const { firstUrlCounts, jsSafeDomains } = world.settings;
  const url = withoutFragment(firstUrlCounts ? config.firstUrl : config.url);
  const urls = [...new Set([url, outside(url)])];
  const isSafe = jsSafeDomains.length === 0 || urls.some((each) => isOn(each, jsSafeDomains));
  if (!world.apps.find(config.appId) || !isSafe) return { errMsg: 'config:invalid url domain' };
  const tickets = world.tickets.valid(config.appId, 'jsapi');
  const fits = (each: string) =>
    tickets.some((ticket) => config.signature === signPage(ticket, config, each));
  return urls.some(fits)
    ? { errMsg: 'config:ok' }
    : { errMsg: 'config:invalid signature', realAuthUrl: urls };
}

function isOn(url: string, domains: readonly string[]): boolean {
  return (
    URL.canParse(url) && domains.some((domain) => [new URL(url).host, new URL(url).hostname].includes(domain))
  );
}

function withoutFragment(url: string): string {
  return url.split('#')[0] ?? '';
}
