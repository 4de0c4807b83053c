import { distance } from 'fastest-levenshtein';

/** Shorter names are not compared: HOST and PORT differ by two letters. */
const MIN_LENGTH = 8;
const MAX_EDITS = 2;
/** Kubernetes and Docker describe other services by such variables: `SANDBOX_PORT=tcp://10.0.0.7:3001`. */
const SERVICE_LINK = /^(?:tcp|udp|sctp):\/\//;
const SERVICE_LINK_NAME = /_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)$/;

/** Whether an orchestrator set this variable to describe another service. */
export function isServiceLink(name: string, value: string | undefined): boolean {
  return SERVICE_LINK_NAME.test(name) || (name.endsWith('_PORT') && SERVICE_LINK.test(value ?? ''));
}

/**
 * Warns of each variable that the service does not read and whose name is close to one that it reads, such as
 * `RETURN_URL`: a setting that is ignored silently is noticed by the first customer.
 * @param known every name that is read, `_FILE` forms included
 */
export function misspeltVariables(
  source: Readonly<Record<string, string | undefined>>,
  known: readonly string[],
): string[] {
  const names = new Set(known);
  return Object.keys(source)
    .filter((name) => source[name] && !names.has(name) && !isServiceLink(name, source[name]))
    .flatMap((name) => {
      const meant = nearest(
        name,
        known.filter((candidate) => !source[candidate]),
      );
      return meant === null ? [] : [`${name} is not read: did you mean ${meant}?`];
    });
}

function nearest(name: string, candidates: readonly string[]): string | null {
  const same = candidates.find((candidate) => letters(candidate) === letters(name));
  if (same) return same;
  if (name.length < MIN_LENGTH) return null;
  const [closest] = candidates
    .map((candidate) => ({ candidate, edits: distance(name.toUpperCase(), candidate) }))
    .sort((one, other) => one.edits - other.edits);
  return closest && closest.edits <= MAX_EDITS ? closest.candidate : null;
}

/** A name without separators, case and plural: `WECHAT_MINIPROGRAM` and `wechat_mini_programs` are the same. */
function letters(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
    .replace(/IES$/, 'Y')
    .replace(/S$/, '');
}
