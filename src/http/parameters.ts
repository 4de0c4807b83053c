import { parse, type ParsedUrlQuery } from 'node:querystring';

/** Maximum number of parameters of a query or a form. */
export const MAX_PARAMETERS = 50;

/** The fields of a form (application/x-www-form-urlencoded). A repeated name gets an array. */
export function parseForm(text: string): ParsedUrlQuery {
  return parse(text);
}

/** Whether a query or form has more than {@link MAX_PARAMETERS} parameters. */
export function hasTooManyParameters(text: string): boolean {
  return endOfParameters(text, MAX_PARAMETERS) !== -1;
}

/**
 * Truncates the query of a URL after {@link MAX_PARAMETERS} + 1 parameters, which is enough to detect that
 * there are too many. The router parses the query before it knows the route, and 5,000 parameters would take
 * longer than a request may.
 */
export function withFewParameters(url: string): string {
  const end = endOfParameters(url, MAX_PARAMETERS + 1);
  return end === -1 ? url : url.slice(0, end);
}

/** Index of the `&` after this many parameters; -1 if there are no more. */
function endOfParameters(text: string, count: number): number {
  let at = -1;
  for (let seen = 0; seen < count; seen++) {
    at = text.indexOf('&', at + 1);
    if (at === -1) return -1;
  }
  return at;
}
