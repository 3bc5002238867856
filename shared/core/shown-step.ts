import type { ActionName, Step } from './answer.ts';
import type { ReasonCode } from './reasons.ts';
import { formatInstant } from './time.ts';

/** A step of a plan as it is shown to people and other tools. */
export interface ShownStep {
  action: ActionName;
  accessKeyId?: string;
  reason: ReasonCode;
  message: string;
  notBefore?: string;
}

export function showStep(step: Step): ShownStep {
  const { action, reason, message, notBefore } = step;
  const accessKeyId = 'accessKeyId' in step ? step.accessKeyId : undefined;
  return {
    action,
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    reason,
    message,
    ...(notBefore === undefined ? {} : { notBefore: formatInstant(notBefore) }),
  };
}
