/** A sign in the picture: told apart by its shape, so that its colour is never needed. */
export interface Mark {
  readonly id: string;
  readonly legend: string;
  /** SVG, drawn around 0,0 and about 8 units across. */
  readonly shape: string;
  readonly events: readonly string[];
}

export const marks: readonly Mark[] = [
  { id: 'issued', legend: 'new key announced', shape: '<path d="M0-4.5 4 3.5H-4Z"/>', events: ['issued'] },
  {
    id: 'switched',
    legend: 'owner switches or confirms',
    shape: '<path d="M-3-4 4 0-3 4Z" class="solid"/>',
    events: ['switched', 'confirm'],
  },
  { id: 'reminder', legend: 'reminder', shape: '<circle r="2.2"/>', events: ['reminder'] },
  {
    id: 'postponed',
    legend: 'deactivation put off',
    shape: '<path d="M-3-4V4M0-4V4M3-4V4" class="halo"/><path d="M-3-4V4M0-4V4M3-4V4" class="line"/>',
    events: ['postponed'],
  },
  {
    id: 'deactivated',
    legend: 'deactivated, retired, or found inactive',
    shape: '<rect x="-3.2" y="-3.2" width="6.4" height="6.4"/>',
    events: ['deactivated', 'retired', 'inactive-seen', 'orphan-removed'],
  },
  {
    id: 'deleted',
    legend: 'deleted',
    shape:
      '<path d="M-3.4-3.4 3.4 3.4M3.4-3.4-3.4 3.4" class="halo"/><path d="M-3.4-3.4 3.4 3.4M3.4-3.4-3.4 3.4" class="line"/>',
    events: ['deleted'],
  },
  {
    id: 'again',
    legend: 'reactivated, rolled back, moved forward',
    shape: '<path d="M0-5 5 0 0 5-5 0Z"/>',
    events: ['reactivated', 'rolled-back', 'moved-forward', 'grace-restarted'],
  },
  {
    id: 'blocked',
    legend: 'blocked, held',
    shape: '<path d="M-2-5H2L5-2V2L2 5H-2L-5 2V-2Z"/><path d="M0-3V1M0 2.2V3.4" class="line"/>',
    events: ['blocked', 'held'],
  },
  {
    id: 'people',
    legend: 'someone does something by hand',
    shape: '<circle cy="-2.6" r="2.2" class="solid"/><path d="M-4 5C-4-1 4-1 4 5Z" class="solid"/>',
    events: ['command', 'console', 'date'],
  },
  {
    id: 'outage',
    legend: 'the owner needs a key and none works',
    shape: '<circle r="4.4"/><path d="M-3 3 3-3" class="line"/>',
    events: ['outage'],
  },
  {
    id: 'fault',
    legend: 'crash, or AWS throttles',
    shape: '<path d="M1-6-3.5 1H-.5L-1.5 6 3.5-1.5H.5Z" class="solid"/>',
    events: ['crash', 'retry', 'failed'],
  },
];

export function markOf({ event }: { readonly event: string }): Mark | undefined {
  return marks.find(({ events }) => events.includes(event));
}
