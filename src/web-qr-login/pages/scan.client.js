import { follow } from './follow.client.js';
import { beginAttempt, call, problemText } from './service.client.js';

/** So many codes renew themselves without anybody touching the page: an abandoned one stops asking WeChat. */
const RENEWALS = 5;
/** Time for a frame whose login failed to take the page where it belongs. */
const RENEWAL_MS = 1500;
/** Shorter breaks of the connection are nobody's business. */
const BREAK_MS = 3000;
/** A frame is shown after so long as it is: it may say itself what is the matter. */
const SLOW_FRAME_MS = 8000;

/** A text that stays is not said again by a screen reader. */
const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/**
 * One way to scan: begins an attempt, draws its code, shows how it stands.
 * `wish` is what the attempt is asked for, `ended` gets the answer of a login: its loginCode, or from WeChat's frame
 * its error. It may get it twice. Returns `{ show, leave }`: both may be called any number of times; an attempt that is
 * still good is taken up again.
 */
export function scan(panel, wish, texts, ended) {
  const stage = panel.querySelector('.stage');
  const picture = stage.querySelector('img');
  const frame = stage.querySelector('iframe');
  const button = stage.querySelector('button');
  const [title, detail] = panel.querySelectorAll('.status > *');
  const link = panel.querySelector('.link-note');
  let attempt = null;
  let stop = () => undefined;
  let renewals = 0;
  let turn = 0;
  let loss = 0;

  const draw = (state, why) => {
    const [first, second] = texts.live.states[state];
    stage.dataset.state = state;
    document.querySelector('main').dataset.state = state;
    say(title, first);
    say(detail, why ?? second);
    button.hidden = !(state in texts.live.again);
    button.querySelector('span').textContent = texts.live.again[state] ?? '';
    if (['denied', 'expired', 'failed', 'confirmed'].includes(state)) attempt = null;
  };

  const connected = (isConnected) => {
    if (isConnected) {
      clearTimeout(loss);
      loss = 0;
      say(link, '');
    } else if (loss === 0) {
      loss = setTimeout(() => say(link, texts.live.reconnecting), BREAK_MS);
    }
  };

  const expire = () => {
    draw('expired');
    if (renewals >= RENEWALS) return;
    renewals += 1;
    const mine = turn;
    setTimeout(() => {
      if (mine !== turn) return;
      if (document.visibilityState === 'visible') begin();
      else document.addEventListener('visibilitychange', begin, { once: true });
    }, RENEWAL_MS);
  };

  const heard = (status) => {
    if (status.status === 'expired') expire();
    else if (status.status !== 'confirmed') draw(status.status);
    else if (status.loginCode === undefined) expire();
    else {
      draw('confirmed');
      ended(status);
    }
  };

  /** The first fetch of the picture makes the code at WeChat, and may be refused. */
  const drawPicture = (address) =>
    new Promise((drawn, failed) => {
      picture.onload = drawn;
      // An img does not say why; asking again does, and mends what was a moment's trouble.
      picture.onerror = () => {
        picture.onerror = () => failed({ code: 'OTHER' });
        call(address).then(() => (picture.src = address), failed);
      };
      picture.src = address;
    });

  const drawFrame = ({ allow, src }) =>
    new Promise((drawn) => {
      frame.onload = drawn;
      setTimeout(drawn, SLOW_FRAME_MS);
      frame.allow = allow;
      // WeChat's page speaks Chinese unless it is told otherwise.
      frame.src = document.documentElement.lang === 'en' ? `${src}&lang=en` : src;
    });

  const begin = async () => {
    const mine = ++turn;
    attempt = null;
    stop();
    connected(true);
    draw('loading');
    try {
      const begun = await beginAttempt(wish);
      if (mine !== turn) return;
      await (frame ? drawFrame(begun.wxLogin) : drawPicture(begun.qrImageUrl));
      if (mine !== turn) return;
      attempt = begun;
      draw('pending');
      stop = follow(attempt, heard, connected);
    } catch (problem) {
      if (mine === turn) draw('failed', problemText(texts, problem.code));
    }
  };

  // In the frame a page of ours follows WeChat's, and says how the login ended.
  window.addEventListener('message', ({ source, origin, data }) => {
    if (source === frame?.contentWindow && origin === location.origin) ended(data);
  });

  button.addEventListener('click', () => {
    renewals = 0;
    stage.focus();
    begin();
  });

  return {
    show() {
      if (attempt === null) begin();
      else stop = follow(attempt, heard, connected);
    },
    leave() {
      turn += 1;
      stop();
      document.removeEventListener('visibilitychange', begin);
    },
  };
}
