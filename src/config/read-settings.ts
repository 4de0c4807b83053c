import { readFileSync } from 'node:fs';
import { isServiceLink } from './misspelt-variables.js';
import { SettingFault } from './parsers.js';
import type { Setting } from './setting.js';
import { allSettings, type Settings } from './settings.js';

/** Names and values of an environment. */
export type EnvironmentSource = Readonly<Record<string, string | undefined>>;

/**
 * Parses every variable of an environment. Empty values and empty files count as not set.
 * @returns the values, complete only where there is no fault; one line per fault, which names the variable and never
 * repeats its value
 */
export function readSettings(source: EnvironmentSource): { settings: Settings; faults: string[] } {
  const values: Record<string, unknown> = {};
  const unreadable: string[] = [];
  const invalid: string[] = [];
  for (const [name, setting] of allSettings()) {
    const text = textOf(source, name, setting, unreadable) ?? setting.default;
    try {
      values[name] = text === null ? null : setting.parse(text);
    } catch (error) {
      if (!(error instanceof SettingFault)) throw error;
      invalid.push(`${name} ${error.message}`);
    }
  }
  // Each value is what the parser of its name returned.
  return { settings: values as Settings, faults: [...unreadable, ...invalid] };
}

/** The text of a variable or of the file that `NAME_FILE` names; `null` where neither says anything. */
function textOf(
  source: EnvironmentSource,
  name: string,
  { secret }: Setting<unknown>,
  faults: string[],
): string | null {
  const text = source[name];
  const file = secret ? source[`${name}_FILE`] : undefined;
  if (file && text) {
    faults.push(`${name} and ${name}_FILE are both set`);
    return null;
  }
  if (file) {
    try {
      return readFileSync(file, 'utf8').trim() || null;
    } catch {
      faults.push(`${name}_FILE names a file that cannot be read`);
      return null;
    }
  }
  return text && !isServiceLink(name, text) ? text : null;
}
