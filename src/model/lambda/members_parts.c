/* Parts of the tables of members that several resources share. */
#include "model/lambda/members_parts.h"

#include "model/lambda/patterns.h"

const char *const part_architectures[] = {"x86_64", "arm64", NULL};
const char *const part_storage_modes[] = {"REFERENCE", "COPY", NULL};
const char *const part_system_log_levels[] = {"WARN", "INFO", "DEBUG", NULL};
const char *const part_url_auth_types[] = {"AWS_IAM", "NONE", NULL};

const struct constraint part_plain_text = TEXT(NULL);
const struct constraint part_architecture = TEXT(NULL, REQUIRED, ONE_OF(part_architectures));
const struct constraint part_subnet = TEXT(NULL, SIZE(0, 1024), MATCH(subnet));
const struct constraint part_security_group = TEXT(NULL, SIZE(0, 1024), MATCH(security_group));
const struct constraint part_tag_key = TEXT(NULL, SIZE(1, LIMIT_TAG_KEY_CHARS), MATCH(tag));
const struct constraint part_tag_value = TEXT(NULL, SIZE(0, LIMIT_TAG_VALUE_CHARS), MATCH(tag));

static const struct constraint outcome_members[] = {
    TEXT("Destination", SIZE(0, 350), MATCH(destination)),
    END,
};
const struct constraint part_destination_members[] = {
    STRUCT("OnSuccess", MEMBERS(outcome_members)),
    STRUCT("OnFailure", MEMBERS(outcome_members)),
    END,
};
