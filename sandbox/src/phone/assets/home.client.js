import { bar } from './bar.client.js';
import { appTile, avatar, h, icon, ICONS } from './dom.client.js';
import { tagOf } from './people.client.js';
import { openLink, scanCode, scanMiniProgramCode } from './scanning.client.js';
import { openShop } from './shop.client.js';
import { control, holder, state, update } from './state.client.js';
import { t } from './texts.client.js';
import { complain } from './toast.client.js';

const MOST_ROWS = 30;
const time = new Intl.DateTimeFormat('zh-CN', { timeStyle: 'medium', hourCycle: 'h23' });

/** The home screen: who holds the phone, its actions, and the codes that wait for a scan. */
export function home() {
  const person = holder();
  const waiting = waitingCodes();
  return [
    h(
      'div',
      { class: 'me' },
      avatar(person.avatar, 'avatar big'),
      h(
        'div',
        { class: 'me_text' },
        h('h3', {}, person.nickname.slice(0, 80) || '—'),
        h('p', {}, t('wechatId', person.id)),
        h('span', { class: person.unionId === null ? 'chip grey' : 'chip' }, tagOf(person)),
      ),
    ),
    h(
      'div',
      { class: 'cells' },
      cell('scan', ICONS.scan, waiting.length > 0 && h('span', { class: 'badge' }, String(waiting.length))),
      cell(
        'address',
        ICONS.globe,
        person.snapshotUser && h('span', { class: 'chip grey' }, t('snapshotPage')),
      ),
      cell('partner', ICONS.apps),
      cell('shop', ICONS.bag, null, () => void openShop()),
    ),
    ...waitingList(waiting),
  ];
}

function cell(screen, path, extra, open = () => update({ screen })) {
  return h(
    'button',
    {
      type: 'button',
      class: 'cell',
      'data-focus': screen === 'scan',
      onclick: open,
    },
    icon(path, 'icon green'),
    h('span', { class: 'cell_main' }, t(screen)),
    extra,
    icon(ICONS.next, 'icon faint'),
  );
}

/** The camera, and the codes that it can scan. */
export function scan() {
  const [newest] = waitingCodes();
  const input = h('input', {
    'aria-label': t('paste'),
    placeholder: t('paste'),
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const paste = h('form', { class: 'paste' }, input, h('button', { class: 'primary' }, t('pasteGo')));
  paste.addEventListener('submit', (event) => {
    event.preventDefault();
    if (input.value.trim()) void openLink(input.value.trim());
  });
  return [
    bar(t('scan'), true),
    h(
      'div',
      { class: 'finder', 'aria-hidden': 'true' },
      newest?.uuid ? h('img', { src: `/connect/qrcode/${newest.uuid}`, alt: '' }) : qrGhost(),
      h('span', { class: 'beam' }),
    ),
    h('p', { class: 'scan_hint' }, t('scanHint')),
    paste,
    ...(newest ? waitingList(waitingCodes()) : []),
  ];
}

/** QR codes of websites and codes of the mini program, newest first. */
function waitingCodes() {
  return [...state.logins, ...state.wxacodes].sort((one, other) =>
    other.createdAt.localeCompare(one.createdAt),
  );
}

function waitingList(waiting) {
  if (waiting.length === 0) {
    return [
      h('div', { class: 'empty' }, qrGhost(), h('b', {}, t('waitingNone')), h('p', {}, t('waitingNoneHint'))),
    ];
  }
  const rows = waiting.slice(0, MOST_ROWS).map((code, at) => row(code, at === 0));
  return [h('h4', { class: 'group' }, t('waiting')), h('ul', { class: 'cells' }, rows)];
}

function row(code, isNewest) {
  const isMini = code.uuid === undefined;
  const open = h(
    'button',
    {
      type: 'button',
      class: 'cell',
      onclick: () => void (isMini ? scanMiniProgramCode(code.id) : scanCode({ uuid: code.uuid })),
    },
    appTile(code.appId, code.appName),
    h(
      'span',
      { class: 'cell_main' },
      h('b', {}, code.appName),
      h(
        'small',
        {},
        `${isMini ? t('miniProgram') : code.redirectHost} · ${time.format(new Date(code.createdAt))}`,
      ),
    ),
    code.state === 'pending'
      ? icon(ICONS.next, 'icon faint')
      : h('span', { class: 'chip grey' }, t(code.state)),
  );
  const end = h(
    'button',
    {
      type: 'button',
      class: 'cell_end',
      title: t('expireNow'),
      'aria-label': `${t('expireNow')}: ${code.redirectHost}`,
      onclick: () => void expire(code.uuid),
    },
    icon(ICONS.expire),
  );
  return h('li', { class: isNewest ? 'login fresh' : 'login' }, open, !isMini && end);
}

async function expire(uuid) {
  try {
    await control('expire', { uuid });
    update({ logins: state.logins.filter((login) => login.uuid !== uuid) });
  } catch (error) {
    complain(error);
  }
}

function qrGhost() {
  return icon(
    'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 14h2v2h-2zM14 18h2v2h-2zM18 18h2v2h-2z',
    'ghost',
  );
}
