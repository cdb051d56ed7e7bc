/** The examples of this clone, for tests that synthesize them: their `lambda-lmtp` is the construct's source. */
import { globSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, join, resolve } from 'node:path';
import type { LmtpDeliveryProps } from '../../infra/index.ts';
import { chooseCode } from './own-package.ts';

const folder = resolve(import.meta.dirname, '../../examples');
const ownPackage = new URL('./own-package.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'lambda-lmtp' ? ownPackage : specifier, context),
});

/** Returns the stacks of the examples. All of them have the code that was given last. */
export async function loadExamples(code: NonNullable<LmtpDeliveryProps['code']>) {
  chooseCode(code);
  const { SesToCyrus } = await import('../../examples/ses-to-cyrus/ses-to-cyrus.ts');
  const { SesToDovecot } = await import('../../examples/ses-to-dovecot/ses-to-dovecot.ts');
  const { SingleDovecot } = await import('../../examples/single-dovecot/single-dovecot.ts');
  const { TenCustomers } = await import('../../examples/ten-customers/ten-customers.ts');
  return { SesToCyrus, SesToDovecot, SingleDovecot, TenCustomers };
}

/** An example: a folder that is copied. */
export interface Example {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** Its package.json. */
  readonly manifest: {
    readonly name: string;
    readonly dependencies: Readonly<Record<string, string>>;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  /** The flags in its cdk.json. */
  readonly context: Readonly<Record<string, unknown>>;
}

/** Returns the examples as folders, in the order of their names. */
export function exampleFolders(): readonly Example[] {
  return globSync('*/package.json', { cwd: folder })
    .sort()
    .map((file) => {
      const place = join(folder, file, '..');
      const manifest = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as Example['manifest'];
      const { context } = JSON.parse(readFileSync(join(place, 'cdk.json'), 'utf8')) as Pick<Example, 'context'>;
      return { name: basename(place), folder: place, manifest, context };
    });
}
