import type { Settings } from '../settings.ts';
import type { Instant } from '../time.ts';
import type { ParsedUserSettings } from '../user-settings.ts';
import type { Exception } from './exceptions.ts';
import type { Accepted, FindingResource } from './finding.ts';
import type { EvidenceLimits } from './judgement.ts';
import type { KeyEvent } from './reconcile.ts';
import type { SeenUser } from './snapshot.ts';

/** What the account is measured by. */
export interface Measures {
  settings: Settings;
  limits: EvidenceLimits;
  /** Of the file: none unless there is one. */
  exceptions?: readonly Exception[];
  /** Of CloudTrail: the call that set the tag which exempts, by user name. */
  exemptedBy?: ReadonlyMap<string, KeyEvent>;
  now: Instant;
}

/** What every answer about one user has in common. */
export interface Judging extends Measures {
  seen: SeenUser;
  own: ParsedUserSettings;
  resource: FindingResource;
  /** Who exempted the user, when and by which call; null: not known. */
  approval: Approval;
}

export type Approval = Pick<Accepted, 'approvedBy' | 'approvedAt' | 'eventId'>;
