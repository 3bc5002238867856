/** A key that a user has when the year begins. */
export interface FirstKey {
  readonly ageDays: number;
  readonly status?: 'Inactive';
  /** The last day before the year on which it was used; left out: never. */
  readonly usedDaysAgo?: number;
}

/** One IAM user, and how its owner behaves. */
export interface Character {
  readonly userName: string;
  readonly about: string;
  readonly keys: readonly FirstKey[];
  readonly tags?: Readonly<Record<string, string>>;
  /** What the key is for; the first of `keys` is the one in use. */
  readonly service: string;
  /** The owner uses a key every so many days; left out: never. */
  readonly usesEveryDays?: number;
  /** Days from the announcement of a new key until the owner reads it and goes on with it; a list: for each in turn. Left out: never. */
  readonly switchesAfterDays?: number | readonly number[];
  /** Days after that until the owner runs `rotate-user` action confirm; left out: never. */
  readonly confirmsAfterDays?: number;
}

const daily = { usesEveryDays: 1 };
const prompt = { ...daily, switchesAfterDays: 1 };

/** A small company: people and robots, with keys of every age and habits of every kind. */
export const cast: readonly Character[] = [
  {
    userName: 'alice',
    about: 'does as the email says',
    keys: [{ ageDays: 90, usedDaysAgo: 1 }],
    service: 's3',
    ...prompt,
  },
  { userName: 'bob', about: 'key of 60 days', keys: [{ ageDays: 60, usedDaysAgo: 1 }], service: 'ec2', ...prompt },
  { userName: 'carol', about: 'new here', keys: [{ ageDays: 5, usedDaysAgo: 1 }], service: 'ecr', ...prompt },
  { userName: 'dave', about: 'key of 89 days', keys: [{ ageDays: 89, usedDaysAgo: 1 }], service: 's3', ...prompt },
  {
    userName: 'erin',
    about: 'switches after the second reminder',
    keys: [{ ageDays: 200, usedDaysAgo: 1 }],
    service: 'athena',
    ...daily,
    switchesAfterDays: 7,
  },
  {
    userName: 'frank',
    about: 'on leave until it breaks',
    keys: [{ ageDays: 140, usedDaysAgo: 1 }],
    service: 'dynamodb',
    ...daily,
    switchesAfterDays: [24, 1],
  },
  {
    userName: 'grace',
    about: 'uses the old key until late',
    keys: [{ ageDays: 95, usedDaysAgo: 1 }],
    service: 'glue',
    ...daily,
    switchesAfterDays: 15,
  },
  {
    userName: 'heidi',
    about: 'monthly job; confirms by hand',
    keys: [{ ageDays: 120, usedDaysAgo: 9 }],
    service: 's3',
    usesEveryDays: 29,
    switchesAfterDays: 2,
    confirmsAfterDays: 1,
  },
  {
    userName: 'ivan',
    about: 'exempt (tag)',
    keys: [{ ageDays: 800, usedDaysAgo: 1 }],
    tags: { 'keyturn:exempt': 'true' },
    service: 'ses',
    ...daily,
  },
  {
    userName: 'judy',
    about: 'exempt until 15 March (tag)',
    keys: [{ ageDays: 200, usedDaysAgo: 1 }],
    tags: { 'keyturn:exempt': '2026-03-15' },
    service: 's3',
    ...prompt,
  },
  {
    userName: 'mona',
    about: 'held by hand during an audit',
    keys: [{ ageDays: 50, usedDaysAgo: 1 }],
    service: 'kms',
    ...prompt,
  },
  {
    userName: 'nils',
    about: 'rolled back in May',
    keys: [{ ageDays: 91, usedDaysAgo: 1 }],
    service: 's3',
    ...prompt,
  },
  {
    userName: 'olivia',
    about: 'two active keys; gives one up by hand',
    keys: [
      { ageDays: 20, usedDaysAgo: 1 },
      { ageDays: 150, usedDaysAgo: 70 },
    ],
    service: 'sqs',
    ...prompt,
  },
  {
    userName: 'peggy',
    about: 'an inactive key in the way',
    keys: [
      { ageDays: 100, usedDaysAgo: 1 },
      { ageDays: 300, status: 'Inactive', usedDaysAgo: 110 },
    ],
    service: 's3',
    ...prompt,
  },
  {
    userName: 'quinn',
    about: 'left; unused keys are retired (tag)',
    keys: [{ ageDays: 200, usedDaysAgo: 150 }],
    tags: { 'keyturn:unused': 'retire' },
    service: 's3',
  },
  { userName: 'rupert', about: 'renamed in May', keys: [{ ageDays: 30, usedDaysAgo: 1 }], service: 's3', ...prompt },
  {
    userName: 'sybil',
    about: 'deleted and created again',
    keys: [{ ageDays: 55, usedDaysAgo: 1 }],
    service: 'logs',
    ...prompt,
  },
  {
    userName: 'trent',
    about: 'makes a key by hand beside ours',
    keys: [{ ageDays: 75, usedDaysAgo: 1 }],
    service: 'ec2',
    ...prompt,
  },
  { userName: 'victor', about: 'this key is not used', keys: [{ ageDays: 800 }], service: 's3' },
  {
    userName: 'deploy-github',
    about: 'reads its secret each time',
    keys: [{ ageDays: 200, usedDaysAgo: 1 }],
    service: 'cloudformation',
    ...daily,
    switchesAfterDays: 0,
  },
  {
    userName: 'ci,build=1',
    about: 'a name with a comma',
    keys: [{ ageDays: 90, usedDaysAgo: 1 }],
    service: 'codebuild',
    ...daily,
    switchesAfterDays: 0,
  },
  {
    userName: 'nas-backup',
    about: 'never switches',
    keys: [{ ageDays: 800, usedDaysAgo: 1 }],
    service: 's3',
    ...daily,
  },
  {
    userName: 'etl-nightly',
    about: 'its rotation crashes half way',
    keys: [{ ageDays: 82, usedDaysAgo: 1 }],
    service: 'redshift',
    ...prompt,
  },
  {
    userName: 'report-monthly',
    about: 'runs every 14 days',
    keys: [{ ageDays: 60, usedDaysAgo: 3 }],
    service: 'quicksight',
    usesEveryDays: 14,
    switchesAfterDays: 3,
  },
  {
    userName: 'metrics-agent',
    about: 'due while IAM throttles',
    keys: [{ ageDays: 70, usedDaysAgo: 1 }],
    service: 'monitoring',
    ...prompt,
  },
  {
    userName: 'terraform',
    about: 'due in the freeze',
    keys: [{ ageDays: 33, usedDaysAgo: 1 }],
    service: 'autoscaling',
    ...prompt,
  },
];
