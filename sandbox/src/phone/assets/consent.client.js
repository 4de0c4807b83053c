import { bar, outcome } from './bar.client.js';
import { appTile, avatar, h, icon, ICONS } from './dom.client.js';
import { control, holder, state, update } from './state.client.js';
import { t } from './texts.client.js';
import { complain } from './toast.client.js';

/** WeChat asks whether to allow a website's login (section 4.2). */
export function consent() {
  const { login } = state;
  const person = holder();
  return [
    bar(t('wechat')),
    h(
      'div',
      { class: 'asks' },
      appTile(login.appId, login.appName),
      h('h3', {}, login.appName),
      h('p', {}, t('asks')),
    ),
    h(
      'dl',
      { class: 'facts' },
      h('dt', {}, t('as')),
      h('dd', {}, avatar(person.avatar), h('span', {}, person.nickname.slice(0, 80) || '—')),
      h('dt', {}, t('goesTo')),
      h('dd', {}, h('span', { class: 'host' }, login.redirectHost)),
    ),
    h(
      'p',
      { class: 'asks_for' },
      icon(ICONS.check, 'icon green'),
      t(login.scope === 'snsapi_base' ? 'asksBase' : 'asksFor'),
    ),
    h(
      'div',
      { class: 'answers' },
      h(
        'button',
        { type: 'button', class: 'primary', 'data-focus': true, onclick: () => void answer('allow') },
        t('allow'),
      ),
      h('button', { type: 'button', class: 'plain', onclick: () => void answer('deny') }, t('deny')),
      h(
        'button',
        { type: 'button', class: 'textual', onclick: () => void answer('expire') },
        icon(ICONS.expire),
        t('expireNow'),
      ),
    ),
  ];
}

const AFTER = { allow: 'allowed', deny: 'denied', expire: 'expired' };

async function answer(step) {
  try {
    const login = await control(step, { uuid: state.login.uuid });
    update({ screen: AFTER[step], login });
    // A page inside WeChat continues in this window; after a scan, the other screen continues.
    if (login.kind === 'page' && login.redirectUrl) setTimeout(() => location.assign(login.redirectUrl), 700);
  } catch (error) {
    complain(error);
  }
}

/** The outcome. */
export function result() {
  const [title, hint] = {
    allowed: ['allowed', 'allowedHint'],
    denied: ['cancelled', 'cancelledHint'],
    expired: ['expired', 'expiredHint'],
  }[state.screen];
  return [bar(t('wechat')), ...outcome(state.screen, t(title), t(hint, state.login.redirectHost))];
}
