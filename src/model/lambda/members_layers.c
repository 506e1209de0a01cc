/* The members of the operations on layers and their policies. */
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

#define LAYER_NAME TEXT("LayerName", IN_PATH("LayerName"), REQUIRED, SIZE(1, 140), MATCH(layer))
#define VERSION_NUMBER INTEGER("VersionNumber", IN_PATH("VersionNumber"), REQUIRED)
#define POLICY_REVISION TEXT("RevisionId", IN_QUERY("RevisionId"))
#define COMPATIBLE_ARCHITECTURE                                                                              \
    TEXT("CompatibleArchitecture", IN_QUERY("CompatibleArchitecture"), ONE_OF(part_architectures))
#define COMPATIBLE_RUNTIME TEXT("CompatibleRuntime", IN_QUERY("CompatibleRuntime"), ONE_OF(known_runtimes))

/* Recorded from the service: the runtimes that a new layer may name (those that functions may be created
 * with), and those it knows when it is asked for layers. */
static const char *const creatable_runtimes[] = {
    "nodejs20.x", "python3.14", "provided.al2023", "python3.12", "python3.13", "nodejs24.x", "nodejs22.x",
    "java25",     "python3.10", "python3.11",      "java21",     "ruby3.3",    "ruby3.4",    "ruby3.2",
    "python3.8",  "python3.9",  "java17",          "nodejs16.x", "dotnet10",   "dotnet8",    "java11",
    "dotnet6",    "nodejs18.x", "provided.al2",    "java8.al2",  NULL};
/* clang-format off */
static const char *const known_runtimes[] = {
    "ruby3.5", "ruby2.6", "dotnetcore1.0", "python3.7", "nodejs8.10", "nasa", "ruby2.7",
    "python2.7-greengrass", "dotnetcore2.0", "python3.8", "java21", "dotnet6", "dotnetcore2.1", "python3.9",
    "java11", "nodejs6.10", "provided", "dotnetcore3.1", "dotnet8", "java25", "java17", "nodejs",
    "nodejs4.3", "java8.al2", "go1.x", "dotnet10", "nodejs20.x", "go1.9", "byol", "nodejs10.x",
    "provided.al2023", "nodejs22.x", "python3.10", "java8", "nodejs12.x", "python3.11", "nodejs24.x",
    "nodejs8.x", "python3.12", "nodejs14.x", "nodejs8.9", "nodejs26.x", "python3.13", "python3.14",
    "nodejs16.x", "python3.15", "provided.al2", "nodejs4.3-edge", "nodejs18.x", "ruby3.2", "python3.4",
    "ruby3.3", "ruby3.4", "ruby2.5", "python3.6", "python2.7", NULL,
};
/* clang-format on */

static const struct constraint content_members[] = {
    CODE_IN_S3,
    BLOB("ZipFile", SENSITIVE),
    END,
};

const struct constraint publish_layer_version_members[] = {
    LAYER_NAME,
    DESCRIPTION,
    STRUCT("Content", REQUIRED, MEMBERS(content_members)),
    /* Reported in this order, which is not the one of the model. */
    LIST("CompatibleRuntimes", SIZE(0, 15), ONE_OF(creatable_runtimes), OF(part_plain_text)),
    LIST("CompatibleArchitectures", SIZE(0, 2), OF(part_architecture)),
    TEXT("LicenseInfo", SIZE(0, 512), MATCH(line)),
    END,
};

const struct constraint get_layer_version_members[] = {LAYER_NAME, VERSION_NUMBER, END};

const struct constraint get_layer_version_by_arn_members[] = {
    TEXT("Arn", IN_QUERY("Arn"), REQUIRED, SIZE(1, 2048), MATCH(layer_version)),
    END,
};

const struct constraint delete_layer_version_members[] = {LAYER_NAME, VERSION_NUMBER, END};

const struct constraint list_layers_members[] = {
    COMPATIBLE_ARCHITECTURE, COMPATIBLE_RUNTIME, MARKER, MAX_ITEMS(50), END,
};

const struct constraint list_layer_versions_members[] = {
    COMPATIBLE_ARCHITECTURE, COMPATIBLE_RUNTIME, LAYER_NAME, MARKER, MAX_ITEMS(50), END,
};

const struct constraint add_layer_version_permission_members[] = {
    LAYER_NAME,
    VERSION_NUMBER,
    TEXT("StatementId", REQUIRED, SIZE(1, 100), MATCH(statement)),
    TEXT("Action", REQUIRED, SIZE(0, 22), MATCH(layer_action)),
    TEXT("Principal", REQUIRED, SIZE(0, 10000), MATCH(layer_principal)),
    TEXT("OrganizationId", SIZE(0, 34), MATCH(organization)),
    POLICY_REVISION,
    END,
};

const struct constraint get_layer_version_policy_members[] = {LAYER_NAME, VERSION_NUMBER, END};

const struct constraint remove_layer_version_permission_members[] = {
    LAYER_NAME,
    VERSION_NUMBER,
    TEXT("StatementId", IN_PATH("StatementId"), REQUIRED, SIZE(1, 100), MATCH(statement)),
    POLICY_REVISION,
    END,
};
