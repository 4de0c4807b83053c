// Reports in one line that this Node is too old, before a tool fails with a stack trace. The supported versions are
// `engines` of package.json.
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const [major, minor] = process.versions.node.split('.').map(Number);

/** Parses a range such as `^20.19.0 || >=24.11.0`. */
const isSupported = engines.node.split('||').some((range) => {
  const [, sign, first, second] = /(\^|>=)(\d+)\.(\d+)/.exec(range);
  if (major === Number(first)) return minor >= Number(second);
  return sign === '>=' && major > Number(first);
});

if (!isSupported) {
  console.error(
    `Node.js ${process.versions.node} is too old or has no long-term support: ${engines.node} is needed.`,
  );
  process.exitCode = 1;
}
