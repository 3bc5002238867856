// The collector and the recorder of evidence die before or after any of their calls, or have it refused.

import { PublishCommand } from '@aws-sdk/client-sns';
import { afterAll, expect, it } from 'vitest';
import { createEvidenceRecorder } from '../../functions/evidence-recorder.ts';
import type { BeforeCall, Call, Fault } from '../../local/aws/aws.ts';
import { HOUR } from '../../local/aws/clock.ts';
import { drain } from '../../local/host/event-source.ts';
import { formatInstant } from '../../shared/core/time.ts';
import { type CollectedRun, collect, createCollectorWorld, populate, verifiedEvidence } from '../support/collector.ts';
import { evidenceBucket, evidenceEnvironment } from '../support/evidence.ts';
import { printTable, seconds } from '../support/proof/report.ts';
import { controlsOf, isAbout } from '../support/rests-on.ts';
import { DAY, invoke } from '../support/world.ts';

const crashes: readonly Fault[] = [{ kind: 'crash-before' }, { kind: 'crash-after' }];
const refusal: Fault = { kind: 'error', status: 403, code: 'AccessDenied' };

const rows: (string | number)[][] = [];
afterAll(() => printTable('Evidence whose invocations die', [['what', 'calls', 'lives', 'seconds'], ...rows]));

const KEY = 'AKIAEXAMPLE7F3Q00000';
const worker = 'arn:aws:sts::111122223333:assumed-role/keyturn-rotation-worker/keyturn-rotation-worker';

/** An account that keeps evidence: with a topic, the queue of it, and the messages that were published. */
function keeping() {
  const account = createCollectorWorld();
  const { world } = account;
  const { aws } = world;
  populate(account);
  account.settings = { ...account.settings, signingKeyArn: aws.kms.addSigningKey({ alias: 'alias/evidence' }).arn };
  Object.assign(world.environment, evidenceEnvironment(account.settings));
  const queueUrl = aws.sqs.addQueue('keyturn-test-EvidenceQueue', { VisibilityTimeout: '900' });
  aws.sns.subscribe(world.topicArn, 'sqs', aws.sqs.queueArn(queueUrl), { RawMessageDelivery: 'true' });
  return { ...account, queueUrl, messages: new Set<string>() };
}

type Keeping = ReturnType<typeof keeping>;

/** A key is deleted, as CloudTrail and a message tell it; the message comes twice. */
async function deleteKey({ world, messages }: Keeping): Promise<void> {
  const { aws, topicArn } = world;
  const at = formatInstant(aws.clock.now());
  const userId = 'AIDAEXAMPLE000000000';
  aws.cloudTrail.addEvent({
    ...{ accessKeyId: 'ASIAEXAMPLE', region: 'us-east-1', eventName: 'DeleteAccessKey', at: aws.clock.now() },
    ...{ eventSource: 'iam.amazonaws.com', sourceIp: '192.0.2.1', userAgent: 'aws-sdk' },
    more: {
      userIdentity: { arn: worker, type: 'AssumedRole' },
      requestParameters: { userName: 'ci', accessKeyId: KEY },
    },
  });
  const about = { accountId: aws.accountId, userId, accessKeyId: KEY };
  const Message = JSON.stringify({
    ...{ schemaVersion: 1, event: 'deleted', transitionId: `deleted/${userId}/${at}`, at },
    ...about,
  });
  messages.add(Message);
  const { sns } = world.runtime('operator').aws;
  for (const _ of [1, 2]) await sns.send(new PublishCommand({ TopicArn: topicArn, Message }));
}

function record({ world, queueUrl }: Keeping, before?: BeforeCall) {
  const handler = createEvidenceRecorder(world.runtime('evidence-recorder', before));
  const ofBatch = (event: object) => invoke(world, 'evidence-recorder', handler, event);
  return drain(world.aws, { queueUrl, batchSize: 10, handler: ofBatch });
}

const versionsOf = ({ world }: Keeping): Map<string, string> =>
  new Map(
    world.aws.s3
      .versions(evidenceBucket)
      .map(({ key, versionId, body }) => [`${key} ${versionId}`, Buffer.from(body ?? 'a marker').toString('base64')]),
  );

/** Every version of every object that was there is there, byte for byte. */
function lost(made: Keeping, had: ReadonlyMap<string, string>): string[] {
  const has = versionsOf(made);
  return [...had].flatMap(([version, body]) => (has.get(version) === body ? [] : [`${version} is lost or altered`]));
}

/** What the topic has given out, each text once: of deleted keys, and of the runs but for the newest, which still waits. */
function published({ world: { aws }, messages, queueUrl }: Keeping): readonly string[] {
  const waiting = aws.sqs.messages(queueUrl).map(({ body }) => body);
  const told = new Set([...messages, ...aws.sns.published.flatMap(({ message }) => message.default ?? [])]);
  return [...told].filter((message) => !waiting.includes(message));
}

const eventsTold = ({ world: { aws } }: Keeping) => aws.sns.published.map(({ attributes }) => attributes.event);

/** What is wrong with the evidence after a healthy run. */
function problems(made: Keeping): string[] {
  const found: string[] = [];
  const keys = made.world.aws.s3.versions(evidenceBucket).map(({ key }) => key);
  if (new Set(keys).size < keys.length) found.push('a key has two versions');
  const bodies = made.world.aws.s3
    .versions(evidenceBucket)
    .filter(({ key }) => key.includes('/records/'))
    .map(({ body }) => Buffer.from(body ?? '').toString());
  const messages = published(made);
  if (JSON.stringify(bodies.toSorted()) !== JSON.stringify([...messages].toSorted())) {
    found.push(`${messages.length} messages have ${bodies.length} records`);
  }
  const { verdicts, valid, objects } = verifiedEvidence(made.world.aws);
  // What the run before told of was recorded today: the digest of tomorrow closes the day.
  const today = `/records/${formatInstant(made.world.aws.clock.now()).slice(0, 10).replaceAll('-', '/')}/`;
  const isOpen = (word: string, key: string) => word === 'UNCHAINED' && key.includes(today);
  for (const { word, key, why } of verdicts) {
    if (word !== 'GAP' && word !== 'NOT CHECKED' && !isOpen(word, key)) found.push(`${word} ${key}: ${why}`);
  }
  const proven = valid + verdicts.filter(({ word, key }) => isOpen(word, key)).length;
  if (proven !== objects) found.push(`${proven} of ${objects} objects are proven by the chain`);
  return found;
}

/** The run of the next day, which must end well. */
async function heal(made: Keeping): Promise<string[]> {
  const had = versionsOf(made);
  made.world.aws.clock.advance(DAY + HOUR);
  await record(made);
  const { error, findings } = await collect(made);
  const wrong = error === undefined ? [] : [`the next run fails: ${error}`];
  const bucket = findings.find(({ control }) => control.id === 'evidence-bucket');
  if (bucket?.status !== 'pass') wrong.push(`the next run says: ${bucket?.sentence}`);
  return [...wrong, ...lost(made, had), ...problems(made)];
}

/** What is wrong with a run of which a read was refused while it looked. */
function falselyKnown(run: CollectedRun, { call, stage }: Met): string[] {
  const controls = stage === 'yesterday' ? (['evidence-bucket'] as const) : controlsOf(call);
  const resting = run.findings.filter((finding) => controls.includes(finding.control.id) && isAbout(finding, call));
  const unknown = run.findings.filter(({ status }) => status === 'error');
  const found = resting.filter(({ status }) => status === 'pass').map(({ control }) => `${control.id} passes`);
  if (resting.length === 0) found.push('nothing rests on it');
  // Who has no password has no last sign-in that could be unknown.
  if (call.operation === 'GetUser' && resting.every(({ reason }) => reason === 'no-password')) return found;
  for (const { control } of unknown) if (!controls.includes(control.id)) found.push(`${control.id} is not known`);
  if (run.manifest.files.length !== FILES) found.push(`${run.manifest.files.length} files are written`);
  // Without a yesterday everything is read anew, and the bucket fails for it.
  if (stage === 'yesterday') return found;
  if (run.error?.includes('is incomplete') !== true) found.push(`the run says ${run.error}`);
  if (run.manifest.isComplete || !run.page.includes('INCOMPLETE')) found.push('the run seems complete');
  return found;
}

const FILES = 9;

interface Met {
  call: Call;
  /** Of the run: it reads what the run before left, looks at the account, or has begun to write. */
  stage: 'yesterday' | 'looking' | 'writing';
}

type When = (call: Call) => boolean;

/** A day with a change of a key, on which a run meets the fault, and the healthy day after it. Undefined: it met none. */
async function live(made: Keeping, fault: Fault, when: When): Promise<{ met: Met; wrong: string[] } | undefined> {
  const { clock } = made.world.aws;
  await deleteKey(made);
  await record(made);
  clock.advance(HOUR);
  let stage: Met['stage'] = 'yesterday';
  let met: Met | undefined;
  const run = await collect(made, (call) => {
    if (call.operation === 'LookupEvents') stage = 'looking';
    if (call.operation === 'PutObject') stage = 'writing';
    if (met !== undefined || !when(call)) return undefined;
    met = { call, stage };
    return fault;
  });
  if (met === undefined) return undefined;
  const { stage: metAt, call }: Met = met;
  const isRead = fault === refusal && metAt !== 'writing' && call.operation !== 'Publish';
  const wrong = isRead ? falselyKnown(run, met) : [];
  const isTold = isRead || run.error !== undefined || call.operation === 'Sign';
  if (!isTold) wrong.push('the run ends well');
  // A digest that is not signed is told of on the next day, and is no worse for it.
  const isUnsigned = (problem: string) => call.operation === 'Sign' && problem.includes('is not signed: ');
  const toldBefore = eventsTold(made).length;
  wrong.push(...(await heal(made)).filter((problem) => !isUnsigned(problem)));
  if (call.operation === 'Publish' && eventsTold(made).length === toldBefore)
    wrong.push('the next run tells of nothing');
  const where = `${fault.kind} at call ${call.n} (${call.operation})`;
  return { met, wrong: wrong.map((problem) => `${where}: ${problem}`) };
}

it('a collector may die at any call, or be refused it: what was kept stays, nothing passes unseen, the next run ends well', async () => {
  const [begun, found] = [performance.now(), [] as string[]];
  let [lives, last] = [0, 0];
  const made = keeping();
  found.push(...(await heal(made)));
  for (let n = 1, isMet = true; isMet; n++) {
    isMet = false;
    let hasEffect = true;
    for (const fault of [...crashes, refusal]) {
      // After a read all is as it is before the next call.
      if (fault.kind === 'crash-after' && !hasEffect) continue;
      const had = versionsOf(made);
      const lived = await live(made, fault, (call) => call.n === n);
      if (lived === undefined) break;
      hasEffect = /^(Generate|Publish|Put|Sign)/.test(lived.met.call.operation);
      [isMet, lives, last] = [true, lives + 1, n];
      found.push(...lived.wrong, ...lost(made, had));
    }
  }
  rows.push(['collector dies or is refused', last, lives, seconds(begun)]);
  expect(found.slice(0, 20), `${found.length} problems`).toEqual([]);
});

it('a run that names what is left of a dead one may die of it too', async () => {
  for (const fault of [...crashes, refusal]) {
    const made = keeping();
    let puts = 0;
    await collect(made, ({ operation }) => (operation === 'PutObject' && ++puts === 3 ? crashes[0] : undefined)).catch(
      () => undefined,
    );
    made.world.aws.clock.advance(HOUR);
    const lived = await live(made, fault, ({ operation }) => operation === 'HeadObject');
    expect(lived?.wrong).toEqual([]);
  }
});

it('a recorder may die at any call, or be refused it: each message has exactly one record', async () => {
  const [begun, found] = [performance.now(), [] as string[]];
  let [lives, last] = [0, 0];
  for (const fault of [...crashes, refusal]) {
    for (let n = 1, isMet = true; isMet; n++) {
      isMet = false;
      const made = keeping();
      for (const _ of [1, 2, 3]) {
        await deleteKey(made);
        made.world.aws.clock.advance(1_000);
      }
      await record(made, (call) => {
        if (call.n !== n) return undefined;
        isMet = true;
        return fault;
      });
      if (!isMet) break;
      [lives, last] = [lives + 1, n];
      made.world.aws.clock.advance(HOUR);
      await record(made);
      const isLeft = made.world.aws.sqs.messages(made.queueUrl).length > 0;
      const wrong = [...(isLeft ? ['a message is left'] : []), ...(await heal(made))];
      found.push(...wrong.map((problem) => `${fault.kind} at call ${n}: ${problem}`));
    }
  }
  rows.push(['recorder dies or is refused', last, lives, seconds(begun)]);
  expect(found.slice(0, 20), `${found.length} problems`).toEqual([]);
});
