import { readFileSync } from 'node:fs';

/** With fewer descriptors many waiting browsers cause EMFILE, because each holds a connection. */
const RECOMMENDED_LIMIT = 4_096;

/** A warning if the limit of open files is low; `null` if it is sufficient or unknown. */
export function fileDescriptorWarning(): string | null {
  const limit = openFilesLimit();
  if (limit === null || limit >= RECOMMENDED_LIMIT) return null;
  return `The process may open ${limit} files and connections at once. Raise the limit (ulimit -n, LimitNOFILE, ulimits.nofile) to ${RECOMMENDED_LIMIT} or more.`;
}

/** Reads the limit on Linux. Other systems do not have this file. */
function openFilesLimit(): number | null {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line ? Number(line[1]) : null;
  } catch {
    return null;
  }
}
