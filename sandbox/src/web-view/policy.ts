/*
 * Content-Security-Policy, changed as little as possible: a page of the service that is shown on the phone's screen
 * is framed by the phone and carries one script of the sandbox. Several policies in one header are separated by
 * commas (CSP level 3, section 3.1), and each is changed.
 */

/** Lets `origin` frame the page, and nobody else. */
export function framedBy(policy: string, origin: string): string {
  return eachOf(policy, (directives) => {
    directives.delete('frame-ancestors');
    // Would ask for https, which the sandbox does not speak.
    directives.delete('upgrade-insecure-requests');
    directives.set('frame-ancestors', origin);
  });
}

/** Lets the script with this nonce run. */
export function withScript(policy: string, nonce: string): string {
  return eachOf(policy, (directives) => {
    const name = ['script-src-elem', 'script-src', 'default-src'].find((each) => directives.has(each));
    if (name === undefined) return;
    const sources = directives.get(name)?.replace(/(^|\s)'none'/i, '') ?? '';
    directives.set(name === 'default-src' ? 'script-src' : name, `${sources} 'nonce-${nonce}'`.trim());
  });
}

function eachOf(policy: string, change: (directives: Map<string, string>) => void): string {
  return policy
    .split(',')
    .map((one) => {
      const directives = parse(one);
      change(directives);
      return [...directives].map(([name, value]) => `${name} ${value}`.trim()).join('; ');
    })
    .join(', ');
}

/** Directives by name; of a repeated one the first counts. */
function parse(policy: string): Map<string, string> {
  const directives = new Map<string, string>();
  for (const part of policy.split(';')) {
    const [name = '', ...values] = part.trim().split(/\s+/);
    if (name !== '' && !directives.has(name.toLowerCase()))
      directives.set(name.toLowerCase(), values.join(' '));
  }
  return directives;
}
