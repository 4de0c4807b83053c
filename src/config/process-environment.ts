import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { StartFault } from '../common/start-fault.js';
import type { AppConfig } from './app-config.js';
import { loadConfig } from './load-config.js';

const FILE = '.env';

/**
 * Loads the settings of this process from its environment and from the file `.env` of the working directory. Variables
 * of the environment win.
 * @throws ConfigError where a value cannot be used
 * @throws StartFault where `.env` exists and cannot be read: a production without it would start as development
 */
export function loadProcessConfig(): AppConfig {
  const text = read();
  if (text !== null) {
    for (const [name, value] of Object.entries(parseEnv(checked(text)))) process.env[name] ??= value;
  }
  return loadConfig(process.env);
}

/** @returns the bytes of `.env`; `null` where it does not exist */
function read(): Buffer | null {
  try {
    return readFileSync(FILE);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unknown error';
    if (code === 'ENOENT') return null;
    throw new StartFault(`The file .env is there and cannot be read (${code}).`);
  }
}

/**
 * The text of a `.env`, without a byte order mark.
 * @throws StartFault where it is no UTF-8, or a line is neither an assignment nor a comment
 */
export function checked(bytes: Buffer): string {
  const fault = (what: string) => new StartFault(`The file .env ${what}.`);
  if (bytes.includes(0) || bytes.subarray(0, 2).toString('latin1') === '\xff\xfe') {
    throw fault('is not UTF-8 but probably UTF-16: save it as UTF-8');
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fault('is not UTF-8: save it as UTF-8');
  }
  const line = firstStrayLine(text);
  if (line !== null) throw fault(`has neither NAME=value nor a comment in line ${line}`);
  return text;
}

/** Number of the first line that is neither an assignment nor a comment. A quoted value may have several lines. */
function firstStrayLine(text: string): number | null {
  const lines = text.split(/\r\n|\n|\r/);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (/^\s*(#|$)/.test(line)) continue;
    const assignment = /^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*=\s*(.*)$/.exec(line);
    if (!assignment) return index + 1;
    const [value = ''] = assignment.slice(1);
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote === undefined || value.includes(quote, 1)) continue;
    const end = lines.findIndex((later, at) => at > index && later.includes(quote));
    if (end > index) index = end;
  }
  return null;
}
