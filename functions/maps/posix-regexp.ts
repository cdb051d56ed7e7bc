/**
 * POSIX regular expressions in bounded time. All ways to match are followed in parallel, so the time is proportional to the length
 * of the text times the length of the expression (a machine after Thompson and Pike). JavaScript's own expressions backtrack, and
 * a text made for that can hang them.
 *
 * The leftmost match wins, and of those the longest. Back references are not supported.
 */

import { type Instruction, makeProgram } from './posix-program.ts';
import type { PosixSyntax } from './posix-syntax.ts';
import { tokenise } from './posix-tokens.ts';

export { PosixRegexpError } from './posix-syntax.ts';

/** A compiled expression. */
export interface PosixRegexp {
  /** The number of groups. */
  readonly groups: number;
  /** Returns the text of the match and of its groups; `undefined` for an unused group, and if there is no match. */
  match(text: string): readonly (string | undefined)[] | undefined;
}

/**
 * Compiles an expression.
 *
 * @throws PosixRegexpError with the fault
 */
export function compilePosixRegexp(pattern: string, syntax: Partial<PosixSyntax> = {}): PosixRegexp {
  const tokens = tokenise(pattern, { extended: true, ignoreCase: false, multiline: false, ...syntax });
  const { instructions, groups } = makeProgram(tokens);
  return {
    groups,
    match: (text) => {
      const characters = [...text];
      const slots = run(instructions, characters);
      if (slots === undefined) return undefined;
      return Array.from({ length: groups + 1 }, (_, group) => {
        const [begin, end] = [slots[2 * group], slots[2 * group + 1]];
        return begin === undefined || end === undefined ? undefined : characters.slice(begin, end).join('');
      });
    },
  };
}

/** Begin and end of the groups, by slot. */
type Slots = readonly (number | undefined)[];

/** A way to match that is still open: its next character instruction, or the end. */
interface Thread {
  readonly at: number;
  readonly slots: Slots;
}

function run(program: readonly Instruction[], characters: readonly string[]): Slots | undefined {
  const codes = characters.map((character) => character.codePointAt(0) ?? 0);
  let threads: readonly Thread[] = [];
  let best: Slots | undefined;
  for (let position = 0; position <= codes.length; position++) {
    const code = codes[position];
    const step = new Step(program, position, codes[position - 1], code);
    for (const { at, slots } of threads) step.follow(at, slots);
    // A match that begins here loses against an earlier one.
    if (best === undefined) step.follow(0, []);
    best = step.threads.filter(({ at }) => program[at]?.op === 'found').reduce(betterOf, best);
    if (code === undefined) break;
    threads = advance(program, step.threads, code, best);
    if (threads.length === 0 && best !== undefined) break;
  }
  return best;
}

/** Leftmost, then longest, then preferred. */
function betterOf(best: Slots | undefined, { slots }: Thread): Slots {
  if (best === undefined) return slots;
  const [bestBegin = 0, bestEnd = 0] = best;
  const [begin = 0, end = 0] = slots;
  return begin < bestBegin || (begin === bestBegin && end > bestEnd) ? slots : best;
}

/** Returns the threads that accept a character. */
function advance(
  program: readonly Instruction[],
  threads: readonly Thread[],
  code: number,
  best: Slots | undefined,
): readonly Thread[] {
  const begin = best?.[0] ?? Number.POSITIVE_INFINITY;
  return threads.flatMap(({ at, slots }) => {
    const instruction = program[at];
    const goesOn = instruction?.op === 'character' && instruction.test(code) && (slots[0] ?? 0) <= begin;
    return goesOn ? [{ at: at + 1, slots }] : [];
  });
}

/** The instructions that can be reached at one position without reading a character, preferred ones first. */
class Step {
  readonly threads: Thread[] = [];
  readonly #program: readonly Instruction[];
  readonly #position: number;
  readonly #before: number | undefined;
  readonly #after: number | undefined;
  readonly #seen = new Set<number>();

  constructor(
    program: readonly Instruction[],
    position: number,
    before: number | undefined,
    after: number | undefined,
  ) {
    this.#program = program;
    this.#position = position;
    this.#before = before;
    this.#after = after;
  }

  follow(start: number, begun: Slots): void {
    const pending: Thread[] = [{ at: start, slots: begun }];
    for (let thread = pending.pop(); thread !== undefined; thread = pending.pop()) {
      const { at, slots } = thread;
      const instruction = this.#program[at];
      if (instruction === undefined || this.#seen.has(at)) continue;
      this.#seen.add(at);
      switch (instruction.op) {
        case 'either':
          // The last one pushed is followed first.
          pending.push({ at: instruction.second, slots }, { at: instruction.first, slots });
          break;
        case 'remember':
          pending.push({ at: at + 1, slots: Object.assign([...slots], { [instruction.slot]: this.#position }) });
          break;
        case 'place':
          if (instruction.test(this.#before, this.#after)) pending.push({ at: at + 1, slots });
          break;
        case 'character':
        case 'found':
          this.threads.push(thread);
          break;
        default:
          instruction satisfies never;
      }
    }
  }
}
