import { readFileSync } from 'node:fs';

/** Below this a day with many waiting browsers ends in EMFILE: each of them has a connection. */
const ENOUGH = 4_096;

/** One line where the process may open few files and connections; `null` where it may open enough, or nobody knows. */
export function fileDescriptorWarning(): string | null {
  const limit = openFilesLimit();
  if (limit === null || limit >= ENOUGH) return null;
  return `The process may open ${limit} files and connections at once. Raise the limit (ulimit -n, LimitNOFILE, ulimits.nofile) to ${ENOUGH} or more.`;
}

/** Of Linux; other systems have no such file. */
function openFilesLimit(): number | null {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line ? Number(line[1]) : null;
  } catch {
    return null;
  }
}
