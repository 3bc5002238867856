import { readFileSync } from 'node:fs';
import type { NewRole } from '../aws/iam/iam-roles.ts';

/** The policies that Terraform is given, which make the same roles as the template in resources/member/. */
const policies = new URL('../../examples/fleet/terraform/member/policies/', import.meta.url);

/** One of them, filled in as Terraform's `templatefile` does it; refuses a name that has no value. As JSON. */
export function memberPolicy(file: string, values: Readonly<Record<string, unknown>>): string {
  const text = readFileSync(new URL(`${file}.json.tftpl`, policies), 'utf8');
  return text.replace(/(\$?)\$\{([\w:]+)\}/g, (_, escaped: string, name: string) => {
    if (escaped === '$') return `\${${name}}`;
    if (values[name] === undefined) throw new Error(`${file} asks for ${name}`);
    return String(values[name]);
  });
}

/** Whom a member trusts. */
export interface Trusted {
  readonly hub: string;
  readonly organizationId: string;
  readonly externalId: string;
}

/** What whoever sets up a member leaves as it is. */
const given = { user_path_prefix: '/', secret_prefix: 'keyturn', secret_region: '*', kms_alias: '', suffix: '' };
const tags = {
  'keyturn:template': '1',
  'keyturn:user-path-prefix': given.user_path_prefix,
  'keyturn:secret-prefix': given.secret_prefix,
  'keyturn:rotates': 'true',
  'keyturn:aws-config': 'false',
  'keyturn:cloudtrail-lookups': 'false',
  'keyturn:evidence': 'false',
};

/** The two roles of a member, with nothing chosen: one that looks, one that rotates. */
export function memberRoles(accountId: string, { hub, organizationId, externalId }: Trusted): NewRole[] {
  const values = {
    ...{ ...given, partition: 'aws', dns_suffix: 'amazonaws.com', account: accountId },
    ...{ hub_account_id: hub, organization_id: organizationId, external_id: externalId },
  };
  const documentOf = (file: string): unknown => JSON.parse(memberPolicy(file, values));
  return ['observe', 'rotate'].map((role) => ({
    ...{ name: `keyturn-${role}`, path: '/keyturn/', tags },
    ...{ trust: documentOf(`${role}-trust`), policies: [documentOf(role)] },
  }));
}
