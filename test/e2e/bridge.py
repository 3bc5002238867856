"""Makes through the API what the template has and moto's CloudFormation skips in silence: bridge.py ENDPOINT STACK

The properties are those that moto resolved, so references name what was really deployed. Prints one line for each type.
After an update of the stack it is run again.
"""

import collections
import json
import sys
import urllib.request

import boto3

ENDPOINT, STACK = sys.argv[1:]
KEYS = {"aws_access_key_id": "deployer", "aws_secret_access_key": "deployer"}


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT, region_name="eu-west-1", **KEYS)


def queue_policy(properties):
    policy = {"Policy": json.dumps(properties["PolicyDocument"])}
    for url in properties["Queues"]:
        client("sqs").set_queue_attributes(QueueUrl=url, Attributes=policy)


def topic_policy(properties):
    policy = json.dumps(properties["PolicyDocument"])
    for arn in properties["Topics"]:
        client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)


def alarm(properties):
    # CloudFormation takes the text of a parameter for a boolean, the API does not.
    enabled = str(properties.get("ActionsEnabled", True)).lower() == "true"
    client("cloudwatch").put_metric_alarm(**{**properties, "ActionsEnabled": enabled})


def schedule(properties):
    scheduler = client("scheduler")
    try:
        scheduler.create_schedule(**properties)
    except scheduler.exceptions.ConflictException:
        scheduler.update_schedule(**properties)


def config_rule(properties):
    parameters = json.dumps(properties["InputParameters"])
    client("config").put_config_rule(ConfigRule={**properties, "InputParameters": parameters})


def role_policy(properties):
    policy = json.dumps(properties["PolicyDocument"])
    client("iam").put_role_policy(
        RoleName=properties["RoleName"], PolicyName=properties["PolicyName"], PolicyDocument=policy
    )


MAKERS = {
    "AWS::CloudWatch::Alarm": alarm,
    "AWS::CloudWatch::Dashboard": lambda properties: client("cloudwatch").put_dashboard(**properties),
    "AWS::Config::ConfigRule": config_rule,
    "AWS::IAM::RolePolicy": role_policy,
    "AWS::Lambda::EventInvokeConfig": lambda properties: client("lambda").put_function_event_invoke_config(
        **properties
    ),
    "AWS::Scheduler::Schedule": schedule,
    "AWS::SNS::TopicPolicy": topic_policy,
    "AWS::SQS::QueuePolicy": queue_policy,
}

request = urllib.request.Request(f"{ENDPOINT}/_e2e/skipped", data=json.dumps({"stackName": STACK}).encode())
skipped = json.load(urllib.request.urlopen(request))
made = collections.defaultdict(list)
for name, resource in skipped.items():
    maker = MAKERS.get(resource["type"])
    if maker:
        maker(resource["properties"])
    made["made through the API" if maker else "left out", resource["type"]].append(name)
for (what, kind), names in sorted(made.items()):
    print(f"skipped by moto's CloudFormation, {what}: {kind} ({', '.join(names)})")
