import type { AppConfig } from '../config/app-config.js';
import { AvatarFault } from './avatar-fault.js';

/** Pictures of WeChat are served by `thirdwx.qlogo.cn`, `wx.qlogo.cn` and other hosts of this domain. */
const WECHAT_PICTURES = '.qlogo.cn';
/**
 * File name of WeChat's grey default picture. All mini-program users have it since 2022 (wechat-api.md
 * section 7.2).
 */
const GREY_AVATAR =
  'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg';
/** Length of the column in the table of jobs. */
const MAX_URL_LENGTH = 2048;

/** Decides which URLs are pictures of people, and from which hosts they may be fetched. */
export class AvatarSource {
  /** @param sandboxOrigin see the function of that name */
  constructor(private readonly sandboxOrigin: string | null) {}

  /**
   * Returns the normalised URL of a picture that is worth copying.
   * @param headimgurl as WeChat sent it; `''` or `null` if the person has no picture
   * @returns `null` for no picture, the grey default, and URLs that may not be fetched
   */
  pictureUrl(headimgurl: string | null): string | null {
    if (headimgurl === null || !URL.canParse(headimgurl)) return null;
    const url = new URL(headimgurl);
    if (url.pathname.split('/').includes(GREY_AVATAR) || !this.isAllowed(url)) return null;
    return url.href.length <= MAX_URL_LENGTH ? url.href : null;
  }

  /**
   * Returns the URL to fetch, with http replaced by https. The caller still has to check the IP addresses of
   * its host.
   * @throws AvatarFault host
   */
  allowed(address: string): URL {
    if (!URL.canParse(address)) throw new AvatarFault('host');
    const url = new URL(address);
    if (!this.isAllowed(url)) throw new AvatarFault('host');
    // WeChat still sends http URLs; its servers support https too.
    if (!this.isSandbox(url)) url.protocol = 'https:';
    return url;
  }

  /** Whether a URL belongs to the sandbox, whose host may have a private IP address. */
  isSandbox(url: URL): boolean {
    return url.origin === this.sandboxOrigin;
  }

  private isAllowed(url: URL): boolean {
    if (url.username !== '' || url.password !== '') return false;
    if (this.isSandbox(url)) return true;
    return (
      ['http:', 'https:'].includes(url.protocol) &&
      url.port === '' &&
      url.hostname.endsWith(WECHAT_PICTURES) &&
      url.hostname.length > WECHAT_PICTURES.length
    );
  }
}

/**
 * Returns the URL of the largest picture: the last segment of WeChat's path is the size, and 0 means 640
 * pixels (wechat-api.md section 4.7). URLs of other hosts are returned unchanged.
 */
export function largest(url: URL): URL {
  const larger = new URL(url);
  if (url.hostname.endsWith(WECHAT_PICTURES))
    larger.pathname = url.pathname.replace(/\/(46|64|96|132)$/, '/0');
  return larger;
}

/**
 * Returns the origin of the sandbox's pictures: that of WECHAT_API_URL, outside production. The sandbox runs
 * on this machine, or in a container that is called by plain http; WeChat never is. An https URL may be a
 * proxy in front of WeChat, which has no pictures.
 */
export function sandboxOrigin({ nodeEnv, wechat }: AppConfig): string | null {
  const { origin, hostname, protocol } = new URL(wechat.apiUrl);
  const thisMachine = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  return nodeEnv !== 'production' && (thisMachine || protocol === 'http:') ? origin : null;
}
