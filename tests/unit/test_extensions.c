/* The registry of extensions: who may register, who gets which event, who is waited for, who failed. */
#include <signal.h>

#include "extensions_fixture.h"

static void extensions_register(void **state) {
    struct play *play = *state;
    static const char body[] =
        "{\"functionName\":\"my-func\",\"functionVersion\":\"$LATEST\",\"handler\":\"app.handler\"}\n";
    assert_true(extensions_expect(play->extensions, "ext.sh", 1));
    assert_true(extensions_expect(play->extensions, "other", 2));
    assert_int_equal(extensions_waiting_to_register(play->extensions), 2);
    assert_false(extensions_has_any(play->extensions));
    struct client client = {.fd = client_open(&play->http)};
    OWN_MEM char *external = ask_register(play, &client, "ext.sh", "{\"events\":[\"SHUTDOWN\",\"INVOKE\"]}");
    assert_non_null(strstr(external, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(external, "Content-Type: application/json\r\n"));
    assert_string_equal(strstr(external, "\r\n\r\n") + 4, body);
    assert_int_equal(extensions_waiting_to_register(play->extensions), 1);
    assert_true(extensions_has_any(play->extensions));
    assert_true(extensions_has_external(play->extensions));
    OWN_MEM char *other = ask(play, &client, "POST /2020-01-01/extension/register",
                              "lambda-extension-name: other\r\n"
                              "lambda-extension-accept-feature: future, accountId ,\r\n",
                              "{\"Events\":[\"INVOKE\"]}");
    assert_string_equal(
        strstr(other, "\r\n\r\n") + 4,
        "{\"accountId\":\"123456789012\",\"functionName\":\"my-func\",\"functionVersion\":\"$LATEST\","
        "\"handler\":\"app.handler\"}\n");
    assert_int_equal(extensions_waiting_to_register(play->extensions), 0);
    OWN_MEM char *internal = ask_register(play, &client, "internal", "null");
    assert_string_equal(strstr(internal, "\r\n\r\n") + 4, body);
    assert_int_equal(play->changed, 3);
    assert_int_equal(extensions_pending(play->extensions), 3);
    assert_line(play, 0, "ext.sh Registered [INVOKE,SHUTDOWN] -");
    assert_line(play, 1, "other Registered [INVOKE] -");
    assert_line(play, 2, "internal Registered [] -");
    struct extensions_line line;
    assert_false(extensions_describe(play->extensions, 3, &line));
    close(client.fd);
}

static void internal_ones_are_not_external(void **state) {
    struct play *play = *state;
    struct client client = join(play, "internal", "{\"events\":[\"INVOKE\"]}");
    assert_true(extensions_has_any(play->extensions));
    assert_false(extensions_has_external(play->extensions));
    assert_int_equal(extensions_alive(play->extensions), 0);
    close(client.fd);
}

static void bad_registrations_are_refused(void **state) {
    struct play *play = *state;
    static const struct {
        const char *name, *body, *type, *message;
    } rows[] = {
        {"", "{}", "Extension.InvalidExtensionName", "Empty extension name"},
        {"new", "", "InvalidRequestFormat", "unexpected end of JSON input"},
        {"new", "{\"events\":[", "InvalidRequestFormat", "unexpected end of JSON input"},
        {"new", "{\"events\":\"INVOKE\"}", "InvalidRequestFormat", "events must be an array of strings"},
        {"new", "{\"events\":[1]}", "InvalidRequestFormat", "events must be an array of strings"},
        {"new", "[]", "InvalidRequestFormat",
         "the body must be an object, like {\\\"events\\\":[\\\"INVOKE\\\"]}"},
        {"new", "{\"configurationKeys\":[\"a\"],\"events\":[]}", "InvalidRequestFormat",
         "configurationKeys are deprecated; use environment variables instead"},
        {"new", "{\"events\":[\"SHUTDOWN\"]}", "Extension.InvalidEventType",
         "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension"},
        {"new", "{\"events\":[\"INVOKE\",\"a\\\"b\"]}", "Extension.InvalidEventType",
         "a\\\"b: ErrorInvalidEventType"},
        {"file", "{\"events\":[\"invoke\"]}", "Extension.InvalidEventType", "invoke: ErrorInvalidEventType"},
        {"known", "{\"events\":[]}", "Extension.InvalidExtensionState",
         "Extension with this name already registered"},
        {"external", "{}", "Extension.InvalidExtensionState",
         TRANSITION("Registered", "Registered", "external")},
    };
    assert_true(extensions_expect(play->extensions, "file", 1));
    struct client external = join_external(play, "external", "{}", 2);
    struct client client = join(play, "known", "{}");
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWN_MEM char *answer = ask_register(play, &client, rows[i].name, rows[i].body);
        assert_refusal(answer, rows[i].type, rows[i].message);
    }
    OWN_MEM char *nameless = ask(play, &client, "POST /2020-01-01/extension/register", "", "{}");
    assert_refusal(nameless, "Extension.InvalidExtensionName", "Empty extension name");
    char name[257] = "";
    memset(name, 'n', 256);
    OWN_MEM char *long_name = ask_register(play, &client, name, "{}");
    assert_refusal(long_name, "Extension.InvalidExtensionName", "Extension name is longer than 255 bytes");
    assert_int_equal(extensions_pending(play->extensions), 2);
    assert_int_equal(extensions_waiting_to_register(play->extensions), 1);
    close(external.fd);
    close(client.fd);
}

static void registration_ends(void **state) {
    struct play *play = *state;
    assert_true(extensions_expect(play->extensions, "late", 1));
    struct client client = {.fd = client_open(&play->http)};
    char name[16];
    for (int i = 1; i < LIMIT_EXTENSIONS; i++) {
        snprintf(name, sizeof name, "i%d", i);
        OWN_MEM char *answer = ask_register(play, &client, name, "{}");
        assert_non_null(strstr(answer, "200 OK"));
    }
    OWN_MEM char *eleventh = ask_register(play, &client, "i10", "{}");
    assert_refusal(eleventh, "Extension.TooManyExtensions", "Extension limit (10) reached");
    extensions_close_registration(play->extensions);
    OWN_MEM char *closed = ask_register(play, &client, "i10", "{}");
    assert_refusal(closed, "Extension.RegistrationClosed", "Extension registration closed already");
    close(client.fd);
}

static void callers_are_identified(void **state) {
    struct play *play = *state;
    static const struct {
        const char *request;
        const char *unknown;
    } rows[] = {
        {"GET /2020-01-01/extension/event/next", "Unknown extension " UNKNOWN_ID},
        {"POST /2020-01-01/extension/init/error", "Unknown Lambda-Extension-Identifier"},
        {"POST /2020-01-01/extension/exit/error", "Unknown Lambda-Extension-Identifier"},
        {"PUT /2022-07-01/telemetry", "Unknown extension " UNKNOWN_ID},
        {"PUT /2020-08-15/logs", "Unknown extension " UNKNOWN_ID},
    };
    assert_true(extensions_expect(play->extensions, "not-registered", 1));
    struct client client = join(play, "internal", "{}");
    for (size_t i = 0; i < COUNT(rows); i++) {
        static const char type[] = "Lambda-Extension-Function-Error-Type: T\r\n";
        OWN_MEM char *missing = ask(play, &client, rows[i].request, type, "");
        assert_refusal(missing, "Extension.MissingExtensionIdentifier",
                       "Missing Lambda-Extension-Identifier header");
        OWN_MEM char *invalid = ask(play, &client, rows[i].request, "Lambda-Extension-Identifier: x\r\n", "");
        assert_refusal(invalid, "Extension.InvalidExtensionIdentifier",
                       "Invalid Lambda-Extension-Identifier");
        OWN_MEM char *headers = mem_format("%sLambda-Extension-Identifier: %s\r\n", type, UNKNOWN_ID);
        OWN_MEM char *unknown = ask(play, &client, rows[i].request, headers, "");
        assert_refusal(unknown, "Extension.UnknownExtensionIdentifier", rows[i].unknown);
    }
    OWN_MEM char *headers = mem_format("Lambda-Extension-Identifier: %s\r\n", client.id);
    OWN_MEM char *typeless = ask(play, &client, "POST /2020-01-01/extension/init/error", headers, "");
    assert_refusal(typeless, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found");
    for (size_t i = strlen("Lambda-Extension-Identifier: "); headers[i]; i++)
        headers[i] = (char)(headers[i] >= 'a' && headers[i] <= 'f' ? headers[i] - 0x20 : headers[i]);
    OWN_MEM char *named = ask(play, &client, "PUT /2022-07-01/telemetry", headers, "{}");
    assert_string_equal(strstr(named, "\r\n\r\n"), "\r\n\r\ninternal");
    assert_int_equal(play->failed, 0);
    close(client.fd);
}

/* The identifier of the event, checked, from an INVOKE answer. */
static void read_invoke(struct play *play, const struct client *client, char ret_event_id[IDENT_UUID_BYTES]) {
    static const char header[] = "Lambda-Extension-Event-Identifier: ";
    OWN_MEM char *answer = read_answer(play, client);
    assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(answer, "Content-Type: application/json\r\n"));
    const char *id = strstr(answer, header);
    assert_non_null(id);
    snprintf(ret_event_id, IDENT_UUID_BYTES, "%s", id + strlen(header));
    assert_true(ident_is_uuid(ret_event_id, strlen(ret_event_id)));
    assert_string_equal(strstr(answer, "\r\n\r\n") + 4,
                        "{\"eventType\":\"INVOKE\",\"deadlineMs\":1581512138111,\"requestId\":\"" UNKNOWN_ID
                        "\",\"invokedFunctionArn\":\"" ARN "\",\"tracing\":{\"type\":\"X-Amzn-Trace-Id\","
                        "\"value\":\"Root=1-a;Sampled=1\"}}");
}

static void invoke(struct play *play) {
    extensions_invoke(play->extensions, UNKNOWN_ID, ARN, "Root=1-a;Sampled=1", 1581512138111);
}

static void events_go_to_subscribers(void **state) {
    struct play *play = *state;
    struct client external = join_external(play, "ext", "{\"events\":[\"INVOKE\",\"SHUTDOWN\"]}", 1);
    struct client internal = join(play, "int", "{\"events\":[\"INVOKE\"]}");
    struct client quiet = join_external(play, "quiet", "{\"events\":[\"SHUTDOWN\"]}", 2);
    ask_next(play, &external);
    ask_next(play, &internal);
    assert_int_equal(extensions_pending(play->extensions), 1);
    ask_next(play, &quiet);
    assert_int_equal(extensions_pending(play->extensions), 0);
    assert_int_equal(play->changed, 6);
    assert_line(play, 0, "ext Ready [INVOKE,SHUTDOWN] -");
    char event_ids[4][IDENT_UUID_BYTES];
    for (size_t i = 0; i < 2; i++) {
        invoke(play);
        assert_int_equal(extensions_pending(play->extensions), 2);
        read_invoke(play, &external, event_ids[2 * i]);
        read_invoke(play, &internal, event_ids[2 * i + 1]);
        ask_next(play, &internal);
        assert_int_equal(extensions_pending(play->extensions), 1);
        ask_next(play, &external);
        assert_int_equal(extensions_pending(play->extensions), 0);
    }
    for (size_t i = 1; i < COUNT(event_ids); i++)
        assert_string_not_equal(event_ids[0], event_ids[i]);
    assert_false(has_answer(play, &quiet));
    extensions_invoke(play->extensions, UNKNOWN_ID, ARN, "", 1);
    OWN_MEM char *untraced = read_answer(play, &internal);
    assert_null(strstr(untraced, "tracing"));
    assert_int_equal(play->failed, 0);
    close(external.fd);
    close(internal.fd);
    close(quiet.fd);
}

static void one_asks_at_a_time(void **state) {
    struct play *play = *state;
    struct client client = join(play, "int", "{\"events\":[\"INVOKE\"]}");
    struct client second = {.fd = client_open(&play->http)};
    memcpy(second.id, client.id, sizeof second.id);
    ask_next(play, &client);
    ask_next(play, &second);
    OWN_MEM char *message = mem_format(TRANSITION("Ready", "Ready", "%s"), client.id);
    OWN_MEM char *refusal = read_answer(play, &second);
    assert_refusal(refusal, "Extension.InvalidExtensionState", message);
    assert_int_equal(extensions_pending(play->extensions), 0);
    char event_id[IDENT_UUID_BYTES];
    invoke(play);
    read_invoke(play, &client, event_id);
    close(client.fd);
    close(second.fd);
}

/* A client that gives up waiting is back with a new connection, perhaps after the event. */
static void who_left_is_waited_for(void **state) {
    struct play *play = *state;
    struct client client = join(play, "int", "{\"events\":[\"INVOKE\"]}");
    ask_next(play, &client);
    close(client.fd);
    turn_until(&play->http, extensions_pending(play->extensions) == 1);
    client.fd = client_open(&play->http);
    ask_next(play, &client);
    assert_int_equal(extensions_pending(play->extensions), 0);
    close(client.fd);
    turn_until(&play->http, extensions_pending(play->extensions) == 1);
    invoke(play);
    assert_int_equal(extensions_pending(play->extensions), 1);
    client.fd = client_open(&play->http);
    ask_next(play, &client);
    char event_id[IDENT_UUID_BYTES];
    read_invoke(play, &client, event_id);
    assert_int_equal(extensions_pending(play->extensions), 1);
    ask_next(play, &client);
    assert_int_equal(extensions_pending(play->extensions), 0);
    assert_false(has_answer(play, &client));
    assert_false(extensions_gone(play->extensions, NULL));
    close(client.fd);
}

static void shutdown_is_waited_for(void **state) {
    struct play *play = *state;
    static const char event[] =
        "\r\n\r\n{\"eventType\":\"SHUTDOWN\",\"deadlineMs\":42,\"shutdownReason\":\"spindown\"}";
    static const struct program_end fine = {.exited = true};
    struct client waiting = join_external(play, "waiting", "{\"events\":[\"SHUTDOWN\"]}", 1);
    struct client working = join_external(play, "working", "{\"events\":[\"INVOKE\",\"SHUTDOWN\"]}", 2);
    struct client deaf = join_external(play, "deaf", "{\"events\":[\"INVOKE\"]}", 3);
    ask_next(play, &waiting);
    ask_next(play, &deaf);
    assert_int_equal(extensions_alive(play->extensions), 2);
    extensions_shutdown(play->extensions, "spindown", 42);
    OWN_MEM char *told = read_answer(play, &waiting);
    assert_string_equal(strstr(told, "\r\n\r\n"), event);
    assert_null(strstr(told, "Event-Identifier"));
    assert_false(has_answer(play, &working));
    ask_next(play, &working);
    OWN_MEM char *told_later = read_answer(play, &working);
    assert_string_equal(strstr(told_later, "\r\n\r\n"), event);
    assert_false(has_answer(play, &deaf));
    int changed = play->changed;
    extensions_exited(play->extensions, 1, &fine);
    extensions_exited(play->extensions, 1, &fine); /* of an older program of that number */
    extensions_exited(play->extensions, 3, &(struct program_end){.signal = SIGKILL});
    assert_int_equal(play->changed, changed + 2);
    assert_int_equal(extensions_alive(play->extensions), 1);
    OWN_MEM char *accepted = post_error(play, &working, "exit", "Extension.Late");
    assert_non_null(strstr(accepted, "202 Accepted"));
    assert_int_equal(extensions_alive(play->extensions), 1);
    extensions_exited(play->extensions, 2, &fine);
    assert_int_equal(extensions_alive(play->extensions), 0);
    assert_int_equal(play->failed, 0);
    close(waiting.fd);
    close(working.fd);
    close(deaf.fd);
}

static void failures_are_told_once(void **state) {
    struct play *play = *state;
    static const struct program_end end = {.exited = true, .exit_status = 1};
    struct client init = join_external(play, "init", "{\"events\":[\"INVOKE\"]}", 1);
    struct client late = join_external(play, "late", "{\"events\":[\"INVOKE\"]}", 2);
    assert_true(extensions_expect(play->extensions, "mute", 3));
    struct client crashed = join_external(play, "crashed", "{\"events\":[\"SHUTDOWN\"]}", 4);
    for (int i = 0; i < 2; i++) {
        OWN_MEM char *answer = post_error(play, &init, "init", i ? "Extension.Second" : "Extension.First");
        assert_non_null(strstr(answer, "202 Accepted"));
        assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n{\"status\":\"OK\"}\n");
        assert_int_equal(play->failed, 1);
        assert_string_equal(play->failure, "init Extension.InitError (Extension.First)");
    }
    extensions_exited(play->extensions, 1, &end);
    assert_int_equal(play->failed, 1);
    assert_line(play, 0, "init InitError [INVOKE] Extension.First");
    char type[201] = "";
    memset(type, 't', 200);
    ask_next(play, &late);
    invoke(play);
    char event_id[IDENT_UUID_BYTES];
    read_invoke(play, &late, event_id);
    OWN_MEM char *wrong = post_error(play, &late, "init", type);
    OWN_MEM char *message = mem_format(TRANSITION("Running", "InitError", "%s"), late.id);
    assert_refusal(wrong, "Extension.InvalidExtensionState", message);
    OWN_MEM char *right = post_error(play, &late, "exit", type);
    assert_non_null(strstr(right, "202 Accepted"));
    assert_int_equal(strlen(play->failure), strlen("late Extension.ExitError ()") + 128);
    extensions_exited(play->extensions, 3, &end);
    assert_string_equal(play->failure, "mute Extension.Crash (-)");
    assert_line(play, 2, "mute Started [] -");
    assert_int_equal(extensions_waiting_to_register(play->extensions), 0);
    extensions_exited(play->extensions, 4, &end);
    assert_string_equal(play->failure, "crashed Extension.Crash (-)");
    assert_int_equal(extensions_alive(play->extensions), 0);
    extensions_exited(play->extensions, 9, &end);
    assert_int_equal(play->failed, 4);
    assert_int_equal(extensions_pending(play->extensions), 0);
    /* Its identifier is no use to what it left behind. */
    ask_next(play, &crashed);
    OWN_MEM char *refused = read_answer(play, &crashed);
    assert_non_null(strstr(refused, "Extension.InvalidExtensionState"));
    close(init.fd);
    close(late.fd);
    close(crashed.fd);
}

static void programs_may_not_start(void **state) {
    struct play *play = *state;
    char name[16];
    for (uint32_t i = 0; i < LIMIT_EXTENSIONS; i++) {
        snprintf(name, sizeof name, "e%u", i);
        assert_true(extensions_expect(play->extensions, name, i));
    }
    assert_false(extensions_expect(play->extensions, "e10", 10));
    assert_false(extensions_expect(play->extensions, "e11", 11));
    assert_int_equal(extensions_waiting_to_register(play->extensions), 10);
    assert_line(play, 10, "e10 LaunchError [] TooManyExtensions");
    struct extensions_line line;
    assert_false(extensions_describe(play->extensions, 11, &line));
    extensions_exited(play->extensions, 0, &(struct program_end){.exited = true, .exec_errno = EACCES});
    assert_string_equal(play->failure, "e0 Extension.LaunchError (PermissionDenied)");
    extensions_exited(play->extensions, 1, &(struct program_end){.exited = true, .exec_errno = ENOEXEC});
    assert_string_equal(play->failure, "e1 Extension.LaunchError (UnknownError)");
    assert_line(play, 0, "e0 LaunchError [] PermissionDenied");
    assert_int_equal(extensions_waiting_to_register(play->extensions), 8);
}

static void a_reset_forgets_everything(void **state) {
    struct play *play = *state;
    struct client before = join_external(play, "ext", "{\"events\":[\"INVOKE\",\"SHUTDOWN\"]}", 1);
    ask_next(play, &before);
    extensions_close_registration(play->extensions);
    extensions_shutdown(play->extensions, "timeout", 1);
    extensions_exited(play->extensions, 1, &(struct program_end){.signal = SIGKILL});
    environment_api_disconnect(play->api);
    extensions_reset(play->extensions);
    assert_false(extensions_has_any(play->extensions));
    struct client after = {.fd = client_open(&play->http)};
    memcpy(after.id, before.id, sizeof after.id);
    ask_next(play, &after);
    OWN_MEM char *refused = read_answer(play, &after);
    assert_non_null(strstr(refused, "Extension.UnknownExtensionIdentifier"));
    close(after.fd);
    after = join_external(play, "ext", "{\"events\":[\"INVOKE\"]}", 1);
    assert_string_not_equal(after.id, before.id);
    struct client internal = join(play, "int", "{}");
    ask_next(play, &after);
    assert_false(has_answer(play, &after));
    extensions_exited(play->extensions, 1, &(struct program_end){.signal = SIGSEGV});
    assert_string_equal(play->failure, "ext Extension.Crash (-)");
    close(before.fd);
    close(after.fd);
    close(internal.fd);
}

/* Whoever is told may end the environment at once. */
static void the_receiver_may_free(void **state) {
    struct play *play = *state;
    struct client waiting = join_external(play, "waiting", "{\"events\":[\"INVOKE\"]}", 1);
    struct client failing = join_external(play, "failing", "{}", 2);
    ask_next(play, &waiting);
    play->frees = true;
    OWN_MEM char *answer = post_error(play, &failing, "init", "Extension.Any");
    assert_non_null(strstr(answer, "202 Accepted"));
    assert_null(play->extensions);
    assert_string_equal(play->failure, "failing Extension.InitError (Extension.Any)");
    close(waiting.fd);
    close(failing.fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(extensions_register),
        TEST(internal_ones_are_not_external),
        TEST(bad_registrations_are_refused),
        TEST(registration_ends),
        TEST(callers_are_identified),
        TEST(events_go_to_subscribers),
        TEST(one_asks_at_a_time),
        TEST(who_left_is_waited_for),
        TEST(shutdown_is_waited_for),
        TEST(failures_are_told_once),
        TEST(programs_may_not_start),
        TEST(a_reset_forgets_everything),
        TEST(the_receiver_may_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
