"""Has prowler's check of the age of keys judge the credential reports that it reads, and writes year.json."""

import csv
import datetime
import hashlib
import importlib
import importlib.metadata
import json
import pathlib
import re
import sys
import types

HERE = pathlib.Path(__file__).parent
CHECK = "iam_rotate_access_key_90_days"
SERVICE = "prowler.providers.aws.services.iam"


def load_check():
    """The check as it is, without an account: prowler would make its client on import."""
    client = types.SimpleNamespace(credential_report=[], users=[], region="eu-west-1", audit_config={})
    module = types.ModuleType(f"{SERVICE}.iam_client")
    module.iam_client = client
    sys.modules[module.__name__] = module
    return importlib.import_module(f"{SERVICE}.{CHECK}.{CHECK}"), client


def judge(module, client, month):
    at = datetime.datetime.fromisoformat(month["at"])

    class Then(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return at.astimezone(tz)

    module.datetime = types.SimpleNamespace(datetime=Then)
    client.credential_report = list(csv.DictReader(month["report"].splitlines()))
    found = getattr(module, CHECK)().execute()
    failing = {one.resource_arn.rpartition("/")[2] for one in found if one.status == "FAIL"}
    # To the day: the rest depends on how long each call took.
    by_days = re.sub(r"T[\d:+]+", "", month["report"])
    return {
        "at": month["at"][:10],
        "report": hashlib.sha256(by_days.encode()).hexdigest(),
        "failing": sorted(failing),
    }


def main():
    module, client = load_check()
    months = [judge(module, client, month) for month in json.load(sys.stdin)]
    kept = {"prowler": importlib.metadata.version("prowler"), "check": CHECK, "months": months}
    (HERE / "year.json").write_text(json.dumps(kept, indent=2) + "\n")


main()
