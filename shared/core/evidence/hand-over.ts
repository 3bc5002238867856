import { asScheduled } from '../model.ts';
import { planFor } from '../plan.ts';
import { present } from '../present.ts';
import { assess } from '../situation.ts';
import type { HandOver } from './finding.ts';
import type { Judging } from './judge-users.ts';
import { instantFact } from './judged.ts';

/**
 * Keys that Keyturn has replaced and is about to deactivate, by key ID: a failure that ends by itself. State counts as it
 * is recorded, since evidence has no key to verify it.
 */
export function handOversOf({ seen, settings, now }: Judging): ReadonlyMap<string, HandOver> {
  const { user, keys, secret } = seen;
  if (!keys.isSeen || secret === undefined) return new Map();
  const list = keys.value.keys.map(({ use, ...key }) => {
    const lastUsed = use.isSeen ? use.value.lastUsed : undefined;
    return { ...key, ...present({ lastUsed }) };
  });
  const situation = assess({ user, keys: list, secret }, asScheduled, settings, now);
  const { current } = situation;
  const previous = situation.keys.filter(({ role, isActive }) => role === 'previous' && isActive);
  if (current?.isActive !== true || previous.length === 0) return new Map();
  const { message, steps } = planFor(situation);
  return new Map(
    previous.flatMap(({ accessKeyId }): [string, HandOver][] => {
      // Another answer may come first, and would hand nothing over.
      const step = steps.find((each) => 'accessKeyId' in each && each.accessKeyId === accessKeyId);
      if (step === undefined) return [];
      const until = instantFact(step.notBefore);
      return [[accessKeyId, { newAccessKeyId: current.accessKeyId, sentence: message, until }]];
    }),
  );
}
