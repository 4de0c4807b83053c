/** A colour of sRGB: red, green and blue, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

export const WHITE: Rgb = [255, 255, 255];
export const BLACK: Rgb = [0, 0, 0];

/** Reads `#rrggbb`. */
export function rgb(hex: string): Rgb {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return [red ?? 0, green ?? 0, blue ?? 0];
}

/** Writes `#rrggbb`. */
export function hex(color: Rgb): string {
  return `#${color.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** A mixture of two colours. @param share of the second one, 0 to 1 */
export function mix([red, green, blue]: Rgb, other: Rgb, share: number): Rgb {
  const part = (from: number, to: number): number => Math.round(from + (to - from) * share);
  return [part(red, other[0]), part(green, other[1]), part(blue, other[2])];
}

/** Relative luminance, 0 to 1 (WCAG 2.2). */
export function luminance(color: Rgb): number {
  const [red = 0, green = 0, blue = 0] = color.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Contrast ratio of two colours, 1 to 21 (WCAG 2.2). */
export function contrast(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** The steps between a colour and black or white. */
const STEPS = 100;

/**
 * The shade of a colour nearest to it that has a contrast with each of some grounds.
 * @param towards black for light grounds, white for dark ones
 */
export function shade(color: Rgb, grounds: readonly Rgb[], ratio: number, towards: Rgb): Rgb {
  for (let step = 0; step < STEPS; step++) {
    const candidate = mix(color, towards, step / STEPS);
    if (grounds.every((ground) => contrast(candidate, ground) >= ratio)) return candidate;
  }
  return towards;
}
