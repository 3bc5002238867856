import { putEvidence } from '../apply/put-evidence.ts';
import { askEverything, type ConnectionCheck, connectionKey, createAsking } from '../aws/evidence/connection.ts';
import { askRecorder, askSubscription } from '../aws/evidence/recorder.ts';
import type { Runtime } from '../aws/runtime.ts';
import type { EvidenceSettings } from '../core/evidence/evidence-settings.ts';
import { askAboutAlarms } from './evidence-alarms.ts';

export interface ConnectionAnswer {
  schemaVersion: 1;
  accountId: string;
  /** Nothing was refused. */
  isConnected: boolean;
  checks: readonly ConnectionCheck[];
}

/** The same each time: after the first test it is there, and that S3 says so proves the permission as well. */
const CONNECTION = '{"schemaVersion":1,"says":"The collector of evidence may write here."}\n';

/** Whether a run could read what it asks for, and write what it finds. It collects nothing: one object, once for ever. */
export async function testConnection(
  runtime: Pick<Runtime, 'aws' | 'environment' | 'sleep'>,
  settings: EvidenceSettings,
): Promise<ConnectionAnswer> {
  const { aws } = runtime;
  const asking = createAsking();
  await askEverything(aws, settings, asking);
  await askSubscription(runtime, settings.homeAccountId, asking);
  await askRecorder(runtime, asking);
  await askAboutAlarms(runtime, settings, asking);
  await asking.ask('s3:PutObject', () =>
    putEvidence(aws, settings, { key: connectionKey(settings), body: CONNECTION }),
  );
  const { checks } = asking;
  const isConnected = checks.every(({ result }) => result !== 'refused');
  return { schemaVersion: 1, accountId: settings.accountId, isConnected, checks };
}
