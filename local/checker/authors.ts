import { MINUTE } from '../aws/clock.ts';
import type { Secret } from '../aws/secrets-manager/secret-state.ts';
import type { Look } from './look.ts';

/**
 * Who wrote what: of each secret the tags and labels that a function of the service itself has ever written. A checker
 * that believes nothing else needs no key, and cannot be wrong about a MAC.
 */
export interface Authors {
  /** A call of a function has made the second out of the first. */
  note(before: Secret | undefined, after: Secret | undefined): void;
  /** Somebody else has. */
  noteOther(before: Secret | undefined, after: Secret | undefined): void;
  /** The state without what nobody of ours wrote; without a secret, if ours did not make it. */
  believed(look: Look): Look;
  /** Names of tags of state, without their prefix, that nobody of ours wrote. */
  forged(secret: Secret | undefined): readonly string[];
  /** Whether the tag is there because somebody else put an old true value of it back. */
  isReplayed(look: Look, name: string): boolean;
}

/** Not signed: held against IAM, another's, or known otherwise. */
const unsignedTags = ['user-id', 'user-name', 'handed-on'];
const PREFIX = 'keyturn:';
const MADE = 'made';
const MADE_WITHIN = 5 * MINUTE;
const keyLabel = /^A[KS]IA/;

const tagFact = ({ arn }: Secret, name: string, value: string): string => `tag ${arn} ${name} ${value}`;
const labelFact = ({ arn }: Secret, versionId: string, label: string): string => `label ${arn} ${versionId} ${label}`;

/** `tag <ARN> <name> <value>`, `label <ARN> <version> <label>`, `made <secret name> <value>`. */
function facts(secret: Secret): string[] {
  return [
    ...secret.tags.map(({ Key, Value }) => tagFact(secret, Key, Value)),
    ...secret.tags.flatMap(({ Key, Value }) => (Key === PREFIX + MADE ? [`made ${secret.name} ${Value}`] : [])),
    ...secret.versions.flatMap(({ versionId, labels }) => labels.map((label) => labelFact(secret, versionId, label))),
  ];
}

/** What a write has added. */
function added(before: Secret | undefined, after: Secret | undefined): string[] {
  if (after === undefined || before === after) return [];
  const old = new Set(before === undefined || before.arn !== after.arn ? [] : facts(before));
  return facts(after).filter((fact) => !old.has(fact));
}

function isState(name: string): boolean {
  return name.startsWith(PREFIX) && !unsignedTags.includes(name.slice(PREFIX.length)) && name !== PREFIX + MADE;
}

export function createAuthors(): Authors {
  const written = new Set<string>();
  const replayed = new Set<string>();
  const known = new WeakMap<Secret, Secret | 'foreign'>();

  /** A copied birth certificate is good for a secret that is made in the same minutes, and for nothing on it. */
  function isMade(secret: Secret): boolean {
    const value = secret.tags.find(({ Key }) => Key === PREFIX + MADE)?.Value ?? '';
    const isOurs = written.has(`made ${secret.name} ${value}`);
    return isOurs && Math.abs(secret.createdAt - Date.parse(value.split(' ')[0] ?? '')) <= MADE_WITHIN;
  }

  function own(secret: Secret): Secret | 'foreign' {
    if (!isMade(secret)) return 'foreign';
    const tags = secret.tags.filter(({ Key, Value }) => !isState(Key) || written.has(tagFact(secret, Key, Value)));
    const versions = secret.versions.map((version) => {
      const { versionId, labels } = version;
      const isOurs = (label: string): boolean =>
        !keyLabel.test(label) || written.has(labelFact(secret, versionId, label));
      return labels.every(isOurs) ? version : { ...version, labels: labels.filter(isOurs) };
    });
    return { ...secret, tags, versions };
  }

  return {
    note(before, after) {
      for (const fact of added(before, after)) {
        written.add(fact);
        replayed.delete(fact);
      }
    },
    noteOther(before, after) {
      for (const fact of added(before, after)) replayed.add(fact);
    },
    isReplayed({ secret }, name) {
      const own = secret?.tags.find(({ Key }) => Key === PREFIX + name);
      return secret !== undefined && own !== undefined && replayed.has(tagFact(secret, own.Key, own.Value));
    },
    believed(look) {
      if (look.secret === undefined) return look;
      const secret = known.get(look.secret) ?? own(look.secret);
      known.set(look.secret, secret);
      return { user: look.user, secret: secret === 'foreign' ? undefined : secret };
    },
    forged(secret) {
      const tags = secret?.tags ?? [];
      return tags
        .filter(({ Key, Value }) => secret && isState(Key) && !written.has(tagFact(secret, Key, Value)))
        .map(({ Key }) => Key.slice(PREFIX.length));
    },
  };
}
