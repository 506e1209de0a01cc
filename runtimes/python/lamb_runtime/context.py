"""The context object of a handler. Names and texts are those of the Lambda Developer Guide, "Using the
Lambda context object to retrieve Python function information"."""

import time

from . import Fault, codec


class CognitoIdentity:
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, source):
        self.cognito_identity_id = source.get("cognitoIdentityId")
        self.cognito_identity_pool_id = source.get("cognitoIdentityPoolId")

    def __repr__(self):
        return _describe(self, self.__slots__)


class Client:
    __slots__ = (
        "installation_id",
        "app_title",
        "app_version_name",
        "app_version_code",
        "app_package_name",
    )

    def __init__(self, source):
        for name in self.__slots__:
            setattr(self, name, source.get(name))

    def __repr__(self):
        return _describe(self, self.__slots__)


class ClientContext:
    __slots__ = ("custom", "env", "client")

    def __init__(self, source):
        client = source.get("client")
        self.custom = source.get("custom")
        self.env = source.get("env")
        self.client = None if client is None else Client(client)

    def __repr__(self):
        return _describe(self, self.__slots__)


def function_fields(environ):
    """The fields that are the same in every invocation."""
    return {
        "log_group_name": environ.get("AWS_LAMBDA_LOG_GROUP_NAME"),
        "log_stream_name": environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
        "function_name": environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        "memory_limit_in_mb": environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        "function_version": environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
    }


class LambdaContext:
    def __init__(self, headers, function):
        self.__dict__.update(function)
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self._epoch_deadline_time_in_ms = int(headers.get("lambda-runtime-deadline-ms", 0))
        client_context = headers.get("lambda-runtime-client-context")
        identity = headers.get("lambda-runtime-cognito-identity")
        self.client_context = None
        if client_context:
            self.client_context = ClientContext(_parse(client_context, "Client Context"))
        self.identity = CognitoIdentity(_parse(identity, "Cognito Identity") if identity else {})

    def get_remaining_time_in_millis(self):
        remaining_ms = self._epoch_deadline_time_in_ms - int(time.time() * 1000)
        return remaining_ms if remaining_ms > 0 else 0

    def log(self, message):
        from . import sink

        sink.get().write(str(message))

    def __repr__(self):
        return _describe(
            self,
            (
                "aws_request_id",
                "log_group_name",
                "log_stream_name",
                "function_name",
                "memory_limit_in_mb",
                "function_version",
                "invoked_function_arn",
                "client_context",
                "identity",
                "tenant_id",
            ),
        )


def _parse(text, name):
    try:
        return codec.load(text)
    except ValueError as error:
        raise Fault(
            "Runtime.LambdaContextUnmarshalError", "Unable to parse %s JSON: %s" % (name, error)
        ) from None


def _describe(thing, names):
    fields = ",".join("%s=%s" % (name, getattr(thing, name)) for name in names)
    return "%s([%s])" % (type(thing).__name__, fields)
