import { AwsError } from './errors.ts';
import { text, textList } from './input.ts';
import type { Environment, Operations } from './service.ts';

/** Services of ECS as a hand-on uses them. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ */
export interface Ecs {
  readonly operations: Operations;
  /** `cluster/service`: when each of its deployments began, newest last. */
  readonly deployments: Map<string, number[]>;
}

export function createEcs({ accountId, region }: Environment): Ecs {
  const deployments: Ecs['deployments'] = new Map();

  function view(cluster: string, service: string) {
    const times = deployments.get(`${cluster}/${service}`);
    if (times === undefined) return undefined;
    return {
      serviceArn: `arn:aws:ecs:${region}:${accountId}:service/${cluster}/${service}`,
      serviceName: service,
      status: 'ACTIVE',
      deployments: times.toReversed().map((at, index) => ({
        id: `ecs-svc/${at}`,
        status: index === 0 ? 'PRIMARY' : 'ACTIVE',
        createdAt: at / 1_000,
      })),
    };
  }

  return {
    deployments,
    operations: {
      DescribeServices(input) {
        const cluster = text(input, 'cluster');
        const asked = textList(input, 'services');
        const services = asked.flatMap((service) => view(cluster, service) ?? []);
        const failures = asked.filter((service) => view(cluster, service) === undefined);
        return { services, failures: failures.map((arn) => ({ arn, reason: 'MISSING' })) };
      },
      UpdateService(input, { now }) {
        const [cluster, service] = [text(input, 'cluster'), text(input, 'service')];
        const times = deployments.get(`${cluster}/${service}`);
        if (times === undefined) throw new AwsError(400, 'ServiceNotFoundException', 'Service not found.');
        if (input.forceNewDeployment === true) times.push(now);
        return { service: view(cluster, service) };
      },
    },
  };
}
