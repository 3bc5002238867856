/**
 * Whether a path of AWS Organizations (`o-…/r-…/ou-…/ou-…/`, with the account at its end or without) leads through an
 * organizational unit, or begins at a root.
 */
export function isBelow(path: string, unit: string): boolean {
  return path.split('/').includes(unit);
}

/** How deep in the tree a unit lies on that path; -1 if the path does not lead through it. */
export function depthOf(path: string, unit: string): number {
  return path.split('/').indexOf(unit);
}

/** Whether the path is one of that organization. */
export function isOfOrganization(path: string, organizationId: string): boolean {
  return path.split('/')[0] === organizationId;
}
