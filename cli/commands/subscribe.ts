import type { Context } from '../context.ts';
import type { SignInOptions } from '../credentials.ts';
import { connect } from '../deployed.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { subscribe, wantedOf } from '../subscribe.ts';

export interface SubscribeOptions extends SignInOptions {
  user?: string;
  owner?: string;
  email?: string;
  topic?: string;
}

/** Emails about a user, or about all users of an owner. */
export async function run(context: Context, _args: readonly string[], options: SubscribeOptions): Promise<ExitCode> {
  const { user, owner, email, topic } = options;
  const { region, stage } = context.options;
  const given = { user, owner, email, topic, region, stage: stage === 'dev' ? undefined : stage };
  const wanted = wantedOf(given, context.shell.environment);
  // A topic that is named may be in another Region than the profile's.
  const here = wanted.region ?? region;
  const there = { ...context, options: { ...context.options, ...(here === undefined ? {} : { region: here }) } };
  const { aws } = await connect(there, options);
  const [done = '', ...hints] = await subscribe(aws, wanted);
  if (context.options.json) context.print(JSON.stringify({ schemaVersion: 1, message: done, hints }, undefined, 2));
  else context.print(done);
  for (const hint of hints) context.note(hint);
  return exitCodes.done;
}
