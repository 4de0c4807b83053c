import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Ticks of the kernel's accounting per second: 100 wherever anybody has looked, but it may be asked. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']).toString());

/**
 * What a process, with all its threads, has cost so far: user and system time, as Linux accounts them (proc(5),
 * fields 14 and 15). To 10 ms, so a measurement should last for seconds.
 */
export function cpuMicroseconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is the name, in parentheses, and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1e6;
}
