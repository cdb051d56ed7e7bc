/**
 * Composes the notices to postmasters of a function from its environment.
 */

import type { AwsClients } from '../aws/clients.ts';
import { DynamoDbNoticeCounts } from '../aws/dynamodb-notice-counts.ts';
import { SnsNotices } from '../aws/sns-notices.ts';
import type { Log } from '../log/log.ts';
import type { NoticeClass } from '../notices/notice.ts';
import { Notifier } from '../notices/notifier.ts';
import { environmentNames as names, requireVariable } from '../parameters/environment.ts';
import { systemClock } from '../time/clock.ts';
import { transportName, type Variables } from './compose-queue.ts';

/**
 * Returns a notifier.
 *
 * @param classes the classes of trouble that it tells (notify_classes)
 * @throws EnvironmentError
 */
export function composeNotifier(
  environment: Variables,
  classes: readonly NoticeClass[],
  { sns, table }: Pick<AwsClients, 'sns' | 'table'>,
  log: Log,
): Notifier {
  return new Notifier({
    topic: new SnsNotices(sns, requireVariable(environment, names.noticeTopicArn)),
    counts: new DynamoDbNoticeCounts(table, requireVariable(environment, names.queueTable)),
    classes,
    transport: transportName(environment),
    clock: systemClock,
    onFailure: (error) => log.note('warn', 'notice not sent', { error }),
  });
}
