import { type Instant, parseDate } from './time.ts';
import * as z from './zod.ts';

/* How each kind of setting is parsed from the text of an environment variable, and what is said where it is not. */

export const text = z.string();
export const textLike = (pattern: RegExp, otherwise: string) => text.check(z.regex(pattern, otherwise));
export const flag = z.pipe(
  z.enum(['true', 'false']),
  z.transform((value) => value === 'true'),
);
const toNumber = z.transform((value: string) => Number(value));
const number = z.pipe(textLike(/^\d+(\.\d+)?$/, 'must be a number'), toNumber);
export const days = z.pipe(number, z.number().check(z.maximum(3_650, 'must be at most 3650 days')));
export const someDays = z.pipe(days, z.number().check(z.minimum(1, 'must be at least 1 day')));
export const wholeNumber = z.pipe(textLike(/^\d+$/, 'must be a whole number'), toNumber);

/** JSON inside an environment variable: IAM names may hold commas, so no separator would do. */
export const json = <T extends z.ZodMiniType>(schema: T) => z.jsonText(text, schema);

/** A value that could match nothing is refused: an exemption that exempts no one would go unnoticed. */
export const path = textLike(/^\/([!-~]+\/)?$/, 'must begin and end with /, without spaces');
export const groups = json(z.array(textLike(/^[\w+=,.@-]{1,128}$/, 'must be names of groups, not ARNs or paths')));
export const regionName = /^[a-z]{2,4}(-[a-z]+)+-\d+$/;
export const regions = json(z.array(textLike(regionName, 'must be names of Regions: eu-west-1')));

/** Who may read secrets beside their owners: every secret, or those of some users only. */
export interface SecretReader {
  arn: string;
  /** Names, with `*`; heeds case. */
  users: readonly string[];
  /** IAM paths, as prefixes. Without users and paths: every user. */
  paths: readonly string[];
  /** May write the tag `keyturn:handed-on`, and nothing else. */
  handOn: boolean;
}

/** As `aws:PrincipalArn` has them: a session of a role has the ARN of the role. */
const principal = textLike(
  /^arn:[\w*-]+:(iam::(\d{12}|\d*\*\d*):(root$|\*|(user|role)\/.)|sts::(\d{12}|\d*\*\d*):federated-user\/.)/,
  'must be ARNs of users or roles, not of sessions or groups: arn:aws:iam::123456789012:role/name',
);
export const arns = json(
  z.array(
    principal.check(
      z.regex(/^arn:[\w*-]+:\w+::\d{12}:/, 'must name their account: arn:aws:iam::123456789012:role/name'),
    ),
  ),
);
/** An empty list would mean all users, but was written for none. */
const named = z.minLength(1, 'users and paths must not be empty: leave them out for every user');
const userNames = z.array(textLike(/^[\w+=,.@*-]{1,64}$/, 'users must be names of users, not ARNs or paths'));

/** https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html#id_tags_naming_best_practices */
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const tagLetters = 'tags take letters, digits, spaces and _.:/=+-@';
const SECRET_TAGS_MAX = 20;

const everyKey = (test: (key: string) => boolean, otherwise: string) =>
  z.refine<Record<string, string>>((given) => Object.keys(given).every(test), otherwise);

export const tags = json(
  z
    .record(
      text,
      textLike(tagText, tagLetters).check(z.maxLength(256, 'the value of a tag has at most 256 characters')),
    )
    .check(
      everyKey((key) => tagText.test(key), tagLetters),
      everyKey((key) => key.length >= 1 && key.length <= 128, 'the key of a tag has 1 to 128 characters'),
      everyKey((key) => !/^(aws|keyturn):/i.test(key), 'the key of a tag must not begin with aws: or keyturn:'),
      z.refine(
        (given) => Object.keys(given).length <= SECRET_TAGS_MAX,
        `must be at most ${SECRET_TAGS_MAX} tags, since Keyturn needs room for its own`,
      ),
    ),
);
const reader = z.pipe(
  z.union([
    principal,
    z
      .strictObject({
        arn: principal,
        users: z.optional(userNames.check(named)),
        paths: z.optional(z.array(path).check(named)),
        handOn: z.optional(z.boolean()),
      })
      .check(
        z.refine(
          ({ arn, handOn }) => !handOn || /^arn:[\w-]+:iam::\d{12}:role\/[^*?]+$/.test(arn),
          'with handOn, arn must be the ARN of one role, without wildcards',
        ),
      ),
  ]),
  z.transform((entry): SecretReader => {
    const { arn, users = [], paths = [], handOn = false } = typeof entry === 'string' ? { arn: entry } : entry;
    return { arn, users, paths, handOn };
  }),
);
export const readers = json(
  z.pipe(
    z.array(reader),
    z.transform((given: SecretReader[], { issues }): SecretReader[] => {
      const message = 'only one entry with handOn may match a user';
      if (!handsOnOnce(given)) issues.push({ code: 'custom', input: given, message });
      return given;
    }),
  ),
);

/** As far as the entries tell by themselves: names without a wildcard, and entries for every user. */
function handsOnOnce(all: readonly SecretReader[]): boolean {
  const readers = all.filter(({ handOn }) => handOn);
  const names = readers.flatMap(({ users, paths }) => (users.length + paths.length > 0 ? [...new Set(users)] : '*'));
  const plain = names.filter((name) => name === '*' || !name.includes('*'));
  return new Set(plain).size === plain.length && (readers.length < 2 || !plain.includes('*'));
}
const date = z.pipe(
  text,
  z.transform((input: string, { issues }): Instant => {
    const instant = parseDate(input);
    if (instant === undefined) issues.push({ code: 'custom', input, message: `"${input}" is not a date YYYY-MM-DD` });
    return instant ?? z.NEVER;
  }),
);
export const dateRanges = json(
  z.array(z.tuple([date, date]).check(z.refine(([from, to]) => from < to, 'each range must begin before it ends'))),
);

/**
 * Grace 0 is the immediate hand-over; anything between would give the owner less than one daily pass to be reminded.
 */
export const grace = z.pipe(
  days,
  z.number().check(z.refine((value) => value === 0 || value >= 1, 'must be 0 or at least 1 day')),
);
