"""The service model of Lambda as it is today: that of the installed botocore, which may be years old, and
what the service has added since to the answers that the tests look at. What the installed model has itself is
left as it is there."""

import copy

import botocore.model
import botocore.session

REGION = r"(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"
UUID = "-".join("[0-9a-fA-F]{%d}" % length for length in (8, 4, 4, 4, 12))


def _text(**rules):
    return {"type": "string", **rules}


def _enum(*values):
    return {"type": "string", "enum": list(values)}


def _structure(required=(), **members):
    return {
        "type": "structure",
        "required": list(required),
        "members": {name: {"shape": shape} for name, shape in members.items()},
    }


def _event(**members):
    return {"type": "structure", "members": members, "event": True}


def _header(shape, name):
    return {"shape": shape, "location": "header", "locationName": name}


def _request(shape, **members):
    """A structure with the function's name in its path, and perhaps a qualifier in its query."""
    request = _structure(["FunctionName"], FunctionName="NamespacedFunctionName", **members)
    request["members"]["FunctionName"].update(location="uri", locationName="FunctionName")
    if "Qualifier" in members:
        request["members"]["Qualifier"].update(location="querystring", locationName="Qualifier")
    return {shape: request}


SHAPES = {
    "ApplicationLogLevel": _enum("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"),
    "CollectionName": _text(min=1, max=57),
    "DatabaseName": _text(min=1, max=63),
    "DocumentDBEventSourceConfig": _structure(
        DatabaseName="DatabaseName", CollectionName="CollectionName", FullDocument="FullDocument"
    ),
    "EventSourceMappingArn": _text(
        min=85,
        max=120,
        pattern=rf"arn:(aws[a-zA-Z-]*)?:lambda:{REGION}:\d{{12}}:event-source-mapping:{UUID}",
    ),
    "EventSourceMappingLoggingConfig": _structure(SystemLogLevel="SystemLogLevel"),
    "EventSourceMappingMetric": _enum("EventCount", "ErrorCount", "KafkaMetrics"),
    "EventSourceMappingMetricList": {"type": "list", "member": {"shape": "EventSourceMappingMetric"}},
    "EventSourceMappingMetricsConfig": _structure(Metrics="EventSourceMappingMetricList"),
    "FullDocument": _enum("UpdateLookup", "Default"),
    "InvokeMode": _enum("BUFFERED", "RESPONSE_STREAM"),
    "InvokeResponseStreamUpdate": _event(Payload={"shape": "Blob", "eventpayload": True}),
    "InvokeWithResponseStreamCompleteEvent": _event(
        ErrorCode={"shape": "String"}, ErrorDetails={"shape": "String"}, LogResult={"shape": "String"}
    ),
    "InvokeWithResponseStreamRequest": {
        "type": "structure",
        "required": ["FunctionName"],
        "members": {
            "FunctionName": {
                "shape": "NamespacedFunctionName",
                "location": "uri",
                "locationName": "FunctionName",
            },
            "LogType": _header("LogType", "X-Amz-Log-Type"),
            "ClientContext": _header("String", "X-Amz-Client-Context"),
            "Qualifier": {"shape": "Qualifier", "location": "querystring", "locationName": "Qualifier"},
            "Payload": {"shape": "Blob"},
            "InvocationType": _header("ResponseStreamingInvocationType", "X-Amz-Invocation-Type"),
        },
        "payload": "Payload",
    },
    "InvokeWithResponseStreamResponse": {
        "type": "structure",
        "members": {
            "StatusCode": {"shape": "Integer", "location": "statusCode"},
            "ExecutedVersion": _header("Version", "X-Amz-Executed-Version"),
            "EventStream": {"shape": "InvokeWithResponseStreamResponseEvent"},
            "ResponseStreamContentType": _header("String", "Content-Type"),
        },
        "payload": "EventStream",
    },
    "InvokeWithResponseStreamResponseEvent": {
        **_structure(
            PayloadChunk="InvokeResponseStreamUpdate",
            InvokeComplete="InvokeWithResponseStreamCompleteEvent",
        ),
        "eventstream": True,
    },
    "ResponseStreamingInvocationType": _enum("RequestResponse", "DryRun"),
    "LogFormat": _enum("JSON", "Text"),
    "LogGroup": _text(min=1, max=512, pattern=r"[\.\-_/#A-Za-z0-9]+"),
    "LoggingConfig": _structure(
        LogFormat="LogFormat",
        ApplicationLogLevel="ApplicationLogLevel",
        SystemLogLevel="SystemLogLevel",
        LogGroup="LogGroup",
    ),
    "MaximumConcurrency": {"type": "integer", "min": 2, "max": 1000},
    "MaximumNumberOfPollers": {"type": "integer", "min": 1, "max": 10000},
    "MinimumNumberOfPollers": {"type": "integer", "min": 1, "max": 200},
    "ProvisionedPollerConfig": _structure(
        MinimumPollers="MinimumNumberOfPollers", MaximumPollers="MaximumNumberOfPollers"
    ),
    "RecursiveLoop": _enum("Allow", "Terminate"),
    "RuntimeVersionArn": _text(
        min=26, max=2048, pattern=rf"arn:(aws[a-zA-Z-]*):lambda:{REGION}::runtime:.+"
    ),
    "RuntimeVersionConfig": _structure(RuntimeVersionArn="RuntimeVersionArn"),
    "ScalingConfig": _structure(MaximumConcurrency="MaximumConcurrency"),
    "SystemLogLevel": _enum("DEBUG", "INFO", "WARN"),
    "UpdateRuntimeOn": _enum("Auto", "Manual", "FunctionUpdate"),
    **_request("GetFunctionRecursionConfigRequest"),
    **_request("PutFunctionRecursionConfigRequest", RecursiveLoop="RecursiveLoop"),
    "GetFunctionRecursionConfigResponse": _structure(RecursiveLoop="RecursiveLoop"),
    "PutFunctionRecursionConfigResponse": _structure(RecursiveLoop="RecursiveLoop"),
    **_request("GetRuntimeManagementConfigRequest", Qualifier="Qualifier"),
    **_request(
        "PutRuntimeManagementConfigRequest",
        Qualifier="Qualifier",
        UpdateRuntimeOn="UpdateRuntimeOn",
        RuntimeVersionArn="RuntimeVersionArn",
    ),
    "GetRuntimeManagementConfigResponse": _structure(
        UpdateRuntimeOn="UpdateRuntimeOn",
        FunctionArn="NameSpacedFunctionArn",
        RuntimeVersionArn="RuntimeVersionArn",
    ),
    "PutRuntimeManagementConfigResponse": _structure(
        ["UpdateRuntimeOn", "FunctionArn"],
        UpdateRuntimeOn="UpdateRuntimeOn",
        FunctionArn="FunctionArn",
        RuntimeVersionArn="RuntimeVersionArn",
    ),
}

MAPPING = {
    "DocumentDBEventSourceConfig": "DocumentDBEventSourceConfig",
    "LoggingConfig": "EventSourceMappingLoggingConfig",
    "MetricsConfig": "EventSourceMappingMetricsConfig",
    "ProvisionedPollerConfig": "ProvisionedPollerConfig",
    "ScalingConfig": "ScalingConfig",
}

# Members of shapes that the installed model may have without them.
MEMBERS = {
    "CreateEventSourceMappingRequest": MAPPING,
    "CreateFunctionRequest": {"LoggingConfig": "LoggingConfig"},
    "CreateFunctionUrlConfigRequest": {"InvokeMode": "InvokeMode"},
    "CreateFunctionUrlConfigResponse": {"InvokeMode": "InvokeMode"},
    "EventSourceMappingConfiguration": {**MAPPING, "EventSourceMappingArn": "EventSourceMappingArn"},
    "FunctionConfiguration": {
        "LoggingConfig": "LoggingConfig",
        "RuntimeVersionConfig": "RuntimeVersionConfig",
    },
    "FunctionUrlConfig": {"InvokeMode": "InvokeMode"},
    "GetFunctionUrlConfigResponse": {"InvokeMode": "InvokeMode"},
    "UpdateFunctionUrlConfigRequest": {"InvokeMode": "InvokeMode"},
    "UpdateFunctionUrlConfigResponse": {"InvokeMode": "InvokeMode"},
}

VALUES = {"Runtime": ["provided.al2023", "python3.11", "python3.12"]}

OPERATIONS = {
    "GetFunctionRecursionConfig": ("GET", "/2024-08-31/functions/{FunctionName}/recursion-config"),
    "PutFunctionRecursionConfig": ("PUT", "/2024-08-31/functions/{FunctionName}/recursion-config"),
    "GetRuntimeManagementConfig": (
        "GET",
        "/2021-07-20/functions/{FunctionName}/runtime-management-config",
    ),
    "PutRuntimeManagementConfig": (
        "PUT",
        "/2021-07-20/functions/{FunctionName}/runtime-management-config",
    ),
    "InvokeWithResponseStream": (
        "POST",
        "/2021-11-15/functions/{FunctionName}/response-streaming-invocations",
    ),
}


def _operation(name, method, path):
    return {
        "name": name,
        "http": {"method": method, "requestUri": path, "responseCode": 200},
        "input": {"shape": f"{name}Request"},
        "output": {"shape": f"{name}Response"},
    }


def todays_model():
    loader = botocore.session.get_session().get_component("data_loader")
    model = copy.deepcopy(loader.load_service_model("lambda", "service-2"))
    for name, shape in SHAPES.items():
        model["shapes"].setdefault(name, shape)
    for name, members in MEMBERS.items():
        for member, shape in members.items():
            model["shapes"][name]["members"].setdefault(member, {"shape": shape})
    for name, values in VALUES.items():
        known = model["shapes"][name]["enum"]
        known += [value for value in values if value not in known]
    for name, (method, path) in OPERATIONS.items():
        model["operations"].setdefault(name, _operation(name, method, path))
    return botocore.model.ServiceModel(model, "lambda")
