import type { SandboxClock } from './clock.js';
import { dropOldest } from './drop-oldest.js';
import { newUuid } from './ids.js';

/** Where a QR login stands; `expired` follows from the clock alone. */
export type QrState = 'pending' | 'scanned' | 'confirmed' | 'denied' | 'expired';

/** What a browser asked for, at connect/qrconnect (section 4.1) or connect/oauth2/authorize (section 5). */
export interface QrRequest {
  /** `qr`: a QR code on a screen; `page`: a page open inside WeChat itself, with nothing to scan. */
  kind: 'qr' | 'page';
  appId: string;
  redirectUri: string;
  state: string;
  scope: string;
}

/** One QR code on somebody's screen. */
export interface QrLogin extends QrRequest {
  uuid: string;
  /** Milliseconds. */
  createdAt: number;
  expiresAt: number;
  progress: Exclude<QrState, 'expired'>;
  personId: string | null;
  /** The code, once allowed. */
  code: string | null;
  /** Where a refusal sends the browser, under the old behaviour only (section 4.1). */
  deniedUrl: string | null;
}

const MOST_LOGINS = 20_000;

/** The QR logins, and those who wait for one to change. */
export class QrLogins {
  private readonly byUuid = new Map<string, QrLogin>();
  private readonly watchers = new Map<string, Set<() => void>>();

  constructor(private readonly clock: SandboxClock) {}

  /** A new QR code that lives so many seconds. */
  open(request: QrRequest, lifetimeSeconds: number): QrLogin {
    const now = this.clock.now();
    const login: QrLogin = {
      ...request,
      uuid: newUuid(),
      createdAt: now,
      expiresAt: now + lifetimeSeconds * 1000,
      progress: 'pending',
      personId: null,
      code: null,
      deniedUrl: null,
    };
    this.byUuid.set(login.uuid, login);
    dropOldest(this.byUuid, MOST_LOGINS);
    return login;
  }

  find(uuid: string): QrLogin | undefined {
    return this.byUuid.get(uuid);
  }

  /** All that are known, newest first. */
  all(): QrLogin[] {
    return [...this.byUuid.values()].reverse();
  }

  /** Where a login stands now. A confirmed one stays confirmed after its time. */
  stateOf(login: QrLogin): QrState {
    const over = this.clock.now() >= login.expiresAt && login.progress !== 'confirmed';
    return over ? 'expired' : login.progress;
  }

  /** Records a step and tells those who wait for it. */
  move(login: QrLogin, step: Partial<Pick<QrLogin, 'progress' | 'personId' | 'code' | 'deniedUrl'>>): void {
    Object.assign(login, step);
    this.tell(login.uuid);
  }

  /** Ends a login's time now and tells those who wait for it. */
  expire(login: QrLogin): void {
    login.expiresAt = Math.min(login.expiresAt, this.clock.now());
    this.tell(login.uuid);
  }

  /** Calls `tell` on every step of one login; the returned function ends that. */
  watch(uuid: string, tell: () => void): () => void {
    const watchers = this.watchers.get(uuid) ?? new Set();
    watchers.add(tell);
    this.watchers.set(uuid, watchers);
    return () => {
      watchers.delete(tell);
      if (watchers.size === 0) this.watchers.delete(uuid);
    };
  }

  /** Forgets every login; who waits for one learns that it is gone. */
  reset(): void {
    this.byUuid.clear();
    for (const uuid of [...this.watchers.keys()]) this.tell(uuid);
  }

  private tell(uuid: string): void {
    for (const tell of [...(this.watchers.get(uuid) ?? [])]) tell();
  }
}
