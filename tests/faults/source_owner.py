"""Owners of event source mappings and of code signing configurations."""

from function_owner import chosen, signing_profile
from ledger import NEW, Owner
from support import clients, packages

OF_MAPPING = (
    "BatchSize",
    "EventSourceArn",
    "FunctionArn",
    "MaximumBatchingWindowInSeconds",
    "LastModified",
)
OF_SIGNING = ("Description", "AllowedPublishers", "CodeSigningPolicies", "LastModified")


class SourceOwner(Owner):
    """Mappings of a function that stays, and code signing configurations, each with its tags."""

    def connect(self, its_clients):
        self.client = its_clients["lambda"]

    def set_up(self):
        self.client.create_function(
            FunctionName=self.name,
            Runtime="provided.al2023",
            Handler="h",
            Role=clients.ROLE,
            Code={"ZipFile": packages.zip_files({"bootstrap": "#!/bin/sh\n"})},
        )

    def arn(self, kind, name):
        return f"arn:aws:lambda:us-east-1:000000000000:{kind}:{name}"

    # ---- mappings ----

    def create_mapping(self):
        if len(self.documents("event-source-mapping")) >= 5:
            return
        members = {
            "EventSourceArn": f"arn:aws:sqs:us-east-1:000000000000:{self.word()}",
            "BatchSize": self.random.randint(1, 10),
        }
        self.change(
            self.client.create_event_source_mapping,
            {"FunctionName": self.name, **members},
            {("event-source-mapping", NEW): {**members, "Tags": {}}},
            lambda answer: self.mapped(answer, {}),
        )

    def mapped(self, answer, tags):
        return {("event-source-mapping", answer["UUID"]): {**chosen(answer, OF_MAPPING), "Tags": tags}}

    def update_mapping(self):
        found = self.pick("event-source-mapping")
        if not found:
            return
        before = self.world["event-source-mapping", *found]
        members = {"BatchSize": self.random.randint(1, 10)}
        after = {**before, **members}
        after.pop("LastModified", None)
        self.change(
            self.client.update_event_source_mapping,
            {"UUID": found[0], **members},
            {("event-source-mapping", *found): after},
            lambda answer: self.mapped(answer, before["Tags"]),
        )

    def delete_mapping(self):
        found = self.pick("event-source-mapping")
        if found:
            gone = {("event-source-mapping", *found): None}
            self.change(self.client.delete_event_source_mapping, {"UUID": found[0]}, gone)

    # ---- code signing configurations ----

    def create_signing(self):
        if len(self.documents("code-signing-config")) >= 5:
            return
        members = {
            "Description": self.word(),
            "AllowedPublishers": {"SigningProfileVersionArns": [signing_profile(2)]},
        }
        self.change(
            self.client.create_code_signing_config,
            members,
            {("code-signing-config", NEW): {**members, "Tags": {}}},
            lambda answer: self.configured(answer, {}),
        )

    def configured(self, answer, tags):
        config = answer["CodeSigningConfig"]
        key = ("code-signing-config", config["CodeSigningConfigId"])
        return {key: {**chosen(config, OF_SIGNING), "Tags": tags}}

    def update_signing(self):
        found = self.pick("code-signing-config")
        if not found:
            return
        before = self.world["code-signing-config", *found]
        members = {"Description": self.word()}
        after = {**before, **members}
        after.pop("LastModified", None)
        self.change(
            self.client.update_code_signing_config,
            {"CodeSigningConfigArn": self.arn("code-signing-config", *found), **members},
            {("code-signing-config", *found): after},
            lambda answer: self.configured(answer, before["Tags"]),
        )

    def delete_signing(self):
        found = self.pick("code-signing-config")
        if found:
            members = {"CodeSigningConfigArn": self.arn("code-signing-config", *found)}
            gone = {("code-signing-config", *found): None}
            self.change(self.client.delete_code_signing_config, members, gone)

    # ---- tags of both ----

    def tag(self):
        kind = self.random.choice(["event-source-mapping", "code-signing-config"])
        found = self.pick(kind)
        if not found:
            return
        before, arn = self.world[kind, *found], self.arn(kind, *found)
        if len(before["Tags"]) > 2:
            removed = sorted(before["Tags"])
            after = {**before, "Tags": {}}
            members = {"Resource": arn, "TagKeys": removed}
            self.change(self.client.untag_resource, members, {(kind, *found): after})
        else:
            added = {self.word(): self.word()}
            after = {**before, "Tags": {**before["Tags"], **added}}
            self.change(
                self.client.tag_resource, {"Resource": arn, "Tags": added}, {(kind, *found): after}
            )

    steps = (
        *(create_mapping, create_mapping, update_mapping, delete_mapping),
        *(create_signing, create_signing, update_signing, delete_signing, tag, tag, tag),
    )

    # ---- what is there ----

    def show(self):
        shown = {}
        answer = self.client.list_event_source_mappings(FunctionName=self.name)
        for mapping in answer["EventSourceMappings"]:
            assert mapping["State"] == "Enabled"
            shown["event-source-mapping", mapping["UUID"]] = chosen(mapping, OF_MAPPING)
        for config in self.client.list_code_signing_configs()["CodeSigningConfigs"]:
            if signing_profile(2) in config["AllowedPublishers"]["SigningProfileVersionArns"]:
                shown["code-signing-config", config["CodeSigningConfigId"]] = chosen(config, OF_SIGNING)
        for key, document in shown.items():
            document["Tags"] = self.client.list_tags(Resource=self.arn(*key))["Tags"]
        return shown
