/**
 * Searches texts for secrets: literally, in base64 at any offset, and in the forms of mechanisms and careless
 * programs.
 */
import { createHash } from 'node:crypto';
import { plainWords, testSecrets, testUsers } from './test-secrets.ts';

/** A secret that was found. */
export interface Finding {
  /** Which secret, and in which form: never the secret itself. */
  readonly what: string;
  /** The text around it, the secret removed. */
  readonly where: string;
}

interface Form {
  readonly what: string;
  readonly text: string;
}

/** Least characters of a form: shorter ones would be found anywhere. */
const shortestForm = 6;

const forms: readonly Form[] = [
  ...Object.entries(testSecrets).flatMap(([name, secret]) => [
    { what: `${name}, as it is`, text: secret },
    { what: `${name}, escaped for JSON`, text: JSON.stringify(secret).slice(1, -1) },
    { what: `${name}, in a URL`, text: encodeURIComponent(secret) },
    ...derivedForms(name, secret),
  ]),
  ...plainWords.flatMap((word) => derivedForms(`"${word}"`, word)),
];

/** Returns the first of each secret and form in a text. */
export function findSecrets(text: string): readonly Finding[] {
  return forms.flatMap(({ what, text: form }) => {
    const at = text.indexOf(form);
    if (at < 0) return [];
    const around = `${text.slice(Math.max(0, at - 80), at)}[...]${text.slice(at + form.length, at + form.length + 80)}`;
    return [{ what, where: around.replaceAll(/\s+/g, ' ') }];
  });
}

function derivedForms(name: string, secret: string): readonly Form[] {
  return [
    { what: `${name}, in base64`, text: Buffer.from(secret).toString('base64') },
    ...testUsers.map((user) => ({
      what: `${name}, in base64 with ${user}`,
      text: Buffer.from(`\0${user}\0${secret}`).toString('base64'),
    })),
    // Inside a longer text in base64 it may begin at any of three offsets.
    ...[0, 1, 2].map((offset) => ({ what: `${name}, within base64`, text: withinBase64(secret, offset) })),
    ...['md5', 'sha1', 'sha256', 'sha512'].flatMap((algorithm) =>
      (['hex', 'base64'] as const).map((encoding) => ({
        what: `${name}, as ${algorithm} in ${encoding}`,
        text: createHash(algorithm).update(secret).digest(encoding),
      })),
    ),
  ].filter(({ text }) => text.length >= shortestForm);
}

/** The characters of base64 that depend on the secret alone. */
function withinBase64(secret: string, offset: number): string {
  const octets = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  const text = octets.toString('base64').replaceAll('=', '');
  const partial = octets.length % 3 === 0 ? 0 : 1;
  return text.slice(offset === 0 ? 0 : offset + 1, text.length - partial);
}
