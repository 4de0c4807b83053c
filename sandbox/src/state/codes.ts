import type { SandboxClock } from './clock.js';
import { dropOldest } from './drop-oldest.js';
import { newCode } from './ids.js';

/** The login behind a code. */
export interface CodeGrant {
  appId: string;
  personId: string;
  /** `login`: wx.login; `oauth`: website or H5 page. Codes of one never work for the other. */
  purpose: 'login' | 'oauth';
  /** Granted scope, comma-separated; empty for `login`. */
  scope: string;
  /** The page was shown as a snapshot (section 5). */
  snapshot: boolean;
}

interface Code extends CodeGrant {
  expiresAt: number;
  used: boolean;
}

/** The outcome of an exchange: 40163 for `used`, 40029 for all other failures (section 1.1). */
export type Exchange = { outcome: 'ok'; grant: CodeGrant } | { outcome: 'used' } | { outcome: 'invalid' };

// The oldest codes beyond this are dropped, so that a long load test fits into memory.
const MOST_CODES = 200_000;

/** One-time codes of wx.login and of OAuth. */
export class Codes {
  private readonly byText = new Map<string, Code>();

  constructor(private readonly clock: SandboxClock) {}

  /** Issues a code that is valid for so many seconds. @param text the code; default: a random one */
  issue(grant: CodeGrant, lifetimeSeconds: number, text = newCode()): string {
    this.byText.set(text, { ...grant, expiresAt: this.clock.now() + lifetimeSeconds * 1000, used: false });
    dropOldest(this.byText, MOST_CODES);
    return text;
  }

  /** Uses a code up. A code of another app counts as unknown and stays valid. */
  exchange(text: string, appId: string, purpose: CodeGrant['purpose']): Exchange {
    const code = this.byText.get(text);
    if (code?.appId !== appId || code.purpose !== purpose) return { outcome: 'invalid' };
    if (code.used) return { outcome: 'used' };
    if (this.clock.now() >= code.expiresAt) return { outcome: 'invalid' };
    code.used = true;
    return { outcome: 'ok', grant: code };
  }

  reset(): void {
    this.byText.clear();
  }
}
