/**
 * CloudFormation's intrinsic functions, those that our templates have: Ref, Fn::GetAtt, Fn::Sub, Fn::Join, Fn::Select and
 * Fn::Split. Any other is an error, never a guess.
 */
import { TemplateError } from './template-error.ts';

/** What references stand for. */
export interface References {
  /**
   * What `Ref` gives for a resource, a parameter or a pseudo parameter (`AWS::Region`).
   *
   * @throws TemplateError when that is not known
   */
  ref(name: string): string;
  /**
   * What `Fn::GetAtt` gives.
   *
   * @throws TemplateError when that is not known
   */
  attribute(logicalId: string, name: string): string;
}

/** Stands for a property that is not there (`AWS::NoValue`). */
const absent = Symbol('AWS::NoValue');

/**
 * A value of a template with everything in it resolved.
 *
 * @throws TemplateError when it has an intrinsic function or a reference that is not known
 */
export function resolveValue(value: unknown, references: References): unknown {
  const resolved = resolveAny(value, references);
  return resolved === absent ? undefined : resolved;
}

/**
 * The same, for a value that is text (or becomes text where it is a number or a truth value).
 *
 * @throws TemplateError when it is not
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

/** `${!name}` stands for `${name}` itself. */
function substitute(text: string, variables: Readonly<Record<string, unknown>>, references: References): string {
  return text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (Object.hasOwn(variables, name)) return resolveText(variables[name], references);
    const [logicalId, attribute] = cutAtDot(name);
    return attribute === undefined ? references.ref(logicalId) : references.attribute(logicalId, attribute);
  });
}

/** An attribute may have dots of its own, a logical id has none. */
function cutAtDot(text: string): [string, string?] {
  const dot = text.indexOf('.');
  return dot < 0 ? [text] : [text.slice(0, dot), text.slice(dot + 1)];
}

function asList(value: unknown, wrong: () => TemplateError): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong();
  return value;
}
