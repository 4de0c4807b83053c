// Checks each package-lock.json: no package prints EBADENGINE on the first version of Node.js of each supported line, and
// each has its address. Where the newest version of a package needs a later Node.js, package.json takes an older one, if
// need be by `overrides`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { minVersion, satisfies } from 'semver';

/** The one registry whose addresses npm replaces by those of a mirror, where one is configured. */
const REGISTRY = 'https://registry.npmjs.org/';

const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
const versions = engines.node.split('||').map((range) => minVersion(range).version);

const packages = ['.', 'bench', 'scripts', 'sdk', 'test'].flatMap((folder) =>
  Object.entries(JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages)
    .filter(([path]) => path.includes('node_modules/'))
    .map(([path, entry]) => ({ path: join(folder, path), ...entry })),
);
const faults = packages
  .filter(({ link, resolved }) => !link && !resolved?.startsWith(REGISTRY))
  .map(({ path, resolved }) => `${path} is at ${resolved ?? 'no address'}, not at ${REGISTRY}`);

/** npm skips an optional package that does not fit the platform or the version of Node.js, without a warning. */
for (const { path, version, engines: needed } of packages.filter(({ optional }) => !optional)) {
  for (const node of versions.filter((each) => needed?.node && !satisfies(each, needed.node))) {
    faults.push(`${path} ${version} does not support Node.js ${node} (${needed.node})`);
  }
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
