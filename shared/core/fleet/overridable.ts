import { type SettingName, settingSpecs } from '../settings.ts';

/** The settings that an account may have other than the hub. Whoever adds one asks what it means if accounts differ in it. */
export const overridableSettings = [
  'maxAccessKeyAgeDays',
  'rotateAheadDays',
  'graceDays',
  'quietDays',
  'maxPostponeDays',
  'recoveryDays',
  'unusedDays',
  'exemptGroups',
  'exemptPaths',
  'userPathPrefix',
  'freeze',
  'onBlocked',
  'unused',
  'maxNewRotationsPerDay',
  'readerArns',
  'replicaRegions',
  'kmsKeyId',
  'cloudtrailLookups',
] as const satisfies readonly SettingName[];
export type OverridableSetting = (typeof overridableSettings)[number];

export function isOverridable(name: string): name is OverridableSetting {
  return overridableSettings.some((each) => each === name);
}

/** As an environment variable has it: text as it is, everything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** With `{accountId}` and `{region}` filled in. */
export function filledIn(text: string, { accountId, region }: { accountId: string; region: string }): string {
  return text.replaceAll('{accountId}', accountId).replaceAll('{region}', region);
}

const anywhere = { accountId: '000000000000', region: 'eu-west-1' };

/** What is wrong with the value of a setting, or undefined. */
export function settingProblem(name: OverridableSetting, text: string): string | undefined {
  const filled = filledIn(text, anywhere);
  // JSON has a quote behind its braces.
  const unknown = /\{[a-z]\w*\}/i.exec(filled)?.[0];
  if (unknown !== undefined) return `${unknown} is unknown: {accountId} and {region} are filled in`;
  const issues = settingSpecs[name].schema.safeParse(filled).error?.issues;
  return issues === undefined ? undefined : `is "${text}": ${issues.map(({ message }) => message).join('; ')}`;
}
