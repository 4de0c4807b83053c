/**
 * Tabs with roving focus (WAI-ARIA tabs pattern): arrows, Home and End move and select. `chosen` gets the panel that
 * is shown, at once and after each choice.
 */
export function tabs(list, chosen) {
  const all = [...list.querySelectorAll('[role=tab]')];
  const panelOf = (tab) => document.getElementById(tab.getAttribute('aria-controls'));

  const select = (tab) => {
    for (const each of all) {
      each.setAttribute('aria-selected', String(each === tab));
      each.tabIndex = each === tab ? 0 : -1;
      panelOf(each).hidden = each !== tab;
    }
    chosen(panelOf(tab));
  };

  list.addEventListener('click', (event) => {
    const tab = event.target.closest('[role=tab]');
    if (tab) select(tab);
  });
  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const ends = { Home: 0, End: all.length - 1 };
    if (step === undefined && !(event.key in ends)) return;
    event.preventDefault();
    const next = step === undefined ? ends[event.key] : all.indexOf(event.target) + step;
    const tab = all[(next + all.length) % all.length];
    tab.focus();
    select(tab);
  });
  select(all[0]);
}
