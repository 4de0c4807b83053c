import { StartFault } from '../common/start-fault.js';
import { type AppConfig, toConfig } from './app-config.js';
import { misspeltVariables } from './misspelt-variables.js';
import { type EnvironmentSource, readSettings } from './read-settings.js';
import { dependencyFaults, productionFaults, productionWarnings } from './setting-rules.js';
import { allSettings } from './settings.js';

/** The environment cannot be used: one line per fault, which names the variable and never its value. */
export class ConfigError extends StartFault {
  override readonly name = 'ConfigError';

  constructor(readonly faults: readonly string[]) {
    super(`The environment has ${faults.length} fault(s):\n${faults.map((line) => `  ${line}`).join('\n')}`);
  }
}

/**
 * Reads, validates and freezes the settings. The only reader of the environment.
 * @param source `process.env` outside of tests
 * @throws ConfigError with every fault at once
 */
export function loadConfig(source: EnvironmentSource): AppConfig {
  const { settings, faults } = readSettings(source);
  faults.push(...dependencyFaults(settings));
  if (faults.length > 0) throw new ConfigError(faults);
  const unsafe = productionFaults(settings);
  if (unsafe.length > 0) throw new ConfigError(unsafe);
  const known = allSettings().flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name]));
  const warnings = [...misspeltVariables(source, known), ...productionWarnings(settings)];
  return deepFreeze(toConfig(settings, warnings));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}
