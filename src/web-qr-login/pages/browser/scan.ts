import type { BrowserTexts, ScanState } from '../page-data.js';
import { inside, main } from '../../../pages/browser/dom.js';
import { follow } from './follow.js';
import {
  type Attempt,
  type AttemptRequest,
  type AttemptStatus,
  beginAttempt,
  call,
  problemText,
  Refusal,
  refusalOf,
} from './service.js';

/** A code is renewed so often without an action of the person: an abandoned page stops asking WeChat. */
const MAX_RENEWALS = 5;
/** Time for a frame whose login failed to lead the page to returnTo. */
const RENEWAL_DELAY_MS = 1500;
/** Shorter interruptions of the connection are not shown. */
const INTERRUPTION_MS = 3000;
/** A frame that has not loaded by then is shown as it is: it may show an error of its own. */
const FRAME_TIMEOUT_MS = 8000;

/** States in which an attempt is over. */
const OVER: readonly ScanState[] = ['denied', 'expired', 'failed', 'confirmed'];

/** How a login ended: with its loginCode, or from WeChat's frame with its error. */
export type Answer = Readonly<Record<string, string | null | undefined>>;

/** One way to scan. Both methods may be called any number of times. */
export interface Scan {
  /** Begins an attempt, or goes on with the one that is still valid. */
  show(): void;
  leave(): void;
}

/** Sets a text, unless it is the same: screen readers would read it again. */
const setText = (element: HTMLElement, text: string): void => {
  if (element.textContent !== text) element.textContent = text;
};

/**
 * One way to scan: begins attempts, draws their code and shows their status.
 * @param onAnswer gets the answer of a login, possibly twice
 */
export function scan(
  panel: HTMLElement,
  request: AttemptRequest,
  texts: BrowserTexts,
  onAnswer: (answer: Answer) => void,
): Scan {
  const stage = inside(panel, '.stage');
  const picture = stage.querySelector('img');
  const frame = stage.querySelector('iframe');
  const button = inside(stage, 'button');
  const label = inside(button, 'span');
  const title = inside(panel, '.status > strong');
  const detail = inside(panel, '.status > span');
  const linkNote = inside(panel, '.link-note');
  let attempt: Attempt | null = null;
  let stop = (): void => undefined;
  let renewals = 0;
  /** Counts attempts, so that what a former one still waits for has no effect. */
  let turn = 0;
  let interruptionTimer = 0;

  const draw = (state: ScanState, reason?: string): void => {
    const [first, second] = texts.live.states[state];
    const again = texts.live.again[state];
    stage.dataset.state = state;
    main().dataset.state = state;
    setText(title, first);
    setText(detail, reason ?? second);
    button.hidden = again === undefined;
    label.textContent = again ?? '';
    if (OVER.includes(state)) attempt = null;
  };

  const onConnection = (isConnected: boolean): void => {
    if (isConnected) {
      clearTimeout(interruptionTimer);
      interruptionTimer = 0;
      setText(linkNote, '');
    } else if (interruptionTimer === 0) {
      interruptionTimer = window.setTimeout(
        () => setText(linkNote, texts.live.reconnecting),
        INTERRUPTION_MS,
      );
    }
  };

  const expire = (): void => {
    draw('expired');
    if (renewals >= MAX_RENEWALS) return;
    renewals += 1;
    const mine = turn;
    setTimeout(() => {
      if (mine !== turn) return;
      if (document.visibilityState === 'visible') begin();
      else document.addEventListener('visibilitychange', begin, { once: true });
    }, RENEWAL_DELAY_MS);
  };

  const onStatus = ({ status, loginCode }: AttemptStatus): void => {
    if (status === 'expired' || (status === 'confirmed' && loginCode === undefined)) {
      expire();
      return;
    }
    draw(status);
    if (status === 'confirmed') onAnswer({ loginCode });
  };

  /** The first request for the picture makes the service get the code from WeChat, which may refuse. */
  const drawPicture = (image: HTMLImageElement, url: string): Promise<unknown> =>
    new Promise((resolve, reject: (refusal: Refusal) => void) => {
      image.onload = resolve;
      // An img element does not tell why it failed. A second request does, and may succeed.
      image.onerror = () => {
        image.onerror = () => reject(new Refusal('OTHER'));
        call(url).then(
          () => (image.src = url),
          (error: unknown) => reject(refusalOf(error)),
        );
      };
      image.src = url;
    });

  const drawFrame = (embedded: HTMLIFrameElement, { allow, src }: Attempt['wxLogin']): Promise<unknown> =>
    new Promise((resolve) => {
      embedded.onload = resolve;
      setTimeout(resolve, FRAME_TIMEOUT_MS);
      embedded.allow = allow;
      embedded.src = src;
    });

  const beginTurn = async (): Promise<void> => {
    const mine = ++turn;
    attempt = null;
    stop();
    onConnection(true);
    draw('loading');
    try {
      const begun = await beginAttempt(request);
      if (mine !== turn) return;
      if (frame) await drawFrame(frame, begun.wxLogin);
      else if (picture) await drawPicture(picture, begun.qrImageUrl);
      if (mine !== turn) return;
      attempt = begun;
      draw('pending');
      stop = follow(attempt, onStatus, onConnection);
    } catch (error) {
      if (mine === turn) draw('failed', problemText(texts, refusalOf(error).code));
    }
  };
  const begin = (): void => void beginTurn();

  // After WeChat's page the frame shows a page of ours, which says how the login ended.
  window.addEventListener('message', ({ source, origin, data }: MessageEvent<Answer>) => {
    if (source === frame?.contentWindow && origin === location.origin) onAnswer(data);
  });

  button.addEventListener('click', () => {
    renewals = 0;
    stage.focus();
    begin();
  });

  return {
    show() {
      if (attempt === null) begin();
      else stop = follow(attempt, onStatus, onConnection);
    },
    leave() {
      turn += 1;
      stop();
      document.removeEventListener('visibilitychange', begin);
    },
  };
}
