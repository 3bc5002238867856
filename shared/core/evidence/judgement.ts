import { formatInstant, type Instant } from '../time.ts';
import type { Accepted, ControlId, FindingResource, HandOver, Reference, Verdict } from './finding.ts';
import type { Unseen } from './snapshot.ts';

/** One control's answer about one resource, before it is compared with yesterday's. */
export interface Judgement {
  control: ControlId;
  /** What follows the control in the finding's name. */
  parts: readonly string[];
  resource: FindingResource;
  verdict: Verdict;
  asOf: Instant;
  accepted?: Accepted | undefined;
  handOver?: HandOver | undefined;
  /** Of this resource, where they are fewer than those of the control. */
  references?: readonly Reference[];
}

/** What could not be read is an error of that resource alone: never green, never red. */
export function notKnown({ reason, sentence }: Unseen): Verdict {
  return { status: 'error', reason, sentence, facts: {} };
}

/** As a fact: null is "there is none". */
export function instantFact(at: Instant | undefined): string | null {
  return at === undefined ? null : formatInstant(at);
}

export interface EvidenceLimits {
  /** Default encryption that is asked for: any, one by KMS, or by a key of the customer. */
  bucketEncryption: 'any' | 'kms' | 'customer-key';
  unusedCredentialDays: number;
}
