import type { AttemptMethod, AttemptTab } from '../../channel/channels.js';

/** A kind of code to scan, and the app that it logs in with. */
export interface ScanMethod {
  readonly method: AttemptMethod;
  readonly appId: string;
  readonly tab: AttemptTab;
}

/** What the login page shows before the login. */
export type LoginView =
  /** Codes to scan, in the order of `methods`. `longPress`: WeChat's browser recognises codes by a long press. */
  | { readonly kind: 'scan'; readonly methods: readonly ScanMethod[]; readonly longPress: boolean }
  /** A link to open in WeChat; `methods` are the codes for people who stay in this browser. */
  | { readonly kind: 'open-in-wechat'; readonly link: string; readonly methods: readonly ScanMethod[] }
  /** A link to open on a computer: no configured app can log in on this phone. */
  | { readonly kind: 'computer'; readonly link: string }
  /** The page is open in a `<web-view>` of a mini program. */
  | { readonly kind: 'web-view' }
  /** A link to WeChat's consent page, which WeChat opens only after a tap. */
  | { readonly kind: 'consent'; readonly consentUrl: string }
  /** WeChat showed a snapshot of the page; `againUrl` starts a new login. */
  | { readonly kind: 'snapshot'; readonly againUrl: string }
  /** WeChat's browser came back from a login; `againUrl` starts a new one. */
  | { readonly kind: 'again'; readonly againUrl: string }
  /** A WeChat account was linked. */
  | { readonly kind: 'linked' };
