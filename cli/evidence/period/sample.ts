import { hashOf } from '../../../shared/core/evidence/chain.ts';
import type { Rotation } from './rotations.ts';

/** By the hash of the seed and the name of the transition, smallest first: whoever has the seed can repeat it. */
export function sampleOf(
  population: readonly Rotation[],
  { seed, size }: { seed: string; size: number },
): readonly Rotation[] {
  const drawn = population.map((rotation) => ({ rotation, hash: hashOf(`${seed}${rotation.transitionId}`) }));
  return drawn
    .toSorted((a, b) => (a.hash < b.hash ? -1 : 1))
    .slice(0, size)
    .map(({ rotation }) => rotation);
}
