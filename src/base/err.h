/* Failure as a value: what kind, which errno, and a sentence a person can act on.
 *
 * A function that can fail returns bool and takes `struct err *err` last; the struct lives on the caller's
 * stack and is written on failure alone. Whoever passes a failure outward may put context in front with
 * err_wrap(). The code decides what a caller does; the text is for people and, in the control plane, the
 * message of the exception. Failures are logged once, by whoever handles them at the top. */
#pragma once

#include <stdbool.h>

/* Longest text kept, NUL included; longer ones are cut. The longest message of the service quotes an
 * environment of a little over 4 KB. */
#define ERR_TEXT_BYTES 6144

/* X(name): the kinds of failure. `api/error.c` alone turns them into exceptions and HTTP statuses. */
#define ERR_CODES(X)                                                                                         \
    X(NONE)       /* no failure */                                                                           \
    X(SYNTAX)     /* bytes from outside that are not in the expected format */                               \
    X(VALIDATION) /* a member breaks a modelled constraint (AWS: ValidationException) */                     \
    X(PARAMETER)  /* a well-formed value that can't be accepted (AWS: InvalidParameterValueException) */     \
    X(PARAMETER_UNTYPED)     /* the same, in an answer without Type: some checks leave it out */             \
    X(NOT_FOUND)             /* the named thing does not exist */                                            \
    X(NOT_FOUND_UNTYPED)     /* the same, in an answer without Type */                                       \
    X(CONFLICT)              /* the state of the resource forbids the operation now */                       \
    X(PRECONDITION)          /* a RevisionId or CodeSha256 guard did not match */                            \
    X(TOO_LARGE)             /* more bytes than a limit of the API allows */                                 \
    X(STORAGE_FULL)          /* the account's code storage is used up */                                     \
    X(IN_USE)                /* something else still needs the thing */                                      \
    X(POLICY_TOO_LONG)       /* AWS: PolicyLengthExceededException */                                        \
    X(NO_SIGNING_CONFIG)     /* AWS: CodeSigningConfigNotFoundException */                                   \
    X(NO_PROVISIONED_CONFIG) /* AWS: ProvisionedConcurrencyConfigNotFoundException */                        \
    X(ATTRIBUTE_NAME)        /* AWS: InvalidAttributeName, of a queue */                                     \
    X(ATTRIBUTE_VALUE)       /* AWS: InvalidAttributeValue */                                                \
    X(CONTENTS)              /* AWS: InvalidMessageContents */                                               \
    X(RECEIPT)               /* AWS: ReceiptHandleIsInvalid */                                               \
    X(THROTTLED)             /* concurrency or rate limit; retry later */                                    \
    X(DENIED)                /* authenticated, but not allowed */                                            \
    X(UNAUTHENTICATED)       /* no valid signature */                                                        \
    X(UNSUPPORTED)           /* known, but this build or machine can't do it */                              \
    X(LIMIT)                 /* a bound of our own was reached */                                            \
    X(TIMEOUT)               /* a deadline passed */                                                         \
    X(CLOSED)                /* the other side went away, or we are shutting down */                         \
    X(IO)                    /* the operating system refused; see errnum */                                  \
    X(CORRUPT)               /* our own stored data is not what was written */                               \
    X(INTERNAL)              /* anything else: a bug or an impossible state */

enum err_code {
#define ERR_ENUM(name) ERR_##name,
    ERR_CODES(ERR_ENUM)
#undef ERR_ENUM
};

struct err {
    enum err_code code;
    int errnum; /* errno of a failed system call, 0 when there was none */
    char text[ERR_TEXT_BYTES];
};

/* Each returns false, so that `return err_set(...)` is the whole failure path. `err` may be NULL. */
bool err_set(struct err *err, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set with ERR_IO, appending ": <strerror(errnum)>". */
bool err_set_errno(struct err *err, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "<context>: " in front of the text; code and errnum stay. */
bool err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "NOT_FOUND" and so on: for logs. */
const char *err_code_name(enum err_code code);
