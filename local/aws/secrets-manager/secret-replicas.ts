import { type Input, isRecord, list, text, textList } from '../input.ts';
import type { Operations } from '../service.ts';
import { invalidParameter, type SecretAccess } from './secret-access.ts';
import type { Secret } from './secret-state.ts';

/** The Regions that a request asks replicas in. */
export function replicaRegionsOf(input: Input): string[] {
  return list(input, 'AddReplicaRegions').flatMap((item) => (isRecord(item) ? text(item, 'Region') : []));
}

/** The replicas of a secret as DescribeSecret and the operations on them show them: there at once, and in step. */
export function replicationStatus({ name, replicaRegions, failingRegions = [] }: Secret): Record<string, unknown>[] {
  return replicaRegions.map((Region) =>
    failingRegions.includes(Region)
      ? {
          Region,
          Status: 'Failed',
          StatusMessage: `Replication failed: Secret name ${name} already exists in Region ${Region}.`,
        }
      : { Region, Status: 'InSync' },
  );
}

/** The operations on the replicas of a secret, which are names of Regions here and nothing more. */
export function createReplicaOperations({ usable, write }: SecretAccess): Operations {
  return {
    ReplicateSecretToRegions(input, context) {
      const secret = usable('ReplicateSecretToRegions', input, context);
      const asked = replicaRegionsOf(input);
      if (asked.length === 0) throw invalidParameter('You must specify at least one Region to replicate to.');
      const replicaRegions = [...new Set([...secret.replicaRegions, ...asked])];
      const changed = write({ ...secret, replicaRegions }, context.now);
      return { ARN: secret.arn, ReplicationStatus: replicationStatus(changed) };
    },

    RemoveRegionsFromReplication(input, context) {
      const secret = usable('RemoveRegionsFromReplication', input, context);
      const removed = textList(input, 'RemoveReplicaRegions');
      const replicaRegions = secret.replicaRegions.filter((region) => !removed.includes(region));
      const changed = write({ ...secret, replicaRegions }, context.now);
      return { ARN: secret.arn, ReplicationStatus: replicationStatus(changed) };
    },
  };
}
