import { formatCurrentSince, formatDeactivated } from '../core/format-secret-tags.ts';
import type { Secret } from '../core/model.ts';
import { ANY_TIME, parseSecretTags } from '../core/read-secret-tags.ts';
import { secretTagNames } from '../core/secret-tags.ts';
import { keyLabels, versionWith } from '../core/secret-versions.ts';
import type { UserSettings } from '../core/user-settings.ts';
import type { Pass } from './pass.ts';
import { untagSecret } from './secret.ts';
import { takeLabelOff } from './secret-value.ts';

/** A record that a key is Inactive, from now, and how long it is kept. */
export function recordNow(
  pass: Pass,
  kind: 'deactivated' | 'inactiveSeen',
  key: { accessKeyId: string; recoveryDays?: number },
): Record<string, string> {
  const at = pass.runtime.clock();
  pass.wroteAt.add(at);
  return { [secretTagNames[kind]]: formatDeactivated({ at, ...key }) };
}

/** The grace clock, from now, with what was promised: written only after the owner was told. */
export function currentSince(
  pass: Pass,
  { graceDays, maxPostponeDays }: Pick<UserSettings, 'graceDays' | 'maxPostponeDays'>,
  { accessKeyId, graceDays: asked }: { accessKeyId: string; graceDays?: number | undefined },
): Record<string, string> {
  const at = pass.runtime.clock();
  pass.wroteAt.add(at);
  const promised = { graceDays: asked ?? graceDays, postponeDays: maxPostponeDays };
  const since = { at, accessKeyId, promised, ...(asked === undefined ? {} : { graceDays: asked }) };
  return { [secretTagNames.currentSince]: formatCurrentSince(since) };
}

/** The tags that record this key as Inactive, or as about to be taken away. */
export function recordsOf(secret: Secret, accessKeyId: string): string[] {
  const { deactivated, inactiveSeen, notice } = parseSecretTags(secret.tags, ANY_TIME).tags;
  return [
    ...(deactivated?.accessKeyId === accessKeyId ? [secretTagNames.deactivated] : []),
    ...(inactiveSeen?.accessKeyId === accessKeyId ? [secretTagNames.inactiveSeen] : []),
    ...(notice?.accessKeyId === accessKeyId ? [secretTagNames.notice] : []),
  ];
}

/** The key is gone: its label comes off, and so does its record. */
export async function forgetKey(pass: Pass, secret: Secret, accessKeyId: string): Promise<void> {
  await takeOwnLabelOff(pass, secret, accessKeyId);
  await untagSecret(pass, secret, ...recordsOf(secret, accessKeyId));
}

/** Unless AWSCURRENT is there too: then the label says that the current key is gone. */
export async function takeOwnLabelOff(pass: Pass, secret: Secret, accessKeyId: string): Promise<void> {
  const label = keyLabels(secret).find((candidate) => candidate.accessKeyId === accessKeyId);
  if (label === undefined || label.versionId === versionWith(secret, 'AWSCURRENT')) return;
  await takeLabelOff(pass, secret, label);
}
