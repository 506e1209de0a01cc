"""Owners that change the same functions at the same time. Nobody knows what is there; it must go together."""

import threading

from function_owner import named, signing_profile
from ledger import Owner
from support import clients, packages

ALIASES = ("one", "two")


class Prize:
    """What rivals know: the versions they published, the code signing configuration of the moment."""

    def __init__(self):
        self.lock = threading.Lock()
        self.given = {}  # (function, version): the CodeSha256 it was published with
        self.signing = None


class Rival(Owner):
    # Another one was faster.
    busy = (
        "ResourceConflictException",
        "ResourceNotFoundException",
        "CodeSigningConfigNotFoundException",
    )
    stays, comes_and_goes = "kill-stays", "kill-comes-and-goes"

    def __init__(self, name, prize):
        super().__init__(name)
        self.prize = prize

    def connect(self, its_clients):
        self.client = its_clients["lambda"]

    def call(self, operation, **members):
        return self.change(operation, members, {})

    def any(self):
        return self.random.choice([self.stays, self.comes_and_goes])

    def version(self):
        """(function, version): one of the last that were published, which may be gone."""
        with self.prize.lock:
            last = list(self.prize.given)[-6:]
        return self.random.choice(last) if last else (self.stays, "1")

    def qualified(self):
        name, version = self.version()
        return named(name, self.random.choice([version, *ALIASES]))

    def create(self, name):
        self.call(
            self.client.create_function,
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="h",
            Role=clients.ROLE,
            Code={"ZipFile": packages.zip_files({"bootstrap": "#!/bin/sh\n"})},
            Publish=True,
            **({"CodeSigningConfigArn": self.prize.signing} if self.prize.signing else {}),
        )

    def set_up(self):
        self.create(self.stays)

    def create_again(self):
        self.create(self.comes_and_goes)

    def delete(self):
        if self.random.random() < 0.3:
            self.call(self.client.delete_function, FunctionName=self.comes_and_goes)

    def publish(self):
        name, archive = self.any(), packages.zip_files({"bootstrap": f"#!/bin/sh\n# {self.word()}\n"})
        answer = self.call(
            self.client.update_function_code, FunctionName=name, ZipFile=archive, Publish=True
        )
        if answer:
            self.check_given(name, answer)

    def check_given(self, name, version):
        key = (name, version["Version"])
        with self.prize.lock:
            known = self.prize.given.setdefault(key, version["CodeSha256"])
        assert known == version["CodeSha256"], f"{key} was given twice"

    def delete_version(self):
        self.call(self.client.delete_function, **named(*self.version()))

    def create_alias(self):
        name, version = self.version()
        self.call(
            self.client.create_alias,
            FunctionName=name,
            Name=self.random.choice(ALIASES),
            FunctionVersion=version,
        )

    def delete_alias(self):
        self.call(self.client.delete_alias, FunctionName=self.any(), Name=self.random.choice(ALIASES))

    def add_permission(self):
        self.call(
            self.client.add_permission,
            StatementId=self.word(),
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            **self.qualified(),
        )

    def put_async(self):
        self.call(
            self.client.put_function_event_invoke_config,
            MaximumRetryAttempts=1,
            **self.qualified(),
        )

    def put_provisioned(self):
        self.call(
            self.client.put_provisioned_concurrency_config,
            ProvisionedConcurrentExecutions=1,
            **self.qualified(),
        )

    def create_signing(self):
        if not self.prize.signing:
            answer = self.call(
                self.client.create_code_signing_config,
                AllowedPublishers={"SigningProfileVersionArns": [signing_profile(3)]},
            )
            self.prize.signing = answer["CodeSigningConfig"]["CodeSigningConfigArn"]

    def delete_signing(self):
        arn = self.prize.signing
        if arn and self.call(self.client.delete_code_signing_config, CodeSigningConfigArn=arn):
            self.prize.signing = None

    def attach_signing(self):
        arn = self.prize.signing
        if arn:
            self.call(
                self.client.put_function_code_signing_config,
                FunctionName=self.any(),
                CodeSigningConfigArn=arn,
            )

    def detach_signing(self):
        self.call(self.client.delete_function_code_signing_config, FunctionName=self.any())

    steps = (
        *(create_again, delete, publish, publish, delete_version, create_alias, delete_alias),
        *(add_permission, put_async, put_provisioned),
        *(create_signing, delete_signing, attach_signing, detach_signing),
    )

    def show(self):
        """Whether things go together is seen in the database; here, that numbers still mean what they did."""
        for version in self.client.list_versions_by_function(FunctionName=self.stays)["Versions"][1:]:
            self.check_given(self.stays, version)
        return {}
