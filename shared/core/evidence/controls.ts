import type { ControlId, Reference } from './finding.ts';
import type { WatchName } from './watches.ts';

export interface Control {
  title: string;
  /** Raised whenever the same facts would be judged otherwise. */
  version: number;
  /** What to do about a failure. */
  remediation: string;
  references: readonly Reference[];
}

/** Numbers of the CIS AWS Foundations benchmark that number this very check; null where an edition has none. */
function cis(five: string | null, six: string | null, seven: string | null): Reference[] {
  const editions = [
    ['5.0', five],
    ['6.0', six],
    ['7.0', seven],
  ] as const;
  return editions.flatMap(([edition, requirement]) =>
    requirement === null
      ? []
      : [{ framework: `CIS AWS Foundations ${edition}`, requirement, basis: 'benchmark' as const }],
  );
}

const by = (basis: Reference['basis'], framework: string, ...requirements: readonly string[]): Reference[] =>
  requirements.map((requirement) => ({ framework, requirement, basis }));
const soc2 = (...requirements: readonly string[]): Reference[] => by('text', 'SOC 2', ...requirements);
const pci = (...requirements: readonly string[]): Reference[] => by('text', 'PCI DSS 4.0.1', ...requirements);
const nist = (basis: Reference['basis'], ...requirements: readonly string[]): Reference[] =>
  by(basis, 'NIST 800-53r5', ...requirements);
const hub = (...requirements: readonly string[]): Reference[] =>
  by('security-hub', 'AWS Security Hub', ...requirements);

/** CIS numbers each of these alarms by itself. */
const cisAlarm = (section: number): Reference[] => cis(`4.${section}`, `5.${section}`, `5.${section}`);

/** By what it rings for. */
export const alarmReferences: Readonly<Record<WatchName, readonly Reference[]>> = {
  'login-without-mfa': [...cisAlarm(2), ...soc2('CC7.2')],
  'root-used': [...cisAlarm(3), ...soc2('CC7.2'), ...hub('CloudWatch.1')],
  'policy-changed': [...cisAlarm(4), ...soc2('CC7.2'), ...hub('CloudWatch.4')],
  'trail-changed': [...cisAlarm(5), ...soc2('CC7.2'), ...hub('CloudWatch.5')],
  'logins-refused': [...cisAlarm(6), ...soc2('CC7.2'), ...hub('CloudWatch.6')],
  'keys-outside-keyturn': soc2('CC7.2'),
};

export const controls: Readonly<Record<ControlId, Control>> = {
  'mfa-console': {
    title: 'People with a password have MFA',
    version: 1,
    remediation:
      'The person adds a device under "Security credentials" of the console. No one else can do it for them.',
    references: [
      ...cis('1.9', '2.9', '2.10'),
      ...soc2('CC6.1', 'CC6.6'),
      ...hub('IAM.5'),
      ...pci('8.4.2'),
      ...nist('text', 'IA-2(1)', 'IA-2(2)'),
    ],
  },
  'root-keys': {
    title: 'The root user has no access key',
    version: 1,
    remediation: 'Sign in as the root user, and delete its access keys once nothing uses them.',
    references: [...cis('1.3', '2.3', '2.4'), ...soc2('CC6.1'), ...hub('IAM.4')],
  },
  'root-mfa': {
    title: 'The root user has MFA',
    version: 1,
    remediation: 'Sign in as the root user and add a device, or take its credentials away centrally.',
    references: [...cis('1.4', '2.4', '2.5'), ...soc2('CC6.6'), ...hub('IAM.9')],
  },
  'root-hardware-mfa': {
    title: 'The root user has hardware MFA alone',
    version: 1,
    remediation: 'Add a security key or a hardware token to the root user, and remove its virtual devices.',
    references: [...cis('1.5', '2.5', '2.6'), ...hub('IAM.6')],
  },
  'key-age': {
    title: 'Access keys are younger than their limit',
    version: 1,
    remediation: 'Let Keyturn rotate the key, or rotate it by hand.',
    references: [
      ...cis('1.13', '2.13', '2.12'),
      ...soc2('CC6.1'),
      ...hub('IAM.3'),
      ...pci('8.6.3'),
      ...nist('text', 'IA-5(f)'),
      ...nist('security-hub', 'AC-2(3)'),
    ],
  },
  'one-active-key': {
    title: 'A user has at most one active access key',
    version: 1,
    remediation: 'Deactivate the key that is not used.',
    references: cis('1.12', '2.12', null),
  },
  'unused-credentials': {
    title: 'No password and no active access key is unused',
    version: 1,
    remediation: 'Deactivate the access key, or delete the password.',
    references: [
      ...cis('1.11', '2.11', '2.11'),
      ...soc2('CC6.1'),
      ...hub('IAM.22'),
      ...pci('8.2.6'),
      ...nist('security-hub', 'AC-2(3)'),
    ],
  },
  'bucket-encryption': {
    title: 'Buckets are encrypted by default as asked',
    version: 1,
    remediation: 'Set the default encryption of the bucket. Objects that are there keep theirs.',
    references: [...soc2('CC6.1', 'CC6.7'), ...hub('S3.17'), ...pci('3.5.1'), ...nist('text', 'SC-28')],
  },
  'trail-covers-all': {
    title: 'A trail has all management events of all Regions',
    version: 1,
    remediation: 'Make a multi-Region trail with management events, read and write, and switch its logging on.',
    references: [
      ...cis('3.1', '4.1', '4.1'),
      ...soc2('CC7.2'),
      ...hub('CloudTrail.1'),
      ...pci('10.2'),
      ...nist('text', 'AU-12'),
    ],
  },
  'trail-validation': {
    title: 'Log files of trails can be validated',
    version: 1,
    remediation: 'Switch log file validation of the trail on.',
    references: [
      ...cis('3.2', '4.2', '4.2'),
      ...soc2('CC7.3'),
      ...hub('CloudTrail.4'),
      ...pci('10.3.4'),
      ...nist('text', 'AU-9'),
    ],
  },
  'trail-delivering': {
    title: 'Trails deliver what they log',
    version: 1,
    remediation: 'See the policy of the bucket, and of its KMS key, that the trail delivers to.',
    references: [...soc2('CC7.2'), ...pci('10.7')],
  },
  'iam-alarms': {
    title: 'Suspicious use of IAM rings an alarm that has a subscriber',
    version: 1,
    remediation: 'Deploy resources/suspicious.yml again, with a topic that has a subscription without a filter.',
    references: [
      ...[2, 3, 4, 5, 6].flatMap(cisAlarm),
      ...soc2('CC7.2'),
      ...hub('CloudWatch.1', 'CloudWatch.4', 'CloudWatch.5', 'CloudWatch.6'),
    ],
  },
  'evidence-bucket': {
    title: 'The evidence itself is protected and whole',
    version: 1,
    remediation: 'Deploy again, and run keyturn verify.',
    references: [...soc2('CC6.1'), ...pci('10.3.4'), ...nist('text', 'AU-9')],
  },
  'exemption-dated': {
    title: 'Exemptions have an end',
    version: 1,
    remediation: 'Give the exemption a date: the value of the tag keyturn:exempt.',
    references: soc2('CC6.1'),
  },
  'changes-reconciled': {
    title: 'Changes of access keys have a record and a witness',
    version: 1,
    remediation: 'Ask who made the change: the finding names the event or the record that stands alone.',
    references: soc2('CC7.2', 'CC8.1'),
  },
};
