#!/usr/bin/python3
"""An extension in Python: prints its registration and each event.

    watch.py [INVOKE] [SHUTDOWN]"""

import http.client
import json
import os
import sys

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])


def call(method, path, headers, body=None):
    api.request(method, "/2020-01-01/extension/" + path, body, headers)
    answer = api.getresponse()
    text = answer.read().decode()
    print(text.rstrip("\n"), flush=True)
    if answer.status != 200:
        sys.exit(1)
    return answer.headers, json.loads(text)


wish = json.dumps({"events": sys.argv[1:] or ["INVOKE", "SHUTDOWN"]})
headers, _ = call("POST", "register", {"Lambda-Extension-Name": os.path.basename(__file__)}, wish)
identity = {"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}
while call("GET", "event/next", identity)[1]["eventType"] != "SHUTDOWN":
    pass
