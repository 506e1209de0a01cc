/* The members of the operations on function URLs. */
#include "model/lambda/members.h"
#include "model/lambda/members_parts.h"
#include "model/lambda/patterns.h"

#define URL_FUNCTION_NAME                                                                                    \
    TEXT("FunctionName", IN_PATH("FunctionName"), REQUIRED, SIZE(1, 140), MATCH(function_url))
#define URL_QUALIFIER TEXT("Qualifier", IN_QUERY("Qualifier"), SIZE(1, 128), MATCH(url_qualifier))

static const char *const invoke_modes[] = {"RESPONSE_STREAM", "BUFFERED", NULL};

static const struct constraint header = TEXT(NULL, REQUIRED, SIZE(0, 1024), MATCH(line));
static const struct constraint method = TEXT(NULL, REQUIRED, SIZE(0, 6), MATCH(line));
static const struct constraint origin = TEXT(NULL, REQUIRED, SIZE(1, 253), MATCH(line));

static const struct constraint cors_members[] = {
    BOOLEAN("AllowCredentials"),
    LIST("AllowHeaders", SIZE(0, 100), OF(header)),
    LIST("AllowMethods", SIZE(0, 6), OF(method)),
    LIST("AllowOrigins", SIZE(0, 100), OF(origin)),
    LIST("ExposeHeaders", SIZE(0, 100), OF(header)),
    INTEGER("MaxAge", SIZE(0, 86400)),
    END,
};

const struct constraint create_function_url_config_members[] = {
    URL_FUNCTION_NAME,
    URL_QUALIFIER,
    TEXT("AuthType", REQUIRED, ONE_OF(part_url_auth_types)),
    STRUCT("Cors", MEMBERS(cors_members)),
    TEXT("InvokeMode", ONE_OF(invoke_modes)),
    END,
};

const struct constraint get_function_url_config_members[] = {URL_FUNCTION_NAME, URL_QUALIFIER, END};

const struct constraint update_function_url_config_members[] = {
    URL_FUNCTION_NAME,
    URL_QUALIFIER,
    TEXT("AuthType", ONE_OF(part_url_auth_types)),
    STRUCT("Cors", MEMBERS(cors_members)),
    TEXT("InvokeMode", ONE_OF(invoke_modes)),
    END,
};

const struct constraint delete_function_url_config_members[] = {URL_FUNCTION_NAME, URL_QUALIFIER, END};

const struct constraint list_function_url_configs_members[] = {
    URL_FUNCTION_NAME,
    MARKER,
    MAX_ITEMS(50),
    END,
};
