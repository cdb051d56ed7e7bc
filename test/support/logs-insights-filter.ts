/** The conditions of Logs Insights' filter command, as far as our saved queries use them. */

/** A value of a field. */
export type Value = string | number | undefined;

const token =
  /\s*(?:(\/(?:\\.|[^/\\])+\/)|'([^']*)'|(ispresent|and|or|not|like|in)\b|([@A-Za-z_][\w.@]*)|(-?\d+(?:\.\d+)?)|(!=|<=|>=|[=<>(),[\]]))/y;

interface Token {
  readonly kind: 'pattern' | 'text' | 'word' | 'field' | 'number' | 'sign';
  readonly text: string;
}

/**
 * Whether a row matches.
 *
 * @param need called with each field that is named
 * @throws Error for unsupported syntax
 */
export function evaluateFilter(
  condition: string,
  row: ReadonlyMap<string, Value>,
  need: (field: string) => void,
): boolean {
  const reader = new Condition(tokens(condition), row, need, condition);
  const answer = reader.either();
  reader.expectEnd();
  return answer;
}

function tokens(condition: string): Token[] {
  const kinds = ['pattern', 'text', 'word', 'field', 'number', 'sign'] as const;
  const found: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < condition.trimEnd().length) {
    const match = token.exec(condition);
    if (match === null) throw new Error(`"${condition}" is not understood`);
    const at = match.slice(1).findIndex((part) => part !== undefined);
    found.push({ kind: kinds[at] ?? 'sign', text: match[at + 1] ?? '' });
  }
  return found;
}

class Condition {
  readonly #tokens: Token[];
  readonly #row: ReadonlyMap<string, Value>;
  readonly #need: (field: string) => void;
  readonly #text: string;

  constructor(all: Token[], row: ReadonlyMap<string, Value>, need: (field: string) => void, text: string) {
    this.#tokens = all;
    this.#row = row;
    this.#need = need;
    this.#text = text;
  }

  either(): boolean {
    let answer = this.#both();
    while (this.#take('or')) answer = this.#both() || answer;
    return answer;
  }

  expectEnd(): void {
    if (this.#tokens.length > 0) throw this.#wrong();
  }

  #both(): boolean {
    let answer = this.#one();
    while (this.#take('and')) answer = this.#one() && answer;
    return answer;
  }

  #one(): boolean {
    if (this.#take('not')) return !this.#one();
    if (this.#take('(')) {
      const answer = this.either();
      this.#expect(')');
      return answer;
    }
    if (this.#take('ispresent')) {
      this.#expect('(');
      const value = this.#field();
      this.#expect(')');
      return value !== undefined;
    }
    return this.#compare(this.#field());
  }

  #compare(left: Value): boolean {
    if (this.#take('like')) {
      const { kind, text } = this.#next();
      if (kind === 'text') return String(left ?? '').includes(text);
      if (kind !== 'pattern') throw this.#wrong();
      return left !== undefined && patternOf(text).test(String(left));
    }
    if (this.#take('in')) {
      this.#expect('[');
      const all = [this.#literal()];
      while (this.#take(',')) all.push(this.#literal());
      this.#expect(']');
      return all.includes(left);
    }
    if (this.#take('=')) return left === this.#literal();
    throw this.#wrong();
  }

  #field(): Value {
    const { kind, text } = this.#next();
    if (kind !== 'field') throw this.#wrong();
    this.#need(text);
    return this.#row.get(text);
  }

  #literal(): Value {
    const { kind, text } = this.#next();
    if (kind === 'number') return Number(text);
    if (kind === 'text') return text;
    throw this.#wrong();
  }

  #next(): Token {
    const next = this.#tokens.shift();
    if (next === undefined) throw this.#wrong();
    return next;
  }

  #take(text: string): boolean {
    const [next] = this.#tokens;
    if (next?.text !== text || (next.kind !== 'word' && next.kind !== 'sign')) return false;
    this.#tokens.shift();
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#wrong();
  }

  #wrong(): Error {
    return new Error(`"filter ${this.#text}" is not understood at "${this.#tokens[0]?.text ?? 'the end'}"`);
  }
}

/** `/(?i)text/` has its flag inside. */
function patternOf(text: string): RegExp {
  const source = text.slice(1, -1);
  return source.startsWith('(?i)') ? new RegExp(source.slice(4), 'i') : new RegExp(source);
}
