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
    return {"at": month["at"][:10], "report": hash_of(month["report"]), "failing": sorted(failing)}


def hash_of(report):
    """To the day: the rest depends on how long each call took. Which of the two slots a key has is drawn by lot."""
    rows = re.sub(r"T[\d:+]+", "", report).split("\n")
    return hashlib.sha256("\n".join(without_slots(row) for row in rows).encode()).hexdigest()


def without_slots(row):
    """Five columns are about each key, and five come after; the first, a name, may have a comma."""
    cells = row.split(",")
    keys = sorted([",".join(cells[-15:-10]), ",".join(cells[-10:-5])])
    return ",".join([*cells[:-15], *keys, *cells[-5:]])


def main():
    module, client = load_check()
    months = [judge(module, client, month) for month in json.load(sys.stdin)]
    kept = {"prowler": importlib.metadata.version("prowler"), "check": CHECK, "months": months}
    (HERE / "year.json").write_text(json.dumps(kept, indent=2) + "\n")


main()
