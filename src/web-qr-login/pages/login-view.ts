/** A way to scan, and the app that it logs in with. */
export interface ScanMethod {
  readonly method: 'mini-program' | 'website';
  readonly appId: string;
}

/** What the login page shows before anybody is logged in. */
export type LoginView =
  /** Codes to scan, the first of `methods` first. `longPress`: in WeChat's own browser, which recognises codes. */
  | { readonly kind: 'scan'; readonly methods: readonly ScanMethod[]; readonly longPress: boolean }
  /** A link to open in WeChat; `methods` for those who want to stay in this browser. */
  | { readonly kind: 'open-in-wechat'; readonly link: string; readonly methods: readonly ScanMethod[] }
  /** A link to open on a computer: this phone has no way to log in. */
  | { readonly kind: 'computer'; readonly link: string }
  /** The page is inside a mini program. */
  | { readonly kind: 'web-view' }
  /** The tap that WeChat wants before it asks the person. */
  | { readonly kind: 'consent'; readonly consentUrl: string }
  /** WeChat shows a snapshot of the page; `againUrl` begins again. */
  | { readonly kind: 'snapshot'; readonly againUrl: string }
  /** In WeChat's browser, back from a login: `againUrl` begins again. */
  | { readonly kind: 'again'; readonly againUrl: string }
  /** Back from linking a WeChat account. */
  | { readonly kind: 'linked' };
