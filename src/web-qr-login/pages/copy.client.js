/** A button that copies the link beside it and says so. */
export function copyButton(button) {
  const link = document.getElementById('link');
  const said = document.getElementById('copied');

  const copy = async () => {
    if (navigator.clipboard) return navigator.clipboard.writeText(link.textContent);
    // Plain http has no clipboard but this.
    window.getSelection().selectAllChildren(link);
    if (!document.execCommand('copy')) throw new Error('not copied');
  };

  button.addEventListener('click', async () => {
    const done = await copy().then(
      () => true,
      () => false,
    );
    button.dataset.done = String(done);
    said.textContent = said.dataset[done ? 'done' : 'failed'];
  });
}
