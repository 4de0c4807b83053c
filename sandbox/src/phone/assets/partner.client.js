import { goHome, outcome } from './bar.client.js';
import { copyable } from './copyable.client.js';
import { countdown } from './countdown.client.js';
import { appTile, avatar, h, icon, ICONS } from './dom.client.js';
import { answerButton, miniBar, opening, refusal } from './mini-frame.client.js';
import { control, holder, miniPrograms, state, update } from './state.client.js';
import { t } from './texts.client.js';

/*
 * Both sides of a partner's login: its mini program, which opens the sample mini program (scene 1037) and gets a code
 * back (scene 1038). The AppID of the partner's is made up: nobody logs in there.
 */

const PARTNER_APP_ID = 'wx5a4db0c0de0000aa';
const SCOPE = 'openid profile';
const KEPT = 'sandbox.partner';

/** The screen of the step where it stands. */
export function partner() {
  const { step } = state.partner ?? { step: 'form' };
  return { form, opening: ours, asks: ours, refused: ours, returned }[step]();
}

/** The partner's mini program: what its server gave it to hand over. */
function form() {
  const kept = keptForm();
  const clientId = field('client-id', 'partnerClientId', kept.clientId);
  const scope = field('scope', 'partnerScope', kept.scope);
  const appId = field('partner-app', 'partnerAppId', kept.appId);
  const box = h(
    'form',
    { class: 'partner_form' },
    clientId.label,
    scope.label,
    appId.label,
    h('button', { class: 'primary' }, t('partnerGo')),
  );
  clientId.input.setAttribute('data-focus', '');
  clientId.input.required = true;
  box.addEventListener('submit', (event) => {
    event.preventDefault();
    const asked = [clientId, scope, appId].map(({ input }) => input.value.trim());
    void open({ clientId: asked[0], scope: asked[1] || SCOPE, appId: asked[2] || PARTNER_APP_ID });
  });
  return [
    miniBar(t('partnerTitle'), true),
    h('p', { class: 'scan_hint' }, t('partnerHint', miniPrograms()[0]?.name ?? '')),
    box,
    h('p', { class: 'caution' }, t('partnerRegister')),
  ];
}

function field(id, name, value) {
  const input = h('input', {
    id,
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    maxlength: '200',
  });
  input.value = value;
  return { input, label: h('label', { class: 'field' }, h('span', {}, t(name)), input) };
}

/** `wx.navigateToMiniProgram`. */
async function open(asked) {
  localStorage.setItem(KEPT, JSON.stringify(asked));
  const appName = miniPrograms()[0]?.name ?? '';
  const shown = { step: 'opening', asked, appName };
  update({ partner: shown });
  const { clientId, scope, appId: fromAppId } = asked;
  const body = { person: holder().id, fromAppId, extraData: { clientId, scope } };
  const change = await control('mini-program-openings', body).then(
    (opened) => ({ step: 'asks', opened, appName: opened.appName }),
    refused,
  );
  // The person may have left the screen meanwhile.
  if (state.partner === shown) update({ partner: { ...shown, ...change } });
}

/** Our mini program, that the partner's opened. */
function ours() {
  const { step, appName, problem } = state.partner;
  const content = { opening: () => opening(appName), asks: asking, refused: () => refusal(problem) }[step]();
  return [miniBar(t('partnerAsksTitle')), ...content];
}

function asking() {
  const { opened, appName, busy } = state.partner;
  const { partner: who, scopes, granted } = opened.asks;
  const name = who.name ?? opened.referrerInfo.extraData.clientId;
  const person = holder();
  const answer = (action, kind, text, focus) =>
    answerButton({ kind, text, busy, focus, onclick: () => reply(action) });
  return [
    h(
      'div',
      { class: 'asks' },
      appTile(opened.referrerInfo.appId, name),
      h('h3', {}, name),
      h('p', {}, t('partnerAsks')),
    ),
    h(
      'dl',
      { class: 'facts' },
      h('dt', {}, t('as')),
      h('dd', {}, avatar(person.avatar), h('span', {}, person.nickname.slice(0, 80) || '—')),
    ),
    h(
      'ul',
      { class: 'scopes' },
      ...scopes.map((scope) =>
        h('li', { class: 'asks_for' }, icon(ICONS.check, 'icon green'), scopeText(scope)),
      ),
    ),
    granted && h('p', { class: 'caution' }, t('partnerGranted')),
    h(
      'div',
      { class: 'answers' },
      answer('allow', 'primary', t('allow'), true),
      answer('deny', 'plain', t('deny')),
      h('small', { class: 'whose' }, appName),
    ),
  ];
}

const SCOPES = ['openid', 'profile', 'phone', 'offline_access', 'wechat'];

/** What a scope grants, in words; a scope of a later version by its name. */
function scopeText(scope) {
  return SCOPES.includes(scope) ? t(`scope_${scope}`) : scope;
}

/** The answer of the person, and `wx.navigateBackMiniProgram`. */
async function reply(action) {
  const shown = { ...state.partner, busy: true };
  update({ partner: shown });
  const change = await control(`mini-program-openings/${shown.opened.id}/${action}`, {}).then(
    (returned) => ({ step: 'returned', returned }),
    refused,
  );
  if (state.partner === shown) update({ partner: { ...shown, ...change, busy: false } });
}

function refused({ code, message }) {
  return { step: 'refused', problem: { code: code ?? null, text: message } };
}

/** The partner's mini program again, with what came back. */
function returned() {
  const { opened, returned: back } = state.partner;
  const { code } = back.referrerInfo.extraData;
  if (code === undefined) {
    const end = outcome('denied', t('cancelled'), t('partnerDenied'), detail('error: access_denied'));
    return [miniBar(t('partnerTitle')), ...end];
  }
  const box = h('div', { class: 'partner_code' });
  box.append(
    h('div', { class: 'line' }, h('b', {}, t('partnerCode')), countdown(box, Date.parse(back.expiresAt))),
    copyable('code', code),
    h('p', {}, t('partnerExchange')),
    copyable('curl', exchangeCall(opened, code)),
  );
  return [
    miniBar(t('partnerTitle')),
    h('p', { class: 'scan_hint', role: 'status' }, t('partnerReturned')),
    box,
    h(
      'div',
      { class: 'answers' },
      h('button', { type: 'button', class: 'plain', 'data-focus': true, onclick: goHome }, t('done')),
    ),
  ];
}

function detail(text) {
  return h('code', { class: 'problem' }, text);
}

/** The exchange by the partner's server. The secret stays a variable, so that no screen shows it. */
function exchangeCall({ referrerInfo, codeVerifier }, code) {
  const { clientId } = referrerInfo.extraData;
  const fields = { grant_type: 'authorization_code', code, code_verifier: codeVerifier };
  const data = Object.entries(fields).map(([name, value]) => `-d ${name}=${value}`);
  return `curl ${state.serviceUrl}/oidc/token -u "${clientId}:$CLIENT_SECRET" ${data.join(' ')}`;
}

function keptForm() {
  const empty = { clientId: '', scope: SCOPE, appId: PARTNER_APP_ID };
  try {
    return { ...empty, ...JSON.parse(localStorage.getItem(KEPT)) };
  } catch {
    return empty;
  }
}
