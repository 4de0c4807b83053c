import { goHome } from './bar.client.js';
import { byId, h, icon, ICONS } from './dom.client.js';
import { control, holder, state, update } from './state.client.js';
import { language, t } from './texts.client.js';
import { complain } from './toast.client.js';

/*
 * WeChat's built-in browser on the phone's screen: a frame at <person>.wechat.localhost, which the sandbox relays to
 * the service. The frame belongs to the same site only while the phone is at wechat.localhost itself; elsewhere the
 * page's cookies would be third-party cookies. Other pages of this computer are framed as they are.
 */

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const PHONE_HOST = 'wechat.localhost';
let frame = null;

/** Opens an address of the service in WeChat; the phone moves to its own host for that. */
export function openPage(address) {
  const path = pathOf(address);
  if (path === null) return complain(new Error(t('elsewhere', state.serviceUrl)));
  if (location.hostname === PHONE_HOST) return show(path);
  if (!LOOPBACK.includes(location.hostname)) return complain(new Error(t('onlyHere')));
  const query = new URLSearchParams({ open: path, person: holder().id, lang: language() });
  location.assign(`http://${PHONE_HOST}:${location.port}/phone?${query}`);
}

/** Opens the page that the phone's own address names, after it moved here. */
export function openNamedPage() {
  const path = pathOf(new URLSearchParams(location.search).get('open') ?? '');
  if (path !== null && location.hostname === PHONE_HOST) show(path);
}

/** Draws the browser. It is not redrawn while its page stays the same. */
export function drawWebView() {
  const box = byId('web-view');
  const { page } = state;
  box.hidden = page === null;
  if (page === null) {
    if (frame) history.replaceState(null, '', '/phone');
    frame = null;
    box.replaceChildren();
    return;
  }
  if (!frame) {
    frame = h('iframe', { class: 'page', title: t('pageInWeChat'), src: entryOf(page.path), onload: loaded });
    box.replaceChildren(h('div', { class: 'bar web_bar' }), h('span', { class: 'loading' }), frame, h('div'));
    frame.focus({ preventScroll: true });
  }
  drawParts(box);
}

/** Listens to the messages of the page's script. */
export function prepareWebView() {
  window.addEventListener('message', ({ source, origin, data }) => {
    if (!frame || source !== frame.contentWindow || !state.page) return;
    if (data?.sandbox === 'wx.config') void checkConfig(data, origin);
    if (origin !== originOf(state.page.path)) return;
    if (data?.sandbox === 'refused') {
      goHome();
      complain(new Error(t('pageRefused')));
    }
    if (data?.sandbox === 'page') {
      const { title, url, snapshot } = data;
      update({ page: { ...state.page, title, url, snapshot, loading: false } });
    }
  });
}

/** Does for a page of this computer what WeChat's client does at wx.config; the page answers for its own URL only. */
async function checkConfig({ id, facts }, origin) {
  const { contentWindow } = frame;
  const isOwn = [facts.url, facts.firstUrl].every(
    (url) => URL.canParse(url) && new URL(url).origin === origin,
  );
  if (!isOwn) return;
  try {
    const result = await control('js-sdk-configs', facts);
    contentWindow.postMessage({ sandbox: 'wx.config', id, result }, origin);
  } catch (error) {
    complain(error);
  }
}

function drawParts(box) {
  const { path, title, url, snapshot, loading } = state.page;
  const [head, progress, , foot] = box.children;
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.name : null;
  head.replaceChildren(
    barButton('close', ICONS.cross, goHome),
    h('h3', {}, title || t('wechat'), h('small', {}, new URL(url ?? path, location.origin).pathname)),
    barButton('reload', ICONS.reload, () => show(path)),
    h(
      'a',
      {
        class: 'bar_button',
        href: url ?? entryOf(path),
        target: '_blank',
        rel: 'noreferrer',
        'aria-label': t('ownTab'),
        title: t('ownTab'),
        'data-name': 'ownTab',
      },
      icon(ICONS.outside),
    ),
  );
  progress.hidden = !loading;
  foot.className = snapshot ? 'snapshot_bar' : '';
  foot.replaceChildren(
    ...(snapshot
      ? [
          h('span', {}, t('snapshotNotice')),
          h('button', { type: 'button', onclick: () => show(path, true) }, t('fullService')),
        ]
      : []),
  );
  if (focused) box.querySelector(`[data-name="${focused}"]`)?.focus({ preventScroll: true });
}

function barButton(name, path, onclick) {
  return h(
    'button',
    {
      type: 'button',
      class: 'bar_button',
      'aria-label': t(name),
      title: t(name),
      'data-name': name,
      onclick,
    },
    icon(path),
  );
}

function show(path, full = false) {
  update({ screen: 'page', page: { path, loading: true, snapshot: false } });
  if (frame) frame.src = entryOf(path, full);
  const address = new URL(location.href);
  address.search = new URLSearchParams({ open: path });
  history.replaceState(null, '', address);
}

function loaded() {
  if (state.page?.loading) update({ page: { ...state.page, loading: false } });
}

function browserOrigin() {
  return `http://${holder().id}.${PHONE_HOST}${location.port && `:${location.port}`}`;
}

function originOf(path) {
  return path.startsWith('/') ? browserOrigin() : new URL(path).origin;
}

function entryOf(path, full = false) {
  if (!path.startsWith('/')) return path;
  const query = new URLSearchParams({ to: path, ...(full && { full: '1' }) });
  return `${browserOrigin()}/phone/web/enter?${query}`;
}

/** Path and query of an address of the service, or of WeChat's own pages; a URL of this computer; else null. */
function pathOf(address) {
  if (address === '') return null;
  if (address.startsWith('/')) return address;
  const text = /^https?:/i.test(address) ? address : `http://${address}`;
  if (!URL.canParse(text)) return null;
  const base = new URL(`${state.serviceUrl}/`);
  const url = new URL(text);
  const inside = url.pathname.startsWith(base.pathname) ? url.pathname.slice(base.pathname.length - 1) : null;
  if (url.host === base.host && inside !== null) return inside + url.search + url.hash;
  const isWeChat = url.host === location.host && url.pathname.startsWith('/connect/oauth2/');
  if (isWeChat) return url.pathname + url.search;
  // The phone does not frame itself.
  const isHere = url.port === location.port || !isLocal(url.hostname);
  return isHere ? null : url.href;
}

function isLocal(hostname) {
  return LOOPBACK.includes(hostname) || hostname.endsWith('.localhost');
}
