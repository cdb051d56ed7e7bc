/** What a process has had of the CPU (Linux: proc(5)). */
import { readFileSync } from 'node:fs';

/** Linux counts so for programs, whatever the kernel's own clock. */
const ticksPerSecond = 100;

/** Seconds of user and system time of a process so far; 0 if it is gone. */
export function processTime(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return 0;
  }
}
