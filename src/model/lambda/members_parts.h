/* What the tables of members are written with, and the parts that several resources share. For members_*.c
 * alone. */
#pragma once

#include "base/limits.h"
#include "model/constraint.h"

/* Rows: a name (NULL for items and keys) and what else there is to say, in the words below. */
#define TEXT(member, ...)                                                                                    \
    { .name = member, .type = CONSTRAINT_TEXT, __VA_ARGS__ }
#define BLOB(member, ...)                                                                                    \
    { .name = member, .type = CONSTRAINT_BLOB, __VA_ARGS__ }
#define INTEGER(member, ...)                                                                                 \
    { .name = member, .type = CONSTRAINT_INTEGER, __VA_ARGS__ }
#define DOUBLE(member, ...)                                                                                  \
    { .name = member, .type = CONSTRAINT_DOUBLE, __VA_ARGS__ }
#define BOOLEAN(member, ...)                                                                                 \
    { .name = member, .type = CONSTRAINT_BOOLEAN, __VA_ARGS__ }
#define LIST(member, ...)                                                                                    \
    { .name = member, .type = CONSTRAINT_LIST, __VA_ARGS__ }
#define MAP(member, ...)                                                                                     \
    { .name = member, .type = CONSTRAINT_MAP, __VA_ARGS__ }
#define STRUCT(member, ...)                                                                                  \
    { .name = member, .type = CONSTRAINT_STRUCT, __VA_ARGS__ }
#define END                                                                                                  \
    { .name = NULL }

#define IN_PATH(label) .place = CONSTRAINT_IN_PATH, .wire = label
#define IN_QUERY(parameter) .place = CONSTRAINT_IN_QUERY, .wire = parameter
#define IN_HEADER(header) .place = CONSTRAINT_IN_HEADER, .wire = header
#define IS_BODY .place = CONSTRAINT_IS_BODY
#define REQUIRED .required = true
#define SENSITIVE .sensitive = true
#define SIZE(least, most) .min = least, .max = most
#define LEAST(least) .min = least, .max = CONSTRAINT_NO_MAX
#define MATCH(name) .pattern = &pattern_##name
#define ONE_OF(list) .values = list
#define KEYS(of) .key = &of
#define OF(of) .item = &of
#define MEMBERS(of) .members = of

/* Whole rows. */
#define FUNCTION_NAME_READ                                                                                   \
    TEXT("FunctionName", IN_PATH("FunctionName"), REQUIRED, SIZE(1, LIMIT_FUNCTION_READ_REFERENCE_CHARS),    \
         MATCH(function_read))
#define FUNCTION_NAME_WRITE                                                                                  \
    TEXT("FunctionName", IN_PATH("FunctionName"), REQUIRED, SIZE(1, LIMIT_FUNCTION_REFERENCE_CHARS),         \
         MATCH(function_write))
#define FUNCTION_NAME_UNQUALIFIED                                                                            \
    TEXT("FunctionName", IN_PATH("FunctionName"), REQUIRED, SIZE(1, LIMIT_FUNCTION_REFERENCE_CHARS),         \
         MATCH(function_unqualified))
#define QUALIFIER TEXT("Qualifier", IN_QUERY("Qualifier"), SIZE(1, LIMIT_QUALIFIER_CHARS), MATCH(qualifier))
#define MARKER TEXT("Marker", IN_QUERY("Marker"))
#define MAX_ITEMS(most) INTEGER("MaxItems", IN_QUERY("MaxItems"), SIZE(1, most))
#define DESCRIPTION TEXT("Description", SIZE(0, LIMIT_DESCRIPTION_CHARS))
#define REVISION_ID TEXT("RevisionId")
#define TAGS MAP("Tags", KEYS(part_tag_key), OF(part_tag_value))
#define CODE_IN_S3                                                                                           \
    TEXT("S3Bucket", SIZE(3, 63), MATCH(bucket)), TEXT("S3Key", SIZE(1, 1024), MATCH(line)),                 \
        TEXT("S3ObjectVersion", SIZE(1, 1024), MATCH(line)),                                                 \
        TEXT("S3ObjectStorageMode", ONE_OF(part_storage_modes))

/* Enumerations, in the order in which the service prints them: its sets are walked by String.hashCode()
 * modulo 32, which reproduces every such list recorded from it. */
extern const char *const part_architectures[];
extern const char *const part_storage_modes[];
extern const char *const part_system_log_levels[];
extern const char *const part_url_auth_types[];

/* Keys, items and structures. Items that must not be null are those recorded so; where nothing was recorded,
 * those of members younger than VPC settings and tags. */
extern const struct constraint part_plain_text;
extern const struct constraint part_architecture;
extern const struct constraint part_subnet;
extern const struct constraint part_security_group;
extern const struct constraint part_tag_key;
extern const struct constraint part_tag_value;
extern const struct constraint part_destination_members[];
