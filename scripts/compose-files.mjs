import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const MAIN = 'docker-compose.yml';
/** The file that each value of COMPOSE_PROFILES adds. */
const ADDED = { '': 'deploy/compose/wechat.yml', sandbox: 'deploy/compose/sandbox/wechat.yml' };

/** All files that docker-compose.yml consists of. */
export const COMPOSE_FILES = [MAIN, ...Object.values(ADDED)];

const read = (file) => parse(readFileSync(file, 'utf8'), { merge: true });

/**
 * The services of docker-compose.yml in a mode, merged with the file of that mode. Variables are not interpolated.
 * @param {'' | 'sandbox'} mode the value of COMPOSE_PROFILES
 */
export function composeServices(mode) {
  const added = read(ADDED[mode]).services;
  return Object.fromEntries(
    Object.entries(read(MAIN).services).map(([name, service]) => [
      name,
      {
        ...added[name],
        ...service,
        environment: { ...added[name]?.environment, ...service.environment },
      },
    ]),
  );
}

/** The file of each secret. */
export function composeSecrets() {
  return Object.fromEntries(Object.entries(read(MAIN).secrets).map(([name, { file }]) => [name, file]));
}

/** Names of the variables that the files interpolate: `${…}`. */
export function interpolated() {
  const text = COMPOSE_FILES.map((file) => readFileSync(file, 'utf8')).join('\n');
  return new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name));
}
