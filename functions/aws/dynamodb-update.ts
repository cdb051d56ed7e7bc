/**
 * The expressions of one conditional update in DynamoDB.
 */

/** Collects the clauses of one update. All names are escaped, because DynamoDB reserves several hundred words. */
export class Update {
  readonly #sets: string[] = [];
  readonly #removes: string[] = [];
  readonly #adds: string[] = [];
  readonly #conditions: string[] = [];
  readonly #names: Record<string, string> = {};
  readonly #values: Record<string, unknown> = {};

  /** Whether the update changes nothing. */
  get isEmpty(): boolean {
    return this.#sets.length === 0 && this.#removes.length === 0 && this.#adds.length === 0;
  }

  /** Returns a placeholder for a value. */
  value(value: unknown): string {
    const name = `:v${Object.keys(this.#values).length}`;
    this.#values[name] = value;
    return name;
  }

  /** Sets an attribute. */
  set(attribute: string, value: unknown): void {
    this.#sets.push(`${this.name(attribute)} = ${this.value(value)}`);
  }

  /** Sets an attribute unless it exists. */
  setIfAbsent(attribute: string, value: unknown): void {
    const name = this.name(attribute);
    this.#sets.push(`${name} = if_not_exists(${name}, ${this.value(value)})`);
  }

  /** Sets an attribute, or removes it if the value is null; undefined leaves it unchanged. */
  change(attribute: string, value: unknown): void {
    if (value === null) this.#removes.push(this.name(attribute));
    else if (value !== undefined) this.set(attribute, value);
  }

  /** Sets a member of an existing map. */
  setMember(attribute: string, member: string, value: unknown): void {
    this.#sets.push(`${this.name(attribute)}.${this.name(member)} = ${this.value(value)}`);
  }

  /** Removes a member of an existing map. */
  removeMember(attribute: string, member: string): void {
    this.#removes.push(`${this.name(attribute)}.${this.name(member)}`);
  }

  /** Adds a number to an attribute; a missing one is 0. */
  add(attribute: string, number: number): void {
    this.#adds.push(`${this.name(attribute)} ${this.value(number)}`);
  }

  /** Requires that an attribute, or a member of one, has a value. */
  requireEqual(path: string, value: unknown): void {
    const names = path.split('.').map((name) => this.name(name));
    this.require(`${names.join('.')} = ${this.value(value)}`);
  }

  /**
   * Requires that an attribute is unchanged; undefined: that it does not exist. For a value that is neither text nor an
   * exact number, only existence is checked, because the value read may differ from the stored one.
   */
  requireSame(attribute: string, seen: unknown): void {
    if (seen === undefined) this.require(`attribute_not_exists(${this.name(attribute)})`);
    else if (typeof seen === 'string' || Number.isSafeInteger(seen)) this.requireEqual(attribute, seen);
    else this.require(`attribute_exists(${this.name(attribute)})`);
  }

  /** Adds a condition; all must hold. Use {@link name} and {@link value} for names and values in it. */
  require(condition: string): void {
    this.#conditions.push(condition);
  }

  /** Returns the expressions for an UpdateCommand. */
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

  /** Returns a placeholder for an attribute's name. */
  name(attribute: string): string {
    const name = `#${attribute.replace(/[^A-Za-z0-9]/g, '')}`;
    this.#names[name] = attribute;
    return name;
  }
}
