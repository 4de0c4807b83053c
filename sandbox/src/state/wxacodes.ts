import type { SandboxClock } from './clock.js';
import { dropOldest } from './drop-oldest.js';
import { newUuid } from './ids.js';
import type { QrState } from './qr-logins.js';

/** What a mini program's code was made with (section 1.5), defaults filled in. */
export interface WxaCodeRequest {
  appId: string;
  scene: string;
  /** Without leading `/`; empty for the home page. */
  page: string;
  envVersion: 'release' | 'trial' | 'develop';
  /** Pixels. */
  width: number;
  /** On a transparent ground. */
  hyaline: boolean;
}

/** A mini program's code that was made. */
export interface WxaCode extends WxaCodeRequest {
  id: string;
  /** Milliseconds. */
  createdAt: number;
  /** How far the sample mini program got with it; the service knows better (a picture that is replaced stays pending). */
  state: QrState;
}

// WeChat keeps them for ever; the oldest go here.
const MOST_CODES = 20_000;

/** The mini-program codes that were made, for scanning them later. */
export class WxaCodes {
  private readonly byId = new Map<string, WxaCode>();

  constructor(private readonly clock: SandboxClock) {}

  add(request: WxaCodeRequest): WxaCode {
    const code: WxaCode = { ...request, id: newUuid(), createdAt: this.clock.now(), state: 'pending' };
    this.byId.set(code.id, code);
    dropOldest(this.byId, MOST_CODES);
    return code;
  }

  find(id: string): WxaCode | undefined {
    return this.byId.get(id);
  }

  /** All that are known, newest first. */
  all(): WxaCode[] {
    return [...this.byId.values()].reverse();
  }

  reset(): void {
    this.byId.clear();
  }
}
