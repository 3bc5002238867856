import {
  BatchGetResourceConfigCommand,
  ComplianceType,
  GetResourceConfigHistoryCommand,
  ListDiscoveredResourcesCommand,
  PutEvaluationsCommand,
} from '@aws-sdk/client-config-service';
import { scenario } from '../scenario.ts';

const resourceType = 'AWS::IAM::User';
const evaluation = {
  ComplianceResourceType: resourceType,
  ComplianceResourceId: 'AIDAEXAMPLE',
  ComplianceType: ComplianceType.Compliant,
  OrderingTimestamp: new Date(0),
};

// moto keeps no evaluations and records no users, so only refusals and empty answers can be compared.
export const configScenarios = [
  scenario('PutEvaluations in test mode', {
    call: ({ config }) =>
      config.send(new PutEvaluationsCommand({ Evaluations: [evaluation], ResultToken: 'token', TestMode: true })),
  }),
  scenario('PutEvaluations with 101', {
    call: ({ config }) =>
      config.send(
        new PutEvaluationsCommand({
          Evaluations: Array.from({ length: 101 }, () => evaluation),
          ResultToken: 'token',
          TestMode: true,
        }),
      ),
  }),
  scenario('ListDiscoveredResources of none', {
    call: ({ config }) => config.send(new ListDiscoveredResourcesCommand({ resourceType })),
  }),
  scenario('ListDiscoveredResources with 21 IDs', {
    call: ({ config }) =>
      config.send(
        new ListDiscoveredResourcesCommand({
          resourceType,
          resourceIds: Array.from({ length: 21 }, (_, i) => `r${i}`),
        }),
      ),
  }),
  scenario('BatchGetResourceConfig of what is not there', {
    call: ({ config }) =>
      config.send(new BatchGetResourceConfigCommand({ resourceKeys: [{ resourceType, resourceId: 'AIDAEXAMPLE' }] })),
  }),
  scenario('GetResourceConfigHistory of what is not there', {
    call: ({ config }) => config.send(new GetResourceConfigHistoryCommand({ resourceType, resourceId: 'AIDAEXAMPLE' })),
  }),
];
