"""An owner of layer versions, with their policies and contents."""

import urllib.request

from function_owner import chosen, statements
from ledger import NEW, Owner
from support import packages

OF_LAYER = ("Description", "CreatedDate", "CompatibleRuntimes", "LicenseInfo")


class LayerOwner(Owner):
    """Layer versions with their policies and contents."""

    def __init__(self, name):
        super().__init__(name)
        self.names = [f"{name}-{number}" for number in range(2)]
        self.highest = dict.fromkeys(self.names, 0)
        self.contents = [packages.zip_files({"file": f"{name} {number}"}) for number in range(3)]

    def connect(self, its_clients):
        self.client = its_clients["lambda"]

    def publish(self):
        if len(self.documents("layer")) >= 6:
            return
        name = self.random.choice(self.names)
        members = {
            "Description": self.word(),
            "CompatibleRuntimes": ["python3.9"],
            "LicenseInfo": self.word(),
        }
        content = self.random.choice(self.contents)
        layer = {**members, "CodeSha256": packages.sha256_base64(content), "CodeSize": len(content)}

        def answered(answer):
            assert answer["Version"] > self.highest[name], f"{name}:{answer['Version']} was given before"
            self.highest[name] = answer["Version"]
            return {("layer", name, answer["Version"]): {**layer, **chosen(answer, OF_LAYER)}}

        self.change(
            self.client.publish_layer_version,
            {"LayerName": name, "Content": {"ZipFile": content}, **members},
            {("layer", name, NEW): layer},
            answered,
        )

    def delete(self):
        found = self.pick("layer")
        if found:
            gone = {("layer", *found): None, ("policy", *found): None}
            self.change(self.client.delete_layer_version, of_layer(*found), gone)

    def add_permission(self):
        found = self.pick("layer")
        if not found:
            return
        key, sid = ("policy", *found), self.word()
        members = {"StatementId": sid, "Action": "lambda:GetLayerVersion", "Principal": "*"}
        statement = {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": "*",
            "Action": "lambda:GetLayerVersion",
            "Resource": f"arn:aws:lambda:us-east-1:000000000000:layer:{found[0]}:{found[1]}",
        }
        changes = {key: {**self.world.get(key, {}), sid: statement}}
        self.change(self.client.add_layer_version_permission, {**of_layer(*found), **members}, changes)

    def remove_permission(self):
        found = self.pick("policy")
        if not found:
            return
        rest = dict(self.world["policy", *found])
        sid = self.random.choice(sorted(rest))
        del rest[sid]
        members = {**of_layer(*found), "StatementId": sid}
        self.change(
            self.client.remove_layer_version_permission, members, {("policy", *found): rest or None}
        )

    steps = (publish, publish, publish, delete, delete, add_permission, remove_permission)

    def show(self):
        shown = {}
        for name in self.names:
            for version in self.client.list_layer_versions(LayerName=name)["LayerVersions"]:
                found = (name, version["Version"])
                shown["layer", *found] = self.show_version(*found)
                self.highest[name] = max(self.highest[name], version["Version"])
                try:
                    policy = self.client.get_layer_version_policy(**of_layer(*found))["Policy"]
                except self.client.exceptions.ResourceNotFoundException:
                    continue
                shown["policy", *found] = statements(policy)
        return shown

    def show_version(self, name, number):
        answer = self.client.get_layer_version(**of_layer(name, number))
        content = answer["Content"]
        with urllib.request.urlopen(content["Location"], timeout=10) as download:
            data = download.read()
        assert len(data) == content["CodeSize"]
        assert packages.sha256_base64(data) == content["CodeSha256"]
        return {**chosen(answer, OF_LAYER), **chosen(content, ("CodeSha256", "CodeSize"))}


def of_layer(name, number):
    return {"LayerName": name, "VersionNumber": number}
