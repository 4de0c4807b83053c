/** What a frame of a CPU profile is of. A bundle is one file; its source map knows more. */
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Idle time, and the profiler's own start. A package may have functions of these names, too. */
const NOT_OURS = new Set(['(idle) ', 'dispatch ', 'post node:inspector']);

/** URL of a file -> its source map, or `null` */
const maps = new Map();

/** Whether the process works in a frame, which is `callFrame` of a node of the profile. */
export function isWork({ functionName, url }) {
  return !NOT_OURS.has(`${functionName} ${url}`);
}

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
