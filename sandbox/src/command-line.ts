import { parseArgs } from 'node:util';

/** The options of `wechat-sandbox`, each with the environment variable that it overrides. */
const OPTIONS = {
  host: 'SANDBOX_HOST',
  port: 'SANDBOX_PORT',
  'mini-programs': 'WECHAT_MINI_PROGRAMS',
  websites: 'WECHAT_WEBSITES',
  'official-accounts': 'WECHAT_OFFICIAL_ACCOUNTS',
  'service-url': 'PUBLIC_URL',
} as const;

/** What `--help` prints. */
export const USAGE = `Usage: wechat-sandbox [options]

A simulator of WeChat's login servers, for development and tests.

  --host ADDRESS             where it listens (127.0.0.1)
  --port PORT                (3001; 0 for a free port)
  --mini-programs APPS       appid:secret[,appid:secret...]
  --websites APPS            the same for website apps
  --official-accounts APPS   the same for official accounts
  --service-url URL          the service that is under development (http://localhost:3000)
  --help                     prints this

Each option overrides an environment variable; the README lists them all.
`;

/**
 * Reads the command line of `wechat-sandbox`.
 * @returns the environment, overridden by the options; `null` for --help
 * @throws Error that names an unknown option, or one without its value
 */
export function readCommandLine(words: readonly string[], env: NodeJS.ProcessEnv): NodeJS.ProcessEnv | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      host: { type: 'string' },
      port: { type: 'string' },
      'mini-programs': { type: 'string' },
      websites: { type: 'string' },
      'official-accounts': { type: 'string' },
      'service-url': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { help, ...given } = values;
  if (help) return null;
  const named = Object.entries(given).map(([option, value]) => [
    OPTIONS[option as keyof typeof OPTIONS],
    value,
  ]);
  return { ...env, ...(Object.fromEntries(named) as NodeJS.ProcessEnv) };
}
