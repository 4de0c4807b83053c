import { byId } from '../../../pages/browser/dom.js';

/** Makes a button copy the link beside it and say whether that worked. */
export function copyButton(button: HTMLElement): void {
  const link = byId('link');
  const message = byId('copied');

  const copy = async (): Promise<void> => {
    // Outside of https and localhost there is no navigator.clipboard.
    const clipboard = navigator.clipboard as Clipboard | undefined;
    if (clipboard) return clipboard.writeText(link.textContent);
    window.getSelection()?.selectAllChildren(link);
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way to copy on plain http
    if (!document.execCommand('copy')) throw new Error('not copied');
  };

  const copyAndTell = async (): Promise<void> => {
    const isCopied = await copy().then(
      () => true,
      () => false,
    );
    button.dataset.done = String(isCopied);
    message.textContent = message.dataset[isCopied ? 'done' : 'failed'] ?? '';
  };

  button.addEventListener('click', () => void copyAndTell());
}
