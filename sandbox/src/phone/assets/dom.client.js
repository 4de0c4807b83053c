/** Makes an element: `h('button', { class: 'x', onclick }, 'text', child)`. Text is never read as HTML. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === undefined || value === null) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** The element of this id. */
export const byId = (id) => document.getElementById(id);

/** An icon of 24 × 24, drawn with strokes. */
export function icon(path, className = 'icon') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', className);
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  scan: 'M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M4 12h16',
  next: 'm9 5 7 7-7 7',
  back: 'm15 5-7 7 7 7',
  check: 'm5 13 5 5L20 7',
  cross: 'M6 6l12 12M18 6 6 18',
  clock: 'M12 6v6l4 3',
  expire: 'M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2',
  plus: 'M12 5v14M5 12h14',
  alert: 'M12 7v6M12 16.5v.1',
  globe:
    'M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17zM3.7 12h16.6M12 3.5c5 5.2 5 11.8 0 17c-5-5.2-5-11.8 0-17z',
  computer: 'M4 5h16v10.5H4zM9 20h6M12 15.5V20',
  apps: 'M4 4h7v7H4zM4 14h6v6H4zM14 14h6v6h-6zM13 7.500h7M17 4l3.500 3.500L17 11',
  bag: 'M5 8h14l1 12H4zM8.5 10.500V7a3.500 3.500 0 0 1 7 0v3.500',
  reload: 'M19 12a7 7 0 1 1-2.1-5L19.5 9.5M19.5 4.5v5h-5',
  outside: 'M13.5 4.5h6v6M19.5 4.5l-8 8M10 6H5v13h13v-5',
};

/** A person's drawn picture; the name beside it says who it is. */
export function avatar({ face, colour }, className = 'avatar') {
  return h('img', { class: className, src: `/phone/faces/${face}/${colour.slice(1)}`, alt: '' });
}

/** The tile of an app: its first letter on a colour of its own. */
export function appTile(appId, name) {
  // The factor spreads AppIDs that differ in their last digit only.
  const hue = ([...appId].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7) * 137) % 360;
  const tile = h('span', { class: 'tile', 'aria-hidden': 'true' }, [...name][0] ?? '?');
  tile.style.setProperty('--hue', String(hue));
  return tile;
}
