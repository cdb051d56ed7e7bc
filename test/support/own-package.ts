/**
 * What `import ... from 'lambda-lmtp'` gives to the examples in tests: the construct's source. The bundles of the functions, which
 * the package contains, are the code that the test chooses.
 */
import type { Construct } from 'constructs';
import { type LmtpDeliveryProps, LmtpDelivery as Original } from '../../infra/index.ts';

export * from '../../infra/index.ts';

let chosen: LmtpDeliveryProps['code'];

/** Sets the code of the functions of all stacks that are made from now on. */
export function chooseCode(code: NonNullable<LmtpDeliveryProps['code']>): void {
  chosen = code;
}

export class LmtpDelivery extends Original {
  constructor(scope: Construct, id: string, props: LmtpDeliveryProps) {
    super(scope, id, { code: chosen, ...props });
  }
}
