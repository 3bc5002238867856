import { publish } from '../aws/notify.ts';
import { buildMessage } from '../core/messages.ts';
import { formatInstant } from '../core/time.ts';
import { regionOf } from './announce.ts';
import type { Pass } from './pass.ts';

/** Tells of an exposed key that no IAM user of the account has: nothing can be done about it from here. */
export async function announceNobody(
  { runtime, settings, rotateUserFunction, request }: Pass,
  { accountId, accessKeyId, message }: { accountId: string; accessKeyId: string; message: string },
): Promise<void> {
  const at = runtime.clock();
  const transitionId = `exposed/${accessKeyId}/${formatInstant(at)}`;
  const notice = { accountId, accessKeyId, message, at, transitionId, rotateUserFunction };
  const outgoing = buildMessage({
    ...notice,
    event: 'exposed',
    reason: 'key-of-nobody',
    region: regionOf(settings.topicArn),
    userId: '',
    userName: '',
  });
  await publish(runtime.aws, settings.topicArn, outgoing);
  runtime.log.info('Announced', { event: 'exposed', transitionId, accessKeyId, runId: request.runId });
}
