"""Owners of roles, of users with access keys, and of policies: managed, inline and attached."""

import json

from function_owner import chosen
from ledger import NEW, Owner
from support import clients

OF_ROLE = (
    "RoleId",
    "Arn",
    "Description",
    "AssumeRolePolicyDocument",
    "MaxSessionDuration",
    "CreateDate",
    "Tags",
)
OF_USER = ("UserId", "Arn", "CreateDate", "Tags")
OF_POLICY = ("PolicyId", "Arn", "CreateDate", "UpdateDate")
OF_KEY = ("Status", "CreateDate")
FROM_AWS = (
    "arn:aws:iam::aws:policy/AdministratorAccess",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)


def allow(action):
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
    }


def named(kind, name):
    return {f"{kind.title()}Name": name}


class IdentityOwner(Owner):
    """A role and a user are one document each, with their inline and attached policies."""

    busy = ()  # nothing that goes on hinders a change

    def __init__(self, name):
        super().__init__(name)
        self.secrets = {}  # access key: its secret; not of those that were made without an answer

    def connect(self, its_clients):
        self.client = its_clients["iam"]
        self.sign_in = its_clients["sign_in"]

    def operation(self, text, kind):
        return getattr(self.client, text.format(kind))

    def new_name(self, kind):
        """One of a few, so that names come again."""
        name = f"{self.name}-{kind}-{self.random.randrange(2)}"
        return None if (kind, name) in self.world else name

    def some(self):
        """(key, document) of a role or a user, or None twice."""
        kind = self.random.choice(["role", "user"])
        found = self.pick(kind)
        return ((kind, *found), self.world[kind, *found]) if found else (None, None)

    # ---- roles and users ----

    def create(self):
        kind = self.random.choice(["role", "user"])
        name = self.new_name(kind)
        if not name:
            return
        made = {"Tags": [{"Key": "made", "Value": self.word()}]}
        members = {**named(kind, name), **made}
        if kind == "role":
            made |= {
                "Description": self.word(),
                "MaxSessionDuration": 3600 + self.random.randrange(3600),
            }
            members |= {**made, "AssumeRolePolicyDocument": clients.TRUST}
            made["AssumeRolePolicyDocument"] = json.loads(clients.TRUST)
        document = {**made, "Inline": {}, "Attached": []}

        def answered(answer):
            shown = chosen(answer[kind.title()], OF_ROLE if kind == "role" else OF_USER)
            return {(kind, name): {**document, **shown}}

        self.change(self.operation("create_{}", kind), members, {(kind, name): document}, answered)

    def delete(self):
        key, document = self.some()
        if not key or document["Inline"] or document["Attached"] or self.keys_of(key[1]):
            return
        self.change(self.operation("delete_{}", key[0]), named(*key), {key: None})

    def update_trust(self):
        found = self.pick("role")
        if not found:
            return
        trust = json.loads(clients.TRUST)
        trust["Statement"][0]["Sid"] = self.word()
        members = {"RoleName": found[0], "PolicyDocument": json.dumps(trust)}
        after = {**self.world["role", *found], "AssumeRolePolicyDocument": trust}
        self.change(self.client.update_assume_role_policy, members, {("role", *found): after})

    # ---- their policies ----

    def put_inline(self):
        key, document = self.some()
        if not key:
            return
        name, policy = self.random.choice(["one", "two"]), allow(f"lambda:{self.word()}")
        members = {**named(*key), "PolicyName": name, "PolicyDocument": json.dumps(policy)}
        after = {**document, "Inline": {**document["Inline"], name: policy}}
        self.change(self.operation("put_{}_policy", key[0]), members, {key: after})

    def delete_inline(self):
        key, document = self.some()
        if not key or not document["Inline"]:
            return
        rest = dict(document["Inline"])
        name = self.random.choice(sorted(rest))
        del rest[name]
        members = {**named(*key), "PolicyName": name}
        self.change(
            self.operation("delete_{}_policy", key[0]), members, {key: {**document, "Inline": rest}}
        )

    def attach(self):
        key, document = self.some()
        own = [policy_arn(name) for (name,) in self.documents("policy")]
        if not key:
            return
        arn = self.random.choice([*FROM_AWS, *own])
        after = {**document, "Attached": sorted({*document["Attached"], arn})}
        members = {**named(*key), "PolicyArn": arn}
        self.change(self.operation("attach_{}_policy", key[0]), members, {key: after})

    def detach(self):
        key, document = self.some()
        if not key or not document["Attached"]:
            return
        arn = self.random.choice(document["Attached"])
        after = {**document, "Attached": [other for other in document["Attached"] if other != arn]}
        members = {**named(*key), "PolicyArn": arn}
        self.change(self.operation("detach_{}_policy", key[0]), members, {key: after})

    def create_policy(self):
        name = self.new_name("policy")
        if not name:
            return
        document = {"Description": self.word(), "Document": allow(f"lambda:{self.word()}")}
        members = {
            "PolicyName": name,
            "Description": document["Description"],
            "PolicyDocument": json.dumps(document["Document"]),
        }
        self.change(
            self.client.create_policy,
            members,
            {("policy", name): document},
            lambda answer: {("policy", name): {**document, **chosen(answer["Policy"], OF_POLICY)}},
        )

    def delete_policy(self):
        found = self.pick("policy")
        if found and not self.users_of(policy_arn(*found)):
            members = {"PolicyArn": policy_arn(*found)}
            self.change(self.client.delete_policy, members, {("policy", *found): None})

    def users_of(self, arn):
        return [key for key, document in self.world.items() if arn in document.get("Attached", ())]

    # ---- access keys ----

    def keys_of(self, user):
        return [key for owner, key in self.documents("key") if owner == user]

    def create_key(self):
        found = self.pick("user")
        if not found or len(self.keys_of(*found)) == 2:
            return

        def answered(answer):
            key = answer["AccessKey"]
            self.secrets[key["AccessKeyId"]] = key["SecretAccessKey"]
            return {("key", *found, key["AccessKeyId"]): chosen(key, OF_KEY)}

        made = {("key", *found, NEW): {"Status": "Active"}}
        self.change(self.client.create_access_key, {"UserName": found[0]}, made, answered)

    def delete_key(self):
        found = self.pick("key")
        if found:
            members = {"UserName": found[0], "AccessKeyId": found[1]}
            self.change(self.client.delete_access_key, members, {("key", *found): None})

    steps = (
        *(create, create, create, delete, delete, delete, update_trust),
        *(put_inline, delete_inline, delete_inline, attach, detach, detach),
        *(create_policy, create_policy, delete_policy, create_key, create_key, delete_key, delete_key),
    )

    # ---- what is there ----

    def show(self):
        shown = {}
        for kind, items, members in (("role", "Roles", OF_ROLE), ("user", "Users", OF_USER)):
            for listed in self.operation("list_{}s", kind)()[items]:
                name = listed[f"{kind.title()}Name"]
                if name.startswith(f"{self.name}-"):
                    shown[kind, name] = self.show_identity(kind, name, members)
        for listed in self.client.list_policies(Scope="Local")["Policies"]:
            if listed["PolicyName"].startswith(f"{self.name}-"):
                shown["policy", listed["PolicyName"]] = self.show_policy(listed["Arn"])
        for kind, user in [key[:2] for key in shown if key[0] == "user"]:
            for key in self.client.list_access_keys(UserName=user)["AccessKeyMetadata"]:
                shown["key", user, key["AccessKeyId"]] = chosen(key, OF_KEY)
        self.check_use(shown)
        return shown

    def show_identity(self, kind, name, members):
        its = named(kind, name)
        document = chosen(self.operation("get_{}", kind)(**its)[kind.title()], members)
        get_inline = self.operation("get_{}_policy", kind)
        document["Inline"] = {
            policy: get_inline(**its, PolicyName=policy)["PolicyDocument"]
            for policy in self.operation("list_{}_policies", kind)(**its)["PolicyNames"]
        }
        attached = self.operation("list_attached_{}_policies", kind)(**its)["AttachedPolicies"]
        document["Attached"] = sorted(policy["PolicyArn"] for policy in attached)
        return document

    def show_policy(self, arn):
        policy = self.client.get_policy(PolicyArn=arn)["Policy"]
        version = self.client.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])
        return {
            **chosen(policy, ("Description", *OF_POLICY)),
            "Document": version["PolicyVersion"]["Document"],
        }

    def check_use(self, shown):
        """A key that is there lets its user in, another one nobody; a policy that is attached is there."""
        owners = {key[2]: key[1] for key in shown if key[0] == "key"}
        for key, secret in self.secrets.items():
            expected = f"arn:aws:iam::000000000000:user/{owners[key]}" if key in owners else None
            assert self.sign_in(key, secret) == expected, f"{key} is not of {expected}"
        self.secrets = {key: secret for key, secret in self.secrets.items() if key in owners}
        own = [policy_arn(key[1]) for key in shown if key[0] == "policy"]
        for key, document in shown.items():
            for arn in document.get("Attached", ()):
                assert arn in own or arn in FROM_AWS, f"{key} has {arn}, which does not exist"


def policy_arn(name):
    return f"arn:aws:iam::000000000000:policy/{name}"
