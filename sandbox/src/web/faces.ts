import type { Avatar, Face } from '../state/people.js';

const EYES = '<g fill="#3b2f2f"><circle cx="52" cy="72" r="5"/><circle cx="80" cy="72" r="5"/></g>';
const SMILE =
  '<path d="M58 88q8 8 16 0" fill="none" stroke="#3b2f2f" stroke-width="3.5" stroke-linecap="round"/>';
const BLUSH =
  '<g fill="#f58f8f" opacity=".55"><circle cx="42" cy="84" r="6"/><circle cx="90" cy="84" r="6"/></g>';

/** The faces on a canvas of 132 × 132. Drawn, since a server may have no emoji font. */
const DRAWINGS: Readonly<Record<Face, string>> = {
  cat:
    '<g fill="#fff4e0"><path d="M34 64 36 26 62 46zM98 64 96 26 70 46z"/><ellipse cx="66" cy="78" rx="40" ry="36"/></g>' +
    '<path d="m40 36 2 16 10-8zM92 36l-2 16-10-8z" fill="#f5b3a4"/>' +
    '<path d="M61 81h10l-5 6z" fill="#e58b7c"/>',
  bear:
    '<g fill="#b98253"><circle cx="36" cy="44" r="16"/><circle cx="96" cy="44" r="16"/><circle cx="66" cy="76" r="40"/></g>' +
    '<g fill="#e9c79b"><circle cx="36" cy="44" r="8"/><circle cx="96" cy="44" r="8"/><ellipse cx="66" cy="90" rx="19" ry="15"/></g>' +
    '<ellipse cx="66" cy="83" rx="6" ry="4.5" fill="#3b2f2f"/>',
  rabbit:
    '<g fill="#fff"><ellipse cx="50" cy="36" rx="11" ry="30" transform="rotate(-8 50 36)"/><ellipse cx="82" cy="36" rx="11" ry="30" transform="rotate(8 82 36)"/><ellipse cx="66" cy="82" rx="38" ry="34"/></g>' +
    '<g fill="#f7bcc0"><ellipse cx="50" cy="38" rx="5" ry="20" transform="rotate(-8 50 38)"/><ellipse cx="82" cy="38" rx="5" ry="20" transform="rotate(8 82 38)"/></g>' +
    '<path d="M62 82h8l-4 5z" fill="#e58b9a"/>',
  panda:
    '<g fill="#2d2d33"><circle cx="36" cy="44" r="15"/><circle cx="96" cy="44" r="15"/></g><ellipse cx="66" cy="78" rx="41" ry="37" fill="#fff"/>' +
    '<g fill="#2d2d33"><ellipse cx="51" cy="73" rx="11" ry="13" transform="rotate(20 51 73)"/><ellipse cx="81" cy="73" rx="11" ry="13" transform="rotate(-20 81 73)"/><ellipse cx="66" cy="86" rx="5" ry="3.5"/></g>' +
    '<g fill="#fff"><circle cx="53" cy="71" r="4.5"/><circle cx="79" cy="71" r="4.5"/></g>',
  fox:
    '<g fill="#ee8a45"><path d="M30 70 32 26 62 48zM102 70 100 26 70 48z"/><path d="M26 70q40-40 80 0-6 40-40 46-34-6-40-46z"/></g>' +
    '<path d="M26 72q22 2 34 20l6 24q-34-6-40-44zM106 72q-22 2-34 20l-6 24q34-6 40-44z" fill="#fff3e6"/>' +
    '<ellipse cx="66" cy="110" rx="7" ry="6" fill="#3b2f2f"/>',
  frog:
    '<g fill="#6fbf5a"><circle cx="44" cy="46" r="18"/><circle cx="88" cy="46" r="18"/><ellipse cx="66" cy="80" rx="44" ry="34"/></g>' +
    '<g fill="#fff"><circle cx="44" cy="46" r="11"/><circle cx="88" cy="46" r="11"/></g>' +
    '<g fill="#2f3b2f"><circle cx="46" cy="47" r="5.5"/><circle cx="86" cy="47" r="5.5"/></g>' +
    '<path d="M44 86q22 18 44 0" fill="none" stroke="#2f5a2a" stroke-width="4" stroke-linecap="round"/>',
};

const FEATURES: Readonly<Record<Face, string>> = {
  cat: EYES + SMILE + BLUSH,
  bear:
    EYES + '<path d="M59 93q7 6 14 0" fill="none" stroke="#3b2f2f" stroke-width="3" stroke-linecap="round"/>',
  rabbit: EYES + SMILE + BLUSH,
  panda: '<path d="M59 93q7 6 14 0" fill="none" stroke="#2d2d33" stroke-width="3" stroke-linecap="round"/>',
  fox: EYES,
  frog: BLUSH,
};

/** A person's picture as SVG, `pixels` wide. Face and colour were validated when the person was created. */
export function drawAvatar(avatar: Avatar, pixels: number): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${pixels}" height="${pixels}" viewBox="0 0 132 132">` +
    `<rect width="132" height="132" fill="${avatar.colour}"/>${DRAWINGS[avatar.face]}${FEATURES[avatar.face]}</svg>`
  );
}
