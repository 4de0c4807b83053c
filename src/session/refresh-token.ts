import { Injectable } from '@nestjs/common';
import { KeyRing } from '../crypto/key-ring.js';

const LABEL = 'refresh-token';
const FORM = /^([0-9a-f-]{36})\.(\d{1,9})\.([A-Za-z0-9_-]{43})$/;

/** Which session a refresh token is for, and which of its tokens it is. */
export interface RefreshTokenParts {
  readonly sessionId: string;
  /** Grows by one with each refresh. */
  readonly generation: number;
}

/** Refresh tokens: `sessionId.generation.mac`. Nothing of them is stored. */
@Injectable()
export class RefreshTokens {
  constructor(private readonly keyRing: KeyRing) {}

  /** The token of a generation; always the same one under the same key. */
  issue({ sessionId, generation }: RefreshTokenParts): string {
    const body = `${sessionId}.${generation}`;
    return `${body}.${this.keyRing.mac(LABEL, body)}`;
  }

  /** @returns `null` for what this service did not issue */
  parse(token: string): RefreshTokenParts | null {
    const [, sessionId, generation, mac] = FORM.exec(token) ?? [];
    if (!sessionId || !generation || !mac) return null;
    if (!this.keyRing.verifyMac(LABEL, `${sessionId}.${generation}`, mac)) return null;
    return { sessionId, generation: Number(generation) };
  }
}
