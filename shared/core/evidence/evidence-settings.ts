import { SettingsError } from '../errors.ts';
import * as z from '../zod.ts';
import type { Exception } from './exceptions.ts';
import type { EvidenceLimits } from './judgement.ts';

// What the functions that keep evidence are told beside the settings of the rotation. No other function gets any of it,
// so that a deployment that keeps none is what it was.

const wholeDays = z.pipe(
  z.string().check(z.regex(/^\d+$/, 'must be a whole number of days')),
  z.transform((text: string) => Number(text)),
);
const account = z.string().check(z.regex(/^\d{12}$/, 'must be the number of an account'));

const schema = z.object({
  KEYTURN_EVIDENCE_BUCKET: z
    .string()
    .check(z.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')),
  KEYTURN_EVIDENCE_BUCKET_OWNER: account,
  KEYTURN_EVIDENCE_ACCOUNT_ID: account,
  KEYTURN_EVIDENCE_EXPIRE_DAYS: z._default(wholeDays, 0),
  KEYTURN_EVIDENCE_LOCK_MODE: z._default(z.enum(['governance', 'compliance', 'none']), 'governance'),
  KEYTURN_EVIDENCE_LOCK_DAYS: z._default(wholeDays, 400),
  KEYTURN_EVIDENCE_SIGNING_KEY_ARN: z._default(
    z.string().check(z.regex(/^(arn:[\w-]+:kms:[\w-]+:\d{12}:key\/.+)?$/, 'must be the ARN of a KMS key')),
    '',
  ),
  KEYTURN_EVIDENCE_TRAIL_LOG_GROUP: z._default(
    z.string().check(z.regex(/^[\w./#-]{1,512}$/, 'must be the name of a log group')),
    '',
  ),
});

export interface EvidenceSettings {
  bucket: string;
  /** The account that the bucket is expected to belong to. */
  owner: string;
  /** The account that the evidence is about: every key begins with it. */
  accountId: string;
  /** In which Keyturn is deployed. */
  homeAccountId: string;
  /** How long nothing in the bucket can be destroyed. */
  lock: { mode: 'governance' | 'compliance' | 'none'; days: number };
  /** The lifecycle of the bucket takes what is older; 0 is never. */
  expireDays: number;
  /** Empty: digests are not signed. */
  signingKeyArn: string;
  /** Watched by the alarms of resources/suspicious.yml; empty: those are not asked for. */
  trailLogGroupName: string;
}

/** Throws a SettingsError that names every variable that is wrong, or says that evidence is off. */
export function parseEvidenceSettings(environment: Environment): EvidenceSettings {
  if (!environment.KEYTURN_EVIDENCE_BUCKET) {
    throw new SettingsError('Evidence is off: deploy with keepEvidence=true.');
  }
  const data = read(schema, environment);
  return {
    bucket: data.KEYTURN_EVIDENCE_BUCKET,
    owner: data.KEYTURN_EVIDENCE_BUCKET_OWNER,
    accountId: data.KEYTURN_EVIDENCE_ACCOUNT_ID,
    homeAccountId: data.KEYTURN_EVIDENCE_ACCOUNT_ID,
    lock: { mode: data.KEYTURN_EVIDENCE_LOCK_MODE, days: data.KEYTURN_EVIDENCE_LOCK_DAYS },
    expireDays: data.KEYTURN_EVIDENCE_EXPIRE_DAYS,
    signingKeyArn: data.KEYTURN_EVIDENCE_SIGNING_KEY_ARN,
    trailLogGroupName: data.KEYTURN_EVIDENCE_TRAIL_LOG_GROUP,
  };
}

const collectingSchema = z.object({
  KEYTURN_BUCKET_ENCRYPTION: z._default(z.enum(['any', 'kms', 'customer-key']), 'any'),
  KEYTURN_UNUSED_CREDENTIAL_DAYS: z._default(
    z.pipe(wholeDays, z.number().check(z.minimum(1, 'must be at least 1'))),
    45,
  ),
  KEYTURN_MFA_MESSAGES: z._default(z.enum(['true', 'false']), 'true'),
  KEYTURN_VERSION: z.string(),
});

/** What a run of the collector goes by. */
export interface Collecting {
  settings: EvidenceSettings;
  limits: EvidenceLimits;
  /** People who lack MFA are told. */
  mfaMessages: boolean;
  /** Of Keyturn. */
  version: string;
  /** Of `evidence-exceptions.yml`, where the build found one. */
  exceptions?: readonly Exception[];
}

/** The same for the collector, which judges as well. */
export function parseCollecting(environment: Environment): Collecting {
  const settings = parseEvidenceSettings(environment);
  const data = read(collectingSchema, environment);
  return {
    settings,
    limits: {
      bucketEncryption: data.KEYTURN_BUCKET_ENCRYPTION,
      unusedCredentialDays: data.KEYTURN_UNUSED_CREDENTIAL_DAYS,
    },
    mfaMessages: data.KEYTURN_MFA_MESSAGES === 'true',
    version: data.KEYTURN_VERSION,
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as absent. */
function read<Schema extends z.ZodMiniType>(shape: Schema, environment: Environment): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = shape.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new SettingsError(`Cannot start: ${problems.join('. ')}.`);
}
