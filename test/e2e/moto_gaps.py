"""Where moto 5.2.1 differs from AWS in a way that the service or its deployment meets. One function for each gap."""

from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, CloudFormationBackend
from moto.iam import models as iam_models
from moto.secretsmanager.models import SecretsManagerBackend
from moto.sns.models import Topic, sns_backends
from moto.sqs.models import Queue

from authorizer import ACCOUNT, REGION


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


def close():
    templates_with_warnings_are_valid()
    no_value_leaves_list_items_out()
    change_sets_change_outputs()
    sending_does_not_poll()
    subscriptions_are_confirmed()
    refused_calls_are_no_use()
    report_has_the_root_user()
    user_ids_begin_with_aida()
    current_version_is_served()
