import type { SandboxClock } from './clock.js';
import { dropOldest } from './drop-oldest.js';
import { newUserToken } from './ids.js';

/** The login behind a user token (section 4.4). */
export interface UserGrant {
  appId: string;
  personId: string;
  /** The openid that the app was given; an invented one for snapshot users. */
  openId: string;
  scope: string;
  snapshot: boolean;
}

interface Login extends UserGrant {
  accessToken: string;
  accessExpiresAt: number;
  refreshToken: string;
  refreshExpiresAt: number;
}

/** The pair of tokens in the replies of sections 4.4 and 4.5. */
export interface UserTokenPair {
  accessToken: string;
  refreshToken: string;
  grant: UserGrant;
}

/** The result of looking up a token: its login, or why it is not valid. */
export type Looked = { state: 'valid'; pair: UserTokenPair } | { state: 'expired' } | { state: 'unknown' };

const MOST_LOGINS = 100_000;

/** User access tokens (2 h) and refresh tokens (30 days) of websites and H5 pages (section 4). */
export class UserTokens {
  private readonly byAccess = new Map<string, Login>();
  private readonly byRefresh = new Map<string, Login>();

  constructor(private readonly clock: SandboxClock) {}

  /** A new pair for an exchanged code; lifetimes in seconds. */
  issue(grant: UserGrant, accessSeconds: number, refreshSeconds: number): UserTokenPair {
    const login: Login = {
      ...grant,
      accessToken: newUserToken(),
      accessExpiresAt: this.clock.now() + accessSeconds * 1000,
      refreshToken: newUserToken(),
      refreshExpiresAt: this.clock.now() + refreshSeconds * 1000,
    };
    this.byAccess.set(login.accessToken, login);
    this.byRefresh.set(login.refreshToken, login);
    this.forgetOldest();
    return pairOf(login);
  }

  /** The login behind an access token. */
  look(accessToken: string): Looked {
    const login = this.byAccess.get(accessToken);
    if (!login) return { state: 'unknown' };
    const alive = login.accessToken === accessToken && this.clock.now() < login.accessExpiresAt;
    return alive ? { state: 'valid', pair: pairOf(login) } : { state: 'expired' };
  }

  /** Section 4.5: a valid access token is extended, an expired one replaced; the refresh token stays. */
  refresh(refreshToken: string, appId: string, accessSeconds: number): Looked {
    const login = this.byRefresh.get(refreshToken);
    if (login?.appId !== appId) return { state: 'unknown' };
    const now = this.clock.now();
    if (now >= login.refreshExpiresAt) return { state: 'expired' };
    if (now >= login.accessExpiresAt) {
      login.accessToken = newUserToken();
      this.byAccess.set(login.accessToken, login);
    }
    login.accessExpiresAt = now + accessSeconds * 1000;
    return { state: 'valid', pair: pairOf(login) };
  }

  reset(): void {
    this.byAccess.clear();
    this.byRefresh.clear();
  }

  private forgetOldest(): void {
    for (const map of [this.byAccess, this.byRefresh]) dropOldest(map, MOST_LOGINS);
  }
}

function pairOf(login: Login): UserTokenPair {
  return { accessToken: login.accessToken, refreshToken: login.refreshToken, grant: login };
}
