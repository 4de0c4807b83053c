/** Variables that a program needs to run and to fetch by https. None is a setting or a secret of the service. */
const NAMES = [
  'PATH',
  'SystemRoot',
  'TZ',
  'TMPDIR',
  'TEMP',
  'LD_LIBRARY_PATH',
  'NODE_EXTRA_CA_CERTS',
  'NODE_USE_SYSTEM_CA',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** The environment of a child process that is to know nothing of the service. */
export function systemEnvironment(): NodeJS.ProcessEnv {
  const known = NAMES.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

/** Options of Node that decide whom it trusts and how it finds and reaches hosts, without those that take a value. */
const NETWORK_FLAG =
  /^--(no-)?(use-(system|openssl|bundled)-ca|tls-m(in|ax)-v\d\.\d|openssl-(legacy-provider|shared-config)|(enable-)?network-family-autoselection)$/;

/** Those that take a value, after `=` or as the next word. */
const NETWORK_VALUES: ReadonlySet<string> = new Set([
  '--dns-result-order',
  '--network-family-autoselection-attempt-timeout',
  '--openssl-config',
  '--tls-cipher-list',
  '--tls-keylog',
]);

/**
 * The arguments of this Node that decide whom it trusts and how it reaches hosts, for a Node that it starts. Each is one
 * word: `--name=value`.
 */
export function networkArguments(
  words: readonly string[] = [...process.execArgv, ...wordsOfNodeOptions(process.env.NODE_OPTIONS ?? '')],
): string[] {
  return words.flatMap((word, index) => {
    const [, written = '', value] = /^(--[^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    const name = written.replaceAll('_', '-');
    if (NETWORK_FLAG.test(name)) return [name];
    if (!NETWORK_VALUES.has(name)) return [];
    const following = value ?? words[index + 1];
    return following === undefined ? [] : [`${name}=${following}`];
  });
}

/** As Node divides NODE_OPTIONS: at spaces outside of double quotes, in which a backslash escapes a character. */
function wordsOfNodeOptions(options: string): string[] {
  const words = options.match(/(?:"(?:\\.|[^"\\])*"|[^ "])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"/g, (_, quoted: string) => quoted.replace(/\\(.)/g, '$1')),
  );
}
