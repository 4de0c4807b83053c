import { Injectable } from '@nestjs/common';
import { KeyRing } from '../crypto/key-ring.js';

const MAC_LABEL = 'refresh-token';
const TOKEN_PATTERN = /^([0-9a-f-]{36})\.(\d{1,9})\.([A-Za-z0-9_-]{43})$/;

/** The session of a refresh token and the token's generation. */
export interface RefreshTokenParts {
  readonly sessionId: string;
  /** Incremented by each refresh. */
  readonly generation: number;
}

/** Refresh tokens: `sessionId.generation.mac`. They are not stored. */
@Injectable()
export class RefreshTokens {
  constructor(private readonly keyRing: KeyRing) {}

  /** The token of a generation. The same key always gives the same token. */
  issue({ sessionId, generation }: RefreshTokenParts): string {
    const body = `${sessionId}.${generation}`;
    return `${body}.${this.keyRing.mac(MAC_LABEL, body)}`;
  }

  /** @returns `null` for a token that this service did not issue */
  parse(token: string): RefreshTokenParts | null {
    const [, sessionId, generation, mac] = TOKEN_PATTERN.exec(token) ?? [];
    if (!sessionId || !generation || !mac) return null;
    if (!this.keyRing.verifyMac(MAC_LABEL, `${sessionId}.${generation}`, mac)) return null;
    return { sessionId, generation: Number(generation) };
  }
}
