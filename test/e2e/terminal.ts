import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { DEPLOYER, type Emulator, REGION, ROOT, VENV } from './emulator.ts';

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** The commands of an operator and of owners, and all that they printed. */
export interface Terminal {
  /** `npx sls …` in a copy of the project, so that a build here disturbs nobody. */
  sls(...args: string[]): Promise<string>;
  /** The same where it may fail. */
  trySls(...args: string[]): Promise<Finished>;
  stackDirectory: string;
  /** The aws CLI of whoever deploys. */
  aws(...args: string[]): Promise<string>;
  /** The aws CLI with the profile `default` of that home directory. Does not throw. */
  awsAs(owner: string, ...args: string[]): Promise<Finished>;
  /** The aws CLI with that profile of an owner, who types a code when asked for it. Does not throw. */
  awsWithCode(owner: string, profile: string, code: string, ...args: string[]): Promise<Finished>;
  /** A command of an email in the shell of that owner, word for word. Does not throw. */
  shellAs(owner: string, command: string): Promise<Finished>;
  /** The same for whoever deploys. */
  shellAsDeployer(command: string): Promise<Finished>;
  /** Writes the profile `default` of an owner, or another one. */
  configure(owner: string, key: KeyPair, profile?: string): void;
  /** Writes ~/.aws/config of an owner. */
  writeConfig(owner: string, text: string): void;
  /** What the profile `default` of an owner holds. */
  keyOf(owner: string): KeyPair;
  printed: string[];
}

export interface KeyPair {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of a role only. */
  sessionToken?: string;
}

export function createTerminal({ endpoint, workDir }: Pick<Emulator, 'endpoint' | 'workDir'>): Terminal {
  const printed: string[] = [];
  const stackDirectory = copyProject(workDir);
  const tools = join(workDir, 'bin');
  ensureJq(tools);
  const everywhere = {
    PATH: [
      dirname(process.execPath),
      join(ROOT, 'node_modules/.bin'),
      join(VENV, 'bin'),
      '/usr/bin',
      '/bin',
      tools,
    ].join(delimiter),
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    SLS_TELEMETRY_DISABLED: '1',
    // moto is done with a stack at once.
    SLS_AWS_MONITORING_FREQUENCY: '500',
    SLS_NOTIFICATIONS_MODE: 'off',
  };
  const asDeployer = {
    ...everywhere,
    HOME: workDir,
    AWS_ACCESS_KEY_ID: DEPLOYER.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DEPLOYER.secretAccessKey,
  };
  // AWS CLI 1 does not follow AWS_ENDPOINT_URL for SQS.
  const here = ['--endpoint-url', endpoint];
  const homeOf = (owner: string) => join(workDir, 'homes', owner);

  const slsArgs = (args: string[]) => [...args, '--stage', 'e2e', '--region', REGION];

  async function attempt(command: string, args: string[], cwd: string): Promise<Finished> {
    const finished = await run(command, args, cwd, asDeployer);
    printed.push(finished.stdout, finished.stderr);
    return finished;
  }

  async function must(command: string, args: string[], cwd: string): Promise<string> {
    const { code, stdout, stderr } = await attempt(command, args, cwd);
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit status ${code}\n${stdout}\n${stderr}`);
    return stdout;
  }

  return {
    printed,
    stackDirectory,
    sls: (...args) => must('sls', slsArgs(args), stackDirectory),
    trySls: (...args) => attempt('sls', slsArgs(args), stackDirectory),
    aws: (...args) => must('aws', [...args, ...here], workDir),
    // What an owner reads of their own secret is not kept: it holds their key.
    awsAs: (owner, ...args) =>
      run('aws', [...args, ...here, '--profile', 'default'], workDir, { ...everywhere, HOME: homeOf(owner) }),
    awsWithCode(owner, profile, code, ...args) {
      const command = ['-c', IN_A_SESSION, 'aws', ...args, ...here, '--profile', profile];
      const env = { ...everywhere, HOME: homeOf(owner) };
      return run(join(VENV, 'bin/python'), command, workDir, env, `${code}\n`);
    },
    shellAs: (owner, command) => run('bash', inShell(command), workDir, { ...everywhere, HOME: homeOf(owner) }),
    shellAsDeployer: (command) => attempt('bash', inShell(command), workDir),
    configure(owner, { accessKeyId, secretAccessKey, sessionToken }, name = 'default') {
      mkdirSync(join(homeOf(owner), '.aws'), { recursive: true });
      const token = sessionToken === undefined ? '' : `aws_session_token = ${sessionToken}\n`;
      const profile = `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n${token}`;
      writeFileSync(join(homeOf(owner), '.aws/credentials'), profile, { mode: 0o600 });
    },
    writeConfig(owner, text) {
      mkdirSync(join(homeOf(owner), '.aws'), { recursive: true });
      writeFileSync(join(homeOf(owner), '.aws/config'), text);
    },
    keyOf(owner) {
      const profile = readFileSync(join(homeOf(owner), '.aws/credentials'), 'utf8');
      const value = (name: string) => new RegExp(`^${name} = (.*)$`, 'm').exec(profile)?.[1] ?? '';
      return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') };
    },
  };
}

/** As typed into a terminal. Node's end of a child's output is a socket, which nobody can open as /dev/stdout. */
function inShell(command: string): string[] {
  return ['-o', 'pipefail', '-c', `{\n${command}\n} | cat`];
}

/** jq is what owners need; where there is none, Node stands in for the one filter of the emails. */
function ensureJq(directory: string): void {
  mkdirSync(directory);
  if (existsSync('/usr/bin/jq') || existsSync('/bin/jq')) return;
  const script = `#!/usr/bin/env node
const value = JSON.parse(require('node:fs').readFileSync(0, 'utf8') || 'null');
const answer = (word) => (word.startsWith('.') ? value[word.slice(1)] : JSON.parse(word));
if (value !== null) console.log(process.argv[3].split(', ').map(answer).join('\\n'));
`;
  writeFileSync(join(directory, 'jq'), script, { mode: 0o755 });
}

function copyProject(workDir: string): string {
  const directory = join(workDir, 'stack');
  mkdirSync(directory);
  for (const source of ['serverless.yml', 'resources', 'package.json', 'events']) {
    cpSync(join(ROOT, source), join(directory, source), { recursive: true });
  }
  for (const source of ['node_modules', 'scripts']) symlinkSync(join(ROOT, source), join(directory, source));
  return directory;
}

/** A command that asks for a code asks the terminal, where there is one, and its input where there is none. */
const IN_A_SESSION = 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])';

function run(
  command: string,
  args: string[],
  cwd: string,
  env: Record<string, string>,
  input?: string,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { cwd, env, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
    // `sls invoke` without --data waits for the end of its input.
    child.stdin?.end(input);
  });
}
