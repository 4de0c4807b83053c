/** Which source a frame of a CPU profile is of. A bundle is one file; its source map knows more. */
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** URL of a file -> its source map, or `null` */
const maps = new Map();

/**
 * @param frame `callFrame` of a node of the profile
 * @returns the path or URL of the source, with `/`; '' of native code
 */
export function sourceOf({ url, lineNumber, columnNumber }) {
  if (!url.startsWith('file:')) return url;
  if (!maps.has(url)) maps.set(url, mapOf(fileURLToPath(url)));
  const entry = maps.get(url)?.findEntry(lineNumber, columnNumber);
  return entry?.originalSource ?? url;
}

function mapOf(file) {
  const map = `${file}.map`;
  return existsSync(map) ? new SourceMap(JSON.parse(readFileSync(map, 'utf8'))) : null;
}
