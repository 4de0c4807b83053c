// Checks the compose files against the service: variables, secrets, and whether the service accepts the environment
// that docker-compose renders. Needs no Docker engine.
import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../dist/config/load-config.js';
import { allSettings } from '../dist/config/settings.js';
import { COMPOSE_FILES, composeSecrets, composeServices } from './compose-files.mjs';

const SETTING_NAMES = allSettings().map(([name]) => name);
const SECRET_NAMES = allSettings()
  .filter(([, { secret }]) => secret)
  .map(([name]) => name);

/** Set by the image, or not at all: the sandbox is a service of its own. */
const NOT_OURS = ['HOST', 'PORT', 'SANDBOX', 'SANDBOX_PORT', 'SANDBOX_HOST', 'SANDBOX_SHOP_URL'];
/** With the sandbox, the service's defaults apply. */
const MADE_UP = ['ENCRYPTION_KEYS', 'WECHAT_MINI_PROGRAMS', 'WECHAT_WEBSITES', 'WECHAT_OFFICIAL_ACCOUNTS'];
/** A secret in general; here it is the URL of a Redis without a password, on a network of its own. */
const BY_VALUE = ['REDIS_URL'];

/** Both versions: docker-compose 1.29, and `docker compose`. */
const COMPOSES = [['docker-compose'], ['docker', 'compose']];

const faults = [];
const folder = mkdtempSync(join(tmpdir(), 'wechat-auth-compose-'));
const secretsFolder = join(folder, 'secrets');
spawnSync('sh', ['deploy/compose/make-secrets.sh', secretsFolder], { stdio: 'inherit' });

for (const mode of ['', 'sandbox']) checkVariables(mode);
checkSecrets();
checkImages();
const installed = COMPOSES.filter(
  ([program, ...words]) => spawnSync(program, [...words, 'version']).status === 0,
);
for (const compose of installed) checkRendered(compose);
if (installed.length === 0) {
  console.log('no docker-compose is installed: what it makes of docker-compose.yml was not checked');
}

rmSync(folder, { recursive: true });
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;

/** Every variable of the service can be set, by value or as a file, and there is no other variable. */
function checkVariables(mode) {
  const where = mode === '' ? 'without the profile' : `with the profile ${mode}`;
  const names = Object.keys(composeServices(mode).app.environment);
  const isSecret = (name) => SECRET_NAMES.includes(name);
  const file = (name) => `${name}_FILE`;
  const known = new Set([...SETTING_NAMES, ...SECRET_NAMES.map(file)]);
  for (const name of names.filter((name) => !known.has(name))) faults.push(`${where}: ${name} is unknown`);
  const left = mode === '' ? NOT_OURS : [...NOT_OURS, ...MADE_UP];
  for (const name of SETTING_NAMES.filter((name) => !left.includes(name))) {
    if (!names.includes(name) && !names.includes(file(name))) faults.push(`${where}: ${name} cannot be set`);
    if (mode === '' && isSecret(name) && names.includes(name) && !BY_VALUE.includes(name)) {
      faults.push(`${where}: ${name} is a secret and must come as a file`);
    }
  }
}

/** Each `…_FILE` is mounted from a file that make-secrets.sh creates. */
function checkSecrets() {
  const files = composeSecrets();
  const services = Object.values(composeServices(''));
  for (const { environment, secrets = [] } of services) {
    for (const [name, value] of Object.entries(environment).filter(([name]) => name.endsWith('_FILE'))) {
      const secret = name.slice(0, -'_FILE'.length);
      if (value !== `/run/secrets/${secret}` || !secrets.includes(secret))
        faults.push(`${name} is not mounted`);
    }
  }
  const mounted = new Set(services.flatMap(({ secrets = [] }) => secrets));
  const made = new Set(readdirSync(secretsFolder));
  for (const name of new Set([...Object.keys(files), ...mounted, ...made])) {
    if (!mounted.has(name)) faults.push(`the secret ${name} is mounted nowhere`);
    if (files[name] !== `./secrets/${name}`) faults.push(`the secret ${name} has no file ./secrets/${name}`);
    if (!made.has(name)) faults.push(`make-secrets.sh does not make ${name}`);
  }
}

/** Foreign images have a version. Our images have different names, because they are built in parallel. */
function checkImages() {
  const services = Object.entries(composeServices(''));
  for (const [name, { image }] of services) {
    if (!/:(\d|local$)/.test(image)) faults.push(`the image of ${name} has no version`);
  }
  const built = services.filter(([, { build }]) => build).map(([, { image }]) => image);
  if (new Set(built).size < built.length) faults.push(`two services build one image: ${built.join(', ')}`);
}

/**
 * What docker-compose renders: a fresh clone starts the sandbox, with and without .env.example as its .env, and the
 * service accepts the environment of each mode.
 */
function checkRendered(compose) {
  const untouched = render(compose, '');
  const copied = render(compose, readFileSync('.env.example', 'utf8'));
  const real = render(compose, 'COMPOSE_PROFILES=\nPUBLIC_URL=https://auth.example.com\n');
  if (!untouched || !copied || !real) return;
  if (JSON.stringify(untouched) !== JSON.stringify(copied)) {
    faults.push('an untouched clone is not what .env.example makes of it');
  }
  if (!untouched.services.sandbox || untouched.services.sandbox.profiles)
    faults.push('an untouched clone starts no sandbox');
  // docker-compose 1.29 prints a service that it does not start, docker compose omits it.
  if (real.services.sandbox && !real.services.sandbox.profiles?.includes('sandbox'))
    faults.push('the sandbox starts without its profile');
  writeFileSync(
    join(secretsFolder, 'WECHAT_MINI_PROGRAMS'),
    'wx0123456789abcdef:0123456789abcdef0123456789abcdef',
  );
  for (const { services } of [untouched, real]) checkAccepted(services.app.environment);
}

/** @returns what `docker-compose config` prints, under this .env and no other */
function render([program, ...words], dotEnv) {
  const file = join(folder, 'env');
  writeFileSync(file, dotEnv);
  const { PATH, HOME } = process.env;
  const options = { encoding: 'utf8', env: { PATH, HOME } };
  const { status, stdout, stderr } = spawnSync(program, [...words, '--env-file', file, 'config'], options);
  if (status === 0) return parse(stdout);
  faults.push(`${[program, ...words].join(' ')} refuses ${COMPOSE_FILES[0]}: ${stderr.trim()}`);
  return null;
}

/** The service accepts this environment, as far as that is known before it connects to anything. */
function checkAccepted(environment) {
  const given = Object.entries(environment).map(([name, value]) => [
    name,
    value?.replace('/run/secrets', secretsFolder),
  ]);
  // Otherwise the service would create keys in data/.
  const keys = {
    ENCRYPTION_KEYS: environment.ENCRYPTION_KEYS_FILE ? '' : Buffer.alloc(32).toString('base64'),
  };
  try {
    loadConfig({ ...keys, ...Object.fromEntries(given) });
  } catch (error) {
    faults.push(`the service refuses its environment: ${error.message}`);
  }
}
