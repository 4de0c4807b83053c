import { BLACK, contrast, hex, luminance, mix, rgb, type Rgb, shade, WHITE } from './color.js';

/** Contrast of text, and of graphics (WCAG 2.2 sections 1.4.3 and 1.4.11). */
const TEXT = 4.5;
const GRAPHICS = 3;
/** Dark text on a light BRAND_COLOR. */
const INK = rgb('#111a16');
/** Lighter colours carry dark text. Darkened until they carry white text, they would be another colour. */
const LIGHT = 0.5;

/** The grounds of a colour scheme, and how much of the brand is in its tinted surfaces. */
const SCHEMES = {
  light: { ground: rgb('#eef2f0'), card: WHITE, sunken: rgb('#f4f7f5'), tint: 0.11, towards: BLACK },
  dark: {
    ground: rgb('#090d0b'),
    card: rgb('#131a17'),
    sunken: rgb('#1b2420'),
    tint: 0.15,
    towards: WHITE,
  },
};
/** How much of the brand is in the glow of the page's ground, at most; as in page.css. */
const GLOW = 0.12;

/** Colours by the name of their CSS variable. */
export type Palette = Readonly<Record<string, Rgb>>;

/** The colours that BRAND_COLOR decides: those of both schemes, and those of one. */
export interface BrandColors {
  readonly both: Palette;
  readonly light: Palette;
  readonly dark: Palette;
}

/** Derives all colours of the pages from BRAND_COLOR, so that each has the contrast that its use needs. */
export function brandColors(color: string): BrandColors {
  const brand = rgb(color);
  const isLight = luminance(brand) >= LIGHT;
  const fill = isLight ? brand : shade(brand, [WHITE], TEXT, BLACK);
  const hero = mix(rgb('#141816'), brand, 0.08);
  const ofScheme = (name: keyof typeof SCHEMES): Palette => {
    const { ground, card, sunken, tint, towards } = SCHEMES[name];
    const tinted = mix(card, brand, tint);
    const grounds = [ground, card, sunken, tinted, mix(ground, brand, GLOW)];
    return {
      ground,
      card,
      sunken,
      tint: tinted,
      /** Text, links, icons and focus rings. */
      strong: shade(brand, grounds, TEXT, towards),
      graphic: shade(brand, [card], GRAPHICS, towards),
      /** Border of what is filled, for a fill that is as light or dark as the card. */
      'fill-edge': shade(fill, [card], GRAPHICS, towards),
    };
  };
  return {
    both: {
      brand,
      fill,
      'on-fill': isLight ? INK : WHITE,
      /** Graphics on the paper of a code, which is white in both schemes. */
      paper: shade(brand, [WHITE], GRAPHICS, BLACK),
      hero,
      /** Text and graphics on the hero, which is dark in both schemes. */
      'on-hero': shade(brand, [hero], TEXT, WHITE),
    },
    light: ofScheme('light'),
    dark: ofScheme('dark'),
  };
}

const rules = (palette: Palette): string =>
  `:root{${Object.entries(palette)
    .map(([name, color]) => `--${name}:${hex(color)}`)
    .join(';')}}`;

/** The style sheet that defines the colours as CSS variables. */
export function brandStyle(color: string): string {
  const { both, light, dark } = brandColors(color);
  return `${rules({ ...both, ...light })}@media(prefers-color-scheme:dark){${rules(dark)}}`;
}

/** The colour of text on a surface in BRAND_COLOR itself. */
export function onBrand(color: string): string {
  const brand = rgb(color);
  return hex(contrast(brand, WHITE) >= contrast(brand, BLACK) ? WHITE : BLACK);
}
