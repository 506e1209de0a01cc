"""SQS as its clients see it: the same calls by boto3 and the AWS CLI of Debian (query protocol), the
JavaScript SDK and raw requests (JSON protocol). Binary values are base64 texts with all of them."""

import base64
import copy
import hashlib
import json
import re
import struct
import subprocess

import botocore.exceptions
import botocore.session

from support import clients

OLD_OPERATIONS = set(botocore.session.get_session().get_service_model("sqs").operation_names)


class QueueError(Exception):
    """A refusal: the code is that of the query protocol with every client."""

    def __init__(self, code, message, status=None, kind=None):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.kind = code, message, status, kind


def convert(value, function, name=None):
    """The value with its BinaryValues converted."""
    if isinstance(value, dict):
        return {key: convert(item, function, key) for key, item in value.items()}
    if isinstance(value, list):
        return [convert(item, function) for item in value]
    return function(value) if name == "BinaryValue" else value


class Json:
    """Raw signed requests of the JSON protocol."""

    name = "json"

    def __init__(self, daemon, **signing):
        self.daemon, self.signing = daemon, signing

    def send(self, operation, body, path="/"):
        headers = {
            "X-Amz-Target": f"AmazonSQS.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        return clients.request(self.daemon, "POST", path, body, headers, service="sqs", **self.signing)

    def call(self, operation, **members):
        answer = self.send(operation, json.dumps(members))
        if answer.status == 200:
            return json.loads(answer.body or "{}")
        kind = answer.json["__type"]
        code, fault = answer.headers["x-amzn-query-error"].split(";")
        assert fault == ("Sender" if answer.status < 500 else "Receiver")
        raise QueueError(code, answer.json["message"], answer.status, kind)

    def close(self):
        pass


class Boto:
    name = "boto3"

    def __init__(self, daemon, **options):
        self.client = clients.boto_client(
            daemon, "sqs", parameter_validation=False, max_pool_connections=100, **options
        )
        self.raw = Json(
            daemon,
            **{key: value for key, value in options.items() if key in ("access_key", "secret")},
        )

    def call(self, operation, **members):
        if operation not in OLD_OPERATIONS:
            return self.raw.call(operation, **members)
        method = getattr(self.client, re.sub("(?<!^)(?=[A-Z])", "_", operation).lower())
        try:
            answer = method(**convert(copy.deepcopy(members), base64.b64decode))
        except botocore.exceptions.ClientError as error:
            answer = error.response
            raise QueueError(
                answer["Error"]["Code"],
                answer["Error"]["Message"],
                answer["ResponseMetadata"]["HTTPStatusCode"],
            ) from None
        answer.pop("ResponseMetadata")
        return convert(answer, lambda value: base64.b64encode(value).decode())

    def close(self):
        self.client.close()


class Cli:
    name = "aws"

    def __init__(self, daemon):
        self.daemon, self.raw = daemon, Json(daemon)

    def call(self, operation, **members):
        if operation not in OLD_OPERATIONS:
            return self.raw.call(operation, **members)
        verb = re.sub("(?<!^)(?=[A-Z])", "-", operation).lower()
        done = clients.aws(self.daemon, "sqs", verb, "--cli-input-json", json.dumps(members), check=False)
        if done.returncode == 0:
            return json.loads(done.stdout or "{}")
        found = re.search(r"\(([^)]*)\) when calling the \w+ operation: (.*)", done.stderr, re.DOTALL)
        assert found, done.stderr
        raise QueueError(found[1], found[2].strip())

    def close(self):
        pass


class Node:
    name = "node"

    def __init__(self, daemon):
        self.process = subprocess.Popen(
            ["node", clients.NODE_DIR / "queues.mjs"],
            env=clients.client_environment(daemon),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=clients.NODE_DIR,
        )

    def call(self, operation, **members):
        self.process.stdin.write(json.dumps({"command": operation, "input": members}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            error = answer["error"]
            raise QueueError(error["code"], error["message"], kind=error["name"])
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


CLIENTS = {each.name: each for each in (Json, Boto, Cli, Node)}


class Queues:
    """Makes queues and deletes them afterwards."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.json = Json(daemon)
        self.count = 0

    def create(self, name=None, fifo=False, **attributes):
        self.count += 1
        name = name or f"q{self.count}" + (".fifo" if fifo else "")
        if fifo:
            attributes["FifoQueue"] = "true"
        return self.json.call("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]

    def arn(self, url):
        account, name = url.rsplit("/", 2)[1:]
        return f"arn:aws:sqs:{self.daemon.keys['AWS_REGION']}:{account}:{name}"

    def send(self, url, body="m", **members):
        return self.json.call("SendMessage", QueueUrl=url, MessageBody=body, **members)

    def receive(self, url, most=10, **members):
        answer = self.json.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=most, **members)
        return answer.get("Messages", [])

    def delete(self, url, message):
        self.json.call("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def attributes(self, url, *names):
        """Of one moment."""
        answer = self.json.call("GetQueueAttributes", QueueUrl=url, AttributeNames=names)
        return answer["Attributes"]

    def attribute(self, url, name):
        return self.attributes(url, name).get(name)

    def delete_all(self):
        for url in self.json.call("ListQueues").get("QueueUrls", []):
            self.json.call("DeleteQueue", QueueUrl=url)


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def md5_of_attributes(attributes):
    """As the SQS Developer Guide says it is calculated."""
    data = b""

    def sized(piece):
        return struct.pack("!I", len(piece)) + piece

    for name in sorted(attributes):
        attribute = attributes[name]
        data += sized(name.encode()) + sized(attribute["DataType"].encode())
        if attribute["DataType"].startswith("Binary"):
            data += b"\x02" + sized(base64.b64decode(attribute["BinaryValue"]))
        else:
            data += b"\x01" + sized(attribute["StringValue"].encode())
    return hashlib.md5(data).hexdigest()
