/* api/error: which exception a failure becomes, and how it is written in each protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/error.h"
#include "base/mem.h"

static char *write_error(enum error_protocol protocol, enum api_exception exception, const char *text,
                         const char *reason) {
    const struct error_body error = {
        .protocol = protocol,
        .exception = exception,
        .text = text,
        .reason = reason,
        .request_id = "11111111-2222-4333-8444-555555555555",
    };
    struct buf body;
    buf_init(&body, 4096);
    error_write(&error, &body);
    assert_true(buf_ok(&body));
    return buf_take(&body);
}

static void assert_body(enum error_protocol protocol, enum api_exception exception, const char *text,
                        const char *reason, const char *expected) {
    OWN_MEM char *body = write_error(protocol, exception, text, reason);
    assert_string_equal(body, expected);
}

static void codes_become_exceptions(void **state) {
    (void)state;
    static const struct {
        enum err_code code;
        const char *name;
        int status;
        bool is_internal;
    } rows[] = {
        {ERR_SYNTAX, "SerializationException", 400, false},
        {ERR_VALIDATION, "ValidationException", 400, false},
        {ERR_PARAMETER, "InvalidParameterValueException", 400, false},
        {ERR_NOT_FOUND, "ResourceNotFoundException", 404, false},
        {ERR_CONFLICT, "ResourceConflictException", 409, false},
        {ERR_PRECONDITION, "PreconditionFailedException", 412, false},
        {ERR_TOO_LARGE, "RequestEntityTooLargeException", 413, false},
        {ERR_STORAGE_FULL, "CodeStorageExceededException", 400, false},
        {ERR_THROTTLED, "TooManyRequestsException", 429, false},
        {ERR_DENIED, "AccessDeniedException", 403, false},
        {ERR_UNSUPPORTED, "UnsupportedOperationException", 400, false},
        {ERR_CLOSED, "ServiceException", 500, false},
        {ERR_IO, "ServiceException", 500, true},
        {ERR_CORRUPT, "ServiceException", 500, true},
        {ERR_INTERNAL, "ServiceException", 500, true},
        {(enum err_code)999, "ServiceException", 500, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum api_exception exception = error_exception(rows[i].code);
        assert_string_equal(error_name(exception), rows[i].name);
        assert_int_equal(error_status(exception), rows[i].status);
        assert_int_equal(error_is_internal(rows[i].code), rows[i].is_internal);
    }
}

static void every_code_has_a_row(void **state) {
    (void)state;
#define CHECK(name) assert_non_null(error_name(error_exception(ERR_##name)));
    ERR_CODES(CHECK)
#undef CHECK
}

static void names_the_text_as_the_model_does(void **state) {
    (void)state;
    assert_body(ERROR_REST_JSON, API_RESOURCE_NOT_FOUND, "gone", NULL,
                "{\"Type\":\"User\",\"Message\":\"gone\"}");
    assert_body(ERROR_REST_JSON, API_INVALID_PARAMETER_VALUE, "a \"b\"", NULL,
                "{\"Type\":\"User\",\"message\":\"a \\\"b\\\"\"}");
    assert_body(ERROR_REST_JSON, API_VALIDATION, "v", NULL, "{\"message\":\"v\"}");
    assert_body(ERROR_REST_JSON, API_SERVICE, "s", NULL, "{\"Type\":\"Service\",\"Message\":\"s\"}");
    assert_body(ERROR_REST_JSON, API_REQUEST_ENTITY_TOO_LARGE, "r", NULL, "{\"Message\":\"r\"}");
}

static void denial_without_words_is_null(void **state) {
    (void)state;
    assert_body(ERROR_REST_JSON, API_ACCESS_DENIED, "", NULL, "{\"Message\":null}");
}

static void throttle_has_its_reason(void **state) {
    (void)state;
    assert_body(ERROR_REST_JSON, API_TOO_MANY_REQUESTS, "Rate Exceeded.", "ConcurrentInvocationLimitExceeded",
                "{\"Reason\":\"ConcurrentInvocationLimitExceeded\",\"Type\":\"User\",\"message\":\"Rate "
                "Exceeded.\"}");
}

static void other_protocols(void **state) {
    (void)state;
    assert_body(ERROR_JSON, API_UNKNOWN_OPERATION, "no", NULL,
                "{\"__type\":\"UnknownOperationException\",\"message\":\"no\"}");
    assert_body(ERROR_QUERY, API_UNKNOWN_OPERATION, "<a> & \x01'b'", NULL,
                "<ErrorResponse><Error><Type>Sender</Type><Code>UnknownOperationException</Code>"
                "<Message>&lt;a&gt; &amp; 'b'</Message></Error>"
                "<RequestId>11111111-2222-4333-8444-555555555555</RequestId></ErrorResponse>");
    assert_string_equal(error_content_type(ERROR_REST_JSON), "application/json");
    assert_string_equal(error_content_type(ERROR_QUERY), "text/xml");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_become_exceptions),          cmocka_unit_test(every_code_has_a_row),
        cmocka_unit_test(names_the_text_as_the_model_does), cmocka_unit_test(denial_without_words_is_null),
        cmocka_unit_test(throttle_has_its_reason),          cmocka_unit_test(other_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
