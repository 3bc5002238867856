import { createHash } from 'node:crypto';
import { SettingsError } from '../shared/core/errors.ts';
import * as z from '../shared/core/zod.ts';

/*
 * hand-on.yml: whose keys go where. It is packaged with the function, and its role is made from it, so a change is a
 * reviewed deployment. In a tag of the user or in a parameter, whoever may write that could send a key to a place of
 * their own.
 */

const textLike = (pattern: RegExp, otherwise: string) => z.string().check(z.regex(pattern, otherwise));
const field = textLike(
  /^(accessKeyId|secretAccessKey|userName|accountId|smtpPassword\.[a-z]{2,4}(-[a-z]+)+-\d+)$/,
  'must be accessKeyId, secretAccessKey, userName, accountId or smtpPassword.<region>',
);
const fields = z
  .record(z.string().check(z.minLength(1)), field)
  .check(z.refine((given) => Object.keys(given).length > 0, 'must name a field at least'));
const kmsKeyArn = z.optional(textLike(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/, 'must be the ARN of a key'));
const secretName = textLike(/^[\w/+=.@-]{1,512}$/, 'must be the name of a secret');
const parameterName = textLike(/^\/[\w./-]{1,1000}$/, 'must be the name of a parameter, beginning with /');
const constants = z.optional(z.record(z.string(), z.string()));

/** With `merge` its other fields stay: then the role may read it. */
const secret = z.strictObject({
  secret: secretName,
  fields,
  constants,
  merge: z.optional(z.boolean()),
  kmsKeyArn,
});
const parameter = z.strictObject({ parameter: parameterName, fields, constants, kmsKeyArn });
const parameters = z.strictObject({ parameters: z.record(parameterName, field), kmsKeyArn });
const ecsName = textLike(/^[\w-]{1,255}$/, 'must be a name, not an ARN');
const ecs = z.strictObject({ ecs: z.strictObject({ cluster: ecsName, service: ecsName }) });
const gitHubSecretName = textLike(/^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/, 'must be the name of a secret of GitHub Actions');
const github = z.strictObject({
  github: textLike(/^[\w.-]+\/[\w.-]+$/, 'must be owner/repository'),
  environment: z.optional(textLike(/^[\w .-]{1,255}$/, 'must be the name of an environment')),
  token: secretName,
  /** One field each, or several as JSON. */
  secrets: z.record(gitHubSecretName, z.union([field, fields])),
});

export type SecretDestination = z.output<typeof secret>;
export type ParameterDestination = z.output<typeof parameter> | z.output<typeof parameters>;
export type EcsDestination = z.output<typeof ecs>;
export type GitHubDestination = z.output<typeof github>;
export type Destination = SecretDestination | ParameterDestination | EcsDestination | GitHubDestination;
/** What a field of a destination holds. */
export type Field = string;

const file = z.strictObject({
  schemaVersion: z.literal(1),
  domain: textLike(/^[a-z][a-z0-9-]{0,29}$/, 'must be lower-case letters, digits and hyphens, at most 30'),
  users: z
    .record(
      textLike(/^[\w+=,.@-]{1,64}$/, 'must be names of IAM users, without wildcards'),
      z.array(z.union([secret, parameter, parameters, ecs, github])).check(z.minLength(1)),
    )
    .check(z.refine((given) => Object.keys(given).length > 0, 'must name a user at least')),
});

export type HandOnFile = z.output<typeof file>;

/**
 * The file, from parsed YAML. Throws a SettingsError that names each place: also for a destination that is one of
 * Keyturn's own secrets, and for two users who would write to one place.
 */
export function parseHandOnFile(value: unknown, secretPrefix: string): HandOnFile {
  const result = file.safeParse(value);
  if (!result.success) {
    const said = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new SettingsError(`Cannot package hand-on.yml: ${said.join('. ')}.`);
  }
  const problems = [...belowPrefix(result.data, secretPrefix), ...sharedPlaces(result.data)];
  if (problems.length > 0) throw new SettingsError(`Cannot package hand-on.yml: ${problems.join('. ')}.`);
  return result.data;
}

function belowPrefix({ users }: HandOnFile, prefix: string): string[] {
  const isOurs = (name: string): boolean => name === prefix || name.startsWith(`${prefix}/`);
  return Object.entries(users).flatMap(([user, destinations]) =>
    destinations.flatMap((destination) => {
      const names = [
        'secret' in destination ? destination.secret : '',
        'github' in destination ? destination.token : '',
      ];
      return names.filter(isOurs).map((name) => `users.${user}: ${name} is below ${prefix}/, which is Keyturn's own`);
    }),
  );
}

function sharedPlaces({ users }: HandOnFile): string[] {
  const seen = new Map<string, string>();
  return Object.entries(users).flatMap(([user, destinations]) =>
    destinations.flatMap(placesOf).flatMap((place) => {
      const first = seen.get(place);
      seen.set(place, user);
      return first === undefined ? [] : [`users.${user}: ${place} is written for ${first} already`];
    }),
  );
}

/** What is overwritten; a service that is deployed again may serve several users. */
function placesOf(destination: Destination): string[] {
  if ('secret' in destination) return [`secret ${destination.secret}`];
  if ('parameter' in destination) return [`parameter ${destination.parameter}`];
  if ('parameters' in destination) return Object.keys(destination.parameters).map((name) => `parameter ${name}`);
  if ('ecs' in destination) return [];
  const { github: repository, environment = '' } = destination;
  return Object.keys(destination.secrets).map((name) => `secret ${name} of ${repository} ${environment}`.trim());
}

/** In messages and logs. */
export function describeDestination(destination: Destination): string {
  if ('secret' in destination) return `secret ${destination.secret}`;
  if ('parameter' in destination) return `parameter ${destination.parameter}`;
  if ('parameters' in destination) return `parameters ${Object.keys(destination.parameters).join(', ')}`;
  if ('ecs' in destination) return `ECS service ${destination.ecs.cluster}/${destination.ecs.service}`;
  return `GitHub Actions secrets of ${destination.github}`;
}

/** Of a user's destinations: another list is handed on anew. */
export function hashOf(destinations: readonly Destination[]): string {
  return createHash('sha256').update(JSON.stringify(destinations)).digest('hex').slice(0, 16);
}
