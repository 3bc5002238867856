import type { Run } from './runs.ts';

/** What is known of one access key that IAM alone does not say. */
export interface Life {
  readonly accessKeyId: string;
  /** The run that made it; undefined: somebody else. */
  madeBy: Run | undefined;
  /** Since when it has been Inactive without a break that anybody could have noticed. */
  inactiveSince: number | undefined;
  /** The earlier `inactiveSince` of a key that somebody reactivated since the last pass. */
  wasInactiveSince: number | undefined;
  /** Its secret is stored: until the pass that stored it takes the label off a key that never was current. */
  isLabelled: boolean;
  wasCurrent: boolean;
  /** Made by hand within the minute of an issue that crashed: nothing can tell it from ours. */
  isAmbiguous: boolean;
  /** Somebody made it Active again, or was the last to touch its intent: it is theirs. */
  isReclaimed: boolean;
}

export interface Lives {
  of(accessKeyId: string): Life;
  isKnown(accessKeyId: string): boolean;
  /** Made by us and stored nowhere: nobody has its secret. */
  isLost(accessKeyId: string): boolean;
}

export function createLives(): Lives {
  const lives = new Map<string, Life>();

  function of(accessKeyId: string): Life {
    const known = lives.get(accessKeyId);
    if (known !== undefined) return known;
    const life: Life = {
      accessKeyId,
      madeBy: undefined,
      inactiveSince: undefined,
      wasInactiveSince: undefined,
      isLabelled: false,
      wasCurrent: false,
      isAmbiguous: false,
      isReclaimed: false,
    };
    lives.set(accessKeyId, life);
    return life;
  }

  return {
    of,
    isKnown: (accessKeyId) => lives.has(accessKeyId),
    isLost(accessKeyId) {
      const { madeBy, isLabelled, isAmbiguous } = of(accessKeyId);
      return isAmbiguous || (madeBy !== undefined && !isLabelled);
    },
  };
}
