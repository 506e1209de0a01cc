"""kill -9 of the daemon while HTTP APIs are changed: what was acknowledged is there afterwards, and served;
nothing leads to what is not there."""

import json
import random
import shutil
import sqlite3
import threading
import time

from ledger import NEW, Owner
from support import clients

ROUNDS = 12
URI = "arn:aws:lambda:us-east-1:000000000000:function:nobody"
OF_NAMES = {"api": "Name", "integration": "Description", "authorizer": "Name", "route": "OperationName"}


def title(kind):
    return f"{kind.title()}Id"


class ApiOwner(Owner):
    """HTTP APIs; the documents are what tells one thing from another, and what it leads to."""

    busy = ("ConflictException", "BadRequestException")  # in use, taken, or as many as there may be

    def connect(self, its_clients):
        self.client = its_clients["apigatewayv2"]

    def make(self, kind, api, members):
        """One more of an API's, or an API."""
        of_api = {"ApiId": api} if api else {}
        begin = (kind, api) if api else (kind,)

        def answered(answer):
            return {(*begin, answer[title(kind)]): members}

        create = getattr(self.client, f"create_{kind}")
        sent = {**of_api, **self.needs[kind], **members}
        return self.change(create, sent, {(*begin, NEW): members}, answered)

    needs = {
        "api": {"ProtocolType": "HTTP"},
        "integration": {
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": URI,
            "PayloadFormatVersion": "2.0",
        },
        "authorizer": {
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": URI,
            "AuthorizerPayloadFormatVersion": "2.0",
            "IdentitySource": ["$request.header.a"],
        },
        "route": {},
    }

    def some_api(self):
        found = self.pick("api")
        return found[0] if found else None

    def some(self, kind):
        """(id of its API, its own id), or None twice."""
        return self.pick(kind) or (None, None)

    def create_api(self):
        if len(self.documents("api")) < 4:
            self.make("api", None, {"Name": self.word()})

    def delete_api(self):
        api = self.some_api()
        if api and self.random.random() < 0.3:
            gone = {key: None for key in self.world if key[1] == api}
            self.change(self.client.delete_api, {"ApiId": api}, gone)

    def create_part(self):
        api, kind = self.some_api(), self.random.choice(["integration", "authorizer"])
        if api and len(self.documents(kind)) < 12:
            self.make(kind, api, {OF_NAMES[kind]: self.word()})

    def create_route(self):
        api, integration = self.some("integration")
        if api:
            word = self.word()
            members = {"RouteKey": f"GET /{word}", "Target": f"integrations/{integration}"}
            self.make("route", api, {"OperationName": word, **members})

    def update_route(self):
        api, route = self.some("route")
        if api:
            after = {**self.world["route", api, route], "OperationName": self.word()}
            members = {"ApiId": api, "RouteId": route, **after}
            self.change(self.client.update_route, members, {("route", api, route): after})

    def delete_part(self):
        kind = self.random.choice(["integration", "authorizer", "route"])
        api, part = self.some(kind)
        if api:
            delete = getattr(self.client, f"delete_{kind}")
            self.change(delete, {"ApiId": api, title(kind): part}, {(kind, api, part): None})

    steps = (create_api, delete_api, create_part, create_route, update_route, delete_part)

    def show(self):
        world = {}
        for api in self.client.get_apis()["Items"]:
            world["api", api["ApiId"]] = {"Name": api["Name"]}
            for kind in ("integration", "authorizer", "route"):
                for item in getattr(self.client, f"get_{kind}s")(ApiId=api["ApiId"])["Items"]:
                    names = [OF_NAMES[kind], *(["RouteKey", "Target"] if kind == "route" else [])]
                    key = (kind, api["ApiId"], item[title(kind)])
                    world[key] = {name: item[name] for name in names}
        return world


def check_database(daemon):
    """As it was left: each part's API is there, each route's target too."""
    copy = daemon.home / "copy"
    copy.mkdir()
    for path in daemon.data_dir.glob("lamb.db*"):
        shutil.copyfile(path, copy / path.name)
    database = sqlite3.connect(copy / "lamb.db")
    alone = database.execute(
        """SELECT scope, kind, name FROM record AS part WHERE scope LIKE 'http-api/%' AND NOT EXISTS
        (SELECT 1 FROM record AS api WHERE api.kind = 'http-api' AND 'http-api/' || api.name = part.scope)"""
    ).fetchall()
    routes = database.execute("SELECT scope, document FROM record WHERE kind = 'route'").fetchall()
    targets = database.execute("SELECT scope, name FROM record WHERE kind = 'integration'").fetchall()
    database.close()
    shutil.rmtree(copy)
    assert not alone
    lost = [
        (scope, document)
        for scope, document in routes
        if (scope, json.loads(document)["target"].removeprefix("integrations/")) not in targets
    ]
    assert not lost, f"routes to nothing: {lost}"


def test_kill_while_apis_change(new_daemon):
    daemon = new_daemon().daemon
    owner = ApiOwner("kill-api")
    for turn in range(ROUNDS):
        client = clients.boto_client(daemon, "apigatewayv2", read_timeout=20, connect_timeout=5)
        owner.connect({"apigatewayv2": client})
        owner.check(owner.show())
        failures = []

        def run():
            try:
                owner.run(threading.Event())
            except Exception as error:
                failures.append(error)

        running = threading.Thread(target=run)
        running.start()
        time.sleep(random.Random(turn).uniform(0.05, 1.0))  # waits for nothing: it chooses the moment
        daemon.kill()
        running.join()
        client.close()
        assert not failures, failures
        check_database(daemon)
        daemon.start()
    client = clients.boto_client(daemon, "apigatewayv2")
    owner.connect({"apigatewayv2": client})
    owner.check(owner.show())
    client.close()
    assert not owner.never_done()


def test_kill_while_an_api_is_created_quickly(new_daemon):
    """All of its five parts are there, or none."""
    daemon = new_daemon().daemon
    for turn in range(8):
        client = clients.boto_client(daemon, "apigatewayv2", read_timeout=20, connect_timeout=5)
        made = []

        def run():
            try:
                while True:
                    answer = client.create_api(Name="quick", ProtocolType="HTTP", Target=URI)
                    made.append(answer["ApiId"])
            except Exception:
                return  # the daemon is gone

        running = threading.Thread(target=run)
        running.start()
        time.sleep(random.Random(turn).uniform(0.05, 0.3))  # waits for nothing: it chooses the moment
        daemon.kill()
        running.join()
        client.close()
        check_database(daemon)
        daemon.start()
        client = clients.boto_client(daemon, "apigatewayv2")
        shown = [api["ApiId"] for api in client.get_apis()["Items"]]
        assert set(made) <= set(shown) and len(shown) <= len(made) + 1
        for api in shown:
            for items in ("routes", "integrations", "stages", "deployments"):
                assert len(getattr(client, f"get_{items}")(ApiId=api)["Items"]) == 1
            client.delete_api(ApiId=api)
        client.close()
