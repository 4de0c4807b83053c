import type { AttemptMethod, AttemptTab } from '../../channel/channels.js';

/** A kind of code to scan, and the app that it logs in with. */
export interface ScanMethod {
  readonly method: AttemptMethod;
  readonly appId: string;
  readonly tab: AttemptTab;
}

/** A person whom the page knows, and what its forms send back. */
export interface KnownView {
  readonly kind: 'known';
  /** `null`: the person has none. */
  readonly nickname: string | null;
  /** URL of the picture; `null` where there is none. */
  readonly pictureUrl: string | null;
  /** Hidden fields of the forms, by name. */
  readonly fields: Readonly<Record<string, string>>;
  /** The same page for another person: it asks for a scan. */
  readonly otherUrl: string;
}

/** What the login page shows before the login. */
export type LoginView =
  /** One tap logs the person in whom the page knows. */
  | KnownView
  /** Codes to scan, in the order of `methods`. `longPress`: WeChat's browser recognises codes by a long press. */
  | { readonly kind: 'scan'; readonly methods: readonly ScanMethod[]; readonly longPress: boolean }
  /**
   * A link to open in WeChat; `methods` are the codes for people who stay in this browser. No link where the login
   * belongs to this browser: it begins at the app, which the person has to open there.
   */
  | { readonly kind: 'open-in-wechat'; readonly link: string | null; readonly methods: readonly ScanMethod[] }
  /** A link to open on a computer, or none as above: no configured app can log in on this phone. */
  | { readonly kind: 'computer'; readonly link: string | null }
  /** The page is open in a `<web-view>` of a mini program. */
  | { readonly kind: 'web-view' }
  /** A link to WeChat's consent page, which WeChat opens only after a tap. */
  | { readonly kind: 'consent'; readonly consentUrl: string }
  /** WeChat showed a snapshot of the page; `againUrl` starts a new login. */
  | { readonly kind: 'snapshot'; readonly againUrl: string }
  /** One button: `againUrl` starts a new login, or continues one whose person has not accepted the terms. */
  | { readonly kind: 'again'; readonly againUrl: string }
  /** A WeChat account was linked. */
  | { readonly kind: 'linked' };
