import { Injectable } from '@nestjs/common';
import { AppConfig } from '../config/app-config.js';
import { AvatarFault } from './avatar-fault.js';

/** WeChat's pictures are on `thirdwx.qlogo.cn`, `wx.qlogo.cn` and others under it. */
const WECHAT_PICTURES = '.qlogo.cn';
/** What everybody without a picture, and every mini-program user since 2022, has (wechat-api.md section 7.2). */
const GREY_AVATAR =
  'POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icRiccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg';
/** What the table of jobs holds. */
const MAX_URL_LENGTH = 2048;

/** Which addresses are pictures of people, and from where they may be fetched. The one place that decides it. */
@Injectable()
export class AvatarSource {
  private readonly sandboxOrigin: string | null;

  constructor(config: AppConfig) {
    this.sandboxOrigin = sandboxOrigin(config);
  }

  /**
   * The address of a picture worth copying, in its normal form.
   * @param headimgurl as WeChat gave it; `''` and `null` where the person has none
   * @returns `null` for no picture, the grey one, and whatever may not be fetched
   */
  pictureUrl(headimgurl: string | null): string | null {
    if (headimgurl === null || !URL.canParse(headimgurl)) return null;
    const url = new URL(headimgurl);
    if (url.pathname.split('/').includes(GREY_AVATAR) || !this.isAllowed(url)) return null;
    return url.href.length <= MAX_URL_LENGTH ? url.href : null;
  }

  /**
   * An address that may be connected to, after its host name was resolved and looked at; http becomes https.
   * @throws AvatarFault host
   */
  allowed(address: string): URL {
    if (!URL.canParse(address)) throw new AvatarFault('host');
    const url = new URL(address);
    if (!this.isAllowed(url)) throw new AvatarFault('host');
    // WeChat still names http; its servers answer on https as well.
    if (!this.isSandbox(url)) url.protocol = 'https:';
    return url;
  }

  /** Whether an address is the sandbox's, whose host may have a private address. */
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
 * The picture in its largest form: the last part of WeChat's path is the size, and 0 stands for 640 pixels
 * (wechat-api.md section 4.7). Other hosts than WeChat's are taken at their word.
 */
export function largest(url: URL): URL {
  const larger = new URL(url);
  if (url.hostname.endsWith(WECHAT_PICTURES))
    larger.pathname = url.pathname.replace(/\/(46|64|96|132)$/, '/0');
  return larger;
}

/**
 * Where the sandbox that plays WeChat serves its pictures: the origin of WECHAT_API_URL, outside production. It is on
 * this machine, or another container that is called by plain http, as WeChat never is. An https address may be a proxy
 * in front of WeChat, which has no pictures.
 */
function sandboxOrigin({ nodeEnv, wechat }: AppConfig): string | null {
  const { origin, hostname, protocol } = new URL(wechat.apiUrl);
  const thisMachine = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  return nodeEnv !== 'production' && (thisMachine || protocol === 'http:') ? origin : null;
}
