import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Clock ticks per second of the kernel's accounting: usually 100. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK']).toString());

/**
 * CPU time of a process with all its threads: user and system time (proc(5), fields 14 and 15). The resolution is
 * 10 ms, so a measurement should last for seconds.
 */
export function cpuMicroseconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is the name, in parentheses, and may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1e6;
}

/** CPU time of the whole machine, all cores together, including the kernel's: everything but idle and waiting time. */
export function machineMicroseconds() {
  const [, ...times] = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0].split(/ +/).map(Number);
  const [user, nice, system, , , interrupts, softInterrupts] = times;
  return ((user + nice + system + interrupts + softInterrupts) / TICKS) * 1e6;
}
