/**
 * CloudWatch's metric math, as far as our alarms use it: numbers, names, arithmetic, comparisons, AND, OR, IF
 * and FILL, for one moment. An operand without a value makes the result have none, except in FILL.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */

/** A value at one moment; absent: there is none. */
export type MathValue = number | undefined;

/**
 * Evaluates an expression.
 *
 * @param values by their names in the expression
 * @throws Error for unsupported syntax, or a name without a metric
 */
export function evaluateMath(expression: string, values: ReadonlyMap<string, MathValue>): MathValue {
  const reader = new Reader(expression, values);
  const value = reader.read();
  reader.expectEnd();
  return value;
}

const operators: readonly Readonly<Record<string, (left: number, right: number) => number>>[] = [
  { OR: (left, right) => Number(left !== 0 || right !== 0) },
  { AND: (left, right) => Number(left !== 0 && right !== 0) },
  {
    '>': (left, right) => Number(left > right),
    '<': (left, right) => Number(left < right),
    '>=': (left, right) => Number(left >= right),
    '<=': (left, right) => Number(left <= right),
    '==': (left, right) => Number(left === right),
    '!=': (left, right) => Number(left !== right),
  },
  { '+': (left, right) => left + right, '-': (left, right) => left - right },
  { '*': (left, right) => left * right, '/': (left, right) => left / right },
];

class Reader {
  readonly #expression: string;
  readonly #tokens: string[];
  readonly #values: ReadonlyMap<string, MathValue>;

  constructor(expression: string, values: ReadonlyMap<string, MathValue>) {
    this.#expression = expression;
    this.#values = values;
    this.#tokens = expression.match(/\d+(?:\.\d+)?|[A-Za-z_]\w*|[<>=!]=|[-+*/<>(),]|\S/g) ?? [];
  }

  /** One level of operators after the other, those that bind least first. */
  read(level = 0): MathValue {
    const here = operators[level];
    if (here === undefined) return this.#readTerm();
    let left = this.read(level + 1);
    for (let act = here[this.#tokens[0] ?? '']; act !== undefined; act = here[this.#tokens[0] ?? '']) {
      this.#tokens.shift();
      const right = this.read(level + 1);
      left = left === undefined || right === undefined ? undefined : act(left, right);
    }
    return left;
  }

  expectEnd(): void {
    if (this.#tokens.length > 0) throw this.#wrong(this.#tokens[0]);
  }

  #readTerm(): MathValue {
    const token = this.#tokens.shift();
    if (token === undefined) throw this.#wrong('the end');
    if (/^\d/.test(token)) return Number(token);
    if (token === '(') {
      const value = this.read();
      this.#expect(')');
      return value;
    }
    if (token === 'IF' || token === 'FILL') return this.#call(token, this.#readArguments());
    // CloudWatch's own rule for the names of metrics in an expression.
    if (!/^[a-z]\w*$/.test(token) || !this.#values.has(token)) throw this.#wrong(token);
    return this.#values.get(token);
  }

  #readArguments(): MathValue[] {
    this.#expect('(');
    const given = [this.read()];
    while (this.#tokens[0] === ',') {
      this.#tokens.shift();
      given.push(this.read());
    }
    this.#expect(')');
    return given;
  }

  #call(name: 'IF' | 'FILL', given: readonly MathValue[]): MathValue {
    if (given.length !== (name === 'IF' ? 3 : 2)) throw this.#wrong(name);
    const [first, second, third] = given;
    if (name === 'FILL') return first ?? second;
    if (first === undefined) return undefined;
    return first === 0 ? third : second;
  }

  #expect(token: string): void {
    const found = this.#tokens.shift();
    if (found !== token) throw this.#wrong(found);
  }

  #wrong(token: string | undefined): Error {
    return new Error(`"${this.#expression}" is not understood at "${token ?? 'the end'}"`);
  }
}
