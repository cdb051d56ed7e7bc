/** CPU time of a process (Linux: proc(5)). */
import { readFileSync } from 'node:fs';

/** Linux reports this unit to programs, whatever the kernel's own clock. */
const ticksPerSecond = 100;

/** Returns the user and system seconds of a process so far; 0 if it has ended. */
export function processTime(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may contain any character.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return 0;
  }
}
