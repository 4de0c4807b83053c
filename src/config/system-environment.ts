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

/** The arguments of this Node that decide whom it trusts and how it finds hosts, for a Node that it starts. */
export function networkArguments(): string[] {
  const words = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  return words.filter((word) =>
    /^--(use-(system|openssl|bundled)-ca|tls-|openssl-|dns-result-order)/.test(word),
  );
}
