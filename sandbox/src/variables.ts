import { cleanUrl } from './state/service-address.js';

/** The value of an environment variable without blanks around it; an empty one counts as absent. */
export function present(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

/** A variable that is a URL; see `cleanUrl`. @throws Error that names it */
export function readUrl(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const text = present(env[name]);
  if (text === undefined) return undefined;
  const url = cleanUrl(text);
  if (url === null) throw new Error(`${name} must be an http or https URL.`);
  return url;
}
