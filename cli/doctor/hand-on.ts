import type { Scan } from '../../shared/aws/scan.ts';
import { handOnReaders, parseHandedOn } from '../../shared/core/hand-on.ts';
import { secretTagNames } from '../../shared/core/secret-tags.ts';
import type { Settings } from '../../shared/core/settings.ts';
import { type Found, ok, warning } from './finding.ts';

/** Whoever hands keys on leaves a tag. Where there is none at all, its stack is missing, and every old key waits for its limit. */
export function judgeHandOn({ users }: Pick<Scan, 'users'>, { readerArns }: Pick<Settings, 'readerArns'>): Found[] {
  return readerArns
    .filter(({ handOn }) => handOn)
    .map((reader) => {
      const theirs = users.filter(
        ({ user, secret }) => secret !== undefined && handOnReaders(user, [reader]).length > 0,
      );
      const done = theirs.filter(
        ({ secret }) => parseHandedOn(secret?.tags[secretTagNames.handedOn])?.state === 'done',
      ).length;
      if (theirs.length === 0 || done > 0) return ok(`${reader.arn}: ${done} of ${theirs.length} users are handed on`);
      return warning(
        `no key of ${theirs.length} ${theirs.length === 1 ? 'user' : 'users'} was ever handed on by ${reader.arn}`,
        'Deploy its stack (docs/hand-on.md), or take handOn out of readerArns: until then each old key waits for its limit.',
      );
    });
}
