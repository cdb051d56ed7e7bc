/**
 * `lambda-lmtp status`: one answer, for people and for monitoring: is anything lost, or late?
 */

import { Command, Option } from 'commander';
import { assess } from '../operator/status.ts';
import { counted } from '../texts/words.ts';
import { exitCodes } from './exit-codes.ts';
import { parseLength } from './filter-options.ts';
import { guarded, type OperateOptions, openOperation, print, withOperateOptions } from './operate.ts';
import { Progress } from './progress.ts';
import { statusAsJson, statusAsText } from './status-text.ts';

/** The options as commander hands them over. */
interface StatusOptions extends OperateOptions {
  /** Milliseconds. */
  readonly late: number;
}

/** Defines the command. */
export function statusCommand(): Command {
  const command = new Command('status')
    .description('Say whether anything is lost or late, and what to do; exits 0 if all is well, 75 if not')
    .addOption(
      new Option('--late <time>', 'mail that has waited for longer is late')
        .default(3_600_000, '1h')
        .argParser(parseLength),
    );
  return withOperateOptions(command).action(guarded(statusAction));
}

async function statusAction(options: StatusOptions): Promise<void> {
  const { services, depths } = await openOperation(options);
  const progress = new Progress(options, (deliveries) => `${counted(deliveries, 'delivery', 'deliveries')} looked at`);
  const report = await assess({ lateAfter: options.late }, services, depths, progress.note);
  progress.clear();
  await print(
    options.json === true
      ? JSON.stringify(statusAsJson(report))
      : statusAsText(report, options.late, options).join('\n'),
  );
  process.exitCode = report.isWell ? exitCodes.ok : exitCodes.tempFail;
}
