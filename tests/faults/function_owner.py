"""An owner of functions with all that hangs on them."""

import json

from ledger import NEW, Owner, missing
from support import clients, packages

LATEST = "$LATEST"
OF_FUNCTION = ("Description", "CodeSha256", "CodeSize", "Timeout", "Environment", "Role", "LastModified")
OF_VERSION = (*OF_FUNCTION, "Version")
OF_ALIAS = ("Name", "FunctionVersion", "Description", "RoutingConfig", "RevisionId")
OF_ASYNC = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig", "LastModified")
OF_URL = ("AuthType", "Cors", "CreationTime")
OF_PROVISIONED = ("RequestedProvisionedConcurrentExecutions", "LastModified")

# Settings that the installed boto3 does not know: path, member, what it is at first, another value.
YOUNG = {
    "recursion": (
        "/2024-08-31/functions/{}/recursion-config",
        "RecursiveLoop",
        "Terminate",
        "Allow",
    ),
    "runtime": (
        "/2021-07-20/functions/{}/runtime-management-config",
        "UpdateRuntimeOn",
        "Auto",
        "FunctionUpdate",
    ),
}

# Kinds whose key is (kind, function, qualifier): they go with what the qualifier names.
QUALIFIED = ("policy", "async", "url", "provisioned")


def chosen(document, members):
    return {name: document[name] for name in members if name in document}


def qualifier_of(arn):
    """Empty for the ARN of the function itself."""
    parts = arn.split(":")
    return parts[7] if len(parts) > 7 else ""


def show_url(config):
    """Of the URL itself only what stays when the daemon listens on another port."""
    return {"Id": config["FunctionUrl"].split(".")[0], **chosen(config, OF_URL)}


def statements(policy):
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


class FunctionOwner(Owner):
    """Functions, versions, aliases, policies, settings and tags. Nothing of it is ever invoked."""

    def __init__(self, name):
        super().__init__(name)
        self.names = [f"{name}-{number}" for number in range(3)]
        self.highest = dict.fromkeys(self.names, 0)  # version number that was ever seen

    def connect(self, its_clients):
        self.client = its_clients["lambda"]
        self.request = its_clients["request"]

    def set_up(self):
        config = self.client.create_code_signing_config(
            AllowedPublishers={"SigningProfileVersionArns": [signing_profile(1)]}
        )
        self.signing = config["CodeSigningConfig"]["CodeSigningConfigArn"]

    # ---- functions ----

    def code(self):
        return packages.zip_files({"bootstrap": f"#!/bin/sh\n# {self.word()}\n"})

    def create(self):
        name = self.random.choice(self.names)
        if ("function", name) in self.world:
            return
        archive, publish, description = self.code(), self.random.random() < 0.5, self.word()
        function = {
            "Description": description,
            "CodeSha256": packages.sha256_base64(archive),
            "Timeout": 7,
            "Environment": {"Variables": {"WORD": self.word()}},
        }
        changes = {
            ("function", name): function,
            ("tags", name): {"made": description},
            ("signing", name): {"arn": self.signing},
            **{(kind, name): {member: first} for kind, (_, member, first, _) in YOUNG.items()},
        }
        if publish:
            changes["version", name, NEW] = function
        members = {
            "FunctionName": name,
            "Runtime": "provided.al2023",
            "Handler": "h",
            "Role": clients.ROLE,
            "Code": {"ZipFile": archive},
            "Description": description,
            "Timeout": 7,
            "Environment": function["Environment"],
            "Tags": {"made": description},
            "CodeSigningConfigArn": self.signing,
            "Publish": publish,
        }

        def answered(answer):
            whole = {**changes, ("function", name): chosen(answer, OF_FUNCTION)}
            whole.pop(("version", name, NEW), None)
            return {**whole, **self.published(name, answer)} if publish else whole

        self.change(self.client.create_function, members, changes, answered)

    def delete(self):
        found = self.pick("function")
        if found and self.random.random() < 0.4:
            gone = {key: None for key in self.world if key[1] == found[0]}
            self.change(self.client.delete_function, {"FunctionName": found[0]}, gone)

    def update_code(self):
        found = self.pick("function")
        if not found:
            return
        key, archive = ("function", *found), self.code()
        sha256 = {"CodeSha256": packages.sha256_base64(archive), "CodeSize": len(archive)}
        function = {**self.world[key], **sha256}
        function.pop("LastModified")
        publish = self.has_room(*found) and self.random.random() < 0.5
        changes = {key: function}
        if publish:
            changes["version", *found, NEW] = function

        def answered(answer):
            updated = {key: chosen(answer, OF_FUNCTION)}
            return {**updated, **self.published(found[0], answer)} if publish else updated

        members = {"FunctionName": found[0], "ZipFile": archive, "Publish": publish}
        self.change(self.client.update_function_code, members, changes, answered)

    def update_configuration(self):
        found = self.pick("function")
        if not found:
            return
        key = ("function", *found)
        members = {"Description": self.word(), "Environment": {"Variables": {"WORD": self.word()}}}
        function = {**self.world[key], **members}
        function.pop("LastModified")
        self.change(
            self.client.update_function_configuration,
            {"FunctionName": found[0], **members},
            {key: function},
            lambda answer: {key: chosen(answer, OF_FUNCTION)},
        )

    # ---- versions and aliases ----

    def published(self, name, answer):
        """What a publication left behind. A number is given once, except to what was published already."""
        key, version = ("version", name, answer["Version"]), chosen(answer, OF_VERSION)
        if key in self.world:
            assert not missing(self.world[key], version), f"{key} is {version}, not {self.world[key]}"
            return {}
        assert int(answer["Version"]) > self.highest[name], f"{key} was given before"
        self.highest[name] = int(answer["Version"])
        return {key: version}

    def has_room(self, name):
        return sum(owner == name for owner, _ in self.documents("version")) < 4

    def publish(self):
        found = self.pick("function")
        if not found or not self.has_room(*found):
            return
        version = {**self.world["function", *found], "Description": self.word()}
        version.pop("LastModified")
        self.change(
            self.client.publish_version,
            {"FunctionName": found[0], "Description": version["Description"]},
            {("version", *found, NEW): version},
            lambda answer: self.published(found[0], answer),
        )

    def hanging(self, name, qualifier):
        """What goes with a version or an alias."""
        return {(kind, name, qualifier): None for kind in QUALIFIED}

    def delete_version(self):
        found = self.pick("version")
        if found and self.random.random() < 0.4:
            gone = {("version", *found): None, **self.hanging(*found)}
            members = {"FunctionName": found[0], "Qualifier": found[1]}
            self.change(self.client.delete_function, members, gone)

    def put_alias(self):
        found = self.pick("version")
        if not found:
            return
        name, version = found
        alias = self.random.choice(["blue", "green", "red"])
        key, members = ("alias", name, alias), {"FunctionVersion": version, "Description": self.word()}
        others = [
            other for owner, other in self.documents("version") if owner == name and other != version
        ]
        weights = {self.random.choice(others): 0.25} if others and self.random.random() < 0.5 else {}
        routing = {"RoutingConfig": {"AdditionalVersionWeights": weights}}
        expected = {"Name": alias, **members, **(routing if weights else {})}
        call = self.client.update_alias if key in self.world else self.client.create_alias
        self.change(
            call,
            {"FunctionName": name, "Name": alias, **members, **routing},
            {key: expected},
            lambda answer: {key: chosen(answer, OF_ALIAS)},
        )

    def delete_alias(self):
        found = self.pick("alias")
        if found and self.random.random() < 0.4:
            gone = {("alias", *found): None, **self.hanging(*found)}
            self.change(self.client.delete_alias, {"FunctionName": found[0], "Name": found[1]}, gone)

    def target(self, *kinds):
        """(name, qualifier) of one of them; the qualifier of a function is ""."""
        found = self.pick(self.random.choice(kinds))
        return (*found, "")[:2] if found else None

    # ---- policies ----

    def revised(self, name, qualifier):
        """A policy's change gives the alias that it is of another revision."""
        key = ("alias", name, qualifier)
        if key not in self.world:
            return {}
        alias = dict(self.world[key])
        alias.pop("RevisionId", None)
        return {key: alias}

    def add_permission(self):
        found = self.target("function", "version", "alias")
        if not found:
            return
        key, sid = ("policy", *found), self.word()
        members = {
            "StatementId": sid,
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceArn": f"arn:aws:s3:::{sid}",
            **named(*found),
        }
        resource = f"arn:aws:lambda:us-east-1:000000000000:function:{':'.join(filter(None, found))}"
        statement = {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": resource,
            "Condition": {"ArnLike": {"AWS:SourceArn": members["SourceArn"]}},
        }
        changes = {key: {**self.world.get(key, {}), sid: statement}, **self.revised(*found)}
        self.change(self.client.add_permission, members, changes)

    def remove_permission(self):
        found = self.pick("policy")
        if not found:
            return
        rest = dict(self.world["policy", *found])
        sid = self.random.choice(sorted(rest))
        del rest[sid]
        changes = {("policy", *found): rest or None, **self.revised(*found)}
        self.change(self.client.remove_permission, {"StatementId": sid, **named(*found)}, changes)

    # ---- settings ----

    def put_concurrency(self):
        found = self.pick("function")
        if not found:
            return
        key, setting = ("concurrency", *found), {
            "ReservedConcurrentExecutions": self.random.randint(40, 60)
        }
        if self.random.random() < 0.3:
            self.change(self.client.delete_function_concurrency, named(*found), {key: None})
        else:
            self.change(
                self.client.put_function_concurrency, {**named(*found), **setting}, {key: setting}
            )

    def put_async(self):
        found = self.target("function", "version", "alias")
        if not found:
            return
        key = ("async", found[0], found[1] or LATEST)
        members = {
            "MaximumRetryAttempts": self.random.randint(0, 2),
            "MaximumEventAgeInSeconds": self.random.randint(60, 21600),
        }
        if key in self.world and self.random.random() < 0.4:
            self.change(self.client.delete_function_event_invoke_config, named(*found), {key: None})
            return
        self.change(
            self.client.put_function_event_invoke_config,
            {**named(*found), **members},
            {key: members},
            lambda answer: {key: chosen(answer, OF_ASYNC)},
        )

    def put_url(self):
        found = self.target("function", "alias")
        if not found:
            return
        key = ("url", *found)
        setting = {"AuthType": "AWS_IAM", "Cors": {"MaxAge": self.random.randint(1, 86400)}}
        if key not in self.world:
            call, changes = self.client.create_function_url_config, {key: setting}
        elif self.random.random() < 0.5:
            self.change(self.client.delete_function_url_config, named(*found), {key: None})
            return
        else:
            call = self.client.update_function_url_config
            changes = {key: {**self.world[key], **setting}}
        self.change(call, {**named(*found), **setting}, changes, lambda answer: {key: show_url(answer)})

    def put_provisioned(self):
        found = self.target("version", "alias")
        if not found:
            return
        key, count = ("provisioned", *found), self.random.randint(1, 3)
        if self.random.random() < 0.3:
            self.change(self.client.delete_provisioned_concurrency_config, named(*found), {key: None})
            return
        self.change(
            self.client.put_provisioned_concurrency_config,
            {**named(*found), "ProvisionedConcurrentExecutions": count},
            {key: {"RequestedProvisionedConcurrentExecutions": count}},
            lambda answer: {key: chosen(answer, OF_PROVISIONED)},
        )

    def put_signing(self):
        found = self.pick("function")
        if not found:
            return
        key = ("signing", *found)
        if key in self.world:
            self.change(self.client.delete_function_code_signing_config, named(*found), {key: None})
        else:
            members = {**named(*found), "CodeSigningConfigArn": self.signing}
            self.change(
                self.client.put_function_code_signing_config, members, {key: {"arn": self.signing}}
            )

    def put_young(self):
        found = self.pick("function")
        if not found:
            return
        kind = self.random.choice(sorted(YOUNG))
        path, member, *values = YOUNG[kind]
        setting = {member: self.random.choice(values)}
        members = {"method": "PUT", "path": path.format(*found), "members": setting}
        self.change(self.request, members, {(kind, *found): setting})

    def tag(self):
        found = self.pick("function")
        if not found:
            return
        key, arn = ("tags", *found), f"arn:aws:lambda:us-east-1:000000000000:function:{found[0]}"
        tags = dict(self.world.get(key, {}))
        if len(tags) > 3:
            removed = self.random.sample(sorted(tags), 2)
            rest = {name: value for name, value in tags.items() if name not in removed}
            members = {"Resource": arn, "TagKeys": removed}
            self.change(self.client.untag_resource, members, {key: rest})
        else:
            added = {self.word(): self.word() for _ in range(2)}
            self.change(
                self.client.tag_resource, {"Resource": arn, "Tags": added}, {key: {**tags, **added}}
            )

    steps = (
        *(create, create, delete, update_code, update_code, update_configuration),
        *(publish, publish, delete_version, put_alias, put_alias, delete_alias),
        *(add_permission, add_permission, remove_permission, put_concurrency, put_async, put_async),
        *(put_url, put_provisioned, put_provisioned, put_signing, put_young, tag, tag),
    )

    # ---- what is there ----

    def show(self):
        shown = {}
        for name in self.names:
            try:
                answer = self.client.get_function(FunctionName=name)
            except self.client.exceptions.ResourceNotFoundException:
                continue
            shown["function", name] = chosen(answer["Configuration"], OF_FUNCTION)
            shown["tags", name] = answer.get("Tags", {})
            self.show_settings(name, answer, shown)
            self.show_qualified(name, shown)
            numbers = [int(key[2]) for key in shown if key[:2] == ("version", name)]
            self.highest[name] = max([self.highest[name], *numbers])
        return shown

    def show_settings(self, name, answer, shown):
        if "Concurrency" in answer:
            shown["concurrency", name] = answer["Concurrency"]
        signing = self.client.get_function_code_signing_config(FunctionName=name)
        if "CodeSigningConfigArn" in signing:
            shown["signing", name] = {"arn": signing["CodeSigningConfigArn"]}
        for kind, (path, member, *_) in YOUNG.items():
            answer = self.request("GET", path.format(name))
            shown[kind, name] = {member: answer[member]}
        for item in self.client.list_function_event_invoke_configs(FunctionName=name)[
            "FunctionEventInvokeConfigs"
        ]:
            shown["async", name, qualifier_of(item["FunctionArn"])] = chosen(item, OF_ASYNC)
        for item in self.client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]:
            shown["url", name, qualifier_of(item["FunctionArn"])] = show_url(item)
        for item in self.client.list_provisioned_concurrency_configs(FunctionName=name)[
            "ProvisionedConcurrencyConfigs"
        ]:
            shown["provisioned", name, qualifier_of(item["FunctionArn"])] = chosen(item, OF_PROVISIONED)

    def show_qualified(self, name, shown):
        latest, *versions = self.client.list_versions_by_function(FunctionName=name)["Versions"]
        aliases = self.client.list_aliases(FunctionName=name)["Aliases"]
        assert latest["Version"] == LATEST
        for version in versions:
            shown["version", name, version["Version"]] = chosen(version, OF_VERSION)
        for alias in aliases:
            shown["alias", name, alias["Name"]] = chosen(alias, OF_ALIAS)
            for used in (alias["FunctionVersion"], *alias.get("RoutingConfig", {}).get(
                    "AdditionalVersionWeights", {})):  # fmt: skip
                assert ("version", name, used) in shown, f"{alias} points to no version"
        qualifiers = [version["Version"] for version in versions] + [alias["Name"] for alias in aliases]
        for qualifier in ("", *qualifiers):
            try:
                policy = self.client.get_policy(**named(name, qualifier))["Policy"]
            except self.client.exceptions.ResourceNotFoundException:
                continue
            shown["policy", name, qualifier] = statements(policy)


def named(name, qualifier=""):
    return {"FunctionName": name, "Qualifier": qualifier} if qualifier else {"FunctionName": name}


def signing_profile(number):
    return f"arn:aws:signer:us-east-1:000000000000:/signing-profiles/profile{number}/abcdefghij"
