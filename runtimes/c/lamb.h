/* lamb.h: AWS Lambda functions in C.
 *
 * A function is one handler and a main that runs it:
 *
 *     #include <lamb.h>
 *
 *     static void hello(const struct lamb_event *event, const struct lamb_context *context,
 *                       struct lamb_response *response, void *user)
 *     {
 *         lamb_respondf(response, "{\"request\":\"%s\"}", context->request_id);
 *     }
 *
 *     int main(void)
 *     {
 *         return lamb_run(hello, NULL);
 *     }
 *
 *     musl-gcc -static -O2 -o bootstrap hello.c -llamb && zip function.zip bootstrap
 *
 * The library speaks the public Lambda Runtime API 2018-06-01 and nothing else: nothing ties a binary to
 * Lamb. One process serves one invocation at a time, and so does this library: call it from one thread.
 * Whatever the library hands to a handler, and whatever a handler takes from lamb_alloc, belongs to the
 * library and is gone when the handler returns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LAMB_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define LAMB_PRINTF(text, first)
#endif

/* The event as it was sent, at most 6 MB. A NUL follows the last byte; it isn't counted. */
struct lamb_event {
    const char *data;
    size_t size;
};

/* Texts are NULL when the platform gave none. */
struct lamb_context {
    const char *request_id;
    const char *invoked_function_arn;
    const char *trace_id;         /* X-Ray header; also in the environment as _X_AMZN_TRACE_ID */
    const char *client_context;   /* JSON, as the caller's SDK sent it */
    const char *cognito_identity; /* JSON: cognitoIdentityId, cognitoIdentityPoolId */
    const char *tenant_id;
    const char *function_name;
    const char *function_version;
    const char *memory_size_mb;
    const char *log_group_name;
    const char *log_stream_name;
    int64_t deadline_ms; /* Unix time in milliseconds at which the invocation is cut off */
};

/* The answer of the running invocation, and the owner of its memory. */
struct lamb_response;

/* Called once per invocation. It ends the invocation by returning; before that it calls lamb_respond,
 * lamb_respondf or lamb_fail. The last of these calls counts. A handler that calls none answers `null`. */
typedef void lamb_handler(const struct lamb_event *event, const struct lamb_context *context,
                          struct lamb_response *response, void *user);

/* Serves invocations until the platform goes away; `user` is passed on to the handler. Returns the exit
 * status of the process, having said why on stderr. */
int lamb_run(lamb_handler *handler, void *user);

/* For a main that can't get ready: tells the platform why, so that the caller of the first invocation
 * reads it, and returns the exit status of the process: `return lamb_init_fail("Function.NoConfig",
 * "config.json is missing");`. */
int lamb_init_fail(const char *type, const char *message);

/* Answers with `size` bytes, which Lambda expects to be JSON unless the function is called through a
 * function URL. They are copied, except when they lie in memory of this library (the event, or memory of
 * lamb_alloc): those are sent as they are when the handler returns. The limit is 6 MB; a longer answer
 * fails the invocation. */
void lamb_respond(struct lamb_response *response, const void *data, size_t size);
void lamb_respondf(struct lamb_response *response, const char *format, ...) LAMB_PRINTF(2, 3);

/* Content-Type of the answer; unless set application/json, or application/octet-stream for a stream. False,
 * and nothing set, for text that no header can carry, for more than 200 bytes, and in a stream that has begun
 * or has got its headers. */
bool lamb_set_content_type(struct lamb_response *response, const char *content_type);

/* Fails the invocation: the caller gets {"errorMessage":message,"errorType":type,"stackTrace":[]}. A type
 * of the form Function.Name also reaches the platform's logs and metrics. */
void lamb_fail(struct lamb_response *response, const char *type, const char *message);

/* An answer in a stream: the caller reads each piece while the handler still runs.
 *
 *     lamb_set_content_type(response, "text/event-stream");
 *     for (int i = 0; i < 10 && lamb_stream_printf(response, "data: %d\n\n", i); i++)
 *         sleep(1);
 *
 * A write sends its bytes as one piece, and waits for a caller who reads slowly; an empty one begins the
 * stream. False when the platform takes no more of it: then nobody reads, and the handler had better return.
 * The stream ends when the handler returns. Once it has begun, lamb_respond has no effect; lamb_fail has the
 * stream end with that error, which the caller gets after what was written. */
bool lamb_stream_write(struct lamb_response *response, const void *data, size_t size);
bool lamb_stream_printf(struct lamb_response *response, const char *format, ...) LAMB_PRINTF(2, 3);

struct lamb_header {
    const char *name;
    const char *value;
};

/* Makes the answer a stream with an HTTP status and headers, for functions that are called through a function
 * URL. `headers` ends with a name of NULL, or is NULL; each Set-Cookie among them is a cookie of its own. To
 * be called before the first write; false, and nothing set, later. */
bool lamb_stream_http(struct lamb_response *response, int status, const struct lamb_header *headers);

/* Milliseconds until the deadline; 0 when it has passed. */
int64_t lamb_remaining_ms(const struct lamb_context *context);

/* Memory for any type, good until the handler returns. Never NULL: a process that gets no memory ends,
 * which the platform reports. lamb_printf gives a text, lamb_quote a JSON string with its quotes; in it,
 * bytes that aren't UTF-8 become U+FFFD. */
void *lamb_alloc(struct lamb_response *response, size_t size);
char *lamb_printf(struct lamb_response *response, const char *format, ...) LAMB_PRINTF(2, 3);
char *lamb_quote(struct lamb_response *response, const char *text, size_t size);

#ifdef __cplusplus
}
#endif
