import type { EventText } from './event-text.ts';
import { exposed } from './exposures.ts';
import { blocked, failed, held, inactiveSeen, orphanRemoved, retired, rolledBack, stuck } from './interventions.ts';
import {
  deactivated,
  deleted,
  graceRestarted,
  issued,
  movedForward,
  postponed,
  reactivated,
  reminder,
} from './life-cycle.ts';
import type { Notice } from './notice.ts';

/** One text for each event; a new event does not compile without. */
export const eventTexts: Record<Notice['event'], EventText> = {
  issued,
  reminder,
  postponed,
  deactivated,
  reactivated,
  deleted,
  blocked,
  held,
  'rolled-back': rolledBack,
  retired,
  exposed,
  'orphan-removed': orphanRemoved,
  'moved-forward': movedForward,
  'inactive-seen': inactiveSeen,
  'grace-restarted': graceRestarted,
  stuck,
  failed,
};
