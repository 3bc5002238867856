/**
 * The proof that the stack deploys and works: the real `sls deploy` to moto on loopback, the packaged functions on Node 24
 * with their deployed roles, real commands, and weeks that pass in seconds. See launcher.py for what moto lacks.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAccount } from './account.ts';
import { evidence, searchForLeaks, showPermissions } from './afterwards.ts';
import { ensurePython, startEmulator } from './emulator.ts';
import { CheckFailed, done, step, summary } from './report.ts';
import { deployDryRun, remove, seed, switchOn } from './story/deploy.ts';
import { deployAgain } from './story/deploy-again.ts';
import { lookAfterFleet } from './story/fleet.ts';
import { adopt, outsiders } from './story/forged.ts';
import { handNewKeysOn } from './story/hand-on.ts';
import { operate, removeOperators } from './story/operator.ts';
import { anotherPath, backToDryRun } from './story/path.ts';
import { rotateAlice, rotateBySchedule, stopSwitch, switchToNewKey } from './story/rotate.ts';
import { otherTriggers } from './story/triggers.ts';
import { nextRotation, weeksPass } from './story/weeks.ts';
import { createTerminal } from './terminal.ts';
import { everyone } from './world.ts';

const LIMIT_MS = 20 * 60_000;

async function main(workDir: string): Promise<void> {
  step('An AWS on loopback');
  ensurePython();
  const emulator = await startEmulator(workDir);
  try {
    done(`moto answers on ${emulator.endpoint}; its log and those of the functions are in ${workDir}`);
    const world = { emulator, terminal: createTerminal(emulator), account: await createAccount(emulator) };
    const deployed = await deployDryRun(world);
    await operate(world, deployed);
    await removeOperators(world);
    const people = await seed(world, deployed);
    await switchOn(world, deployed, people);
    await rotateAlice(world, people);
    await rotateBySchedule(world, deployed, people);
    await switchToNewKey(world, people);
    await outsiders(world, deployed, people);
    await adopt(world, people);
    const diary = await weeksPass(world, deployed, people);
    await nextRotation(world, deployed, people, diary);
    await otherTriggers(world, deployed, people);
    const frank = await backToDryRun(world, deployed, people);
    const team = await anotherPath(world, deployed, frank);
    await stopSwitch(world, deployed);
    const users = [...everyone(people), frank, ...team];
    await remove(world, deployed, users);
    const again = await deployAgain(world, deployed, people, users);
    users.push(...(await handNewKeysOn(world, again)));
    await remove(world, again, users);
    const stateKey = await world.account.derivedStateKey(deployed.outputs.StateKeyArn ?? '');
    searchForLeaks(world, users, stateKey);
    showPermissions(workDir);
  } finally {
    await emulator.stop();
  }
}

/** An AWS of its own: nothing of the other run is in these accounts. */
async function fleet(workDir: string): Promise<void> {
  mkdirSync(workDir);
  const emulator = await startEmulator(workDir);
  try {
    await lookAfterFleet({ emulator, terminal: createTerminal(emulator), account: await createAccount(emulator) });
  } finally {
    await emulator.stop();
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const limit = setTimeout(() => {
  console.error(`\nFailed: not over after ${LIMIT_MS / 60_000} minutes`);
  process.exit(1);
}, LIMIT_MS);

const workDir = mkdtempSync(join(tmpdir(), 'keyturn-e2e-'));
try {
  await main(workDir);
  await fleet(join(workDir, 'fleet'));
  console.log(`\n${summary()}\n\nThe stack deploys, works and goes.`);
  rmSync(workDir, { recursive: true, force: true });
} catch (error) {
  const reason = error instanceof CheckFailed ? `this does not hold: ${error.message}` : error;
  console.error('\nFailed:', reason);
  for (const line of evidence(workDir)) console.error(`  ${line}`);
  console.error(`Logs: ${workDir}`);
  process.exitCode = 1;
} finally {
  clearTimeout(limit);
}
