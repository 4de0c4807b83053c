/** Numbers as the tables of the document show them. */

/** `1,234 (1,100 to 1,400)` of a spread. */
export function range({ median, least, most }) {
  return `${whole(median)} (${whole(least)} to ${whole(most)})`;
}

export function whole(value) {
  return Math.round(value).toLocaleString('en-US');
}

/** Two decimals below 10, else one. */
export function fixed(value) {
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

export function percent(share) {
  return `${Math.round(share * 100)} %`;
}
