import type { Environment } from '../service.ts';
import { moveLabel, type Secret, type SecretState } from './secret-state.ts';

/** A secret as tests want to look at it. */
export interface SecretView {
  readonly arn: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly kmsKeyId: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly versions: readonly {
    readonly versionId: string;
    readonly labels: readonly string[];
    readonly value: string | undefined;
    readonly createdAt: number;
  }[];
  /** The value under AWSCURRENT. */
  readonly currentValue: string | undefined;
  readonly policy: string | undefined;
  readonly createdAt: number;
  readonly deletedAt: number | undefined;
}

/** A look from outside and an administrator's hand: no call, no fault, nothing recorded. */
export interface SecretHelpers {
  find(secretId: string): SecretView | undefined;
  all(): SecretView[];
  /** Only tags of `tamper`. */
  setTags(secretId: string, tags: Readonly<Record<string, string | undefined>>): void;
  /**
   * A back door for tests, and no call of AWS: no policy is asked. Overwrites or, with undefined, removes tags; puts
   * labels on a version (undefined: off all), with AWSPREVIOUS following AWSCURRENT as ever.
   */
  tamper(
    secretId: string,
    changes: {
      tags?: Readonly<Record<string, string | undefined>>;
      labels?: Readonly<Record<string, string | undefined>>;
    },
  ): void;
  /** What no operation of this local AWS sets: who manages the secret, how it rotates, where its replicas are. */
  configure(
    secretId: string,
    settings: {
      owningService?: string;
      rotationEnabled?: boolean;
      rotationLambdaArn?: string;
      replicaRegions?: readonly string[];
      failingRegions?: readonly string[];
      primaryRegion?: string;
      kmsKeyId?: string;
    },
  ): void;
}

function view(secret: Secret): SecretView {
  const versions = secret.versions.map(({ versionId, labels, value, createdAt }) => {
    return { versionId, labels, value: value.text ?? value.binary, createdAt };
  });
  return {
    arn: secret.arn,
    name: secret.name,
    description: secret.description,
    kmsKeyId: secret.kmsKeyId,
    tags: Object.fromEntries(secret.tags.map((tag) => [tag.Key, tag.Value])),
    versions,
    currentValue: versions.find((version) => version.labels.includes('AWSCURRENT'))?.value,
    policy: secret.policy?.document,
    createdAt: secret.createdAt,
    deletedAt: secret.deletedAt,
  };
}

export function createSecretHelpers({ clock }: Environment, state: SecretState): SecretHelpers {
  function existing(secretId: string): Secret {
    const secret = state.find(secretId);
    if (secret === undefined) throw new Error(`The local AWS has no secret ${secretId}.`);
    return secret;
  }

  function tamper(secretId: string, { tags = {}, labels = {} }: Parameters<SecretHelpers['tamper']>[1]): void {
    let secret = existing(secretId);
    const merged = new Map(secret.tags.map((tag) => [tag.Key, tag.Value]));
    for (const [key, value] of Object.entries(tags)) {
      if (value === undefined) merged.delete(key);
      else merged.set(key, value);
    }
    for (const [label, versionId] of Object.entries(labels)) secret = moveLabel(secret, label, versionId);
    const entries = [...merged].map(([Key, Value]) => ({ Key, Value }));
    state.save({ ...secret, tags: entries, changedAt: clock.now() });
  }

  return {
    find(secretId) {
      const secret = state.find(secretId);
      return secret === undefined ? undefined : view(secret);
    },
    all: () =>
      state.secrets.ids
        .flatMap((arn) => state.secrets.get(arn) ?? [])
        .filter(state.exists)
        .map(view),
    setTags: (secretId, tags) => tamper(secretId, { tags }),
    tamper,
    configure(secretId, settings) {
      state.save({ ...existing(secretId), ...settings });
    },
  };
}
