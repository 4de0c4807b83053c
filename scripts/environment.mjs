// .env.example against the environment's definition and the compose files: every variable, none that is unknown.
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { environmentVariables } from '../dist/config/load-config.js';
import { interpolated } from './compose-files.mjs';

const example = readFileSync('.env.example', 'utf8');
const named = new Set([...example.matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name));
const known = new Set([...environmentVariables(), ...interpolated()]);
const faults = [
  ...[...known].filter((name) => !named.has(name)).map((name) => `.env.example lacks ${name}`),
  ...[...named]
    .filter((name) => !known.has(name))
    .map((name) => `.env.example names ${name}, which is unknown`),
];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
