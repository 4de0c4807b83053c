import { Linter } from 'eslint';

/** What every mini program has besides ECMAScript: its own API, timers, and the functions of a module. */
export const MINI_PROGRAM_GLOBALS = [
  'wx',
  'App',
  'console',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'module',
  'exports',
  'require',
];

/**
 * What is wrong with code for an engine: what it cannot parse, and names that are neither ECMAScript's nor given.
 * `typeof name` asks for a name without using it.
 */
export function unknownIn(
  code: string,
  edition: 2015 | 2018 | 2020,
  sourceType: 'module' | 'script',
  globals: readonly string[],
): string[] {
  const messages = new Linter().verify(
    code,
    {
      languageOptions: {
        ecmaVersion: edition,
        sourceType,
        globals: Object.fromEntries(globals.map((name) => [name, 'readonly'] as const)),
      },
      linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'off' },
      rules: { 'no-undef': 'error' },
    },
    { filename: 'code.js' },
  );
  return messages.map(({ message, line }) => `${message} (line ${line})`);
}
