/**
 * A regular expression as a program for a small machine: what to compare, and where to continue (after Thompson and Pike).
 */

import { type CharacterTest, type PlaceTest, PosixRegexpError, type Token } from './posix-syntax.ts';

/** An instruction. */
export type Instruction =
  | { readonly op: 'character'; readonly test: CharacterTest }
  | { readonly op: 'place'; readonly test: PlaceTest }
  /** Continue at both; the first is preferred. */
  | { readonly op: 'either'; readonly first: number; readonly second: number }
  /** Store the position: 2n and 2n + 1 are begin and end of group n. */
  | { readonly op: 'remember'; readonly slot: number }
  | { readonly op: 'found' };

/** A program, and the number of its groups without the whole match. */
export interface Program {
  readonly instructions: readonly Instruction[];
  readonly groups: number;
}

/** The longest program: the time of matching is proportional to it. */
const longestProgram = 2000;

/** The deepest nesting of groups. */
const deepestGroup = 100;

type Node =
  | { readonly kind: 'character'; readonly test: CharacterTest }
  | { readonly kind: 'place'; readonly test: PlaceTest }
  | { readonly kind: 'sequence' | 'alternatives'; readonly nodes: readonly Node[] }
  | { readonly kind: 'group'; readonly index: number; readonly node: Node }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number };

/**
 * Returns the program for an expression.
 *
 * @throws PosixRegexpError when the syntax is wrong, or the program would be too long
 */
export function makeProgram(tokens: readonly Token[]): Program {
  const parser = new Parser(tokens);
  const node = parser.parse();
  const instructions: Instruction[] = [];
  emit({ kind: 'group', index: 0, node }, instructions);
  instructions.push({ op: 'found' });
  return { instructions, groups: parser.groups };
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  groups = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Node {
    const node = this.#alternatives();
    // Only a closing bracket of the basic syntax can be left over.
    if (this.#at < this.#tokens.length) throw new PosixRegexpError('a closing bracket without an opening one');
    return node;
  }

  #alternatives(): Node {
    const nodes = [this.#sequence()];
    while (this.#tokens[this.#at]?.kind === 'or') {
      this.#at++;
      nodes.push(this.#sequence());
    }
    return { kind: 'alternatives', nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (token.kind === 'or' || token.kind === 'close') break;
      this.#at++;
      nodes.push(token.kind === 'repeat' ? this.#repeat(token, nodes.pop()) : this.#atom(token));
    }
    return { kind: 'sequence', nodes };
  }

  #repeat({ min, max }: Extract<Token, { kind: 'repeat' }>, node: Node | undefined): Node {
    if (node === undefined || node.kind === 'place') {
      throw new PosixRegexpError('a repetition (*, +, ?, {}) of nothing; write a backslash before a literal character');
    }
    return { kind: 'repeat', node, min, max };
  }

  #atom(token: Exclude<Token, { kind: 'repeat' }>): Node {
    if (token.kind === 'character' || token.kind === 'place') return token;
    const index = ++this.groups;
    if (++this.#depth > deepestGroup) throw new PosixRegexpError(`groups nested more than ${deepestGroup} deep`);
    const node = this.#alternatives();
    if (this.#tokens[this.#at++]?.kind !== 'close') throw new PosixRegexpError('a group without an end');
    this.#depth--;
    return { kind: 'group', index, node };
  }
}

function emit(node: Node, program: Instruction[]): void {
  if (program.length > longestProgram) throw new PosixRegexpError('too much repetition: matching would be too slow');
  switch (node.kind) {
    case 'character':
      program.push({ op: 'character', test: node.test });
      return;
    case 'place':
      program.push({ op: 'place', test: node.test });
      return;
    case 'sequence':
      for (const part of node.nodes) emit(part, program);
      return;
    case 'alternatives':
      emitAlternatives(node.nodes, program);
      return;
    case 'group':
      program.push({ op: 'remember', slot: 2 * node.index });
      emit(node.node, program);
      program.push({ op: 'remember', slot: 2 * node.index + 1 });
      return;
    case 'repeat':
      emitRepeat(node, program);
      return;
    default:
      node satisfies never;
  }
}

/** Each alternative except the last: try it, else the next; after it, jump to the end. */
function emitAlternatives(nodes: readonly Node[], program: Instruction[]): void {
  const ends: number[] = [];
  for (const [index, node] of nodes.entries()) {
    if (index === nodes.length - 1) {
      emit(node, program);
      break;
    }
    const fork = reserve(program);
    emit(node, program);
    ends.push(reserve(program));
    program[fork] = { op: 'either', first: fork + 1, second: program.length };
  }
  for (const end of ends) program[end] = { op: 'either', first: program.length, second: program.length };
}

/** The required copies, then a loop, or the optional copies. */
function emitRepeat({ node, min, max }: Extract<Node, { kind: 'repeat' }>, program: Instruction[]): void {
  for (let copy = 0; copy < min; copy++) emit(node, program);
  if (max === Number.POSITIVE_INFINITY) {
    const fork = reserve(program);
    emit(node, program);
    program.push({ op: 'either', first: fork, second: fork });
    program[fork] = { op: 'either', first: fork + 1, second: program.length };
    return;
  }
  const forks: number[] = [];
  for (let copy = min; copy < max; copy++) {
    forks.push(reserve(program));
    emit(node, program);
  }
  for (const fork of forks) program[fork] = { op: 'either', first: fork + 1, second: program.length };
}

/** Reserves a place for an instruction that is written later. */
function reserve(program: Instruction[]): number {
  return program.push({ op: 'found' }) - 1;
}
