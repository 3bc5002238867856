import { rotatingFunctions } from '../function-name.ts';
import { roleArn } from '../secret-policy.ts';

// What resources/suspicious.yml watches for. A test holds these texts to that file.

export const watchNames = [
  'login-without-mfa',
  'root-used',
  'policy-changed',
  'trail-changed',
  'logins-refused',
  'keys-outside-keyturn',
] as const;
export type WatchName = (typeof watchNames)[number];

/** Of its metrics; the stage follows. Whoever has an alarm with the same text and a metric of another name is as well off. */
export const WATCH_NAMESPACE = 'KeyturnSuspicious/';

const policyEvents = [
  ...['DeleteGroupPolicy', 'DeleteRolePolicy', 'DeleteUserPolicy', 'PutGroupPolicy', 'PutRolePolicy', 'PutUserPolicy'],
  ...['CreatePolicy', 'DeletePolicy', 'CreatePolicyVersion', 'DeletePolicyVersion', 'AttachRolePolicy'],
  ...['DetachRolePolicy', 'AttachUserPolicy', 'DetachUserPolicy', 'AttachGroupPolicy', 'DetachGroupPolicy'],
];
const trailEvents = ['CreateTrail', 'UpdateTrail', 'DeleteTrail', 'StartLogging', 'StopLogging'];
const keyEvents = [
  'CreateAccessKey',
  'UpdateAccessKey',
  'DeleteAccessKey',
  'DeactivateMFADevice',
  'CreateLoginProfile',
];

const anyOf = (names: readonly string[]): string => names.map((name) => `($.eventName=${name})`).join(' || ');
const byIam = (names: readonly string[]): string => `($.eventSource=iam.amazonaws.com) && (${anyOf(names)})`;

const texts: Readonly<Record<Exclude<WatchName, 'keys-outside-keyturn'>, string>> = {
  'login-without-mfa':
    '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }',
  'root-used': '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
  'policy-changed': `{${byIam(policyEvents)}}`,
  'trail-changed': `{${anyOf(trailEvents)}}`,
  'logins-refused': '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
};

/** Where Keyturn is deployed. */
export interface WatchPlace {
  partition: string;
  accountId: string;
  roleSuffix: string;
  hasFleet: boolean;
}

/** The texts of a filter, each as good as the others. With a fleet its members' role may be left out of the count. */
export function filterTexts(name: WatchName, place: WatchPlace): string[] {
  if (name !== 'keys-outside-keyturn') return [texts[name]];
  const issuer = '$.userIdentity.sessionContext.sessionIssuer.arn';
  const account = `arn:${place.partition}:iam::${place.accountId}:root`;
  const own = rotatingFunctions.map((role) => roleArn(account, role, place.roleSuffix));
  const text = (roles: readonly string[]): string => {
    const nobodyOf = roles.map((arn) => `(${issuer}!="${arn}")`).join(' && ');
    return `{${byIam(keyEvents)} && ((${issuer} NOT EXISTS) || (${nobodyOf}))}`;
  };
  const ofMembers = `*:role/keyturn/keyturn-rotate${place.roleSuffix}`;
  return [text(own), ...(place.hasFleet ? [text([...own, ofMembers])] : [])];
}

/** Of two texts that differ in white space alone; what is quoted is another matter. */
export function isSameText(one: string, other: string): boolean {
  return compact(one) === compact(other);
}

function compact(text: string): string {
  return text.replace(/("[^"]*")|\s+/g, (_, quoted: string | undefined) => quoted ?? '');
}
