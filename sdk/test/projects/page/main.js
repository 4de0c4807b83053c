// A website without a bundler, into which the single file was copied.
import { createAuth } from './wechat-auth.min.js';
import { baseUrl } from './config.js';

const auth = createAuth({ baseUrl });
const root = document.getElementById('root');
const make = (tag, properties) => root.appendChild(Object.assign(document.createElement(tag), properties));

const who = make('p', { role: 'status' });
const logIn = make('button', {
  textContent: 'Log in',
  hidden: true,
  onclick: () => auth.loginWithRedirect(),
});
const logOut = make('button', { textContent: 'Log out', hidden: true, onclick: () => auth.logout() });
auth.onChange(({ status, user }) => {
  who.textContent = user ? `Hello ${user.nickname ?? user.id}` : status;
  logIn.hidden = status !== 'logged-out';
  logOut.hidden = status !== 'logged-in';
});

await auth.handleCallback();
await auth.getUser();
