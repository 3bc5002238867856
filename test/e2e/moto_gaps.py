"""Where moto 5.2.1 differs from AWS in a way that the service or its deployment meets. One function for each gap."""

import datetime
import json
import time
import uuid

from moto.awslambda.utils import get_backend
from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, CloudFormationBackend
from moto.config.exceptions import NoSuchConfigRuleException
from moto.config.models import ConfigBackend
from moto.config.responses import ConfigResponse
from moto.events.models import EventBus, EventPattern
from moto.events.responses import EventsHandler
from moto.iam import models as iam_models
from moto.iam.responses import IamResponse
from moto.kms.models import Alias, Key, kms_backends
from moto.organizations.models import FakeAccount
from moto.secretsmanager.models import SecretsManagerBackend
from moto.sns.models import Topic, sns_backends
from moto.sqs.models import Queue
from moto.ssm.models import SimpleSystemManagerBackend

from authorizer import ACCOUNT, REGION, path_of


def templates_with_warnings_are_valid():
    """Every warning of cfn-lint fails moto's ValidateTemplate, which on AWS checks the syntax."""
    CloudFormationBackend.validate_template = lambda _self, _template: []


def no_value_leaves_list_items_out():
    """moto keeps a null for AWS::NoValue in a list, and knows no attribute of a resource that it skipped."""
    clean_json = parsing.clean_json

    def clean(part, resources):
        if isinstance(part, dict) and isinstance(part.get("Fn::GetAtt"), list):
            name, attribute = part["Fn::GetAtt"]
            skipped = resources._resource_json_map.get(name)
            if skipped and parsing.resource_class_from_type(skipped["Type"]) is None:
                return f"arn:aws:skipped-by-moto:{REGION}:{ACCOUNT}:{name}.{attribute}"
        cleaned = clean_json(part, resources)
        return [item for item in cleaned if item is not None] if isinstance(cleaned, list) else cleaned

    parsing.clean_json = clean


def change_sets_change_outputs():
    """moto keeps the outputs of the template before the change set."""
    apply = ChangeSet.apply

    def apply_with_outputs(self):
        apply(self)
        self.stack.template = self.template
        self.stack._parse_template()
        self.stack.output_map = self.stack._create_output_map()

    ChangeSet.apply = apply_with_outputs


def keys_are_of_their_kind():
    """moto makes every key of a stack one that encrypts."""

    def create(_cls, _name, cloudformation_json, account_id, region_name, **_others):
        properties = cloudformation_json["Properties"]
        key = kms_backends[account_id][region_name].create_key(
            policy=json.dumps(properties["KeyPolicy"]),
            key_usage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
            key_spec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
            description=properties.get("Description"),
            tags=properties.get("Tags", []),
            multi_region=str(properties.get("MultiRegion", False)).lower() == "true",
        )
        key.key_rotation_status = properties.get("EnableKeyRotation", False)
        return key

    def update(_cls, original_resource, cloudformation_json, **_others):
        original_resource.policy = json.dumps(cloudformation_json["Properties"]["KeyPolicy"])
        return original_resource

    Key.create_from_cloudformation_json = classmethod(create)
    Key.update_from_cloudformation_json = classmethod(update)
    # Nor can an alias be the same as it was.
    Alias.update_from_cloudformation_json = classmethod(lambda _cls, original_resource, **_others: original_resource)


def an_alias_is_of_one_key():
    """moto's CloudFormation takes an alias that another key has. On AWS nothing of that update stays."""
    execute = CloudFormationBackend.execute_change_set

    def execute_or_roll_back(self, change_set_name, stack_name=None):
        change_set = self.describe_change_set(change_set_name)
        stack, resources = change_set.stack, change_set.template_dict["Resources"]
        if all(resource["Type"] != "AWS::KMS::Alias" for resource in resources.values()):
            execute(self, change_set_name, stack_name)
            return
        stack.resource_map._template = change_set.template_dict
        stack.resource_map.load_conditions()
        for name, resource in resources.items():
            if resource["Type"] != "AWS::KMS::Alias" or name in stack.resource_map._parsed_resources:
                continue
            alias = resource["Properties"]["AliasName"]
            exists = stack.resource_map.lazy_condition_map.get(resource.get("Condition"), True)
            if exists and kms_backends[ACCOUNT][REGION].alias_exists(alias):
                stack._add_stack_event("UPDATE_IN_PROGRESS")
                reason = f"An alias with the name arn:aws:kms:{REGION}:{ACCOUNT}:{alias} already exists"
                stack._add_stack_event("UPDATE_ROLLBACK_IN_PROGRESS", reason)
                stack._add_stack_event("UPDATE_ROLLBACK_COMPLETE")
                stack.status = "UPDATE_ROLLBACK_COMPLETE"
                return
        execute(self, change_set_name, stack_name)

    CloudFormationBackend.execute_change_set = execute_or_roll_back


def what_is_retained_outlives_the_stack():
    """moto knows `Retain`, and not `RetainExceptOnCreate`, which is the same once the resource is made."""
    delete = parsing.ResourceMap.delete

    def delete_others(self):
        for resource in self._resource_json_map.values():
            if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
                resource["DeletionPolicy"] = "Retain"
        delete(self)

    parsing.ResourceMap.delete = delete_others


def updates_change_roles():
    """moto leaves the inline policies of a role as they were when its stack was made."""

    def update(_cls, original_resource, cloudformation_json, **_others):
        for name in list(original_resource.policies):
            original_resource.delete_policy(name)
        for policy in cloudformation_json["Properties"].get("Policies", []):
            original_resource.put_policy(policy["PolicyName"], policy["PolicyDocument"])
        return original_resource

    iam_models.Role.update_from_cloudformation_json = classmethod(update)


def sending_does_not_poll():
    """moto polls for Lambda inside SendMessage, and ignores partial batch responses: event-source.ts polls instead."""
    Queue.lambda_event_source_mappings = property(lambda _self: {}, lambda _self, _value: None)


def subscriptions_are_confirmed():
    """moto counts none."""

    def count(self):
        return sum(subscription.topic is self for subscription in sns_backends[ACCOUNT][REGION].subscriptions.values())

    Topic.subscriptions_confimed = property(count, lambda _self, _value: None)


def refused_calls_are_no_use():
    """moto counts what an inactive key tried as its last use."""
    mark = iam_models.mark_account_as_visited

    def mark_active(account_id, access_key, service, region):
        key = iam_models.iam_backends[ACCOUNT]["aws"].access_keys.get(access_key)
        if key is None or key.status == "Active":
            mark(account_id, access_key, service, region)

    iam_models.mark_account_as_visited = mark_active


def report_has_the_root_user():
    """moto's credential report has no row of the root user."""
    get_report = iam_models.IAMBackend.get_credential_report
    known = {
        "user": "<root_account>",
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "user_creation_time": "2020-01-01T00:00:00+00:00",
    }

    def get_with_root(self):
        header, _, rows = get_report(self).partition("\n")
        row = [known.get(name, "false" if name.endswith("_active") else "N/A") for name in header.split(",")]
        return f"{header}\n{','.join(row)}\n{rows}"

    iam_models.IAMBackend.get_credential_report = get_with_root


def report_is_of_today():
    """moto makes the report anew each time, and says that it is of 2015."""
    get_report = IamResponse.get_credential_report

    def get_dated(self):
        answer = get_report(self)
        answer.result["GeneratedTime"] = datetime.datetime.now(datetime.UTC)
        return answer

    IamResponse.get_credential_report = get_dated


def user_ids_begin_with_aida():
    make = iam_models.User.__init__

    def make_with_aws_id(self, *args, **kwargs):
        make(self, *args, **kwargs)
        self.id = f"AIDA{self.id.upper()}"[:21]

    iam_models.User.__init__ = make_with_aws_id


def current_version_is_served():
    """Without a stage, moto goes on serving the version that AWSCURRENT was on."""
    move = SecretsManagerBackend.update_secret_version_stage

    def move_and_serve(self, secret_id, version_stage, remove_from_version_id, move_to_version_id):
        moved = move(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
        if version_stage == "AWSCURRENT":
            self.secrets[secret_id].set_default_version_id(move_to_version_id)
        return moved

    SecretsManagerBackend.update_secret_version_stage = move_and_serve


def rotations_are_driven():
    """moto enables no rotation without a schedule, calls the secret by its name, and minds no step that fails."""

    def rotate(self, secret_id, client_request_token=None, rotation_lambda_arn=None, **_rules):
        secret = self.secrets[secret_id]
        version_id = client_request_token or str(uuid.uuid4())
        for version in secret.versions.values():
            version["version_stages"] = [stage for stage in version["version_stages"] if stage != "AWSPENDING"]
        pending = {"createdate": int(time.time()), "version_id": version_id, "version_stages": ["AWSPENDING"]}
        secret.versions[version_id] = pending
        secret.rotation_requested = secret.rotation_enabled = True
        secret.rotation_lambda_arn = rotation_lambda_arn
        event = {"SecretId": secret.arn, "ClientRequestToken": version_id, "RotationToken": str(uuid.uuid4())}
        function = get_backend(ACCOUNT, REGION).get_function(rotation_lambda_arn)
        for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
            headers = {}
            function.invoke(json.dumps({"Step": step, **event}), {}, headers)
            if "x-amz-function-error" in headers:
                break
        return secret.to_short_dict(version_id=version_id)

    SecretsManagerBackend.rotate_secret = rotate


def config_keeps_evaluations():
    """moto takes evaluations only to try them out, and cannot be asked for the last ones."""
    kept = {}

    def put(self, evaluations=None, result_token=None, test_mode=False):
        if not test_mode:
            rule = kept.setdefault(result_token, {})
            rule.update({each["ComplianceResourceId"]: each for each in evaluations})
        return {"FailedEvaluations": []}

    def details(self):
        name = self._get_param("ConfigRuleName")
        if name not in self.config_backend.config_rules:
            raise NoSuchConfigRuleException(name)
        results = [
            {
                "EvaluationResultIdentifier": {
                    "EvaluationResultQualifier": {
                        "ConfigRuleName": name,
                        "ResourceType": each["ComplianceResourceType"],
                        "ResourceId": each["ComplianceResourceId"],
                    }
                },
                "ComplianceType": each["ComplianceType"],
                "Annotation": each["Annotation"],
            }
            for each in kept.get(f"token of {name}", {}).values()
            if each["ComplianceType"] in self._get_param("ComplianceTypes", [each["ComplianceType"]])
        ]
        return json.dumps({"EvaluationResults": results})

    ConfigBackend.put_evaluations = put
    ConfigResponse.get_compliance_details_by_config_rule = details
    ConfigResponse.start_config_rules_evaluation = lambda self: "{}"


def documents_may_be_objects():
    """moto takes the content of a document from CloudFormation as text only, and has no default format."""
    create = SimpleSystemManagerBackend.create_document

    def create_from_object(self, content, document_format=None, **others):
        text = content if isinstance(content, str) else json.dumps(content)
        return create(self, content=text, document_format=document_format or "JSON", **others)

    SimpleSystemManagerBackend.create_document = create_from_object


def patterns_can_be_tried():
    """moto matches events, and has no TestEventPattern."""

    def test_event_pattern(self):
        pattern, event = self._get_param("EventPattern"), json.loads(self._get_param("Event"))
        return json.dumps({"Result": EventPattern.load(pattern).matches_event(event)})

    EventsHandler.test_event_pattern = test_event_pattern


def accounts_have_paths():
    """moto does not say where in the organization an account is."""
    describe = FakeAccount.describe
    FakeAccount.describe = lambda self: {**describe(self), "Paths": [path_of(self)]}


def buses_are_referred_to_by_name():
    """moto's CloudFormation puts an object of its own in the place of a reference."""
    EventBus.physical_resource_id = property(lambda self: self.name)


def close():
    templates_with_warnings_are_valid()
    no_value_leaves_list_items_out()
    change_sets_change_outputs()
    keys_are_of_their_kind()
    an_alias_is_of_one_key()
    what_is_retained_outlives_the_stack()
    updates_change_roles()
    sending_does_not_poll()
    subscriptions_are_confirmed()
    refused_calls_are_no_use()
    report_has_the_root_user()
    report_is_of_today()
    user_ids_begin_with_aida()
    current_version_is_served()
    rotations_are_driven()
    config_keeps_evaluations()
    documents_may_be_objects()
    patterns_can_be_tried()
    accounts_have_paths()
    buses_are_referred_to_by_name()
