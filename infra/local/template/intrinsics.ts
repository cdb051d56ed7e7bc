/**
 * CloudFormation's intrinsic functions in our templates: Ref, Fn::GetAtt, Fn::Sub, Fn::Join, Fn::Select and Fn::Split. Any other is
 * an error.
 */
/** A synthesized app cannot be read or run here. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** The values of references. */
export interface References {
  /**
   * Returns the value of `Ref` for a resource, a parameter or a pseudo parameter (`AWS::Region`).
   *
   * @throws TemplateError if it is not known
   */
  ref(name: string): string;
  /**
   * Returns the value of `Fn::GetAtt`.
   *
   * @throws TemplateError if it is not known
   */
  attribute(logicalId: string, name: string): string;
}

/** The value of an absent property (`AWS::NoValue`). */
const absent = Symbol('AWS::NoValue');

/**
 * Returns a value of a template with all references resolved.
 *
 * @throws TemplateError if it contains an unknown intrinsic function or reference
 */
export function resolveValue(value: unknown, references: References): unknown {
  const resolved = resolveAny(value, references);
  return resolved === absent ? undefined : resolved;
}

/**
 * Returns a resolved value as text; a number or a boolean becomes text.
 *
 * @throws TemplateError if it is another value
 */
export function resolveText(value: unknown, references: References): string {
  const resolved = resolveValue(value, references);
  if (typeof resolved === 'string') return resolved;
  if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
  throw new TemplateError(`${JSON.stringify(value)} is not text`);
}

function resolveAny(value: unknown, references: References): unknown {
  if (Array.isArray(value)) return value.map((one) => resolveAny(one, references)).filter((one) => one !== absent);
  if (typeof value !== 'object' || value === null) return value;
  const [name = '', ...others] = Object.keys(value);
  const intrinsic = others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
  if (intrinsic) return callFunction(name, (value as Record<string, unknown>)[name], references);
  const entries = Object.entries(value).map(([key, one]) => [key, resolveAny(one, references)] as const);
  return Object.fromEntries(entries.filter(([, one]) => one !== absent));
}

function callFunction(name: string, argument: unknown, references: References): unknown {
  const wrong = () => new TemplateError(`${name} of ${JSON.stringify(argument)} cannot be read`);
  switch (name) {
    case 'Ref':
      if (typeof argument !== 'string') throw wrong();
      return argument === 'AWS::NoValue' ? absent : references.ref(argument);
    case 'Fn::GetAtt': {
      const [logicalId, attribute] = typeof argument === 'string' ? cutAtDot(argument) : asList(argument, wrong);
      if (typeof logicalId !== 'string' || typeof attribute !== 'string') throw wrong();
      return references.attribute(logicalId, attribute);
    }
    case 'Fn::Join': {
      const [separator, parts] = asList(argument, wrong);
      if (typeof separator !== 'string') throw wrong();
      return asList(resolveValue(parts, references), wrong).join(separator);
    }
    case 'Fn::Split': {
      const [separator, text] = asList(argument, wrong);
      if (typeof separator !== 'string') throw wrong();
      return resolveText(text, references).split(separator);
    }
    case 'Fn::Select': {
      const [index, list] = asList(argument, wrong);
      const chosen = asList(resolveValue(list, references), wrong)[Number(index)];
      if (chosen === undefined) throw wrong();
      return chosen;
    }
    case 'Fn::Sub': {
      const [text, variables] = typeof argument === 'string' ? [argument, {}] : asList(argument, wrong);
      if (typeof text !== 'string') throw wrong();
      return substitute(text, variables as Record<string, unknown>, references);
    }
    default:
      throw new TemplateError(`${name} is an intrinsic function that is not known here`);
  }
}

/** Resolves Fn::Sub; `${!name}` is the literal `${name}`. */
function substitute(text: string, variables: Readonly<Record<string, unknown>>, references: References): string {
  return text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (Object.hasOwn(variables, name)) return resolveText(variables[name], references);
    const [logicalId, attribute] = cutAtDot(name);
    return attribute === undefined ? references.ref(logicalId) : references.attribute(logicalId, attribute);
  });
}

/** Splits `ID.Attribute`. An attribute may contain dots, a logical id does not. */
function cutAtDot(text: string): [string, string?] {
  const dot = text.indexOf('.');
  return dot < 0 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}

function asList(value: unknown, wrong: () => TemplateError): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong();
  return value;
}
