/** States of a code to scan: those of an attempt, before it (`loading`), and where it cannot begin (`failed`). */
export type ScanState = 'loading' | 'pending' | 'scanned' | 'confirmed' | 'denied' | 'expired' | 'failed';

/** The texts that the browser code shows. */
export interface BrowserTexts {
  readonly live: {
    /** Title and detail of each state. */
    readonly states: Readonly<Record<ScanState, readonly [title: string, detail: string]>>;
    /** Label of the button that begins again, in the states that have one. */
    readonly again: Readonly<Partial<Record<ScanState, string>>>;
    readonly reconnecting: string;
    readonly nameless: string;
    readonly loggedOut: string;
  };
  readonly account: { readonly welcome: string; readonly newcomer: string };
  /** By error code. */
  readonly errors: { readonly OTHER: string } & Readonly<Record<string, string | undefined>>;
}

/** What the login page hands to its browser code, as JSON in the element `page-data`. */
export interface LoginPageData {
  /** Where the login returns to; absent where the page itself shows who is logged in. */
  readonly returnTo?: string;
  readonly codeChallenge?: string | undefined;
  /** Whether the page reports a login before it leaves, so that the service knows the person (SSO_TTL). */
  readonly remembers: boolean;
  readonly texts: BrowserTexts;
}

/** What a login in a frame tells the website around it: `loginCode`, `linked` or `error`. */
export interface FrameMessage {
  readonly type: 'wechat-auth:login';
  /** Id of the attempt; `null` for a login without one. */
  readonly attempt: string | null;
  readonly [answer: string]: string | null;
}

/** How a login in a frame ended. The page in the frame hands it to its browser code. */
export interface FrameResult {
  /** returnTo with its answer: for a page that is in no frame, and for browsers without scripts. */
  readonly location: string;
  /** Origin of returnTo: the only foreign origin that may frame the page, and the only one that gets the message. */
  readonly targetOrigin: string;
  readonly message: FrameMessage;
  /** Secret with which the page reports that it was shown; `null` where nothing waits for the report. */
  readonly report: string | null;
}
