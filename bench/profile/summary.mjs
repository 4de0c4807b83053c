/**
 * Summarises a CPU profile: self time by package (the service's own code by room) and by function.
 *
 *   node bench/profile/summary.mjs FILE.cpuprofile
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { isWork, sourceOf } from './sources.mjs';

const PACKAGE = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/g;
const ROOM = /\/(?:dist|src)\/(?:([^/]+)\/.*)?[^/]+\.[jt]s$/;

/** @returns `{ packages, functions }`, each `[[name, share of the time that is not idle]]`, the most expensive first */
export function summarise(profile) {
  const samples = new Map();
  profile.samples.forEach((id, index) => samples.set(id, (samples.get(id) ?? 0) + profile.timeDeltas[index]));
  const packages = new Map();
  const functions = new Map();
  let busy = 0;
  for (const { id, callFrame } of profile.nodes) {
    const self = samples.get(id) ?? 0;
    if (self === 0 || !isWork(callFrame)) continue;
    busy += self;
    add(packages, homeOf(callFrame), self);
    add(functions, `${callFrame.functionName || '(anonymous)'}, ${homeOf(callFrame)}`, self);
  }
  return { packages: ranking(packages, busy), functions: ranking(functions, busy) };
}

function homeOf(frame) {
  const { functionName } = frame;
  const url = sourceOf(frame);
  const home = [...url.matchAll(PACKAGE)].at(-1)?.[1];
  if (home !== undefined) return home;
  const room = ROOM.exec(url);
  if (room) return `src/${room[1] ?? ''}`;
  if (url.startsWith('node:'))
    return url.split('/')[0] === 'node:internal' ? `node:${url.split('/')[1]}` : url;
  if (functionName === '(garbage collector)') return 'garbage collection';
  // Native code without a file: system calls, OpenSSL and V8 called by Node.
  return functionName === '(program)'
    ? 'native (event loop, system calls)'
    : 'native (called from JavaScript)';
}

function add(map, key, value) {
  map.set(key, (map.get(key) ?? 0) + value);
}

function ranking(map, total) {
  return [...map].sort(([, a], [, b]) => b - a).map(([name, value]) => [name, value / total]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { packages, functions } = summarise(JSON.parse(readFileSync(process.argv[2], 'utf8')));
  for (const list of [packages.slice(0, 30), functions.slice(0, 40)]) {
    for (const [name, share] of list) console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
    console.log('');
  }
}
