import { EN } from './texts-en.client.js';
import { ZH } from './texts-zh.client.js';

const TEXTS = { zh: ZH, en: EN };
const wished = new URLSearchParams(location.search).get('lang');
let chosen = wished ?? localStorage.getItem('sandbox.language') ?? document.documentElement.lang.slice(0, 2);

/** `zh` or `en`. */
export function language() {
  return chosen === 'zh' ? 'zh' : 'en';
}

/** The same, as a language tag. */
export function languageTag() {
  return language() === 'zh' ? 'zh-CN' : 'en';
}

/** The text of this key in the page's language; `{0}`, `{1}` become the values. */
export function t(key, ...values) {
  return TEXTS[language()][key].replace(/\{(\d)\}/g, (_slot, at) => values[at] ?? '');
}

/** Fills in all `data-t` elements. */
export function applyTexts() {
  document.documentElement.lang = languageTag();
  document.title = `${t('title')} · WeChat sandbox`;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
}

/** Changes between Chinese and English, and remembers it in this browser. */
export function toggleLanguage() {
  chosen = language() === 'zh' ? 'en' : 'zh';
  localStorage.setItem('sandbox.language', chosen);
}

/** Copies text to the clipboard; false if the browser forbids it (plain http from another host). */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
