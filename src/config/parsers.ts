import { isIP, isIPv4 } from 'node:net';
import { type RouteQuotaName, routeQuotaNames } from './quota-names.js';

/** Which version of a mini program a code opens (wechat-api.md section 1.5). */
export type MiniProgramVersion = 'release' | 'trial' | 'develop';

/** A value of the environment that cannot be used. The message never repeats the value. */
export class SettingFault extends Error {}

/** A parser that accepts these words and no others. */
export function oneOf<const Word extends string>(...words: readonly Word[]): (value: string) => Word {
  const names = `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
  return (value) => {
    const word = words.find((each) => each === value);
    if (word === undefined) throw new SettingFault(`must be ${names}`);
    return word;
  };
}

/** A TCP port; 0 lets the system choose. */
export function port(value: string): number {
  const number = Number(value);
  if (!/^\d{1,5}$/.test(value) || number > 65535) throw new SettingFault('must be a port, 0 to 65535');
  return number;
}

/** How many sessions of one identity may be alive. */
export function sessionCount(value: string): number {
  const number = Number(value);
  if (!/^\d{1,4}$/.test(value) || number < 1 || number > 1_000) {
    throw new SettingFault('must be a number, 1 to 1000');
  }
  return number;
}

/** An http or https URL without query, fragment and userinfo; returned without a slash at its end. */
export function baseUrl(value: string): string {
  const url = parseUrl(value);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new SettingFault('must be an http or https URL');
  if (url.username || url.password || url.search || url.hash) {
    throw new SettingFault('must be a URL without user, query and fragment');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** `appid:secret[,appid:secret…]`. */
export function apps(value: string): { appId: string; secret: string }[] {
  const parsed = list(value).map((entry) => {
    const [appId, secret, ...rest] = entry.split(':');
    if (!appId || !secret || rest.length > 0 || !/^[A-Za-z0-9_-]{1,64}$/.test(appId)) {
      throw new SettingFault('must be appid:secret, several separated by commas');
    }
    // `<AppSecret>` of the samples, and what a copy from a document brings along.
    if (!/^[A-Za-z0-9_-]+$/.test(secret) || /app_?secret/i.test(secret)) {
      throw new SettingFault('holds a placeholder where the AppSecret belongs');
    }
    return { appId, secret };
  });
  if (new Set(parsed.map((app) => app.appId)).size < parsed.length)
    throw new SettingFault('names an appid twice');
  return parsed;
}

/** `name.txt:content[,…]`, or `MP_verify_X.txt` alone, whose content is X (what WeChat's console asks for). */
export function verifyFiles(value: string): { name: string; content: string }[] {
  const files = list(value).map((entry) => {
    const [, name = '', known, given] =
      /^((?:MP_verify_([A-Za-z0-9]{1,64})|[A-Za-z0-9_-]{1,64})\.txt)(?::(.*))?$/.exec(entry) ?? [];
    const content = given ?? known ?? '';
    if (name === '' || !/^[\x21-\x7e]{1,255}$/.test(content)) {
      throw new SettingFault('must be name.txt:content or MP_verify_X.txt, several separated by commas');
    }
    return { name, content };
  });
  if (new Set(files.map(({ name }) => name)).size < files.length)
    throw new SettingFault('names a file twice');
  return files;
}

/** A forward proxy: http or https, perhaps with user and password. */
export function proxyUrl(value: string): string {
  const url = parseUrl(value);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.hostname === '') {
    throw new SettingFault('must be http://[user:password@]host:port of a proxy, or https://');
  }
  percentDecoded(`${url.username}:${url.password}`);
  return url.href;
}

/** Comma-separated hosts that no proxy is used for: `example.com`, `.example.com`, `host:port`, `*`. */
export function noProxy(value: string): string[] {
  const hosts = list(value);
  if (!hosts.every((host) => /^[A-Za-z0-9.*[\]:_/-]{1,255}$/.test(host))) {
    throw new SettingFault('must be hosts, separated by commas');
  }
  return hosts;
}

const MIN_KEY_LENGTH = 16;

/** `name:key[,name:key…]`; keys of at least 16 characters. */
export function apiKeys(value: string): { name: string; key: string }[] {
  const parsed = list(value).map((entry) => {
    const [name, key, ...rest] = entry.split(':');
    if (
      !name ||
      !key ||
      rest.length > 0 ||
      !/^[A-Za-z0-9._-]{1,64}$/.test(name) ||
      key.length < MIN_KEY_LENGTH
    ) {
      throw new SettingFault(
        `must be name:key, several separated by commas, keys of ${MIN_KEY_LENGTH} characters or more`,
      );
    }
    return { name, key };
  });
  if (new Set(parsed.map(({ name }) => name)).size < parsed.length)
    throw new SettingFault('names a key twice');
  return parsed;
}

/** The token that signs WeChat's message push: 3 to 32 letters and digits (wechat-api.md section 6.3). */
export function pushToken(value: string): string {
  if (!/^[A-Za-z0-9]{3,32}$/.test(value)) throw new SettingFault('must be 3 to 32 letters and digits');
  return value;
}

/** An EncodingAESKey: 43 letters and digits -> 32 bytes (wechat-api.md section 6.3). */
export function pushAesKey(value: string): Buffer {
  if (!/^[A-Za-z0-9]{43}$/.test(value)) throw new SettingFault('must be 43 letters and digits');
  return Buffer.from(`${value}=`, 'base64');
}

/** Comma-separated http or https URLs; a user and password in one are sent as Basic authorization. */
export function webhookUrls(value: string): string[] {
  const urls = list(value).map((entry) => {
    const url = receiverUrl(entry);
    if (!url) throw new SettingFault('must be http or https URLs without fragment, separated by commas');
    return url.href;
  });
  if (new Set(urls).size < urls.length) throw new SettingFault('names a URL twice');
  return urls;
}

/**
 * The URL of a receiver, whose user and password go out as Basic authorization; `null` where it is none.
 * @throws SettingFault for a user or password that is not percent-encoded
 */
export function receiverUrl(text: string): URL | null {
  const url = parseUrl(text);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.hash !== '') return null;
  percentDecoded(`${url.username}:${url.password}`);
  return url;
}

/** Decodes a part of a URL. @throws SettingFault for what is no percent-encoding */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SettingFault('must have % in a password written as %25');
  }
}

/** Comma-separated secrets of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes. */
export function webhookSecrets(value: string): string[] {
  const secrets = list(value);
  const isSecret = (secret: string): boolean => {
    const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
    // Written back it must be the same: Node's decoder skips what is no base64.
    return secret === `whsec_${bytes.toString('base64')}` && bytes.length >= 24 && bytes.length <= 64;
  };
  if (secrets.length === 0 || !secrets.every(isSecret)) {
    throw new SettingFault(
      'must be whsec_ and base64 of 24 to 64 bytes, several separated by commas (openssl rand -base64 32)',
    );
  }
  return secrets;
}

/** Comma-separated appids. */
export function appIds(value: string): string[] {
  const ids = list(value);
  if (!ids.every((id) => /^[A-Za-z0-9_-]{1,64}$/.test(id)))
    throw new SettingFault('must be appids, separated by commas');
  return ids;
}

/** Comma-separated base64 keys of 32 bytes. */
export function encryptionKeys(value: string): Buffer[] {
  const keys = list(value).map((key) => Buffer.from(key, 'base64'));
  if (keys.length === 0 || keys.some((key) => key.length !== 32)) {
    throw new SettingFault(
      'must be base64 of 32 bytes, several separated by commas (openssl rand -base64 32)',
    );
  }
  if (new Set(keys.map((key) => key.toString('hex'))).size < keys.length)
    throw new SettingFault('names a key twice');
  return keys;
}

const MAX_DURATION = 36_500 * 86_400;

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `15m`, `12h`, `30d` -> seconds. */
export function duration(value: string): number {
  const [, amount, unit] = /^([1-9]\d{0,8})([smhd])$/.exec(value) ?? [];
  const factor = UNITS[unit ?? ''];
  if (!amount || !factor) throw new SettingFault('must be a duration such as 90s, 15m, 12h or 30d');
  const seconds = Number(amount) * factor;
  // Longer ones lead to dates that no column can hold.
  if (seconds > MAX_DURATION) throw new SettingFault('must be at most 36500d');
  return seconds;
}

/** A duration, or `0` for off. @returns seconds */
export function durationOrOff(value: string): number {
  return value === '0' ? 0 : duration(value);
}

/** A duration of at most five minutes, or none: `0s`. @returns seconds */
export function delay(value: string): number {
  const seconds = value === '0' || value === '0s' ? 0 : duration(value);
  if (seconds > 300) throw new SettingFault('must be at most 5m');
  return seconds;
}

/** Comma-separated origins or URL prefixes. A wildcard is refused: it would match nothing, or too much. */
export function returnUrls(value: string): string[] {
  if (value.includes('*')) throw new SettingFault('must name each origin: there are no wildcards');
  return list(value).map(baseUrl);
}

/** Comma-separated addresses or CIDRs. */
export function cidrs(value: string): string[] {
  const entries = list(value);
  for (const entry of entries) {
    const [address, bits, ...rest] = entry.split('/');
    const version = isIP(address ?? '');
    const valid =
      version !== 0 &&
      rest.length === 0 &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)));
    if (!valid) throw new SettingFault('must be addresses or CIDRs, separated by commas');
  }
  return entries;
}

/** Fields that mean something else to HTTP, to browsers, to proxies or to this service. */
const RESERVED_HEADERS =
  /^(?:host|cookie2?|set-cookie|connection|keep-alive|upgrade|te|trailer|expect|via|date|age|origin|referer|user-agent|range|forwarded|x-real-ip|x-api-key|x-attempt-secret|x-request-id|x-requested-with|last-event-id|traceparent|tracestate|(?:accept|cache|content|if|proxy|sec|transfer|x-forwarded)(?:-.*)?)$/;

/** Name of an HTTP header (RFC 9110 token), lower case. Without `_`: nginx drops such fields. */
export function headerName(value: string): string {
  const name = value.toLowerCase();
  if (!/^[a-z0-9!#$%&'*+.^`|~-]{1,64}$/.test(name)) {
    throw new SettingFault('must be the name of a header, without underscores');
  }
  if (RESERVED_HEADERS.test(name)) throw new SettingFault('must be a header that means nothing else');
  return name;
}

const MAX_QUOTA = 10_000_000;

/** `on`, `off`, or `quota=number[,quota=number…]`: what one address may do in a minute where the default does not fit. */
export function rateLimits(value: string): {
  on: boolean;
  quotas: Partial<Record<RouteQuotaName, number>>;
} {
  if (!value.includes('=')) return { on: flag(value), quotas: {} };
  const quotas: Partial<Record<RouteQuotaName, number>> = {};
  for (const entry of list(value)) {
    const [, written = '', number = ''] = /^([a-z-]+) *= *([1-9]\d{0,7})$/.exec(entry) ?? [];
    const name = routeQuotaNames().find((each) => each === written);
    if (name === undefined || Number(number) > MAX_QUOTA) {
      throw new SettingFault(
        `must be on, off or quota=number, separated by commas, with numbers of 1 to ${MAX_QUOTA}; the quotas are ${routeQuotaNames().join(', ')}`,
      );
    }
    if (name in quotas) throw new SettingFault('names a quota twice');
    quotas[name] = Number(number);
  }
  return { on: true, quotas };
}

/** `on`/`off` and their usual synonyms. */
export function flag(value: string): boolean {
  if (['on', 'true', '1', 'yes'].includes(value.toLowerCase())) return true;
  if (['off', 'false', '0', 'no'].includes(value.toLowerCase())) return false;
  throw new SettingFault('must be on or off');
}

/** Address of a document for people: https, or http on this machine. @returns the URL, at most 1024 characters */
export function documentUrl(value: string): string {
  const url = parseUrl(value);
  const isSecure = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (!url || !isSecure || url.username !== '' || url.password !== '') {
    throw new SettingFault('must be an https URL (http on this machine only)');
  }
  if (url.href.length > 1024) throw new SettingFault('must be at most 1024 characters');
  return url.href;
}

/** Whether a host name or address is this machine. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
  );
}

/** A colour of CSS, `#rgb` or `#rrggbb`; the `#` may be absent. @returns `#rrggbb` in lower case */
export function hexColor(value: string): string {
  if (!/^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(value)) {
    throw new SettingFault('must be a colour such as #07c160 or #fc0');
  }
  const digits = value.replace('#', '').toLowerCase();
  return `#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`;
}

/** Address of a picture that the pages show: https, or http on this machine for development. */
export function pictureUrl(value: string): string {
  const url = parseUrl(value);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new SettingFault('must be an http or https URL of a picture');
  }
  return url.href;
}

/** `page[@release|trial|develop]`; the page may be empty (wechat-api.md section 1.5: no leading slash, no query). */
export function scanPage(value: string): { page: string | null; envVersion: MiniProgramVersion } {
  const [page = '', version = 'release', ...rest] = value.split('@');
  if (rest.length > 0 || !isMiniProgramVersion(version)) {
    throw new SettingFault('must end in @release, @trial or @develop where it has an @');
  }
  if (!/^(?:[\w-]+(?:\/[\w-]+)*)?$/.test(page)) {
    throw new SettingFault('must be a page such as pages/scan/scan, without leading slash and query');
  }
  return { page: page === '' ? null : page, envVersion: version };
}

function isMiniProgramVersion(version: string): version is MiniProgramVersion {
  return ['release', 'trial', 'develop'].includes(version);
}

/** A bearer token (RFC 6750 section 2.1) of 16 characters or more. */
export function metricsToken(value: string): string {
  if (!/^[A-Za-z0-9._~+/-]{16,255}=*$/.test(value)) {
    throw new SettingFault('must be 16 letters, digits or ._~+/- or more');
  }
  return value;
}

/** Any text without control characters, 1 to 255 characters. */
export function text(value: string): string {
  if (value.length > 255 || [...value].some((character) => character < ' ')) {
    throw new SettingFault('must be text of at most 255 characters');
  }
  return value;
}

/** Entries of a comma-separated list, trimmed, empty ones dropped. */
export function list(value: string): string[] {
  return value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** `null` for what is no URL. */
export function parseUrl(value: string): URL | null {
  return URL.canParse(value) ? new URL(value) : null;
}
