import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LocalAws } from '../../local/aws/aws.ts';
import { keepRecord } from '../../shared/service/evidence-recorder.ts';
import { type CollectorWorld, collect, createCollectorWorld } from './collector.ts';
import { evidenceBucket } from './evidence.ts';
import { DAY, pass, type World } from './world.ts';

/** An account of which evidence is kept: Keyturn rotates, CloudTrail tells of it, records and runs are kept. */
export interface KeptAccount extends CollectorWorld {
  /** One day: a pass of every user, the records of it, and a run of evidence unless there is none. */
  day(options?: { isCollected?: boolean; users?: readonly string[] }): Promise<void>;
}

const OWN_ROLE = 'arn:aws:sts::111122223333:assumed-role/keyturn-rotation-worker/keyturn-test-rotation-worker';

export function createKeptAccount(environment: Record<string, string> = {}): KeptAccount {
  const account = createCollectorWorld({ environment });
  const { world, settings } = account;
  let told = 0;
  return {
    ...account,
    async day({ isCollected = true, users = world.aws.iam.users().map(({ userName }) => userName) } = {}) {
      const before = keysIn(world);
      for (const userName of users) await pass(world, userName);
      witness(world.aws, before, keysIn(world));
      ownersWork(world);
      for (const { message } of world.aws.sns.published.slice(told)) {
        await keepRecord(world.runtime('evidence-recorder'), settings, { body: message.default ?? '', messageId: 'x' });
      }
      told = world.aws.sns.published.length;
      world.aws.clock.advance(DAY / 2);
      if (isCollected) await collect(account);
      world.aws.clock.advance(DAY / 2);
    },
  };
}

type Keys = Map<string, { userName: string; status: string }>;

function keysIn({ aws }: World): Keys {
  const keys = aws.iam
    .users()
    .flatMap(({ userName }) => aws.iam.keysOf(userName).map((key) => [key.accessKeyId, { ...key, userName }] as const));
  return new Map(keys.map(([id, { userName, status }]) => [id, { userName, status }]));
}

function ownersWork({ aws }: World): void {
  for (const { userName } of aws.iam.users()) {
    const newest = aws.iam.keysOf(userName).toSorted((a, b) => b.createdAt - a.createdAt)[0];
    if (newest?.status === 'Active') aws.iam.useKey(newest.accessKeyId, { service: 's3', region: aws.region });
  }
}

/** What CloudTrail tells of the difference, as of a call by Keyturn's role. */
function witness(aws: LocalAws, before: Keys, after: Keys): void {
  const tell = (eventName: string, requestParameters: object, responseElements: object = {}): void =>
    aws.cloudTrail.addEvent({
      ...{ accessKeyId: 'ASIAEXAMPLE', region: 'us-east-1', eventName, eventSource: 'iam.amazonaws.com' },
      ...{ sourceIp: '192.0.2.1', userAgent: 'keyturn' },
      more: { userIdentity: { arn: OWN_ROLE }, requestParameters, responseElements },
    });
  for (const [accessKeyId, { userName, status }] of after) {
    const was = before.get(accessKeyId);
    if (was === undefined) tell('CreateAccessKey', { userName }, { accessKey: { accessKeyId, userName, status } });
    else if (was.status !== status) tell('UpdateAccessKey', { userName, accessKeyId, status });
  }
  for (const [accessKeyId, { userName }] of before) {
    if (!after.has(accessKeyId)) tell('DeleteAccessKey', { userName, accessKeyId });
  }
}

/** What `aws s3 sync` makes. */
export async function copyTo(folder: string, { aws }: World): Promise<void> {
  for (const { key, body } of aws.s3.versions(evidenceBucket)) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), body ?? '');
  }
}
