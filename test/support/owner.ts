import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Shell } from '../../cli/context.ts';
import { main } from '../../cli/main.ts';
import { type LocalServer, startServer } from '../../local/aws/server.ts';
import type { World } from './world.ts';

/** The machine of somebody who owns a key: a home directory, and the embedded AWS behind an endpoint. */
export interface Machine {
  server: LocalServer;
  home: string;
  credentials: string;
  config: string;
  /** `keyturn switch` with this machine's endpoint and Region, in this process. */
  run(args: readonly string[], environment?: Record<string, string>): Promise<Ran>;
  /** The same without either. */
  runPlain(args: readonly string[], environment?: Record<string, string>): Promise<Ran>;
  /** Just these arguments. */
  runRaw(args: readonly string[], environment?: Record<string, string>): Promise<Ran>;
  close(): Promise<void>;
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export async function createMachine(world: World): Promise<Machine> {
  const server = await startServer(world.aws);
  const home = mkdtempSync(join(tmpdir(), 'keyturn-owner-'));
  const folder = join(home, '.aws');
  mkdirSync(folder, { mode: 0o700 });
  const [credentials, config] = [join(folder, 'credentials'), join(folder, 'config')];
  const run = (args: readonly string[], environment: Record<string, string>) =>
    runMain(args, { HOME: home, ...environment }, { home, now: world.aws.clock.now });
  return {
    ...{ server, home, credentials, config },
    run: (args, environment = {}) => run([...endpointArgs(server), ...args], environment),
    runPlain: (args, environment = {}) => run(['switch', '--region', 'eu-west-1', ...args], environment),
    runRaw: (args, environment = {}) => run(args, environment),
    async close() {
      await server.close();
      rmSync(home, { recursive: true });
    },
  };
}

export function endpointArgs({ url }: LocalServer): string[] {
  return ['switch', '--region', 'eu-west-1', '--endpoint-url', url];
}

async function runMain(
  args: readonly string[],
  environment: Record<string, string>,
  { home, now }: { home: string; now(): number },
): Promise<Ran> {
  const said = { stdout: '', stderr: '' };
  const into = (name: keyof typeof said) =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += String(chunk);
        done();
      },
    });
  const shell: Shell = {
    environment: { PATH: process.env.PATH, ...environment },
    stdin: new PassThrough(),
    stdout: into('stdout'),
    stderr: into('stderr'),
    workingDirectory: home,
    platform: process.platform,
    clock: now,
    sleep: (ms) => setTimeout(ms),
  };
  return { code: await main(args, shell), ...said };
}

/** The file of a user of one key, among other settings. */
export function writeCredentials({ credentials }: Machine, { aws }: World, accessKeyId: string): string {
  const secret = aws.iam.secretAccessKeyOf(accessKeyId);
  const text = `# mine\n[other]\naws_access_key_id = AKIAOTHEROTHEROTHER2\naws_secret_access_key=other/other/other\n\n[alice]\n  aws_access_key_id=${accessKeyId} ; the id\n  aws_secret_access_key =  ${secret}\nregion = eu-west-1\n\n[ci-test]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secret}\n`;
  writeFileSync(credentials, text, { mode: 0o600 });
  return text;
}

/** The text with the one pair where the other was. */
export function withPair(text: string, { aws }: World, from: string, to: string): string {
  const { secretAccessKeyOf } = aws.iam;
  return text.replaceAll(from, to).replaceAll(secretAccessKeyOf(from), secretAccessKeyOf(to));
}

export const read = (path: string): string => readFileSync(path, 'utf8');
