import { call, problemText } from './service.client.js';

const element = (id) => document.getElementById(id);

/** Shows one section of the page and no other. */
export const showSection = (id) => {
  for (const section of document.querySelectorAll('main section')) section.hidden = section.id !== id;
};

/** Says above the login what went wrong, or what happened. */
export const notice = (text, isProblem = true) => {
  element('problem').textContent = text;
  element('problem').classList.toggle('calm', !isProblem);
  element('problem').hidden = false;
};

const showAccount = (reply, texts, again) => {
  const { user, identity, isNewUser } = reply;
  const name = user.nickname ?? texts.live.nameless;
  element('nickname').textContent = name;
  element('face').textContent = [...name][0];
  if (user.avatarUrl !== null) {
    const picture = document.createElement('img');
    picture.alt = '';
    picture.onload = () => element('face').replaceChildren(picture);
    picture.src = user.avatarUrl;
  }
  element('greeting').textContent = isNewUser ? texts.account.newcomer : texts.account.welcome;
  element('user-id').textContent = user.id;
  element('app-id').textContent = identity.appId;
  element('logout').onclick = async () => {
    await call('v1/auth/logout', { body: { refreshToken: reply.refreshToken } }).catch(() => undefined);
    notice(texts.live.loggedOut, false);
    again();
  };
  document.querySelector('main').dataset.state = 'confirmed';
  showSection('done');
  element('nickname').focus();
};

/**
 * Without a returnTo the page is its own website: it redeems the loginCode and shows who is logged in. The tokens stay
 * in its memory, a reload forgets them. `again` shows the login anew.
 */
export async function redeem(loginCode, texts, again) {
  showSection('working');
  try {
    showAccount(await call('v1/web-qr-login/token', { body: { loginCode } }), texts, again);
  } catch (problem) {
    notice(problemText(texts, problem.code));
    again();
  }
}
