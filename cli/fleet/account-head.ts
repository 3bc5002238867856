import type { OrganizationAccount } from '../../shared/core/fleet/select.ts';
import type { Column } from '../ui/table.ts';

/** What every table over accounts begins with. */
export const accountColumns: readonly Column[] = [{ title: 'ACCOUNT' }, { title: 'NAME' }, { title: 'WAVE' }];

/** What every document says of an account first. */
export function headOf(
  { accountId, name, path }: Pick<OrganizationAccount, 'accountId' | 'name' | 'path'>,
  wave: string | undefined,
  isDryRun: boolean,
) {
  return { accountId, name, path, ...(wave === undefined ? {} : { wave }), dryRun: isDryRun };
}
