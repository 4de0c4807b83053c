// The Dockerfile against the repository: the Node that is supported, what is copied into it, who runs it.
import { existsSync, readFileSync } from 'node:fs';

const dockerfile = readFileSync('Dockerfile', 'utf8');
const faults = [];

const { engines } = JSON.parse(readFileSync('package.json', 'utf8'));
const minimums = engines.node.split('||').map((range) => Number(/\d+/.exec(range)[0]));
const open = engines.node.includes('>=') ? Math.max(...minimums) : Infinity;
for (const [, image, tag] of dockerfile.matchAll(/^FROM ([\w./-]+):?(\S*)/gm)) {
  const major = Number(/^\d+/.exec(tag)?.[0]);
  if (image !== 'node' || !(minimums.includes(major) || major > open)) {
    faults.push(`FROM ${image}:${tag} is no Node that package.json supports (${engines.node})`);
  }
}

// .dockerignore leaves out everything and takes back, line by line, what is copied.
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

const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
if (!/^USER (?!root|0)/m.test(last)) faults.push('the image runs as root');
for (const instruction of ['HEALTHCHECK', 'ENTRYPOINT', 'CMD']) {
  if (!new RegExp(`^${instruction} `, 'm').test(last)) faults.push(`the image has no ${instruction}`);
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
