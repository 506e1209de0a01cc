/* The regular expressions of the members of Lambda, as the service prints them. Source: the public service
 * model; where the service was recorded to print another form than its model, the printed one (layer
 * versions, taggable resources). */
#include "model/lambda/patterns.h"

#define REGION "(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}"
#define ARN "arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:(" REGION ")?:(\\d{12})?:(.*)"

#define PATTERN(name, ...) const struct constraint_pattern pattern_##name = {.text = __VA_ARGS__}

PATTERN(account_id, "\\d{12}");
PATTERN(action, "(lambda:[*]|lambda:[a-zA-Z]+|[*])");
PATTERN(alias, "(?!^[0-9]+$)([a-zA-Z0-9-_]+)");
PATTERN(anything, "[\\s\\S]*");
PATTERN(arn, ARN);
PATTERN(base64, "[A-Za-z0-9+/]+={0,2}");
PATTERN(bucket, "[0-9A-Za-z\\.\\-_]*(?<!\\.)");
PATTERN(capacity_provider, "arn:aws[a-zA-Z-]*:lambda:" REGION ":\\d{12}:capacity-provider:[a-zA-Z0-9-_]+");
PATTERN(capacity_provider_name,
        "(arn:aws[a-zA-Z-]*:lambda:" REGION ":\\d{12}:capacity-provider:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+");
PATTERN(client_token, "[\\x21-\\x7E]+");
PATTERN(code_signing, "arn:(aws[a-zA-Z-]*)?:lambda:" REGION ":\\d{12}:code-signing-config:csc-[a-z0-9]{17}");
PATTERN(collection, "(^(?!(system\\x2e)))(^[_a-zA-Z0-9])([^$]*)");
PATTERN(database, "[^ /\\.$\\x22]*");
PATTERN(destination, "$|kafka://([^.]([a-zA-Z0-9\\-_.]{0,248}))|" ARN);
PATTERN(durable_execution,
        "arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\\d{12}):function:([a-zA-Z0-9_-]+):"
        "(\\$LATEST(?:\\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_-]+)");
PATTERN(endpoint, "(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\\-]*[a-zA-Z0-9])\\.)*"
                  "([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9\\-]*[A-Za-z0-9]):[0-9]{1,5}");
PATTERN(event_source_token, "[a-zA-Z0-9._\\-]+");
PATTERN(file_system, "arn:aws[a-zA-Z-]*:elasticfilesystem:" REGION ":\\d{12}:access-point/fsap-[a-f0-9]{17}$|"
                     "^arn:aws[-a-z]*:s3files:[0-9a-z-:]+:file-system/fs-[0-9a-f]{17,40}/"
                     "access-point/fsap-[0-9a-f]{17,40}");
PATTERN(function_unqualified,
        "(arn:(aws[a-zA-Z-]*)?:lambda:)?(" REGION ":)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)");
PATTERN(function_url, "(arn:(aws[a-zA-Z-]*)?:lambda:)?(" REGION
                      ":)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]{1,64})(:((?!\\d+$)[0-9a-zA-Z-_]+))?");
PATTERN(instance_type, "[a-zA-Z0-9\\.\\*\\-]+");
PATTERN(layer, "(arn:(aws[a-zA-Z-]*)?:lambda:" REGION ":\\d{12}:layer:[a-zA-Z0-9-_]+)|"
               "[a-zA-Z0-9-_]+");
PATTERN(layer_action, "lambda:GetLayerVersion");
PATTERN(layer_principal, "\\d{12}|\\*|arn:(aws[a-zA-Z-]*):iam::\\d{12}:root");
PATTERN(layer_version, "(arn:(aws[a-zA-Z-]*)?:lambda:" REGION ":\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|"
                       "(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)");
PATTERN(line, ".*");
PATTERN(log_group, "[\\.\\-_/#A-Za-z0-9]+");
PATTERN(master_region, "ALL|" REGION);
PATTERN(mount_path, "/mnt/[a-zA-Z0-9-_.]+");
PATTERN(no_space, "[^\\s]+");
PATTERN(number, "[0-9]+");
PATTERN(optional_arn, "(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()");
PATTERN(organization, "o-[a-z0-9]{10,32}");
PATTERN(poller_group, "[a-zA-Z0-9-_]*");
PATTERN(printable, "[\\x20-\\x7E]+");
PATTERN(provisioned_qualifier, "(|[a-zA-Z0-9$_-]+)");
PATTERN(published_qualifier, "(\\$LATEST\\.PUBLISHED|[0-9]+)");
PATTERN(role, "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+");
PATTERN(runtime_version, "arn:(aws[a-zA-Z-]*):lambda:" REGION "::runtime:.+");
PATTERN(schema_registry, "[a-zA-Z0-9-\\/*:_+=.@-]*");
PATTERN(security_group, "sg-[0-9a-zA-Z]*");
PATTERN(service_arn, "arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*");
PATTERN(statement, "([a-zA-Z0-9-_]+)");
PATTERN(statement_read, "([a-zA-Z0-9-_.]+)");
PATTERN(subnet, "subnet-[0-9a-z]*");
PATTERN(tag, "([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)");
PATTERN(taggable,
        "arn:(aws[a-zA-Z-]*):lambda:" REGION
        ":\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|"
        "layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|"
        "event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|"
        "capacity-provider:[a-zA-Z0-9-_]+)");
PATTERN(tenant, "[a-zA-Z0-9\\._:\\/=+\\-@ ]+");
PATTERN(topic, "[^.]([a-zA-Z0-9\\-_.]+)");
PATTERN(uri, "[ a-zA-Z0-9-\\/*:_+=.@-]*");
PATTERN(url_qualifier, "((?!^\\d+$)^[0-9a-zA-Z-_]+$)");
PATTERN(variable_name, "[a-zA-Z]([a-zA-Z0-9_])+");
PATTERN(version, "(\\$LATEST(\\.PUBLISHED)?|[0-9]+)");
PATTERN(word, "[a-zA-Z0-9-_]+");
