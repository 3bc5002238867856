import { inEachAccount } from './accounts.ts';
import type { Context } from './context.ts';
import { type ExitCode, worst } from './exit-code.ts';
import { type Preview, previewAccount, requireUsers, type Selection } from './preview.ts';
import { codeOf, sayDoubts, saySettings } from './report.ts';
import { findSettings } from './settings-from.ts';

export interface LookOptions {
  detailedExitcode?: boolean;
  mfaCodeStdin?: boolean;
}

/** Whom a look is about, and what it takes for granted. */
export interface Asked {
  selection: Selection;
  /** Settings as they might be. */
  changes: ReadonlyMap<string, string>;
}

export interface Shown {
  /** The data. */
  show(previews: readonly Preview[]): void | Promise<void>;
  /** What a person may do next. */
  next?(previews: readonly Preview[]): void;
}

/** What `plan` and `status` have in common: each account is looked at, and shown with what could not be known of it. */
export async function previewAccounts(
  context: Context,
  options: LookOptions,
  { selection, changes }: Asked,
  { show, next }: Shown,
): Promise<ExitCode> {
  const { results: previews, codes } = await inEachAccount(context, options, async (account) => {
    const found = await findSettings(context, account, changes);
    saySettings(context, account, found);
    return previewAccount(context, account, found, selection);
  });
  // Of an account that did not answer nobody knows who is in it.
  if (codes.length === 0) requireUsers(previews, selection);
  await show(previews);
  for (const preview of previews) sayDoubts(context, preview);
  next?.(previews);
  return worst([...codes, ...previews.map((preview) => codeOf(preview, options.detailedExitcode === true))]);
}
