"""Starts moto on loopback as the AWS that Keyturn is deployed to: launcher.py PORT NODE WORK_DIR DEPLOYER_KEY_ID

What moto lacks is added, and only what AWS itself has: functions run on Node 24 as their role and time moves (here),
keys are checked and policies hold (authorizer.py), and moto_gaps.py. Routes beside the AWS APIs, all POST:
/_e2e/clock {"advanceSeconds"}, /_e2e/age {"accessKeyId", "days"}, /_e2e/skipped {"stackName"},
/_e2e/emails {"userName"}, /_e2e/user {"accountId", "path", "userName", "policy"}.
"""

import datetime
import io
import json
import os
import subprocess
import sys
import threading
import uuid
import zipfile

PORT, NODE, WORK_DIR, DEPLOYER = sys.argv[1:]
HERE = os.path.dirname(os.path.abspath(__file__))
os.environ["MOTO_PORT"] = PORT

import time_machine  # noqa: E402
from moto.awslambda.models import LambdaFunction  # noqa: E402
from moto.cloudformation import parsing  # noqa: E402
from moto.cloudformation.models import cloudformation_backends  # noqa: E402
from moto.iam.models import iam_backends  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from moto.sns.models import sns_backends  # noqa: E402
from moto.sts.models import sts_backends  # noqa: E402
from werkzeug.serving import run_simple  # noqa: E402

import authorizer  # noqa: E402
import moto_gaps  # noqa: E402

ACCOUNT, REGION = authorizer.ACCOUNT, authorizer.REGION


class Clock:
    """Ahead of the machine's by what the test asked for; it goes on ticking."""

    ahead_seconds = 0.0
    travel = None

    def advance(self, seconds):
        if self.travel:
            self.travel.stop()
        self.ahead_seconds += seconds
        now = datetime.datetime.now(datetime.UTC)
        self.travel = time_machine.travel(now + datetime.timedelta(seconds=self.ahead_seconds), tick=True)
        self.travel.start()
        return {"now": datetime.datetime.now(datetime.UTC).isoformat()}


CLOCK = Clock()


class Worker:
    """The warm process of one version of one function."""

    def __init__(self, function):
        name = function.function_name
        root = os.path.join(WORK_DIR, "functions", f"{name}-{uuid.uuid4().hex[:8]}")
        zipfile.ZipFile(io.BytesIO(function.code_bytes)).extractall(root)
        session = sts_backends[ACCOUNT]["aws"].assume_role(REGION, name, function.role, "", 43200, "")
        environment = {
            **function.environment_vars,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{PORT}",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": session.access_key_id,
            "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
            "AWS_SESSION_TOKEN": session.session_token,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "LAMBDA_TASK_ROOT": root,
            "_HANDLER": function.handler,
            "E2E_TIMEOUT_SECONDS": str(function.timeout),
            "TZ": "UTC",
        }
        reading, writing = os.pipe()
        # Its answers have a pipe of their own: what it prints belongs to its log.
        environment["E2E_ANSWERS_FD"] = str(writing)
        command = [NODE, os.path.join(HERE, "lambda-runtime.ts")]
        self.log = open(os.path.join(WORK_DIR, "logs", f"{name}.log"), "ab")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, env=environment, pass_fds=[writing]
        )
        os.close(writing)
        self.answers = os.fdopen(reading)
        self.lock = threading.Lock()

    def invoke(self, event):
        with self.lock:
            return self.invoke_alone(event)

    def invoke_alone(self, event):
        invocation = {"event": event, "requestId": str(uuid.uuid4()), "aheadMs": CLOCK.ahead_seconds * 1000}
        try:
            self.process.stdin.write(json.dumps(invocation).encode() + b"\n")
            self.process.stdin.flush()
            line = self.answers.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            return {"error": {"errorType": "Runtime.ExitError", "errorMessage": f"exited: {self.process.wait()}"}}
        return json.loads(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


workers = {}
workers_lock = threading.Lock()


def invoke_lambda(self, event=None):
    version = (self.code_sha_256, self.role, json.dumps(self.environment_vars, sort_keys=True))
    with workers_lock:
        known = workers.get(self.function_name)
        if known is None or known[0] != version:
            if known:
                known[1].stop()
            known = workers[self.function_name] = (version, Worker(self))
    answer = known[1].invoke(json.loads(event) if isinstance(event, str) else event)
    failed = "error" in answer
    return json.dumps(answer["error"] if failed else answer["result"]), failed, ""


LambdaFunction._invoke_lambda = invoke_lambda


def age(accessKeyId, days):
    keys = [backend["aws"].access_keys.get(accessKeyId) for backend in list(iam_backends.values())]
    key = next(key for key in keys if key)
    key.create_date -= datetime.timedelta(days=days)
    return {"createDate": key.create_date.isoformat()}


def skipped(stackName):
    """Resources of the stack that moto's CloudFormation knows nothing of, with their properties resolved."""
    stacks = cloudformation_backends[ACCOUNT][REGION].stacks.values()
    resources = next(stack for stack in stacks if stack.name == stackName).resource_map
    return {
        name: {"type": resource["Type"], "properties": parsing.clean_json(resource.get("Properties", {}), resources)}
        for name, resource in resources._resource_json_map.items()
        if parsing.resource_class_from_type(resource["Type"]) is None
        and ("Condition" not in resource or resources.lazy_condition_map[resource["Condition"]])
    }


def emails(userName):
    """What a subscribed address would have got about a user, oldest first."""
    sent = [message for topic in sns_backends[ACCOUNT][REGION].topics.values() for message in topic.sent_notifications]
    bodies = [(json.loads(body), attributes or {}) for _, body, _, attributes, _ in sent]
    return [
        {"event": attributes["event"]["Value"], "text": body["email"]}
        for body, attributes in bodies
        if attributes.get("userName", {}).get("Value") == userName
    ]


def user(accountId, path, userName, policy):
    """Somebody with a key in another account, of which nothing else is there."""
    iam = iam_backends[accountId]["aws"]
    iam.create_user(REGION, userName, path)
    iam.put_user_policy(userName, "own", json.dumps(policy))
    key = iam.create_access_key(userName)
    return {"accessKeyId": key.access_key_id, "secretAccessKey": key.secret_access_key}


ROUTES = {
    "/_e2e/age": lambda asked: age(**asked),
    "/_e2e/clock": lambda asked: CLOCK.advance(asked["advanceSeconds"]),
    "/_e2e/emails": lambda asked: emails(**asked),
    "/_e2e/skipped": lambda asked: skipped(**asked),
    "/_e2e/user": lambda asked: user(**asked),
}
moto = DomainDispatcherApplication(create_backend_app)


def application(environ, start_response):
    route = ROUTES.get(environ.get("PATH_INFO"))
    if route is None:
        return moto(environ, start_response)
    asked = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    start_response("200 OK", [("content-type", "application/json")])
    return [json.dumps(route(asked)).encode()]


os.makedirs(os.path.join(WORK_DIR, "logs"), exist_ok=True)
decisions = open(os.path.join(WORK_DIR, "logs", "decisions.jsonl"), "a", buffering=1)
moto_gaps.close()
authorizer.install(DEPLOYER, lambda decision: decisions.write(json.dumps(decision) + "\n"))
run_simple("127.0.0.1", int(PORT), application, threaded=True)
