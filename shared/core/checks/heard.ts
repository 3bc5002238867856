import { type ActionName, type Answer, type Step, wait } from '../answer.ts';
import { audienceHears } from '../audience.ts';
import { attributesOf, type KeyNoticeEvent } from '../messages/build-message.ts';
import type { Situation } from '../situation.ts';

/**
 * What gives a key or takes one away, and the notice of it: the message that announces each. Left out is what must not
 * wait for a subscription: our own orphan, an exposed key, and what IAM shows to be done.
 */
const heardBy: Readonly<Partial<Record<ActionName, KeyNoticeEvent>>> = {
  issue: 'issued',
  remind: 'reminder',
  postpone: 'postponed',
  deactivate: 'deactivated',
  retire: 'retired',
  delete: 'deleted',
  'record-inactive': 'inactive-seen',
};

/** The step of this answer, if any, that must be announced. */
export function toBeHeard({ request, tags }: Situation, { steps, reason }: Answer): Step | undefined {
  if (request.origin !== 'schedule' && request.origin !== 'config') return undefined;
  // A user whose key was taken away as exposed is owed another one, even if no one would hear of it.
  if (reason === 'exposed' || reason === 'exposed-slot') return undefined;
  const isExposed = (step: Step): boolean =>
    'accessKeyId' in step && tags.exposed?.accessKeyIds.includes(step.accessKeyId ?? '-') === true;
  return steps.find((step) => heardBy[step.action] !== undefined && !isExposed(step));
}

/** The answer, unless its message would reach no one: then it waits until it would. */
export function unlessUnheard(s: Situation, answer: Answer): Answer {
  const audience = s.request.limits?.audience;
  const step = toBeHeard(s, answer);
  const event = step && heardBy[step.action];
  if (audience === undefined || step === undefined || event === undefined) return answer;
  const { accountId, userName } = s.state.user;
  const { reason } = step;
  if (audienceHears(audience, attributesOf({ event, accountId, userName, owner: s.settings.owner, reason }))) {
    return answer;
  }
  const message =
    `Not done for ${userName}, because no subscription of ${s.settings.topicArn} would deliver the message about it ` +
    `(event ${event}): ${answer.message}`;
  return wait(step.action === 'issue' ? 'no-subscription' : 'notice-undeliverable', message);
}
