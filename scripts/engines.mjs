// Checks package-lock.json: no package prints EBADENGINE on the first version of Node.js of each supported line.
// Where the newest version of a package needs a later Node.js, package.json takes an older one, if need be by `overrides`.
import { readFileSync } from 'node:fs';
import { minVersion, satisfies } from 'semver';

const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const versions = engines.node.split('||').map((range) => minVersion(range).version);

/** npm skips an optional package that does not fit the platform or the version of Node.js, without a warning. */
const installed = Object.entries(packages).filter(([, entry]) => !entry.optional && entry.engines?.node);
const faults = installed.flatMap(([folder, entry]) =>
  versions
    .filter((version) => !satisfies(version, entry.engines.node))
    .map(
      (version) => `${folder} ${entry.version} does not support Node.js ${version} (${entry.engines.node})`,
    ),
);

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
