import { readFileSync } from 'node:fs';
import { parse } from '@cdktf/hcl2json';
import { memberPolicy } from '../../local/organization/member-roles.ts';
import { ACCOUNT, deploy, type Json, type JsonObject, list, object, type Template } from '../package/template.ts';
import { yamlDocuments } from './yaml.ts';

/** A role in a member account, as one of its two forms makes it. */
export interface MemberRole {
  readonly name: Json | undefined;
  readonly path: Json | undefined;
  readonly maxSessionSeconds: Json | undefined;
  readonly boundary: Json | undefined;
  readonly tags: Readonly<Record<string, Json>>;
  readonly trust: JsonObject;
  readonly policy: JsonObject;
}

export interface Member {
  readonly observe: MemberRole;
  /** Undefined: the hub may only look. */
  readonly rotate: MemberRole | undefined;
  readonly owner: { readonly name: Json | undefined; readonly policy: JsonObject };
}

/** Of the template, by name. */
export type MemberParameters = Readonly<Record<string, string>>;

export const HUB = '999900001111';
export const ORGANIZATION = 'o-a1b2c3d4e5';
export const EXTERNAL_ID = '0f9c1b7e-2d3a-4c5b-8e6f-7a8b9c0d1e2f';
const REQUIRED = { HubAccountId: HUB, OrganizationId: ORGANIZATION, ExternalId: EXTERNAL_ID };

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

/** A template that is written by hand. */
export function templateOf(file: string): Template {
  return object(yamlDocuments(read(file))[0]) as unknown as Template;
}

const template = templateOf('resources/member/keyturn-member.yml');

/** As CloudFormation makes it. */
export function memberByCloudFormation(parameters: MemberParameters = {}): Member {
  const stack = deploy(template, {}, { ...REQUIRED, ...parameters });
  const roleOf = (logicalId: string): MemberRole | undefined => {
    const role = stack.properties(logicalId);
    return (
      role && {
        name: role.RoleName,
        path: role.Path,
        maxSessionSeconds: role.MaxSessionDuration,
        boundary: role.PermissionsBoundary,
        tags: tagsOf(list(role.Tags).map(object)),
        trust: object(role.AssumeRolePolicyDocument),
        policy: object(object(list(role.Policies)[0]).PolicyDocument),
      }
    );
  };
  const observe = roleOf('ObserveRole');
  if (observe === undefined) throw new Error('The template makes no role that observes');
  const owner = object(stack.properties('OwnerPolicy'));
  return {
    observe,
    rotate: roleOf('RotateRole'),
    owner: { name: owner.ManagedPolicyName, policy: object(owner.PolicyDocument) },
  };
}

function tagsOf(tags: readonly JsonObject[]): Record<string, Json> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [String(Key), Value ?? null]));
}

const MODULE = 'examples/fleet/terraform/member';
const main = object(await parse('main.tf', read(`${MODULE}/main.tf`)));
const variables = object(object(await parse('variables.tf', read(`${MODULE}/variables.tf`))).variable);
const locals = object(list(main.locals)[0]);

/** Of the template, and the module's name for each. */
export const templateParameters = Object.keys(template.Parameters ?? {});
export const moduleVariables = Object.keys(variables);
export const moduleLocals: Readonly<JsonObject> = locals;
export const variableOf = (parameter: string): string => parameter.replace(/(?<=.)[A-Z]/g, '_$&').toLowerCase();

/** What Terraform asks AWS for. */
const DATA: Readonly<Record<string, string>> = {
  'data.aws_partition.current.partition': 'aws',
  'data.aws_partition.current.dns_suffix': 'amazonaws.com',
  'data.aws_caller_identity.current.account_id': ACCOUNT,
};

/** How the module puts its files together, which is done here in TypeScript: a change of it must come here too. */
export const ASSEMBLED = {
  policies: `\${{
    for name, files in local.files : name => jsonencode({
      Version = "2012-10-17"
      Statement = flatten([
        for file, is_used in files :
        jsondecode(templatefile("\${path.module}/policies/\${file}.json.tftpl", local.values)).Statement if is_used
      ])
    })
  }}`,
  tags: `\${{ for key, value in local.given : key => value if value != "" }}`,
};

/** As Terraform makes it. */
export function memberByTerraform(parameters: MemberParameters = {}): Member {
  const evaluate = evaluator({ ...REQUIRED, ...parameters });
  const values = object(evaluate(locals.values ?? null));
  const statements = (file: string): Json[] => list(object(documentIn(file, values)).Statement);
  const policyOf = (name: string): JsonObject => {
    const files = Object.entries(object(evaluate(object(locals.files)[name] ?? null)));
    return { Version: '2012-10-17', Statement: files.flatMap(([file, isUsed]) => (isUsed ? statements(file) : [])) };
  };
  const [{ name, path, max_session_duration: maxSessionSeconds } = {}] = resources('aws_iam_role.keyturn');
  const given = Object.entries(object(evaluate(locals.given ?? null)));
  const roleOf = (role: string): MemberRole => ({
    name: evaluate(String(name).replace(`\${each.key}`, role)),
    path,
    maxSessionSeconds,
    boundary: evaluate(locals.boundary ?? null) ?? undefined,
    tags: Object.fromEntries(given.filter(([, value]) => value !== '')),
    trust: documentIn(`${role}-trust`, values),
    policy: policyOf(role),
  });
  const roles = list(evaluate(locals.roles ?? null));
  const [owner = {}] = resources('aws_iam_policy.owner');
  return {
    observe: roleOf('observe'),
    rotate: roles.includes('rotate') ? roleOf('rotate') : undefined,
    owner: { name: evaluate(owner.name ?? null), policy: policyOf('owner') },
  };
}

/** A resource of the module, by its address. */
export function resources(address: string): JsonObject[] {
  const [type = '', name = ''] = address.split('.');
  return list(object(object(main.resource)[type])[name]).map(object);
}

/** As `templatefile` fills it in. */
function documentIn(file: string, values: JsonObject): JsonObject {
  return object(JSON.parse(memberPolicy(file, values)) as Json);
}

/** References, comparisons, `? :` and `tostring`. Throws for any other expression, so that none is passed over. */
function evaluator(parameters: MemberParameters): (value: Json) => Json {
  const given = new Map(Object.entries(parameters).map(([name, value]) => [variableOf(name), value]));

  function variable(name: string): Json {
    const { type, default: fallback } = object(list(variables[name])[0]);
    const value = given.get(name) ?? fallback;
    if (value === undefined) throw new Error(`The variable ${name} is not given`);
    return type === `\${bool}` ? String(value) === 'true' : value;
  }

  function reference(path: string): Json {
    const known = DATA[path];
    if (known !== undefined) return known;
    const [root, name = '', field] = path.split('.');
    if (root === 'var' && field === undefined) return variable(name);
    if (root !== 'local' || locals[name] === undefined) throw new Error(`${path} is not known here`);
    return field === undefined ? evaluate(locals[name]) : evaluate(object(locals[name])[field] ?? null);
  }

  function expression(text: string): Json {
    const [, condition, yes = '', no = ''] = /^(.+?) \? (.+) : (.+)$/.exec(text) ?? [];
    if (condition !== undefined) return expression(condition) === true ? expression(yes) : expression(no);
    const [, left = '', operator, right = ''] = /^(\S+) (==|!=) (\S+)$/.exec(text) ?? [];
    if (operator !== undefined) return (expression(left) === expression(right)) === (operator === '==');
    const [, inner] = /^tostring\((.+)\)$/.exec(text) ?? [];
    if (inner !== undefined) return String(expression(inner));
    return /^["[]|^null$/.test(text) ? (JSON.parse(text) as Json) : reference(text);
  }

  function evaluate(value: Json): Json {
    if (Array.isArray(value)) return value.map(evaluate);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluate(item)]));
    }
    if (typeof value !== 'string') return value;
    const [, whole] = /^\$\{([^{}]*)\}$/.exec(value) ?? [];
    if (whole !== undefined) return expression(whole);
    return value.replace(/\$\{([^{}]*)\}/g, (_, text: string) => String(expression(text)));
  }

  return evaluate;
}
