import type { AccessKey, Secret, UserState } from './model.ts';
import { isKeyLabel } from './secret-tags.ts';

/** An access key ID that labels a version: the secret access key of that key is stored there, and was proven. */
export interface KeyLabel {
  accessKeyId: string;
  versionId: string;
}

/** Every access key ID that labels a version of the secret. */
export function keyLabels(secret: Pick<Secret, 'versions'> | undefined): KeyLabel[] {
  return Object.entries(secret?.versions ?? {}).flatMap(([versionId, labels]) =>
    labels.filter(isKeyLabel).map((accessKeyId) => ({ accessKeyId, versionId })),
  );
}

/** The version that carries the label, if any does. */
export function versionWith(secret: Pick<Secret, 'versions'> | undefined, label: string): string | undefined {
  return Object.entries(secret?.versions ?? {}).find(([, labels]) => labels.includes(label))?.[0];
}

/** The version that a rotation by Secrets Manager has not made current yet; it may not even have a value. */
export function pendingVersion(secret: Secret | undefined): string | undefined {
  if (!secret?.rotationEnabled) return undefined;
  const versionId = versionWith(secret, 'AWSPENDING');
  return versionId === versionWith(secret, 'AWSCURRENT') ? undefined : versionId;
}

/** The access key whose label is on the version. */
export function keyIdOf(secret: Pick<Secret, 'versions'> | undefined, versionId: string): string | undefined {
  return secret?.versions[versionId]?.find(isKeyLabel);
}

/** The key that is stored under the version: `unstored` without a label, `absent` if IAM does not show it. */
export function storedKeyOf({ keys, secret }: UserState, versionId: string): AccessKey | 'unstored' | 'absent' {
  const id = keyIdOf(secret, versionId);
  if (id === undefined) return 'unstored';
  return keys.find(({ accessKeyId }) => accessKeyId === id) ?? 'absent';
}
