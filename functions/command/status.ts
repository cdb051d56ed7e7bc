/**
 * `lambda-lmtp status`: is any mail lost or late? For operators and for monitoring.
 */

import { assess } from '../operator/status.ts';
import { proposerOf } from '../texts/next-command.ts';
import { counted } from '../texts/words.ts';
import { exitCodes } from './exit-codes.ts';
import { guarded, type OperateOptions, openOperation, print } from './operate.ts';
import { Progress } from './progress.ts';
import type { Run } from './run.ts';
import { statusAsJson, statusAsText } from './status-text.ts';

/** The options as commander hands them over. */
interface StatusOptions extends OperateOptions {
  /** Milliseconds. */
  readonly late: number;
}

/** Prints the answer. */
export const statusAction = guarded(answer);

async function answer(run: Run, options: StatusOptions): Promise<void> {
  const { live, depths } = await openOperation(options, run);
  const services = await live();
  const progress = new Progress(run, options, (deliveries) => `${counted(deliveries, 'delivery', 'deliveries')} read`);
  const report = await assess({ lateAfter: options.late }, services, depths, progress.note);
  progress.clear();
  await print(
    options.json === true
      ? JSON.stringify(statusAsJson(report))
      : statusAsText(report, options.late, proposerOf(run, options)).join('\n'),
    run,
  );
  run.exitCode = report.isWell ? exitCodes.ok : exitCodes.tempFail;
}
