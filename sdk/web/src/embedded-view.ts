import type { Attempt } from '../../shared/api.js';
import { aborted, type Deadline } from './deadline.js';
import type { Language, State, Texts } from './texts.js';

/** What an embedded login shows. No style and no HTML is injected, so that it works under any Content-Security-Policy. */
export interface View {
  /** @param text in place of the state's own */
  show(state: State, text?: string): void;
  /** Shows the code of an attempt. @returns its element: the picture, or WeChat's frame */
  draw(attempt: Attempt): HTMLElement;
  /** Offers a button until it is pressed, or until the deadline. */
  readonly offer: (deadline: Deadline) => Promise<void>;
  remove(): void;
}

export function createView(parent: Element, lang: Language, texts: Texts): View {
  const title = texts.code;
  const make = <Tag extends keyof HTMLElementTagNameMap>(
    tag: Tag,
    properties: Partial<HTMLElementTagNameMap[Tag]>,
  ): HTMLElementTagNameMap[Tag] => Object.assign(document.createElement(tag), properties);
  const root = make('div', { className: 'wechat-auth', lang, tabIndex: -1 });
  // An output is a live region: screen readers say what changes in it.
  const message = make('output', {});
  let code: HTMLElement | undefined;
  root.append(message);
  parent.append(root);

  return {
    show(state, text = (texts as Partial<Record<State, string>>)[state] ?? '…') {
      root.dataset.state = state;
      if (message.textContent !== text) message.textContent = text;
      if (!/pending|scanned|offline/.test(state)) code?.remove();
    },
    draw({ qrImageUrl = '', wxLogin }) {
      code = wxLogin
        ? // Before the address: it decides what the page in the frame may do.
          make('iframe', { title, width: '300', height: '400', allow: wxLogin.allow, src: wxLogin.src })
        : make('img', { alt: title, width: 280, height: 280, src: qrImageUrl });
      root.prepend(code);
      return code;
    },
    async offer({ signal, end }) {
      const button = make('button', { type: 'button', textContent: texts.again, onclick: end });
      root.append(button);
      await aborted(signal);
      if (document.activeElement === button) root.focus();
      button.remove();
    },
    remove: () => root.remove(),
  };
}
