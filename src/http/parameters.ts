import { parse, type ParsedUrlQuery } from 'node:querystring';

/** How many parameters an address or a form may have. */
export const MAX_PARAMETERS = 50;

/** The fields of a form (application/x-www-form-urlencoded); a name that comes more than once has an array. */
export function parseForm(text: string): ParsedUrlQuery {
  return parse(text);
}

/** Whether a query or a form has more than {@link MAX_PARAMETERS}. */
export function hasTooManyParameters(text: string): boolean {
  return endOfParameters(text, MAX_PARAMETERS) !== -1;
}

/**
 * An address whose query has one parameter more than {@link MAX_PARAMETERS} at most: enough to see that there are too
 * many. Making an object of 5,000 takes longer than any request may, and a router does so before it knows the route.
 */
export function withFewParameters(url: string): string {
  const end = endOfParameters(url, MAX_PARAMETERS + 1);
  return end === -1 ? url : url.slice(0, end);
}

/** Where the `&` stands after so many parameters; -1 where there are no more. */
function endOfParameters(text: string, count: number): number {
  let at = -1;
  for (let seen = 0; seen < count; seen++) {
    at = text.indexOf('&', at + 1);
    if (at === -1) return -1;
  }
  return at;
}
