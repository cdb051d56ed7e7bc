/** The placeholders of scenarios: values that differ from run to run, and so cannot be recorded. */

/** Their values in one run. */
export interface Places {
  /** `{port}` is that of the empty name, `{port:NAME}` those of the others. */
  readonly ports: ReadonlyMap<string, number>;
  /** `{unix}` and `{unix:NAME}`: paths of sockets. */
  readonly paths: ReadonlyMap<string, string>;
  /** `{closed_port}`, `{closed_port:2}`: no server listens. */
  readonly closedPorts: readonly number[];
  /** `{blackhole_port}`: connection attempts are not answered. */
  readonly blackHolePort: number | undefined;
  /** `{no_socket}`: a path without a socket. */
  readonly noSocket: string;
}

// Postfix's inline tables have braces too, so only these names are placeholders.
const placeholder = /\{(port|unix|closed_port|blackhole_port|no_socket)(?::(\w+))?\}/g;

/** Returns the placeholders of a text. */
export function placeholdersIn(text: string): Set<string> {
  return new Set(text.match(placeholder));
}

/**
 * Replaces all placeholders by their values.
 *
 * @throws RangeError when a placeholder has no value
 */
export function fillPlaceholders(text: string, places: Places): string {
  return text.replaceAll(placeholder, (whole, kind: string, name: string | undefined) => {
    const value = lookUp(places, kind, name);
    if (value === undefined) throw new RangeError(`${whole} stands for nothing here`);
    return String(value);
  });
}

function lookUp(places: Places, kind: string, name: string | undefined): string | number | undefined {
  switch (kind) {
    case 'port':
      return places.ports.get(name ?? '');
    case 'unix':
      return places.paths.get(name ?? '');
    case 'closed_port':
      return places.closedPorts[Number(name ?? 1) - 1];
    case 'blackhole_port':
      return places.blackHolePort;
    default:
      return places.noSocket;
  }
}

/**
 * Puts the placeholders back into a text of a client, for comparison with the recording. Only ports after a
 * colon are replaced.
 */
export function restorePlaceholders(text: string, places: Places): string {
  const tag = (kind: string, name: string | number) => `{${kind}${name === '' || name === 1 ? '' : `:${name}`}}`;
  const values: [string, string][] = [
    ...[...places.paths].map(([name, path]): [string, string] => [path, tag('unix', name)]),
    [places.noSocket, '{no_socket}'],
    ...[...places.ports].map(([name, port]): [string, string] => [`:${port}`, `:${tag('port', name)}`]),
    ...places.closedPorts.map((port, index): [string, string] => [`:${port}`, `:${tag('closed_port', index + 1)}`]),
    [`:${places.blackHolePort}`, ':{blackhole_port}'],
  ];
  return values.reduce((restored, [value, name]) => {
    // A port must not be the beginning of a longer number.
    return restored.replaceAll(new RegExp(`${RegExp.escape(value)}(?!\\d)`, 'g'), name);
  }, text);
}
