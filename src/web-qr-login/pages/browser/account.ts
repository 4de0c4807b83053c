import type { BrowserTexts } from '../page-data.js';
import { byId, main } from '../../../pages/browser/dom.js';
import { call, problemText, refusalOf } from './service.js';

/** The parts of a TokenReply that the page shows. */
interface Login {
  readonly refreshToken: string;
  readonly user: { readonly id: string; readonly nickname: string | null; readonly avatarUrl: string | null };
  readonly identity: { readonly appId: string };
  readonly isNewUser: boolean;
}

/** Shows one section of the page and hides the others. */
export const showSection = (id: string): void => {
  for (const section of main().querySelectorAll('section')) section.hidden = section.id !== id;
};

/** Shows a message above the login: a problem, or calm news. */
export const notice = (text: string, isProblem = true): void => {
  const problem = byId('problem');
  problem.textContent = text;
  problem.classList.toggle('calm', !isProblem);
  problem.hidden = false;
};

const showAccount = (login: Login, texts: BrowserTexts, again: () => void): void => {
  const { user, identity, isNewUser } = login;
  const name = user.nickname ?? texts.live.nameless;
  const [initial = ''] = name;
  byId('nickname').textContent = name;
  byId('face').textContent = initial;
  if (user.avatarUrl !== null) {
    const picture = document.createElement('img');
    picture.alt = '';
    picture.onload = () => byId('face').replaceChildren(picture);
    picture.src = user.avatarUrl;
  }
  byId('greeting').textContent = isNewUser ? texts.account.newcomer : texts.account.welcome;
  byId('user-id').textContent = user.id;
  byId('app-id').textContent = identity.appId;
  const logOut = async (): Promise<void> => {
    await call('v1/auth/logout', { body: { refreshToken: login.refreshToken } }).catch(() => undefined);
    notice(texts.live.loggedOut, false);
    again();
  };
  byId('logout').onclick = () => void logOut();
  main().dataset.state = 'confirmed';
  showSection('done');
  byId('nickname').focus();
};

/**
 * Redeems a loginCode and shows who is logged in: without a returnTo the page is its own website. The tokens are kept
 * in memory only; a reload loses them.
 * @param again shows the login again
 */
export async function redeem(
  loginCode: string | undefined,
  texts: BrowserTexts,
  again: () => void,
): Promise<void> {
  showSection('working');
  try {
    showAccount((await call('v1/web-qr-login/token', { body: { loginCode } })) as Login, texts, again);
  } catch (error) {
    notice(problemText(texts, refusalOf(error).code));
    again();
  }
}
