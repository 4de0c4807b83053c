import { existsSync } from 'node:fs';
import type { AppConfig } from './app-config.js';
import { loadConfig } from './load-config.js';

/**
 * The settings of this process: its environment, and the file `.env` of the working directory for what the
 * environment leaves open.
 * @throws ConfigError
 */
export function loadProcessConfig(): AppConfig {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return loadConfig(process.env);
}
