import type { PhoneNumber } from '../open-data/phone.js';
import type { SandboxClock } from './clock.js';
import { dropOldest } from './drop-oldest.js';
import { newPhoneCode } from './ids.js';

/** The phone number behind a code of the getPhoneNumber button. */
export interface PhoneGrant {
  appId: string;
  /** The person's openid at the app, for the check of the binding. */
  openId: string;
  phone: PhoneNumber;
}

// As with the other codes: a long load test must fit into memory.
const MOST_CODES = 200_000;

/** The codes of the getPhoneNumber button (section 1.4): separate from those of wx.login, and valid once. */
export class PhoneCodes {
  private readonly byText = new Map<string, PhoneGrant & { expiresAt: number }>();

  constructor(private readonly clock: SandboxClock) {}

  /** Issues a code that is valid for so many seconds. @param text the code; default: a random one */
  issue(grant: PhoneGrant, lifetimeSeconds: number, text = newPhoneCode()): string {
    this.byText.set(text, { ...grant, expiresAt: this.clock.now() + lifetimeSeconds * 1000 });
    dropOldest(this.byText, MOST_CODES);
    return text;
  }

  /**
   * Spends a code. Undefined when it is unknown, used, expired or bound elsewhere: WeChat answers all of
   * these alike. A code of another app or openid is left as it is.
   */
  spend(text: string, appId: string, openId?: string): PhoneNumber | undefined {
    const code = this.byText.get(text);
    if (code?.appId !== appId || (openId !== undefined && code.openId !== openId)) return undefined;
    this.byText.delete(text);
    return this.clock.now() < code.expiresAt ? code.phone : undefined;
  }

  reset(): void {
    this.byText.clear();
  }
}
