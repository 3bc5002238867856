import type { Settings } from './settings.ts';
import type { Instant } from './time.ts';

/** The end of the freeze that `now` lies in, or undefined. */
export function freezeEnd(settings: Pick<Settings, 'freeze'>, now: Instant): Instant | undefined {
  return settings.freeze.find(([from, to]) => from <= now && now < to)?.[1];
}

/** When what is to happen at `at` happens at the earliest: no freeze holds it then. */
export function afterFreeze(settings: Pick<Settings, 'freeze'>, at: Instant): Instant {
  const end = freezeEnd(settings, at);
  return end === undefined ? at : afterFreeze(settings, end);
}
