import { describe, expect, it } from 'vitest';
import { stateKeyPolicy } from '../../local/aws/state-key.ts';
import { environmentName, type SettingName } from '../../shared/core/settings.ts';
import { createStored, type Life, messages, secretNameOf, writes } from '../support/life.ts';
import { searchForSecretsAfterEach } from '../support/no-secret.ts';
import { runOnce } from '../support/runs.ts';
import { DAY, pass, rotateUser } from '../support/world.ts';

searchForSecretsAfterEach();

const READERS = '["arn:aws:iam::111122223333:role/eso"]';
const FUNCTION = 'arn:aws:lambda:eu-west-1:111122223333:function:keyturn-test-secret-rotation';
const KMS_KEY = 'arn:aws:kms:eu-west-1:111122223333:key/12345678-90ab-cdef-1234-567890abcdef';

/** What a change of the setting means for a secret that exists. */
type Row = { to: string | ((life: Life) => string); from?: string; given?: Partial<Record<SettingName, string>> } & (
  | { becomes: 'converges'; shows: (life: Life) => unknown; as: unknown }
  | { becomes: 'refused'; prepare?: (life: Life) => unknown; says: readonly string[] }
  | { becomes: 'not written'; prepare?: (life: Life) => unknown }
);

const secretOf = (life: Life) => life.aws.secrets.find(secretNameOf(life.userId));
const policyHas = (text: string) => (life: Life) => secretOf(life)?.policy?.includes(text);
const replicasOf = (life: Life) => life.aws.secrets.state.find(secretNameOf(life.userId))?.replicaRegions;

/** The epochs of everything of ours in the secret. */
function epochsOf(life: Life): string[] {
  const { tags = {}, versions = [] } = secretOf(life) ?? {};
  const macs = [...Object.values(tags), ...versions.flatMap(({ labels }) => labels)].flatMap(
    (text) => /[ .]([1-9a-z])[\w-]{22}$/.exec(text)?.[1] ?? [],
  );
  return [...new Set(macs)];
}

function anotherStateKey(life: Life, alias: string, roleSuffix = ''): void {
  const policy = stateKeyPolicy(life.aws.accountId);
  life.aws.kms.addHmacKey({ alias: `${alias}${roleSuffix}`, policy });
}

const changedTo = ({ to }: Row, life: Life): string => (typeof to === 'string' ? to : to(life));

const rows: Record<SettingName, Row> = {
  kmsKeyId: { becomes: 'converges', to: KMS_KEY, shows: (life) => secretOf(life)?.kmsKeyId, as: KMS_KEY },
  readerArns: { becomes: 'converges', to: READERS, shows: policyHas('role/eso'), as: true },
  ownersRead: {
    becomes: 'converges',
    given: { readerArns: READERS },
    to: 'false',
    shows: policyHas('OwnerReads'),
    as: false,
  },
  administratorArns: {
    becomes: 'converges',
    to: '["arn:aws:iam::111122223333:role/admin"]',
    shows: policyHas('role/admin'),
    as: true,
  },
  replicaRegions: {
    becomes: 'converges',
    from: '["us-east-1","eu-west-2"]',
    to: '["eu-west-2","eu-central-1"]',
    shows: replicasOf,
    as: ['eu-west-2', 'eu-central-1'],
  },
  secretTags: {
    becomes: 'converges',
    from: '{"team":"a"}',
    to: '{"team":"b","cost center":"42"}',
    shows: (life) => [secretOf(life)?.tags.team, secretOf(life)?.tags['cost center']],
    as: ['b', '42'],
  },
  stateEpoch: { becomes: 'converges', to: '2', shows: epochsOf, as: ['2'] },
  // The next key goes into a secret of the new name, and its owner is told that name.
  secretPrefix: {
    becomes: 'converges',
    to: 'keyturn/new',
    shows: async (life) => {
      await rotateUser(life, { userName: 'alice', action: 'rotate' });
      // The roles of this test are those of the prefix before.
      delete life.environment.KEYTURN_SECRET_PREFIX;
      return messages(life, 'issued').at(-1)?.secretName;
    },
    as: expect.stringMatching(/^keyturn\/new\//),
  },
  stateKeyArn: {
    becomes: 'refused',
    prepare: (life) => anotherStateKey(life, 'alias/another'),
    to: (life) => life.aws.kms.find('alias/another')?.arn ?? '',
    says: ['if stateKeyArn, roleSuffix or stateEpoch was changed, change it back', 'action adopt'],
  },
  roleSuffix: {
    becomes: 'refused',
    prepare: (life) => anotherStateKey(life, 'alias/keyturn-state', '-b'),
    to: '-b',
    says: ['if stateKeyArn, roleSuffix or stateEpoch was changed, change it back', 'action adopt'],
  },
  secretRotationFunctionArn: {
    becomes: 'refused',
    from: FUNCTION,
    prepare: (life) => life.aws.secrets.configure(secretNameOf(life.userId), { rotationLambdaArn: FUNCTION }),
    to: `${FUNCTION}-2`,
    says: [`it is rotated by ${FUNCTION} `, `--rotation-lambda-arn ${FUNCTION}-2 --no-rotate-immediately`],
  },
  enforce: { becomes: 'not written', to: 'false' },
  topicArn: { becomes: 'not written', to: 'arn:aws:sns:eu-west-1:111122223333:another' },
  queueUrl: { becomes: 'not written', to: 'https://sqs.eu-west-1.amazonaws.com/111122223333/another.fifo' },
  runEveryDays: { becomes: 'not written', to: '3' },
  exemptGroups: { becomes: 'not written', to: '["admins"]' },
  exemptPaths: { becomes: 'not written', to: '["/break-glass/"]' },
  userPathPrefix: { becomes: 'not written', prepare: moveToTeam, to: '/team-a/' },
  onBlocked: { becomes: 'not written', to: 'retire-least-used' },
  unused: { becomes: 'not written', to: 'retire' },
  maxAccessKeyAgeDays: { becomes: 'not written', to: '120' },
  rotateAheadDays: { becomes: 'not written', to: '5' },
  // What was promised to an owner is in the tags, and outlives the setting.
  graceDays: { becomes: 'not written', to: '14' },
  quietDays: { becomes: 'not written', to: '3' },
  maxPostponeDays: { becomes: 'not written', to: '12' },
  recoveryDays: { becomes: 'not written', to: '14' },
  unusedDays: { becomes: 'not written', to: '120' },
  exactSweepDays: { becomes: 'not written', to: '7' },
  freeze: { becomes: 'not written', to: '[["2026-01-01","2026-02-01"]]' },
  maxNewRotationsPerDay: { becomes: 'not written', to: '1' },
  requireSubscription: { becomes: 'not written', to: 'false' },
  cloudtrailLookups: { becomes: 'not written', to: 'true' },
  suspectedKeys: { becomes: 'not written', to: 'act' },
  switchCommand: { becomes: 'not written', to: 'keyturn' },
  deadLetterQueueUrl: { becomes: 'not written', to: 'https://sqs.eu-west-1.amazonaws.com/111122223333/dead.fifo' },
  configRuleName: { becomes: 'not written', to: 'another-rule' },
};

/** Her policy names her, so it is put again before the setting is changed. */
async function moveToTeam(life: Life): Promise<void> {
  const { state } = life.aws.iam;
  const user = state.user('alice');
  state.save({ ...user, path: '/team-a/', arn: state.arnOf('/team-a/', 'alice') });
  await pass(life, 'alice');
}

async function storedUnder(name: SettingName, { from, given = {} }: Row): Promise<Life> {
  const all = { ...given, ...(from === undefined ? {} : { [name]: from }) };
  const environment = Object.fromEntries(Object.entries(all).map(([key, value]) => [environmentName(key), value]));
  const life = await createStored({ environment });
  // Whatever was ordered with the secret is seen to be there.
  life.aws.clock.advance(DAY);
  await pass(life, 'alice');
  life.aws.clock.advance(DAY);
  life.aws.sns.published.length = 0;
  return life;
}

const each = <Kind extends Row['becomes']>(kind: Kind) =>
  Object.entries(rows).filter((entry): entry is [SettingName, Extract<Row, { becomes: Kind }>] => {
    return entry[1].becomes === kind;
  });

describe('a setting that is written into secrets', () => {
  it.each(each('converges'))(
    '%s: the next run brings what exists in line, and the one after has nothing to do',
    async (name, row) => {
      const life = await storedUnder(name, row);
      const shown = name === 'secretPrefix' ? undefined : await row.shows(life);
      expect(shown).not.toEqual(row.as);
      life.environment[environmentName(name)] = changedTo(row, life);
      await runOnce(life);
      expect(await row.shows(life)).toEqual(row.as);
      expect(messages(life).filter(({ event }) => event !== 'digest' && event !== 'issued')).toEqual([]);
      if (name === 'secretPrefix') return;
      // What AWS does in its own time is looked at once more.
      life.aws.clock.advance(DAY);
      await runOnce(life);
      life.aws.clock.advance(DAY);
      const from = life.aws.calls.length;
      await runOnce(life);
      expect(writes(life, from).filter((call) => call.startsWith('secretsmanager:'))).toEqual([]);
    },
  );

  it.each(each('refused'))('%s: the user is blocked, by a sentence that says the way out', async (name, row) => {
    const life = await storedUnder(name, row);
    await row.prepare?.(life);
    const unchanged = secretOf(life);
    expect(await rotateUser(life, { userName: 'alice' })).toMatchObject({ status: 'unchanged' });
    life.environment[environmentName(name)] = changedTo(row, life);
    const answer = await rotateUser(life, { userName: 'alice' });
    expect(answer).toMatchObject({ status: 'blocked', reason: 'secret-foreign' });
    for (const part of row.says) expect(answer.message).toContain(part);
    await pass(life, 'alice');
    expect(secretOf(life)).toEqual(unchanged);
  });
});

describe('a setting that is written into no secret', () => {
  it.each(each('not written'))('%s', async (name, row) => {
    const life = await storedUnder(name, row);
    await row.prepare?.(life);
    const unchanged = secretOf(life);
    life.environment[environmentName(name)] = changedTo(row, life);
    const from = life.aws.calls.length;
    await pass(life, 'alice');
    expect(writes(life, from)).toEqual([]);
    expect(secretOf(life)).toEqual(unchanged);
  });
});
