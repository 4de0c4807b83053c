import { AuthError } from '../../shared/auth-error.js';
import type { Attempt, TokenReply } from '../../shared/api.js';
import { originOf } from './address.js';
import { isHidden, listen, untilWoken, within } from './deadline.js';
import { createView } from './embedded-view.js';
import { follow } from './follow.js';
import { FOREVER_MS, MAX_RENEWALS, POLL_MS, RENEWAL_MS } from './limits.js';
import { challengeOf, randomText } from './pkce.js';
import { redeem } from './redirect.js';
import { call } from './service.js';
import { type Language, type Texts, TEXTS } from './texts.js';

/** Options of a login on the page. */
export interface EmbeddedOptions {
  /** `mini-program`: a code of your mini program, which confirms the login. `website`: WeChat's own, in a frame. */
  readonly method: 'mini-program' | 'website';
  /** The app at WeChat, where the service has several. */
  readonly appId?: string | undefined;
  /** A page of this site that RETURN_URLS of the service allows. Default: this page without its query. */
  readonly returnTo?: string;
  /** Ends the login and removes what it shows. */
  readonly signal?: AbortSignal;
  /** Default: the language of the document, else that of the browser. */
  readonly language?: Language;
  readonly texts?: Partial<Texts>;
  /** Of your back end, which redeems the loginCode with its own code verifier (S256, RFC 7636). */
  readonly codeChallenge?: string | undefined;
}

/** How an attempt ended: its last status, or the message from the frame. */
interface Outcome {
  readonly status?: string;
  readonly loginCode?: string;
  readonly error?: string;
  readonly request_id?: string;
}

/** What the page at the end of WeChat's frame posts. */
interface FrameMessage extends Outcome {
  readonly attempt?: string;
}

/** Removes what an element shows. */
const removals = new WeakMap<Element, () => void>();

/** The tokens, or the loginCode where the back end has the code verifier. */
type Result = TokenReply | { readonly loginCode: string };

/**
 * Shows a code in an element until somebody has logged in with it.
 * @throws AuthError ABORTED, or an error of the site: RETURN_URL_FORBIDDEN, APP_UNKNOWN, INSECURE_CONTEXT
 */
export const embed = (base: string, element: Element, options: EmbeddedOptions): Promise<Result> =>
  within(FOREVER_MS, options.signal, async ({ signal, end }) => {
    const { method, appId, returnTo = location.origin + location.pathname } = options;
    const { lang } = document.documentElement;
    const language = options.language ?? ((lang || navigator.language).startsWith('zh') ? 'zh' : 'en');
    // WeChat's page follows it.
    const headers = { 'Accept-Language': language };
    removals.get(element)?.();
    const view = createView(element, language, { ...TEXTS[language], ...options.texts });
    removals.set(element, () => {
      end();
      view.remove();
    });

    /** Shows the code of an attempt until that ends. */
    const show = (attempt: Attempt, turn: AbortSignal): Promise<Outcome> =>
      new Promise((resolve, reject) => {
        const code = view.draw(attempt);
        view.show('pending');
        // Its first request makes the service get the code from WeChat, which may refuse.
        code.onerror = () => reject(new AuthError('WECHAT_UNAVAILABLE', { retryable: true }));
        const onMessage = (event: Event): void => {
          const { source, data, origin } = event as MessageEvent<FrameMessage | null>;
          const isOurs = source === (code as HTMLIFrameElement).contentWindow && origin === originOf(base);
          if (isOurs && data?.attempt === attempt.id) resolve(data);
        };
        listen(['message'], onMessage, turn);
        follow(base, attempt, turn, (status) => view.show(status ?? 'offline')).then(resolve, reject);
      });

    /** @returns `null` where the code has expired */
    const logIn = async (): Promise<Result | null> => {
      const verifier = randomText();
      const codeChallenge = options.codeChallenge ?? (await challengeOf(verifier));
      const body = { method, appId, returnTo, codeChallenge };
      const attempt = await call<Attempt>(`${base}/v1/web-qr-login/attempts`, { body, headers, signal });
      hasBegun = true;
      const outcome = await within(FOREVER_MS, signal, (turn) => show(attempt, turn.signal));
      const { status, loginCode, error, request_id: requestId } = outcome;
      if (error || status === 'denied') throw new AuthError(error ?? 'LOGIN_DENIED', { requestId });
      if (!loginCode) return null;
      view.show('confirmed');
      return options.codeChallenge ? { loginCode } : redeem(base, loginCode, verifier, signal);
    };

    let hasBegun = false as boolean;
    try {
      for (let renewals = 0; ;) {
        view.show('loading');
        // A page that nobody looks at, or that has removed it, asks WeChat for no code.
        while ((isHidden() || !element.isConnected) && !signal.aborted) await untilWoken(POLL_MS, signal);
        let wait: typeof untilWoken | typeof within<void> = within;
        let ms = FOREVER_MS;
        try {
          const result = await logIn();
          if (result) return result;
          view.show('expired');
          if (renewals++ < MAX_RENEWALS) ms = RENEWAL_MS;
          else renewals = 0;
        } catch (fault) {
          const { code, advice, retryable } = fault as AuthError;
          // Before a code was ever shown, what does not pass is the site's fault, not the person's.
          if (signal.aborted || !(hasBegun || retryable)) throw fault;
          if (code === 'LOGIN_DENIED') view.show('denied');
          else view.show('failed', advice[language]);
          if (retryable) wait = untilWoken;
        }
        await wait(ms, signal, view.offer);
      }
    } catch (error) {
      view.remove();
      throw error;
    }
  });
