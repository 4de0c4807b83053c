import { byId } from '../../../pages/browser/dom.js';

/**
 * Tabs with roving focus (WAI-ARIA tabs pattern): the arrow keys, Home and End move the focus and select.
 * @param onSelect gets the visible panel, now and after each selection
 */
export function tabs(list: Element, onSelect: (panel: HTMLElement) => void): void {
  const all = [...list.querySelectorAll<HTMLElement>('[role=tab]')];
  const panelOf = (tab: HTMLElement): HTMLElement => byId(tab.getAttribute('aria-controls') ?? '');

  const select = (tab: HTMLElement): void => {
    for (const each of all) {
      each.setAttribute('aria-selected', String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
      panelOf(each).hidden = each !== tab;
    }
    onSelect(panelOf(tab));
  };

  const steps: Readonly<Record<string, number>> = { ArrowRight: 1, ArrowLeft: -1 };
  const ends: Readonly<Record<string, number>> = { Home: 0, End: all.length - 1 };

  for (const [index, tab] of all.entries()) {
    tab.addEventListener('click', () => select(tab));
    tab.addEventListener('keydown', (event) => {
      const step = steps[event.key];
      const target = step === undefined ? ends[event.key] : (index + step + all.length) % all.length;
      const next = target === undefined ? undefined : all[target];
      if (!next) return;
      event.preventDefault();
      next.focus();
      select(next);
    });
  }
  if (all[0]) select(all[0]);
}
