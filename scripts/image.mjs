// Checks the Dockerfile: the version of Node, the build arguments for mirrors, the copied files, the user.
import { existsSync, readFileSync } from 'node:fs';

const dockerfile = readFileSync('Dockerfile', 'utf8');
const faults = [];

const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
const minimums = engines.node.split('||').map((range) => Number(/\d+/.exec(range)[0]));
const open = engines.node.includes('>=') ? Math.max(...minimums) : Infinity;
const bases = [
  ...dockerfile.matchAll(/^FROM (\$\{BASE_IMAGE_PREFIX\})?([\w./-]+):?(\S*)(?: AS ([\w-]+))?$/gm),
];
const stages = bases.map(([, , , , stage]) => stage);
for (const [, prefix, image, tag] of bases.filter(([, , name]) => !stages.includes(name))) {
  const major = Number(/^\d+/.exec(tag)?.[0]);
  if (image !== 'node' || !(minimums.includes(major) || major > open)) {
    faults.push(`FROM ${image}:${tag} is no Node that package.json supports (${engines.node})`);
  }
  if (prefix === undefined) faults.push(`FROM ${image}:${tag} does not begin with \${BASE_IMAGE_PREFIX}`);
}

// Build arguments: each has a default and is explained in the guide.
const guide = readFileSync('docs/guide/installation.md', 'utf8');
const argumentsOfBuild = new Map(
  [...dockerfile.matchAll(/^ARG (\w+)(=?)/gm)].map(([, name, sign]) => [name, sign]),
);
for (const name of ['BASE_IMAGE_PREFIX', 'NPM_REGISTRY', 'BETTER_SQLITE3_BINARY_HOST', 'DEBIAN_MIRROR']) {
  if (!argumentsOfBuild.has(name)) faults.push(`the Dockerfile has no build argument ${name}`);
}
for (const [name, sign] of argumentsOfBuild) {
  if (sign === '') faults.push(`the build argument ${name} has no default`);
  if (!guide.includes(`\`${name}\``)) faults.push(`docs/guide/installation.md does not explain ${name}`);
}

// .dockerignore excludes everything; each `!` line includes one source that the Dockerfile copies.
const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
  sources.split(' '),
);
const sources = new Set(copies.map((source) => source.replace(/^\.\//, '')));
const [first, ...rest] = readFileSync('.dockerignore', 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const taken = new Set(rest.map((line) => line.replace(/^!/, '')));
if (first !== '*' || !rest.every((line) => line.startsWith('!'))) {
  faults.push('.dockerignore must be `*`, and a line with ! for each thing that is copied');
}
for (const source of sources) {
  if (!existsSync(source)) faults.push(`the Dockerfile copies ${source}, which does not exist`);
  if (!taken.has(source)) faults.push(`.dockerignore hides ${source}, which the Dockerfile copies`);
}
for (const source of taken) {
  if (!sources.has(source)) faults.push(`.dockerignore takes ${source} back, which nothing copies`);
}

for (const source of sources) {
  if (/^sdk/.test(source)) faults.push(`${source} would bring what the client packages need into the images`);
}

const stage = (name) => dockerfile.split(/^(?=FROM )/m).findLast((part) => name.test(part));
const images = { service: stage(/^FROM runtime$/m), sandbox: stage(/^FROM runtime AS sandbox$/m) };
for (const [name, text] of Object.entries(images)) {
  if (!/^USER (?!root|0)/m.test(text)) faults.push(`the image of the ${name} runs as root`);
  for (const instruction of ['HEALTHCHECK', 'CMD']) {
    if (!new RegExp(`^${instruction} `, 'm').test(text))
      faults.push(`the image of the ${name} has no ${instruction}`);
  }
}
if (!/^ENTRYPOINT /m.test(stage(/ AS runtime$/m))) faults.push('the images have no ENTRYPOINT');
if (!dockerfile.endsWith(images.service))
  faults.push('the service must be the last stage: the one built by default');
if (/sandbox/.test(images.service)) faults.push('the image of the service must not contain the sandbox');

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
