import { escapeHtml, steps } from '../../pages/html.js';
import { BUBBLES, ICONS } from '../../pages/icons.js';
import type { KnownView, LoginView } from './login-view.js';
import { scanPanels } from './scan-panels.js';
import type { LoginTexts } from './texts.js';

const MARK = `<div class="mark">${BUBBLES}</div>`;

/**
 * The HTML of a view.
 * @param authorizeUrl leads to WeChat's QR page; `null` where no website app is configured
 */
export function viewHtml(view: LoginView, texts: LoginTexts, authorizeUrl: string | null): string {
  switch (view.kind) {
    case 'known':
      return knownView(view, texts);
    case 'scan':
      return scanView(view, texts, authorizeUrl);
    case 'open-in-wechat':
      return openInWeChatView(view, texts);
    case 'computer':
      return view.link === null
        ? MARK + heading(texts.computer.title, texts.computer.app)
        : MARK + heading(texts.computer.title, texts.computer.lead) + linkToCopy(view.link, texts);
    case 'web-view':
      return MARK + heading(texts.webView.title, texts.webView.lead);
    case 'consent':
      return (
        MARK +
        heading(texts.title, texts.consent.lead) +
        `<p class="asks">${texts.consent.asks}</p>${button(view.consentUrl, texts.consent.button)}<p class="hint">${texts.consent.hint}</p>`
      );
    case 'snapshot':
      return (
        MARK +
        heading(texts.snapshot.title, texts.snapshot.lead) +
        steps(texts.snapshot.steps) +
        button(view.againUrl, texts.retry)
      );
    case 'again':
      return MARK + heading(texts.title, null) + button(view.againUrl, texts.consent.button);
    case 'linked':
      return `<div class="mark">${ICONS.done}</div>${heading(texts.linked.title, texts.linked.lead)}`;
  }
}

function knownView({ nickname, pictureUrl, fields, otherUrl }: KnownView, texts: LoginTexts): string {
  const name = nickname ?? texts.live.nameless;
  const [initial = ''] = name;
  const face = pictureUrl === null ? escapeHtml(initial) : `<img src="${escapeHtml(pictureUrl)}" alt="">`;
  const hidden = Object.entries(fields)
    .map(([field, value]) => `<input type="hidden" name="${field}" value="${escapeHtml(value)}">`)
    .join('');
  const label = texts.known.continue.replace('{name}', () => escapeHtml(name));
  return (
    `<div class="mark face" aria-hidden="true">${face}</div>` +
    heading(escapeHtml(name), texts.known.lead) +
    `<form method="post" action="login/continue">${hidden}<button class="button" type="submit">${label}</button></form>` +
    `<a class="button quiet" href="${escapeHtml(otherUrl)}">${texts.known.other}</a>` +
    `<form method="post" action="login/forget">${hidden}<p class="hint">${texts.known.shared} <button class="link" type="submit">${texts.known.forget}</button></p></form>`
  );
}

function scanView(
  view: Extract<LoginView, { kind: 'scan' }>,
  texts: LoginTexts,
  authorizeUrl: string | null,
): string {
  const otherwise =
    authorizeUrl === null || view.longPress
      ? `<p>${texts.scan.scriptNeeded}</p>`
      : `<p><a class="button" href="${escapeHtml(authorizeUrl)}">${texts.scan.openWeChat}</a></p>`;
  return (
    heading(texts.title, view.longPress ? texts.longPress : null) +
    `<noscript><p>${texts.scan.withoutScript}</p>${otherwise}</noscript>` +
    scanPanels(texts, view.methods, authorizeUrl)
  );
}

function openInWeChatView(view: Extract<LoginView, { kind: 'open-in-wechat' }>, texts: LoginTexts): string {
  const stay =
    view.methods.length === 0
      ? ''
      : `<details><summary>${texts.openInWeChat.stay}</summary><p class="hint">${texts.openInWeChat.stayHint}</p>${scanPanels(texts, view.methods, null)}</details>`;
  if (view.link === null) return MARK + heading(texts.openInWeChat.title, texts.openInWeChat.app) + stay;
  return (
    heading(texts.openInWeChat.title, null) +
    linkToCopy(view.link, texts) +
    steps(texts.openInWeChat.steps) +
    stay
  );
}

function heading(title: string, lead: string | null): string {
  return `<h1>${title}</h1>${lead === null ? '' : `<p class="lead">${lead}</p>`}`;
}

function button(url: string, text: string): string {
  return `<a class="button" href="${escapeHtml(url)}">${BUBBLES}${text}</a>`;
}

function linkToCopy(link: string, { openInWeChat: texts }: LoginTexts): string {
  return `<div class="link-box"><p class="label" id="link-label">${texts.link}</p><p id="link" aria-labelledby="link-label">${escapeHtml(link)}</p></div>
<button type="button" id="copy" class="button">${ICONS.done}<span>${texts.copy}</span></button>
<p id="copied" class="hint" role="status" data-done="${texts.copied}" data-failed="${texts.copyYourself}"></p>`;
}
