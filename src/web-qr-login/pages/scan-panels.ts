import { escapeHtml } from '../../pages/html.js';
import { ICONS } from '../../pages/icons.js';
import type { ScanMethod } from './login-view.js';
import type { LoginTexts } from './texts.js';

/** The codes of the methods as HTML: under tabs where there is more than one. */
export function scanPanels(
  texts: LoginTexts,
  methods: readonly ScanMethod[],
  authorizeUrl: string | null,
): string {
  const hasTabs = methods.length > 1;
  const panels = methods.map((method, index) => panel(texts, method, hasTabs ? index : null, authorizeUrl));
  return (hasTabs ? tabList(texts, methods) : '') + panels.join('');
}

function tabList(texts: LoginTexts, methods: readonly ScanMethod[]): string {
  const tabs = methods.map(
    ({ method, tab }, index) =>
      `<button type="button" role="tab" id="tab-${method}" aria-controls="panel-${method}" aria-selected="${String(index === 0)}">${tab.label[texts.language]}</button>`,
  );
  return `<div class="tabs" role="tablist" aria-label="${texts.scan.methods}">${tabs.join('')}</div>`;
}

function panel(
  texts: LoginTexts,
  { method, appId, tab }: ScanMethod,
  place: number | null,
  authorizeUrl: string | null,
): string {
  const role =
    place === null ? '' : ` role="tabpanel" aria-labelledby="tab-${method}"${place === 0 ? '' : ' hidden'}`;
  const code =
    tab.holds === 'frame'
      ? `<iframe title="${texts.scan.frame}"></iframe>`
      : `<img alt="${texts.scan.picture}" width="248" height="248">`;
  const elsewhere =
    tab.holds === 'frame' && authorizeUrl !== null
      ? `<p class="elsewhere"><span>${texts.scan.elsewhere}</span> <a href="${escapeHtml(authorizeUrl)}">${texts.scan.openWeChat}</a></p>`
      : '';
  const [title, detail] = texts.live.states.loading;
  return `<div class="scan" id="panel-${method}" data-method="${method}" data-app-id="${escapeHtml(appId)}"${role}>
<div class="stage" data-state="loading" tabindex="-1">
<div class="code">${code}</div>
<div class="veil"><span class="spinner" aria-hidden="true"></span>${ICONS.done}${ICONS.cancelled}${ICONS.again}${ICONS.problem}</div>
<button type="button" class="button" hidden><span></span></button>
</div>
<p class="status" role="status"><strong>${title}</strong><span>${detail}</span></p>
<p class="link-note" role="status"></p>
${elsewhere}</div>`;
}
