import { notice, redeem, showSection } from './account.client.js';
import { copyButton } from './copy.client.js';
import { scan } from './scan.client.js';
import { problemText } from './service.client.js';
import { tabs } from './tabs.client.js';

const page = JSON.parse(document.getElementById('page-data').textContent);
const { texts } = page;

/** Goes where the login returns to, as the service's own redirects do. */
const goBack = (loginCode) => {
  const address = new URL(page.returnTo);
  for (const answer of ['loginCode', 'linked', 'error']) address.searchParams.delete(answer);
  address.searchParams.set('loginCode', loginCode);
  location.replace(address.href);
};

/** Time for WeChat's frame to send the whole window to where the login is redeemed: twice would be once too often. */
const FRAME_MS = 10_000;

const scans = new Map();
let current = null;

const choose = (panel) => {
  current?.leave();
  if (!scans.has(panel)) {
    const { returnTo, codeChallenge } = page;
    const wish = { method: panel.dataset.method, appId: panel.dataset.appId, returnTo, codeChallenge };
    const confirmed = ({ loginCode }) => {
      if (returnTo) goBack(loginCode);
      else setTimeout(redeem, wish.method === 'website' ? FRAME_MS : 0, loginCode, texts, again);
    };
    scans.set(panel, scan(panel, wish, texts, confirmed));
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
  // It leaves the address bar and the history before anything else happens.
  for (const name of ['loginCode', 'linked', 'error']) query.delete(name);
  const rest = query.toString();
  history.replaceState(null, '', location.pathname + (rest === '' ? '' : `?${rest}`));
  return answer;
};

const copy = document.getElementById('copy');
if (copy) copyButton(copy);
// A browser that comes back to this page by its cache would find an attempt that is over.
window.addEventListener('pageshow', (event) => event.persisted && location.reload());

const { loginCode, error } = takeAnswer();
// A snapshot page says it all itself.
if (error !== null && error !== 'WECHAT_SNAPSHOT_USER') notice(problemText(texts, error));
if (loginCode === null) whenSeen(startScanning);
else redeem(loginCode, texts, () => (current ? again() : (showSection('start'), startScanning())));
