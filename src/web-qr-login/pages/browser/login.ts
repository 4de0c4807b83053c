import type { LoginPageData } from '../page-data.js';
import { notice, redeem, showSection } from './account.js';
import { copyButton } from './copy.js';
import { main, pageData } from '../../../pages/browser/dom.js';
import { type Answer, scan, type Scan } from './scan.js';
import { problemText, remember } from './service.js';
import { tabs } from './tabs.js';

const { returnTo, codeChallenge, remembers, texts } = pageData() as LoginPageData;

/** Parameters that a login comes back with. */
const ANSWER_PARAMETERS = ['loginCode', 'linked', 'error', 'request_id'];

const scans = new Map<HTMLElement, Scan>();
let current: Scan | undefined;
/** An answer works once: only the first part of the page that gets one navigates. */
let isLeaving = false;

const leave = (): void => {
  isLeaving = true;
  current?.leave();
};

/** Navigates to returnTo with the answer, as the service's own redirects do. */
const returnWith = (answer: Answer, to: string): void => {
  const address = new URL(to);
  for (const name of ANSWER_PARAMETERS) {
    const value = answer[name];
    address.searchParams.delete(name);
    if (value) address.searchParams.set(name, value);
  }
  location.replace(address.href);
};

/** Both the event stream and WeChat's frame report how a login ended. */
const onAnswer = (answer: Answer): void => {
  if (isLeaving) return;
  leave();
  void finish(answer);
};

const finish = async (answer: Answer): Promise<void> => {
  if (remembers && answer.loginCode) await remember(answer.loginCode);
  if (returnTo === undefined) await redeem(answer.loginCode ?? undefined, texts, again);
  else returnWith(answer, returnTo);
};

const select = (panel: HTMLElement): void => {
  current?.leave();
  const { method, appId } = panel.dataset;
  current = scans.get(panel) ?? scan(panel, { method, appId, returnTo, codeChallenge }, texts, onAnswer);
  scans.set(panel, current);
  current.show();
};

/** Shows the login again, after a logout or a login that failed. */
const again = (): void => {
  isLeaving = false;
  showSection('start');
  main().dataset.state = 'loading';
  if (current) current.show();
  else startScanning();
};

const startScanning = (): void => {
  const tabList = document.querySelector('[role=tablist]');
  const panel = document.querySelector<HTMLElement>('.scan');
  const details = document.querySelector('details');
  if (tabList) {
    tabs(tabList, select);
  } else if (panel && details) {
    details.addEventListener('toggle', () => (details.open ? select(panel) : current?.leave()));
  } else if (panel) {
    select(panel);
  }
};

/** A page in a background tab asks WeChat for no code before somebody looks at it. */
const whenVisible = (begin: () => void): void => {
  if (document.visibilityState === 'visible') begin();
  else document.addEventListener('visibilitychange', () => whenVisible(begin), { once: true });
};

/** Takes the answer of a login out of the address bar and the history, and the mark of a redirect with it. */
const takeAnswer = (): { loginCode: string | null; error: string | null } => {
  const query = new URLSearchParams(location.search);
  const answer = { loginCode: query.get('loginCode'), error: query.get('error') };
  for (const name of [...ANSWER_PARAMETERS, 'redirected', 'switched']) query.delete(name);
  const rest = query.toString();
  history.replaceState(null, '', location.pathname + (rest === '' ? '' : `?${rest}`));
  return answer;
};

// The page of relay.ts, in WeChat's frame, navigates this window.
window.addEventListener('wechat-auth:leaving', leave);
const copy = document.getElementById('copy');
if (copy) copyButton(copy);
// A page from the back/forward cache would show an attempt that is over.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

const { loginCode, error } = takeAnswer();
// The page for snapshots says itself what to do.
if (error !== null && error !== 'WECHAT_SNAPSHOT_USER') notice(problemText(texts, error));
if (loginCode === null) whenVisible(startScanning);
else void redeem(loginCode, texts, again);
