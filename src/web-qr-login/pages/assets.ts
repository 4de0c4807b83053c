import { readFileSync } from 'node:fs';

/** A style sheet beside this file, read once at start, without what only its readers need: comments and blanks. */
export function styleAsset(name: string): string {
  return read(name)
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/ > /g, '>')
    .replace(/([^\d])0\./g, '$1.')
    .replace(/;}/g, '}')
    .trim();
}

/**
 * Modules beside this file as one script, in an order in which each stands after what it imports. They import only one
 * another, so that joining them is taking `import` and `export` away; each has names of its own. Comments and blanks go
 * too: no text of theirs goes over two lines or has a quote in it, and they have no regular expressions.
 */
export function scriptAsset(names: readonly string[]): string {
  return names
    .map((name) =>
      read(name)
        .replace(/^import [^;]*;$/gm, '')
        .replace(/^export /gm, ''),
    )
    .join('\n')
    .replace(/^\s*(\/\/.*|\/\*\*[^]*?\*\/)$/gm, '')
    .replace(/^\s+/gm, '')
    .replace(
      /('[^'\n]*'|`[^`]*`)| ?([{}()=,:;?<>&|!*]+) ?/g,
      (_, text?: string, mark?: string) => text ?? mark ?? '',
    )
    .trim();
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}
