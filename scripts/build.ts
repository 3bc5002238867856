import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build as bundle } from 'esbuild';
import { messageOf } from '../shared/core/errors.ts';
import { knowFleet } from '../shared/core/fleet/policy.ts';
import { loadedBy, packagesOf, REQUIRE, versionsOnly } from './bundling.ts';
import { checkSettings, type Service } from './check-settings.ts';
import { evidenceNotes } from './evidence.ts';
import { addExceptions, exceptionNotes, readExceptionsFile } from './exceptions.ts';
import { begunWaves, type FleetFile, readFleetFile } from './fleet.ts';
import { computed } from './parameters.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FUNCTIONS = join(ROOT, 'functions');

/**
 * What the SDK imports only when it is needed, and a Lambda function never needs: the credentials are in its environment,
 * and none of its services streams events. Left out, a bundle is a fifth smaller. `sls invoke local` still finds them in
 * node_modules, so that a developer's AWS_PROFILE works.
 */
const NEVER_NEEDED_ON_LAMBDA = [
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/core/event-streams',
  '@smithy/credential-provider-imds',
  // Tells browsers apart.
  'bowser',
];

const BUNDLING = {
  absWorkingDir: ROOT,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // The default of platform node puts `main` first: CommonJS, which esbuild cannot tree-shake.
  mainFields: ['module', 'main'],
  external: NEVER_NEEDED_ON_LAMBDA,
  plugins: [versionsOnly],
  minify: true,
  legalComments: 'none',
  banner: { js: REQUIRE },
  logLevel: 'warning',
  metafile: true,
} satisfies BuildOptions;

export interface Bundle {
  /** Of the function, as deployed: `rotate-user`. */
  name: string;
  /** Of what every cold start loads. */
  minifiedBytes: number;
  gzippedBytes: number;
}

/** One function for each file in `functions/`, in alphabetical order. */
export async function functionNames(): Promise<string[]> {
  const files = await readdir(FUNCTIONS);
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'))
    .sort();
}

/**
 * Writes `<outDir>/<function>/index.js` and its `package.json` for every function. The same sources and lockfile give
 * the same bytes, wherever and whenever it runs. With a fleet, its `fleet.json` lies beside each that needs it. Throws
 * what esbuild reports.
 */
export async function build(outDir: string, fleet?: FleetFile): Promise<Bundle[]> {
  await rm(outDir, { recursive: true, force: true });
  const bundles = await Promise.all((await functionNames()).map((name) => buildFunction(name, join(outDir, name))));
  await addFleet(outDir, fleet);
  return bundles;
}

/** Puts the fleet beside the bundles of the functions that take roles in its accounts. */
export async function addFleet(outDir: string, fleet: FleetFile | undefined): Promise<void> {
  if (fleet === undefined) return;
  await Promise.all(knowFleet.map((name) => writeFile(join(outDir, name, 'fleet.json'), fleet.json)));
}

async function buildFunction(name: string, folder: string): Promise<Bundle> {
  return { name, ...(await bundleFunction(join(FUNCTIONS, `${name}.ts`), folder)) };
}

/**
 * Whose code the functions hold, by the folders of the packages: `node_modules/zod`. Of all bundles at once, each file of
 * which is read once, and none is written.
 */
export async function packagesShipped(): Promise<string[]> {
  const entryPoints = (await functionNames()).map((name) => join(FUNCTIONS, `${name}.ts`));
  const { outputs } = (await bundle({ ...BUNDLING, entryPoints, outdir: join(ROOT, 'dist'), write: false })).metafile;
  return packagesOf(Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)));
}

/** What a function imports only when it is asked for is a file of its own, and `chunk-….js` what both have in common. */
export async function bundleFunction(entry: string, folder: string): Promise<Omit<Bundle, 'name'>> {
  const entryPoints = [{ in: entry, out: 'index' }];
  const { metafile } = await bundle({ ...BUNDLING, entryPoints, outdir: folder });
  // `sls invoke local` cannot load index.mjs, so the bundle is .js and this says that it is an ES module.
  await writeFile(join(folder, 'package.json'), '{"type":"module"}\n');
  const loaded = loadedBy('index.js', metafile);
  const code = Buffer.concat(await Promise.all([...loaded].map((file) => readFile(join(ROOT, file)))));
  return { minifiedBytes: code.length, gzippedBytes: gzipSync(code, { level: 9 }).length };
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`.padStart(11);
}

async function printSizes(): Promise<void> {
  for (const { name, minifiedBytes, gzippedBytes } of await build(join(ROOT, 'dist'))) {
    console.log(`${name.padEnd(20)}${kibibytes(minifiedBytes)} minified${kibibytes(gzippedBytes)} gzipped`);
  }
}

export interface Serverless {
  serviceDir: string;
  service: Service;
  /** Of any other error osls prints the stack as well. */
  classes: { Error: new (message: string) => Error };
}

/** What osls hands to a source of variables. */
interface VariableRequest {
  address: string;
  resolveVariable: (variable: string) => Promise<unknown>;
}

/**
 * The plugin of serverless.yml: builds before `sls package`, `deploy`, `deploy function` and `invoke local`, so that none
 * of them ever runs an older bundle, knows `${keyturn:…}`, and refuses to package settings with which no function would
 * start. (osls calls it with `new`, and loads it with `require`: no top-level await here.)
 */
export default function buildFirst(serverless: Serverless) {
  return pluginThat(serverless, build);
}

/** The same with other means to fill `dist`. */
export function pluginThat(
  { serviceDir, service, classes }: Serverless,
  fill: (outDir: string, fleet: FleetFile | undefined) => Promise<unknown>,
) {
  const path = () => service.custom?.fleet ?? '';
  const fleetHere = async () => (path() === '' ? undefined : readFleetFile(path()).catch(refuse));
  const exceptionsHere = async () => readExceptionsFile(serviceDir, Date.now()).catch(refuse);
  const buildHere = async () => {
    const exceptions = await exceptionsHere();
    const dist = join(serviceDir, 'dist');
    await fill(dist, await fleetHere());
    await addExceptions(dist, exceptions);
  };
  const refuse = (error: unknown): never => {
    throw new classes.Error(messageOf(error));
  };
  const resolve = (request: VariableRequest) => resolveComputed(request).catch(refuse);
  const checkHere = async (): Promise<void> => {
    const file = await fleetHere();
    try {
      checkSettings(service, file?.fleet);
    } catch (error) {
      refuse(error);
    }
    const notes = [
      ...(file === undefined ? [] : begunWaves(file.fleet, Date.now())),
      ...evidenceNotes(service.custom?.stack ?? {}),
    ];
    for (const note of [...notes, ...exceptionNotes(await exceptionsHere(), Date.now())]) console.error(note);
  };
  return {
    configurationVariablesSources: { keyturn: { resolve } },
    hooks: {
      'before:package:createDeploymentArtifacts': async () => {
        await checkHere();
        await buildHere();
      },
      'before:deploy:function:packageFunction': buildHere,
      'before:invoke:local:invoke': buildHere,
    },
  };
}

async function resolveComputed({ address, resolveVariable }: VariableRequest): Promise<{ value: unknown }> {
  const compute = computed[address];
  if (compute === undefined) throw new Error(`there is no \${keyturn:${address}}`);
  return {
    value: await compute(async (name) => String(await resolveVariable(name.includes(':') ? name : `param:${name}`))),
  };
}

if (import.meta.main) void printSizes();
