import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

type Environment = Readonly<Record<string, string | null>>;

interface ComposeFile {
  readonly services: Readonly<Record<string, { readonly environment?: Environment }>>;
}

/** What docker-compose.yml takes for each WeChat: the one that is played, and the real one. */
const ADDED = {
  sandbox: 'deploy/compose/sandbox/wechat.yml',
  real: 'deploy/compose/wechat.yml',
} as const;

/**
 * The environment that docker-compose.yml gives to a service. What it takes from .env is left out: on an untouched
 * clone nothing is there.
 * @param over what differs: host names, ports, folders
 */
export function composeEnvironment(
  weChat: keyof typeof ADDED,
  service: string,
  over: Readonly<Record<string, string>>,
): Record<string, string> {
  const files = [ADDED[weChat], 'docker-compose.yml'];
  const environment = files.map((file) => {
    const { services } = parse(readFileSync(file, 'utf8'), { merge: true }) as ComposeFile;
    return services[service]?.environment ?? {};
  });
  const merged = Object.entries({ ...Object.assign({}, ...environment), ...over } as Environment);
  return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null));
}
