/** docs/props.md: the properties of the construct, read from the docstrings of its interfaces. */
import { readFileSync } from 'node:fs';

/** The interfaces of `LmtpDeliveryProps`, by the heading of their table, with the file that has each. */
const interfaces: Readonly<Record<string, readonly [name: string, file: string]>> = {
  'Mail, functions and limits': ['LmtpDeliveryProps', '../construct/delivery-props.ts'],
  Bodies: ['BodyProps', '../queue/bodies.ts'],
  Network: ['NetworkProps', '../network/network.ts'],
  Encryption: ['EncryptionProps', '../security/encryption.ts'],
  'Alarms and dashboard': ['AlarmProps', '../watching/alarms/thresholds.ts'],
  'Prices of the dashboard': ['DashboardProps', '../watching/dashboard/prices.ts'],
  'Alarms by name (`alarms`)': ['AlarmSettings', '../watching/alarms/thresholds.ts'],
};

/** A property as its interface declares and describes it. */
export interface PropertyText {
  readonly name: string;
  readonly type: string;
  readonly about: string;
  readonly standard: string;
}

/** The whole text. */
export function propsDocument(): string {
  const tables = Object.entries(interfaces).map(([heading, [name, file]]) => {
    const rows = propertiesOf(name, readFileSync(new URL(file, import.meta.url), 'utf8'));
    const lines = rows.map(({ name: property, type, about, standard }) =>
      ['', ` \`${property}\` `, ` \`${type}\` `, ` ${about} `, ` ${standard} `, ''].join('|'),
    );
    const head = ['| property | type | meaning | default |', '| --- | --- | --- | --- |'];
    return [`## ${heading}`, '', ...head, ...lines, ''].join('\n');
  });
  return [introduction, ...tables].join('\n');
}

const introduction = `# Properties of \`LmtpDelivery\`

All properties of the construct. None is required, but mail needs a way: \`destination\`, \`transportMap\`, \`transportMapObject\` or
\`allowedDestinations\`. [configuration.md](configuration.md) explains how properties, context values and Postfix parameters relate.

Written from the docstrings of the interfaces by \`npm run documents\`.
`;

/**
 * Returns the properties of an interface, in the order of its source.
 *
 * @throws Error where the source has no such interface, or a property without a docstring
 */
export function propertiesOf(name: string, source: string): readonly PropertyText[] {
  const [, body] = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n(.*?)^\\}`, 'ms').exec(source) ?? [];
  if (body === undefined) throw new Error(`there is no interface ${name}`);
  const declared = [...body.matchAll(/^ {2}readonly (\w+)\?:/gm)].length;
  const found = [...body.matchAll(/^ {2}\/\*\*\n(.*?)^ {3}\*\/\n {2}readonly (\w+)\?: ([^\n]*);$/gms)];
  if (found.length !== declared) throw new Error(`${name}: ${declared - found.length} properties have no docstring`);
  return found.map(([, comment = '', property = '', type = '']) => {
    const [about = '', standard = ''] = comment.split(/^ *\* @default/m).map(oneLine);
    const plainType = type.replace(/ \| undefined$/, '').replaceAll('|', '\\|');
    return { name: property, type: plainType, about, standard: standard.replace(/^- /, '') };
  });
}

/** The text of a comment, without its margin and line ends. */
function oneLine(comment: string): string {
  const text = comment.replaceAll(/^ *\* ?/gm, '').replaceAll(/\s+/g, ' ');
  return text.replaceAll('|', '\\|').trim();
}
