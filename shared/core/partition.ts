/** By the beginnings of the names of their Regions. */
const PARTITIONS: Readonly<Record<string, string>> = {
  'cn-': 'aws-cn',
  'eusc-': 'aws-eusc',
  'eu-isoe-': 'aws-iso-e',
  'us-gov-': 'aws-us-gov',
  'us-iso-': 'aws-iso',
  'us-isob-': 'aws-iso-b',
  'us-isof-': 'aws-iso-f',
};

/** The second field of ARNs in a Region: `aws`, outside China, government and isolated clouds. */
export function partitionOf(region: string): string {
  return Object.entries(PARTITIONS).find(([start]) => region.startsWith(start))?.[1] ?? 'aws';
}

/** Where a topic is, and with it the function: the fourth field of its ARN. */
export function regionOf(topicArn: string): string {
  const [, , , region = ''] = topicArn.split(':');
  return region;
}
