/** How a key stands at one moment: what its bar in a picture looks like. */
export type Look = 'unmanaged' | 'current' | 'superseded' | 'extra' | 'inactive';

export const looks: Readonly<Record<Look, string>> = {
  unmanaged: 'active, never rotated by Keyturn',
  current: 'active, the key to use',
  superseded: 'active, replaced: to be deactivated',
  extra: 'active, beside the key to use',
  inactive: 'inactive',
};
