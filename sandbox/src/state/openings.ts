import type { SandboxClock } from './clock.js';
import { dropOldest } from './drop-oldest.js';
import { newUuid } from './ids.js';

/** What the partner's mini program hands over. */
export interface PartnerRequest {
  clientId: string;
  scope: string;
  /** S256 (RFC 7636). */
  codeChallenge: string;
  nonce?: string;
}

/** The sample mini program, opened by the mini program of a partner. */
export interface Opening {
  id: string;
  appId: string;
  /** The mini program that the person came from, as WeChat tells it. */
  partnerAppId: string;
  personId: string;
  request: PartnerRequest;
  /** Milliseconds. */
  createdAt: number;
  /** `answering`: the service is being asked for a code. */
  progress: 'opened' | 'answering' | 'allowed' | 'denied';
}

const MOST_OPENINGS = 20_000;

/** The openings of the sample mini program by partners. */
export class Openings {
  private readonly byId = new Map<string, Opening>();

  constructor(private readonly clock: SandboxClock) {}

  add(opened: Pick<Opening, 'appId' | 'partnerAppId' | 'personId' | 'request'>): Opening {
    const opening: Opening = {
      ...opened,
      id: newUuid(),
      createdAt: this.clock.now(),
      progress: 'opened',
    };
    this.byId.set(opening.id, opening);
    dropOldest(this.byId, MOST_OPENINGS);
    return opening;
  }

  find(id: string): Opening | undefined {
    return this.byId.get(id);
  }

  reset(): void {
    this.byId.clear();
  }
}
