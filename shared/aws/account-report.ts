import { GenerateCredentialReportCommand, GetCredentialReportCommand } from '@aws-sdk/client-iam';
import { type CredentialReport, parseCredentialReport } from '../core/credential-report.ts';
import { collect, type Failures, isFailure, messageOf, RotationError } from '../core/errors.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Aws } from './clients.ts';
import { required } from './observe.ts';
import type { Runtime } from './runtime.ts';

/** Without the report every user counts as missing from it, and is read directly: dearer, but no one is missed. */
export async function reportOrError(
  aws: Aws,
  runtime: Pick<Runtime, 'sleep'>,
  failures: Failures,
): Promise<CredentialReport | undefined> {
  try {
    return await readCredentialReport(aws, runtime);
  } catch (error) {
    collect(
      failures,
      error,
      `${messageOf(error)} Without the report every user was looked at by iam:ListAccessKeys, and keys of the root user were not looked at.`,
    );
    return undefined;
  }
}

const REPORT_POLL = SECOND;
const REPORT_WAIT = 2 * MINUTE;

/** AWS makes a report in seconds to minutes and reuses it for four hours. */
export async function readCredentialReport(aws: Aws, runtime: Pick<Runtime, 'sleep'>): Promise<CredentialReport> {
  let state = await generateReport(aws);
  for (let waited = 0; waited < REPORT_WAIT; waited += REPORT_POLL) {
    if (state !== 'COMPLETE') await runtime.sleep(REPORT_POLL);
    const report = await getReport(aws);
    if (typeof report === 'object') return report;
    state = report === 'gone' ? await generateReport(aws) : 'INPROGRESS';
  }
  throw new RotationError('Cannot read the credential report: AWS did not make one within two minutes.', {
    action: 'iam:GetCredentialReport',
    isTransient: true,
  });
}

async function generateReport(aws: Aws): Promise<string | undefined> {
  const { State } = await aws.iam.send(new GenerateCredentialReportCommand({}));
  return State;
}

/** The report; `pending` while it is made; `gone` if it expired or was never asked for. */
async function getReport(aws: Aws): Promise<CredentialReport | 'pending' | 'gone'> {
  try {
    const { Content, GeneratedTime } = await aws.iam.send(new GetCredentialReportCommand({}));
    const action = 'iam:GetCredentialReport';
    const csv = new TextDecoder().decode(required(Content, action, 'Content'));
    return parseCredentialReport(csv, required(GeneratedTime, action, 'GeneratedTime').getTime());
  } catch (error) {
    if (isFailure(error, 'CredentialReportNotReady') || isFailure(error, 'ReportInProgress')) return 'pending';
    const isGone = ['CredentialReportNotPresent', 'ReportNotPresent', 'CredentialReportExpired', 'ReportExpired'].some(
      (code) => isFailure(error, code),
    );
    if (isGone) return 'gone';
    throw error;
  }
}
