import { SettingsError } from '../shared/core/errors.ts';
import { environmentName, readSettings } from '../shared/core/settings.ts';

/** What serverless.yml is once its variables are resolved, as far as settings are in it. */
export interface Service {
  provider: { environment?: Readonly<Record<string, unknown>> };
  custom?: { given?: Readonly<Record<string, unknown>> };
}

/** What the stack gives to its functions itself; CloudFormation knows the values. */
const MADE: Readonly<Record<string, string>> = {
  topicArn: 'arn:aws:sns:eu-west-1:000000000000:own',
  queueUrl: 'https://queue',
};

/**
 * Throws a SettingsError that names every parameter of which the functions would say that they cannot start with it: a
 * deployment that does not take place harms nobody, one that stops every run does.
 */
export function checkSettings({ provider, custom }: Service): void {
  const values = { ...provider.environment, ...custom?.given };
  const valueOfSetting = (name: string): string | undefined =>
    textOf(values[name]) ?? textOf(values[environmentName(name)]) ?? MADE[name];
  const { kmsKeyId } = readSettings(valueOfSetting, { cannot: 'Cannot deploy', nameOf: (name) => name });
  // Policies of IAM name a key by its ARN alone; an alias or an ID in them would allow nothing.
  if (kmsKeyId !== '' && !/^arn:[^:]+:kms:[^:]+:\d+:key\//.test(kmsKeyId)) {
    const message = `Cannot deploy: kmsKeyId is "${kmsKeyId}": must be the ARN of the key itself (arn:aws:kms:…:key/…), which the roles' policies name.`;
    throw new SettingsError(message);
  }
}

/** A reference to what the stack makes is no text. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
