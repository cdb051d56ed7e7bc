/**
 * The expressions of one conditional update in DynamoDB.
 */

/** Collects the clauses of one update; every name is escaped, since DynamoDB reserves several hundred words. */
export class Update {
  readonly #sets: string[] = [];
  readonly #removes: string[] = [];
  readonly #adds: string[] = [];
  readonly #conditions: string[] = [];
  readonly #names: Record<string, string> = {};
  readonly #values: Record<string, unknown> = {};

  /** Whether nothing would change. */
  get isEmpty(): boolean {
    return this.#sets.length === 0 && this.#removes.length === 0 && this.#adds.length === 0;
  }

  /** What stands for a value. */
  value(value: unknown): string {
    const name = `:v${Object.keys(this.#values).length}`;
    this.#values[name] = value;
    return name;
  }

  /** Sets an attribute. */
  set(attribute: string, value: unknown): void {
    this.#sets.push(`${this.name(attribute)} = ${this.value(value)}`);
  }

  /** Sets an attribute that is not there yet. */
  setIfAbsent(attribute: string, value: unknown): void {
    const name = this.name(attribute);
    this.#sets.push(`${name} = if_not_exists(${name}, ${this.value(value)})`);
  }

  /** Sets an attribute, or takes it away where the value is null; undefined leaves it alone. */
  change(attribute: string, value: unknown): void {
    if (value === null) this.#removes.push(this.name(attribute));
    else if (value !== undefined) this.set(attribute, value);
  }

  /** Sets a member of a map that is there. */
  setMember(attribute: string, member: string, value: unknown): void {
    this.#sets.push(`${this.name(attribute)}.${this.name(member)} = ${this.value(value)}`);
  }

  /** Takes a member out of a map that is there. */
  removeMember(attribute: string, member: string): void {
    this.#removes.push(`${this.name(attribute)}.${this.name(member)}`);
  }

  /** Adds a number to an attribute, which begins at 0. */
  add(attribute: string, number: number): void {
    this.#adds.push(`${this.name(attribute)} ${this.value(number)}`);
  }

  /** Requires that an attribute, or a member of one, has a value. */
  requireEqual(path: string, value: unknown): void {
    const names = path.split('.').map((name) => this.name(name));
    this.require(`${names.join('.')} = ${this.value(value)}`);
  }

  /**
   * Requires that an attribute is what it was seen to be; undefined: that it is not there. Of what is no text and no exact number it
   * is enough that it is there: what was read of it may not be all that the table has.
   */
  requireSame(attribute: string, seen: unknown): void {
    if (seen === undefined) this.require(`attribute_not_exists(${this.name(attribute)})`);
    else if (typeof seen === 'string' || Number.isSafeInteger(seen)) this.requireEqual(attribute, seen);
    else this.require(`attribute_exists(${this.name(attribute)})`);
  }

  /** A condition of the update; all must hold. Names in it come from {@link name}, values from {@link value}. */
  require(condition: string): void {
    this.#conditions.push(condition);
  }

  /** The expressions, as an UpdateCommand takes them. */
  expressions() {
    const clauses = [
      this.#sets.length > 0 ? `SET ${this.#sets.join(', ')}` : '',
      this.#removes.length > 0 ? `REMOVE ${this.#removes.join(', ')}` : '',
      this.#adds.length > 0 ? `ADD ${this.#adds.join(', ')}` : '',
    ].filter((clause) => clause !== '');
    return {
      UpdateExpression: clauses.join(' '),
      ExpressionAttributeNames: this.#names,
      ...(Object.keys(this.#values).length > 0 ? { ExpressionAttributeValues: this.#values } : {}),
      ...(this.#conditions.length > 0 ? { ConditionExpression: this.#conditions.join(' AND ') } : {}),
    };
  }

  /** What stands for an attribute's name. */
  name(attribute: string): string {
    const name = `#${attribute.replace(/[^A-Za-z0-9]/g, '')}`;
    this.#names[name] = attribute;
    return name;
  }
}
