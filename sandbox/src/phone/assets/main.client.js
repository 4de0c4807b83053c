import { byId, h, icon, ICONS } from './dom.client.js';
import { drawPeople, prepareForm } from './people.client.js';
import { drawPhoneNumber, preparePhoneNumber } from './phone-number.client.js';
import { scanCode, scanMiniProgramCode } from './scanning.client.js';
import { drawScreen } from './screens.client.js';
import { lookAtDelivery } from './shop.client.js';
import { control, holder, onChange, rememberHolder, scannedCode, state, update } from './state.client.js';
import { applyTexts, t, toggleLanguage } from './texts.client.js';
import { complain } from './toast.client.js';
import { openNamedPage, openPage, prepareWebView } from './web-view.client.js';
import { drawCode, prepareLogin } from './wx-login.client.js';

const POLL_MS = 1000;
/** A mini program's code has no expiry; that of a login expires after some minutes. */
const RECENT_MS = 10 * 60_000;
let round = 0;

/** Polls: QR codes every second, people and the clock less often. */
async function look() {
  try {
    if (!document.hidden) {
      const [{ logins }, { codes }] = await Promise.all([control('qr'), control('wxacodes?limit=30')]);
      // The remaining seconds are not shown, and would redraw the list each time.
      update({
        logins: logins.map((login) => ({ ...login, expiresIn: null })),
        wxacodes: codes.filter(isWaiting),
      });
      if (state.screen === 'consent') await lookAtConsent();
      if (state.screen === 'shop') await lookAtDelivery();
      if (round++ % 5 === 0) await lookAround();
    }
  } catch {
    // The sandbox may be restarting: keep polling.
  }
  setTimeout(look, POLL_MS);
}

async function lookAround() {
  const [{ people }, clock] = await Promise.all([control('people'), control('clock')]);
  update({ people, offsetSeconds: offsetOf(clock) });
}

/** The offset of the sandbox's clock from the computer's, in whole seconds. */
function offsetOf({ now }) {
  const offset = Math.round((Date.parse(now) - Date.now()) / 1000);
  return Math.abs(offset - state.offsetSeconds) > 1 ? offset : state.offsetSeconds;
}

function isWaiting(code) {
  const now = Date.now() + state.offsetSeconds * 1000;
  return ['pending', 'scanned'].includes(code.state) && now - Date.parse(code.createdAt) < RECENT_MS;
}

/** Another page may have decided meanwhile, or the code has expired. */
async function lookAtConsent() {
  const login = await control(`qr/${state.login.uuid}`);
  if (login.state === 'expired') update({ screen: 'expired' });
  if (login.state === 'confirmed') update({ screen: 'allowed' });
}

function drawTime() {
  const now = new Date(Date.now() + state.offsetSeconds * 1000);
  byId('time').textContent = `${now.getHours()}:${String(now.getMinutes()).padStart(2, '0')}`;
}

function drawLinks() {
  const link = (path, text) =>
    h(
      'li',
      {},
      h(
        'a',
        { href: `${state.serviceUrl}${path}`, target: '_blank', rel: 'noreferrer' },
        h('span', {}, h('b', {}, `${state.serviceUrl}${path}`), h('small', {}, text)),
        icon(ICONS.next, 'icon faint'),
      ),
    );
  const inWeChat = h(
    'li',
    {},
    h(
      'button',
      { type: 'button', onclick: () => openPage('/login') },
      h('span', {}, h('b', {}, t('openInWeChat')), h('small', {}, t('openInWeChatHint'))),
      icon(ICONS.next, 'icon faint'),
    ),
  );
  byId('links').replaceChildren(link('/login', t('openLogin')), inWeChat, link('/docs', t('openDocs')));
}

function drawAll() {
  applyTexts();
  byId('language').textContent = t('language');
  drawPeople();
  drawScreen();
  drawCode();
  drawPhoneNumber();
  drawLinks();
}

onChange((changed) => {
  if (changed.some((name) => ['people', 'personId'].includes(name))) {
    drawPeople();
    drawPhoneNumber();
  }
  // A list that changes under another screen must not move the button under a finger.
  const listed = ['logins', 'wxacodes', 'offsetSeconds'];
  const onScreen = ['home', 'scan'].includes(state.screen) || changed.some((name) => !listed.includes(name));
  if (onScreen) drawScreen();
});

async function start() {
  applyTexts();
  try {
    const [{ people }, { apps }, clock] = await Promise.all([
      control('people'),
      control('apps'),
      control('clock'),
    ]);
    Object.assign(state, { people, apps, offsetSeconds: offsetOf(clock) });
    Object.assign(state, { personId: holder()?.id });
    rememberHolder();
    prepareForm();
    prepareLogin();
    preparePhoneNumber();
    prepareWebView();
    drawAll();
    const { uuid, wxacode } = scannedCode();
    if (uuid) await scanCode({ uuid });
    else if (wxacode) await scanMiniProgramCode(wxacode);
    else openNamedPage();
  } catch (error) {
    complain(error);
  }
  drawTime();
  setInterval(drawTime, 1000);
  await look();
}

byId('language').addEventListener('click', () => {
  toggleLanguage();
  drawAll();
});
void start();
