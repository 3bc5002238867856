import type { Asking } from '../aws/evidence/connection.ts';
import type { Inspection } from '../aws/evidence/try-read.ts';
import type { Runtime } from '../aws/runtime.ts';
import type { EvidenceSettings } from '../core/evidence/evidence-settings.ts';
import type { Judgement } from '../core/evidence/judgement.ts';
import { parseSettings } from '../core/settings.ts';
import { hasFleet } from './has-fleet.ts';

// Of what few deployments ask for, the others load nothing.

/** Whether suspicious use of IAM rings. The log group is in the account of the deployment: no member has one. */
export async function judgeAskedAlarms(
  runtime: Runtime,
  inspection: Inspection,
  settings: EvidenceSettings,
): Promise<readonly Judgement[]> {
  const { trailLogGroupName, accountId, homeAccountId } = settings;
  if (trailLogGroupName === '' || accountId !== homeAccountId) return [];
  const { judgeIamAlarms } = await import('../aws/evidence/alarms.ts');
  return judgeIamAlarms(inspection, settings, hasFleet(runtime));
}

/** What that would read, for the test of the connection. */
export async function askAboutAlarms(
  { aws, environment }: Pick<Runtime, 'aws' | 'environment'>,
  settings: EvidenceSettings,
  asking: Asking,
): Promise<void> {
  if (settings.trailLogGroupName === '') return;
  const { askAlarms } = await import('../aws/evidence/alarms.ts');
  await askAlarms(aws, settings, parseSettings(environment).topicArn, asking);
}
