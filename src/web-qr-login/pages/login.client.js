import { notice, redeem, showSection } from './account.client.js';
import { copyButton } from './copy.client.js';
import { scan } from './scan.client.js';
import { problemText } from './service.client.js';
import { tabs } from './tabs.client.js';

const page = JSON.parse(document.getElementById('page-data').textContent);
const { texts } = page;

/** What a login comes back with. */
const ANSWERS = ['loginCode', 'linked', 'error', 'request_id'];

const scans = new Map();
let current = null;
let isLeaving = false;

/** Whoever leads the window away first is the only one: what it brings along works once. */
const leave = () => {
  isLeaving = true;
  current?.leave();
};

/** Goes where the login returns to, as the service's own redirects do. */
const goBack = (answer) => {
  leave();
  const address = new URL(page.returnTo);
  for (const name of ANSWERS) {
    address.searchParams.delete(name);
    if (answer[name]) address.searchParams.set(name, answer[name]);
  }
  location.replace(address.href);
};

/** The stream and WeChat's frame both say how a login ended. */
const ended = (answer) => {
  if (isLeaving) return;
  if (page.returnTo) goBack(answer);
  else redeem(answer.loginCode, texts, again);
};

const choose = (panel) => {
  current?.leave();
  if (!scans.has(panel)) {
    const { returnTo, codeChallenge } = page;
    const wish = { method: panel.dataset.method, appId: panel.dataset.appId, returnTo, codeChallenge };
    scans.set(panel, scan(panel, wish, texts, ended));
  }
  current = scans.get(panel);
  current.show();
};

/** Shows the login anew, after a logout or a login that failed. */
const again = () => {
  showSection('start');
  document.querySelector('main').dataset.state = 'loading';
  current?.show();
};

const startScanning = () => {
  const list = document.querySelector('[role=tablist]');
  const panel = document.querySelector('.scan');
  const folded = document.querySelector('details');
  if (list) tabs(list, choose);
  else if (folded) folded.addEventListener('toggle', () => (folded.open ? choose(panel) : current?.leave()));
  else if (panel) choose(panel);
};

/** A page that opens behind others asks WeChat for nothing before somebody sees it. */
const whenSeen = (begin) => {
  if (document.visibilityState === 'visible') begin();
  else document.addEventListener('visibilitychange', () => whenSeen(begin), { once: true });
};

const takeAnswer = () => {
  const query = new URLSearchParams(location.search);
  const answer = { loginCode: query.get('loginCode'), error: query.get('error') };
  // It leaves the address bar and the history before anything else happens, and so does the mark of a redirect.
  for (const name of [...ANSWERS, 'redirected']) query.delete(name);
  const rest = query.toString();
  history.replaceState(null, '', location.pathname + (rest === '' ? '' : `?${rest}`));
  return answer;
};

// A page of ours in WeChat's frame leads the whole window to where the cookie comes along.
window.addEventListener('wechat-auth:leaving', leave);
const copy = document.getElementById('copy');
if (copy) copyButton(copy);
// A browser that comes back to this page by its cache would find an attempt that is over.
window.addEventListener('pageshow', (event) => event.persisted && location.reload());

const { loginCode, error } = takeAnswer();
// A snapshot page says it all itself.
if (error !== null && error !== 'WECHAT_SNAPSHOT_USER') notice(problemText(texts, error));
if (loginCode === null) whenSeen(startScanning);
else redeem(loginCode, texts, () => (current ? again() : (showSection('start'), startScanning())));
