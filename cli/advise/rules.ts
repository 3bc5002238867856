import { isPrivate, onlyOne } from './addresses.ts';
import {
  allows,
  brief,
  byAgent,
  byService,
  counted,
  type Evidence,
  isAddress,
  isBreakGlass,
  isDayAndNight,
  lastService,
  type Sign,
  unused,
} from './signs.ts';

/** How much an answer is worth. What CloudTrail tells of a program is `likely` at most: whoever holds the key chooses it. */
export const confidences = ['sure', 'likely', 'guess'] as const;
export type Confidence = (typeof confidences)[number];

export interface Rule {
  id: string;
  confidence: Confidence;
  /** Why it fits, or nothing. */
  because: Sign;
  doInstead(evidence: Evidence): string;
  /** A role takes the place of the key: what it needs is worth knowing. */
  isRole: boolean;
  source: string;
}

const GUIDE = 'https://docs.aws.amazon.com/IAM/latest/UserGuide';
const PRACTICES = `${GUIDE}/best-practices.html`;
const WORKLOADS = `${PRACTICES}#bp-workloads-use-roles`;
const PEOPLE = `${PRACTICES}#bp-users-federation-idp`;
const USE_CASES = `${GUIDE}/gs-identities-iam-users.html`;

/** From here on addresses are many. */
const MANY = 3;

/** In this order: the first that fits is the advice. What takes a key away stands before what keeps it. */
export const rules: readonly Rule[] = [
  {
    id: 'root-key',
    confidence: 'sure',
    because: ({ isRoot }) => (isRoot ? 'the root user has an active access key' : undefined),
    doInstead: () => 'delete it today, in the console as root',
    isRole: false,
    source: `${PRACTICES}#lock-away-credentials`,
  },
  {
    id: 'unused',
    confidence: 'sure',
    because: (evidence) => (isBreakGlass(evidence) ? undefined : unused(evidence)),
    doInstead: ({ userName, keys }) => `keyturn retire ${userName} --access-key-id ${keys[0]?.accessKeyId}`,
    isRole: false,
    source: `${PRACTICES}#remove-credentials`,
  },
  {
    id: 'mail-sender',
    confidence: 'sure',
    because: ({ keys, allowedActions }) => {
      if (keys.some(({ lastUsed }) => lastUsed?.service === 'ses-smtp')) return 'last used with ses-smtp';
      return allows(allowedActions, ['ses:sendrawemail']) ? 'may do nothing but ses:SendRawEmail' : undefined;
    },
    doInstead: ({ keys }) => {
      const region = keys.find(({ lastUsed }) => lastUsed?.service === 'ses-smtp')?.lastUsed?.region ?? '<region>';
      return `keep the key; tag keyturn:ses-smtp-regions=${region}; a role, if the sender can use the API`;
    },
    isRole: false,
    source: 'https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html',
  },
  {
    id: 'in-lambda-or-ecs',
    confidence: 'likely',
    because: byAgent(/\bexec-env\/AWS_(?:Lambda|ECS)_/),
    doInstead: () => "the function's or task's own role: a key in its environment is not needed",
    isRole: true,
    source: WORKLOADS,
  },
  {
    id: 'in-cloudshell',
    confidence: 'likely',
    because: byAgent(/\bexec-env\/CloudShell\b/),
    doInstead: () => 'nothing: CloudShell has the session of the console',
    isRole: false,
    source: `${GUIDE}/security-creds-programmatic-access.html#security-creds-programmatic-access-alternatives`,
  },
  {
    id: 'in-vpc',
    confidence: 'likely',
    because: ({ uses = [] }) => {
      const use = uses.find(({ sourceIp, vpcEndpointId }) => vpcEndpointId !== undefined || isPrivate(sourceIp));
      if (use === undefined) return undefined;
      return `called from ${use.sourceIp}${use.vpcEndpointId === undefined ? '' : ` through ${use.vpcEndpointId}`}`;
    },
    doInstead: () => 'an instance profile, EKS Pod Identity or IRSA',
    isRole: true,
    source: WORKLOADS,
  },
  {
    id: 'github-actions',
    confidence: 'likely',
    because: byAgent(/\bconfigure-aws-credentials-for-github-actions\b/),
    doInstead: () => 'an OIDC role for GitHub Actions, with `sub` of the repository',
    isRole: true,
    source: WORKLOADS,
  },
  {
    id: 'terraform',
    confidence: 'likely',
    because: byAgent(/\bHashiCorp\/1\.0 Terraform\//),
    doInstead: () => 'HCP Terraform dynamic credentials; in CI the OIDC of the CI; on a laptop Identity Center',
    isRole: true,
    source: WORKLOADS,
  },
  {
    id: 'person',
    confidence: 'likely',
    because: ({ hasPassword, hasMfa, uses }) => {
      if (!hasPassword || !hasMfa) return undefined;
      const said = 'has a password and MFA';
      if (uses === undefined || uses.length === 0) return said;
      const own = uses.filter(({ userAgent }) => /\baws-cli\//.test(userAgent) || !/\bexec-env\//.test(userAgent));
      return own.length === 0 ? undefined : `${said}, ${counted(own)}`;
    },
    doInstead: () => '`aws login` (AWS CLI 2.32 or later), or Identity Center for several accounts',
    isRole: false,
    source: PEOPLE,
  },
  {
    id: 'assumes-roles',
    confidence: 'likely',
    because: ({ allowedActions, uses = [] }) => {
      if (allows(allowedActions, ['sts:assumerole'])) return 'may do nothing but sts:AssumeRole';
      const isOnly = uses.length > 0 && uses.every(({ eventName }) => eventName === 'AssumeRole');
      return isOnly ? `only sts:AssumeRole, ${counted(uses)}` : undefined;
    },
    doInstead: () => 'Identity Center, or federation into the same roles; until then MFA in their trust policies',
    isRole: false,
    source: PEOPLE,
  },
  {
    id: 'kubernetes',
    confidence: 'likely',
    because: byAgent(/\b(?:crossplane|external-dns|external-secrets|velero|cluster-autoscaler|cert-manager|loki)\b/i),
    doInstead: () => 'EKS Pod Identity or IRSA; off EKS the OIDC issuer of the cluster',
    isRole: true,
    source: WORKLOADS,
  },
  {
    id: 'vendor',
    confidence: 'guess',
    because: ({ policies, uses = [] }) => {
      const policy = policies.find((name) => name === 'SecurityAudit' || name === 'ReadOnlyAccess');
      const agent = onlyOne(uses.map(({ userAgent }) => userAgent));
      if (policy === undefined || agent === undefined || uses.some(({ sourceIp }) => isPrivate(sourceIp)))
        return undefined;
      return `may read by ${policy}, and one program uses it from outside: ${brief(agent)}`;
    },
    doInstead: () => 'if it is a vendor: ask for a role with an external ID',
    isRole: true,
    source: `${GUIDE}/id_roles_common-scenarios_third-party.html`,
  },
  {
    id: 'machine-outside',
    confidence: 'guess',
    because: ({ uses = [] }) => {
      const address = onlyOne(uses.map(({ sourceIp }) => sourceIp));
      if (address === undefined || !isAddress(address) || isPrivate(address) || !isDayAndNight(uses)) return undefined;
      return `from ${address} alone, day and night`;
    },
    doInstead: () => 'IAM Roles Anywhere, or SSM hybrid activation; else `keyturn switch` on a timer',
    isRole: true,
    source: WORKLOADS,
  },
  {
    id: 'listed-use-case',
    confidence: 'sure',
    because: ({ keys }) => lastService(keys, ['codecommit', 'cassandra']),
    doInstead: () => "keep the key: AWS lists this use; a role with the service's SigV4 helper, where there is one",
    isRole: false,
    source: `${PRACTICES}#update-access-keys`,
  },
  {
    id: 'devices',
    confidence: 'guess',
    because: ({ uses = [], ...evidence }) => {
      const addresses = new Set(uses.map(({ sourceIp }) => sourceIp)).size;
      const said = byService(['iot', 'iotdata', 'iotdevicegateway'])({ ...evidence, uses });
      return said === undefined || addresses < MANY ? undefined : `${said}, from ${addresses} addresses`;
    },
    doInstead: () => 'the credential provider of AWS IoT: certificates of the devices (mTLS)',
    isRole: true,
    source: WORKLOADS,
  },
  {
    id: 'plug-in',
    confidence: 'guess',
    because: (evidence) =>
      byService(['s3', 'ses', 'ses-smtp'])(evidence) &&
      byAgent(/\b(?:WordPress|UpdraftPlus|W3TC|wp-offload|Drupal|Joomla|Moodle)\b/i)(evidence),
    doInstead: () => 'keep and rotate it; narrow the policy',
    isRole: false,
    source: USE_CASES,
  },
  {
    id: 'break-glass',
    confidence: 'sure',
    because: (evidence) => (isBreakGlass(evidence) ? `exempt: ${brief(evidence.exemptReason ?? '')}` : undefined),
    doInstead: () => 'keep it; look at it again when the exemption ends',
    isRole: false,
    source: USE_CASES,
  },
  {
    id: 'none-of-these',
    confidence: 'guess',
    because: () => 'nothing else fits',
    doInstead: () => 'keep and rotate it; narrow the policy to what was used',
    isRole: false,
    source: `${PRACTICES}#bp-gen-least-privilege-policies`,
  },
];

/** One rule that fits. */
export interface Advice {
  rule: string;
  confidence: Confidence;
  doInstead: string;
  because: string;
  isRole: boolean;
  source: string;
}

/** All that fit, the advice first. The last rule always fits. */
export function advise(evidence: Evidence): readonly Advice[] {
  return rules.flatMap((rule) => {
    const because = rule.because(evidence);
    if (because === undefined) return [];
    const { id, confidence, isRole, source } = rule;
    return [{ rule: id, confidence, doInstead: rule.doInstead(evidence), because, isRole, source }];
  });
}
