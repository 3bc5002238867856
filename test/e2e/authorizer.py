"""IAM for moto: who signed, with a key that works, and what the deployed policies allow.

moto's own check knows neither resources nor conditions nor resource policies, and lets an inactive key in. This one
reads the policies that CloudFormation made, and those of secrets and KMS keys, for the actions that the service calls.
A role is taken by those whom its trust lets in. It leaves out what the stack does not use: permission boundaries,
session and organization policies, NotAction, and sessions of users.
"""

import datetime
import json
import re

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import AccessDeniedError, InvalidClientTokenIdError, JsonRESTError
from moto.iam.access_control import IAMRequest
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Policy, iam_backends
from moto.kms.models import kms_backends
from moto.organizations.models import organizations_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sts.models import sts_backends

ACCOUNT = "123456789012"
REGION = "eu-west-1"
# Of which all accounts are.
ORGANIZATION = "o-a1b2c3d4e5"
# What the device of every user shows.
MFA_CODE = "654321"
# Calls that AWS checks under the name of another.
PERMISSIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "monitoring:DescribeAlarms": "cloudwatch:DescribeAlarms",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
}


def listed(value):
    return value if isinstance(value, list) else [value]


def matches(pattern, value, context):
    pattern = re.sub(r"\$\{([^}]+)\}", lambda found: context.get(found[1], "\0"), pattern)
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex, value, re.DOTALL) is not None


def condition_holds(operator, key, expected, context):
    expected = listed(expected)
    actual = context.get(key)
    if operator == "Null":
        return (actual is None) == ("true" in expected)
    operator, if_exists, _ = operator.partition("IfExists")
    quantifier, _, operator = operator.rpartition(":")
    negated = "Not" in operator
    if actual is None:
        return negated or if_exists != "" or quantifier == "ForAllValues"
    # Of several values of the request, as of tags' keys, one is enough.
    quantified = all if quantifier == "ForAllValues" else any
    return quantified(value_matches(operator, each, expected, context) != negated for each in listed(actual))


def value_matches(operator, actual, expected, context):
    if operator in ("StringEquals", "StringNotEquals", "Bool"):
        return actual in expected
    if operator in ("StringLike", "StringNotLike", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"):
        return any(matches(pattern, actual, context) for pattern in expected)
    if operator == "StringEqualsIgnoreCase":
        return actual.lower() in [value.lower() for value in expected]
    if operator == "NumericLessThan":
        return any(float(actual) < float(number) for number in expected)
    if operator == "DateLessThan":
        # Both as 2026-11-28T12:00:00Z, the way that Keyturn writes instants, so their order is that of the text.
        return any(actual < instant for instant in expected)
    raise NotImplementedError(f"condition operator {operator}")


def statement_matches(statement, action, resource, context, principal):
    if "Principal" in statement:
        named = statement["Principal"]
        if named != "*" and not {"*", principal} & set(listed(named.get("AWS", []))):
            return False
    return (
        any(matches(pattern, action, context) for pattern in listed(statement["Action"]))
        # A trust has no resource: it is about its role.
        and any(matches(pattern, resource, context) for pattern in listed(statement.get("Resource", "*")))
        and all(
            condition_holds(operator, key, expected, context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        )
    )


def document_of(policy):
    if isinstance(policy, Policy):
        policy = next(version for version in policy.versions if version.is_default).document
    elif isinstance(policy, dict) and "policy_document" in policy:
        policy = policy["policy_document"]
    return json.loads(policy) if isinstance(policy, str) else policy


def is_allowed(service, documents, own_policy, matching):
    """A deny anywhere wins. A KMS key's own policy must allow, by itself or by leaving it to the account's policies."""

    def effects(policies):
        return {
            statement["Effect"]
            for policy in policies
            for statement in listed(policy["Statement"])
            if matching(statement)
        }

    own = [] if own_policy is None else [own_policy]
    if service != "kms" or own_policy is None:
        return effects([*documents, *own]) == {"Allow"}
    left_to_account = [
        {**statement, "Principal": "*"}
        for statement in own_policy["Statement"]
        if isinstance(statement["Principal"], dict)
        and f"arn:aws:iam::{ACCOUNT}:root" in listed(statement["Principal"].get("AWS", []))
    ]
    if effects(own) == {"Allow"}:
        return "Deny" not in effects(documents)
    return effects([{"Statement": left_to_account}]) == {"Allow"} and effects([*documents, *own]) == {"Allow"}


def caller_of(access_key_id):
    """(principal ARN, what aws:userid stands for), or None for a key that does not work."""
    for backend in list(iam_backends.values()):
        for user in backend["aws"].list_users("/", None, None):
            for key in user.access_keys:
                if key.access_key_id == access_key_id:
                    return (user.arn, user.id) if key.status == "Active" else None
    for backend in list(sts_backends.values()):
        for session in backend["aws"].assumed_roles:
            if session.access_key_id == access_key_id:
                role = iam_backends[account_of(session.role_arn)]["aws"].get_role_by_arn(session.role_arn)
                return role.arn, f"{role.id}:{session.session_name}"
    return None


def session_name(access_key_id):
    sessions = [session for backend in list(sts_backends.values()) for session in backend["aws"].assumed_roles]
    return next((session.session_name for session in sessions if session.access_key_id == access_key_id), None)


def account_of(arn):
    return arn.split(":")[4]


def lets_in(asked, principal, context):
    """Whether the trust of a role lets somebody take it, whom their own policies allow it."""
    arn = asked["RoleArn"]
    has_device = asked.get("TokenCode") == MFA_CODE and account_of(asked["SerialNumber"]) == account_of(principal)
    asking = {
        **context,
        "aws:MultiFactorAuthAge": "0" if has_device else None,
        "aws:MultiFactorAuthPresent": "true" if has_device else None,
        "sts:ExternalId": asked.get("ExternalId"),
        "sts:RoleSessionName": asked["RoleSessionName"],
    }
    try:
        trust = document_of(iam_backends[account_of(arn)]["aws"].get_role_by_arn(arn).assume_role_policy_document)
    except NotFoundException:
        return False
    root = f"arn:aws:iam::{account_of(principal)}:root"
    effects = {
        statement["Effect"]
        for statement in listed(trust["Statement"])
        if statement_matches(statement, "sts:AssumeRole", arn, asking, root)
    }
    return effects == {"Allow"}


def find_secret(secret_id, account):
    store = secretsmanager_backends[account][REGION].secrets
    return next((secret for secret in store.values() if secret_id in (secret.name, secret.arn)), None)


def resource_of(service, action, asked, account):
    """The ARN that AWS checks, and the resource's own policy. A session acts in the account of its role."""
    iam = iam_backends[account]["aws"]
    if service == "iam" and "RoleName" not in asked:
        name = asked.get("UserName")
        if action == "GetAccessKeyLastUsed":
            key = iam.access_keys.get(asked["AccessKeyId"])
            name = key.user_name if key else None
        user = next((user for user in iam.list_users("/", None, None) if user.name == name), None)
        return (user.arn if user else f"arn:aws:iam::{account}:user/{name}" if name else "*"), None
    if service == "secretsmanager" and ("SecretId" in asked or action == "CreateSecret"):
        secret = find_secret(asked.get("SecretId", asked.get("Name")), account)
        if secret is not None and action != "CreateSecret":
            return secret.arn, secret.policy
        name = asked.get("SecretId") or f"{asked['Name']}-AbCdEf"
        return (name if name.startswith("arn:") else f"arn:aws:secretsmanager:{REGION}:{account}:secret:{name}"), None
    if service == "kms" and "KeyId" in asked:
        backend = kms_backends[account][REGION]
        key = backend.keys.get(backend.any_id_to_key_id(asked["KeyId"]))
        return (key.arn, key.policy) if key else ("*", None)
    return named(service, asked, account), None


def named(service, asked, account):
    """The ARN of what a request names, which has no policy of its own here."""
    if service == "iam":
        role = next((each for each in iam_backends[account]["aws"].get_roles() if each.name == asked["RoleName"]), None)
        return role.arn if role else f"arn:aws:iam::{account}:role/{asked['RoleName']}"
    if service == "organizations" and organization():
        about = asked.get("AccountId") or asked.get("ChildId") or asked.get("ResourceId")
        kind = "ou" if about and about.startswith("ou-") else "account"
        return f"arn:aws:organizations::{ACCOUNT}:{kind}/{organization().org.id}/{about}" if about else "*"
    if service == "sns":
        # A subscription's ARN is its topic's with an identifier; for its attributes, AWS checks the topic's.
        return asked.get("TopicArn") or asked.get("SubscriptionArn", "*").rsplit(":", 1)[0]
    if service == "monitoring":
        return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"
    if service == "config" and "ConfigRuleName" in asked:
        return f"arn:aws:config:{REGION}:{account}:config-rule/config-rule-e2e"
    if service == "sts" and "RoleArn" in asked:
        return asked["RoleArn"]
    if service == "lambda" and "FunctionName" in asked:
        return f"arn:aws:lambda:{REGION}:{account}:function:{asked['FunctionName']}"
    if service == "ssm" and "Name" in asked:
        return f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{asked['Name']}"
    if service == "sqs" and "QueueUrl" in asked:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{asked['QueueUrl'].rsplit('/', 1)[1]}"
    return "*"


def tag_keys_of(asked):
    tags = asked.get("Tags", [])
    return list(tags) if isinstance(tags, dict) else [tag["Key"] for tag in tags] or asked.get("TagKeys")


def resource_tags_of(service, asked, account):
    """Of secrets: no policy here asks for the tags of anything else."""
    secret = find_secret(asked.get("SecretId"), account) if service == "secretsmanager" else None
    tags = secret.tags if secret else None
    return {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in tags or []}


def tags_of(role_arn):
    try:
        role = iam_backends[account_of(role_arn)]["aws"].get_role_by_arn(role_arn)
    except NotFoundException:
        return {}
    tags = role.tags.values() if isinstance(role.tags, dict) else role.tags or []
    return {tag["Key"]: tag["Value"] for tag in tags}


def of_fleet(asked, user_id):
    """What IAM knows of a role that a function takes: whose it is, where in the organization, and its tags."""
    arn = asked.get("RoleArn")
    if arn is None:
        return {}
    account = account_of(arn)
    known = next((each for each in organization().accounts if each.id == account), None) if organization() else None
    function = user_id.partition(":")[2]
    return {
        "aws:ResourceAccount": account,
        "aws:ResourceOrgID": organization().org.id if known else None,
        "aws:ResourceOrgPaths": [path_of(known)] if known else None,
        "lambda:SourceFunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}",
        **{f"aws:ResourceTag/{key}": value for key, value in tags_of(arn).items()},
    }


def organization():
    backend = organizations_backends[ACCOUNT]["aws"]
    return backend if backend.org else None


def path_of(account):
    """As `Paths` has it, which moto does not know: organization and root, with the account at the end."""
    return f"{organization().org.id}/{account.parent_id}/{account.id}/"


def install(outsider, log):
    """Every call is checked but the deployer's, whose permissions are not the product's. `log` gets each decision."""

    def authorize(self, _resource="*"):
        header = self.headers.get("Authorization", "")
        found = re.search(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/", header)
        if found is None or found[1] == outsider or session_name(found[1]) == outsider:
            return
        access_key_id, service = found[1], found[2]
        caller = caller_of(access_key_id)
        if caller is None:
            raise InvalidClientTokenIdError()
        action = self._get_action()
        IAMRequest(
            account_id=self.current_account,
            method=self.method,
            path=re.sub(r"^https?://[^/]*", "", self.uri),
            data=self.data,
            body=self.raw_body,
            headers=self.headers,
            action=action,
        ).check_signature()
        principal, user_id = caller
        if self.headers.get("X-Amz-Target"):
            asked = json.loads(self.body or "{}")
        else:
            asked = {name: values[0] for name, values in self.querystring.items()}
        function = re.search(r"/functions/([^/?]+)", self.uri)
        if service == "lambda" and function:
            asked["FunctionName"] = function[1]
        resource, own_policy = resource_of(service, action, asked, account_of(principal))
        context = {
            **resource_tags_of(service, asked, account_of(principal)),
            "aws:CurrentTime": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:PrincipalArn": principal,
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalOrgID": organization().org.id if organization() else ORGANIZATION,
            "aws:SecureTransport": "true",
            "aws:TagKeys": tag_keys_of(asked),
            "aws:userid": user_id,
            "kms:CallerAccount": account_of(principal),
            "kms:MacAlgorithm": asked.get("MacAlgorithm"),
            "secretsmanager:BlockPublicPolicy": str(bool(asked.get("BlockPublicPolicy"))).lower(),
            "secretsmanager:VersionStage": asked.get("VersionStage"),
            **of_fleet(asked, user_id),
        }
        permission = PERMISSIONS.get(f"{service}:{action}", f"{service}:{action}")
        documents = [document_of(policy) for policy in policies_of(principal)]
        allowed = permission == "sts:GetCallerIdentity" or is_allowed(
            service,
            documents,
            document_of(own_policy) if own_policy else None,
            lambda statement: statement_matches(statement, permission, resource, context, principal),
        )
        if permission == "sts:AssumeRole":
            allowed = allowed and lets_in(asked, principal, context)
        log({"principal": principal, "action": permission, "resource": resource, "allowed": allowed})
        if not allowed and self.headers.get("X-Amz-Target"):
            raise JsonRESTError("AccessDeniedException", f"{principal} is not authorized to perform: {permission}")
        if not allowed:
            raise AccessDeniedError(user_arn=principal, action=permission)

    ActionAuthenticatorMixin._authenticate_and_authorize_normal_action = authorize


def policies_of(principal):
    iam = iam_backends[account_of(principal)]["aws"]
    kind, name = principal.split(":")[5].split("/", 1)
    name = name.rsplit("/", 1)[-1]
    if kind == "role":
        role = iam.get_role(name)
        return [*role.policies.values(), *role.managed_policies.values()]
    user = iam.get_user(name)
    groups = iam.get_groups_for_user(name)
    inline = [*user.policies.values(), *(policy for group in groups for policy in group.policies.values())]
    return [*inline, *user.managed_policies.values(), *(p for g in groups for p in g.managed_policies.values())]
