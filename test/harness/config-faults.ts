import { ConfigError, loadConfig } from '../../src/config/load-config.js';

/** The faults for which a start with this environment ends; none where it starts. */
export function configFaults(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}
