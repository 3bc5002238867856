"""Makes the account of account.json in moto, has prowler judge it, and writes its verdicts to verdicts.json.

Once as it is, and once for each of its variants: with calls that are refused, or with other trails. What moto lacks is
added: the ages of keys, and the root user's row.
"""

import concurrent.futures
import contextlib
import datetime
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import sys
import tempfile

os.environ.update(AWS_ACCESS_KEY_ID="moto", AWS_SECRET_ACCESS_KEY="moto", AWS_DEFAULT_REGION="eu-west-1")

import boto3
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam import models as iam_models
from moto.iam.responses import IamResponse

HERE = pathlib.Path(__file__).parent
ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
CHECKS = [
    "cloudtrail_log_file_validation_enabled",
    "cloudtrail_multi_region_enabled",
    "cloudtrail_multi_region_enabled_logging_management_events",
    "iam_no_root_access_key",
    "iam_root_hardware_mfa_enabled",
    "iam_root_mfa_enabled",
    "iam_rotate_access_key_90_days",
    "iam_user_accesskey_unused",
    "iam_user_console_access_unused",
    "iam_user_mfa_enabled_console_access",
    "iam_user_two_active_access_key",
    "s3_bucket_default_encryption",
    "s3_bucket_kms_encryption",
]


def ago(days):
    """As moto keeps instants: in UTC, without saying so."""
    return (NOW - datetime.timedelta(days=days)).replace(tzinfo=None)


def make_user(iam, user):
    name = user["userName"]
    iam.create_user(UserName=name)
    known = iam_models.iam_backends[ACCOUNT_ID]["aws"].get_user(name)
    known.create_date = ago(user.get("ageDays", 400))
    if user["hasPassword"]:
        iam.create_login_profile(UserName=name, Password="Not-a-real-one-1")
    if user["hasMfa"]:
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        iam.enable_mfa_device(UserName=name, SerialNumber=device, **codes)
    for key in user["keys"]:
        made = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        if key.get("isInactive"):
            iam.update_access_key(UserName=name, AccessKeyId=made, Status="Inactive")
        known_key = known.get_access_key_by_id(made)
        known_key.create_date = ago(key["ageDays"])
        if "usedDaysAgo" in key:
            used = ago(key["usedDaysAgo"])
            known_key.last_used = iam_models.AccessKeyLastUsed(used, "s3", REGION)


def make_root(root):
    """moto has no row of the root user."""
    arn = f"arn:aws:iam::{ACCOUNT_ID}:root"
    known = {
        "user": "<root_account>",
        "arn": arn,
        "user_creation_time": "2020-01-01T00:00:00+00:00",
        "password_enabled": "not_supported",
        "mfa_active": str(root["hasMfa"]).lower(),
    }
    if root["hasKey"]:
        known |= {"access_key_1_active": "true", "access_key_1_last_rotated": "2020-01-01T00:00:00+00:00"}
    get_report = iam_models.IAMBackend.get_credential_report

    def get_with_root(self):
        header, _, rows = get_report(self).partition("\n")
        row = [known.get(name, "false" if name.endswith("_active") else "N/A") for name in header.split(",")]
        return f"{header}\n{','.join(row)}\n{rows}"

    iam_models.IAMBackend.get_credential_report = get_with_root
    get_summary = IamResponse.get_account_summary

    def get_with_mfa(self):
        answer = get_summary(self)
        answer.result["SummaryMap"]["AccountMFAEnabled"] = int(root["hasMfa"])
        return answer

    IamResponse.get_account_summary = get_with_mfa


def make_bucket(s3, bucket):
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket=bucket["name"], CreateBucketConfiguration=where)
    if "algorithm" not in bucket:
        return
    by_default = {"SSEAlgorithm": bucket["algorithm"]}
    if "keyArn" in bucket:
        by_default["KMSMasterKeyID"] = bucket["keyArn"]
    rule = {"ApplyServerSideEncryptionByDefault": by_default}
    s3.put_bucket_encryption(Bucket=bucket["name"], ServerSideEncryptionConfiguration={"Rules": [rule]})


def make_trail(cloudtrail, trail, bucket):
    name = trail["name"]
    cloudtrail.create_trail(
        Name=name, S3BucketName=bucket, IsMultiRegionTrail=True, EnableLogFileValidation=trail["isValidated"]
    )
    if "selector" in trail:
        cloudtrail.put_event_selectors(TrailName=name, AdvancedEventSelectors=[trail["selector"]])
    else:
        selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}
        cloudtrail.put_event_selectors(TrailName=name, EventSelectors=[selector])
    cloudtrail.start_logging(Name=name)


def make_account(account):
    iam = boto3.client("iam")
    for user in account["users"]:
        make_user(iam, user)
    make_root(account["root"])
    s3 = boto3.client("s3")
    for bucket in account["buckets"]:
        make_bucket(s3, bucket)
    for trail in account["trails"]:
        make_trail(boto3.client("cloudtrail"), trail, account["buckets"][0]["name"])


def refuse(operations):
    """What these calls answer from now on; moto knows too little of the permissions of S3 to be asked by a policy."""
    call = BaseClient._make_api_call

    def answer(client, operation, arguments):
        if operation in operations:
            code = "AccessDeniedException" if client.meta.service_model.protocol == "json" else "AccessDenied"
            raise ClientError({"Error": {"Code": code, "Message": "Access Denied"}}, operation)
        return call(client, operation, arguments)

    BaseClient._make_api_call = answer


def resource_of(finding):
    """The resource without what differs from machine to machine."""
    return finding["resources"][0]["uid"].rpartition(":")[2]


def run_prowler(services, directory):
    """Its own command line; the answer is read from the file that it writes, or not where it has no verdict."""
    checks = [check for check in CHECKS if check.partition("_")[0] in services]
    command = ["prowler", "aws", "--region", REGION, "--check", *checks, "--output-formats", "json-ocsf"]
    sys.argv = [*command, "--output-directory", directory, "--output-filename", "verdicts", "--no-banner"]
    from prowler.__main__ import prowler

    with contextlib.suppress(SystemExit):
        prowler()
    answer = pathlib.Path(directory) / "verdicts.ocsf.json"
    return " ".join(command), json.loads(answer.read_text()) if answer.exists() else []


def ask(variant):
    account = json.loads((HERE / "account.json").read_text()) | variant
    with mock_aws(), tempfile.TemporaryDirectory() as directory:
        make_account(account)
        refuse(variant.get("refused", []))
        command, findings = run_prowler(variant["services"], directory)
    verdicts = {}
    for check, resource, status in sorted(
        {(finding["metadata"]["event_code"], resource_of(finding), finding["status_code"]) for finding in findings}
    ):
        verdicts.setdefault(check, {})[resource] = status
    return {"variant": variant["name"], "command": command, "verdicts": verdicts}


def main():
    account = json.loads((HERE / "account.json").read_text())
    spawn = multiprocessing.get_context("spawn")
    # A process for each: prowler keeps what it has read.
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as processes:
        runs = list(processes.map(ask, account["variants"]))
    kept = {
        "prowler": importlib.metadata.version("prowler"),
        "moto": importlib.metadata.version("moto"),
        "runs": runs,
    }
    (HERE / "verdicts.json").write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
