/* Who may subscribe, to what, and what of it reaches whom; see telemetry_fixture.h. How batches are delivered
 * is in test_telemetry_delivery.c. */
#include "telemetry_fixture.h"

#define PLATFORM "\"platform\""
#define FUNCTION "\"function\""
#define EXTENSION "\"extension\""
#define TIME "{\"time\":\"2026-01-31T12:34:56.000Z\",\"type\":"
#define SUBSCRIBED(name, types)                                                                              \
    TIME "\"platform.telemetrySubscription\",\"record\":{\"name\":\"" name                                   \
         "\",\"state\":\"Subscribed\",\"types\":[" types "]}}"

static void tell(enum notice_kind kind) {
    struct notice notice = {.kind = kind, .phase = "init", .request_id = "1", .init_us = -1};
    telemetry_notice(telemetry, &notice, server.wall_us);
}

static void deliver(int consumer) {
    telemetry_flush(telemetry);
    pump_until(consumers[consumer].taken > 0 && telemetry_is_settled(telemetry));
}

static void a_subscriber_gets_what_was_before(void **state) {
    (void)state;
    tell(NOTICE_INIT_RUNTIME_DONE);
    write_line("loading");
    telemetry_line(telemetry, TELEMETRY_EXTENSION, "hello", 5, server.wall_us);
    subscribe("ext", FUNCTION "," PLATFORM, "", 0);
    deliver(0);
    assert_string_equal(
        got(0), "[" TIME "\"platform.initRuntimeDone\",\"record\":{\"initializationType\":\"on-demand\","
                "\"phase\":\"init\",\"status\":\"success\"}}," TIME
                "\"function\",\"record\":\"loading\\n\"}," SUBSCRIBED("ext", FUNCTION "," PLATFORM) "]\n");
    assert_int_equal(last_subscription, NOTICE_TELEMETRY_SUBSCRIPTION);
}

static void later_ones_get_it_too_and_none_twice(void **state) {
    (void)state;
    write_line("one");
    subscribe("a", FUNCTION, "", 0);
    write_line("two");
    subscribe("b", FUNCTION, "", 1);
    write_line("three");
    telemetry_flush(telemetry);
    pump_until(consumers[0].taken == 1 && consumers[1].taken == 1);
    static const char all[] = "[" TIME "\"function\",\"record\":\"one\\n\"}," TIME
                              "\"function\",\"record\":\"two\\n\"}," TIME
                              "\"function\",\"record\":\"three\\n\"}]\n";
    assert_string_equal(got(0), all);
    assert_string_equal(got(1), all);
}

static void only_what_was_subscribed_to_is_delivered(void **state) {
    (void)state;
    subscribe("p", PLATFORM, "", 0);
    subscribe("f", FUNCTION, "", 1);
    subscribe("e", EXTENSION, "", 2);
    write_line("of the function");
    telemetry_line(telemetry, TELEMETRY_EXTENSION, "of another", 10, server.wall_us);
    tell(NOTICE_START);
    tell(NOTICE_END); /* no event of the Telemetry API */
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    assert_int_equal(count_in(got(0), "\"time\""), 4); /* three subscriptions and the start */
    assert_string_equal(got(1), "[" TIME "\"function\",\"record\":\"of the function\\n\"}]\n");
    assert_string_equal(got(2), "[" TIME "\"extension\",\"record\":\"of another\\n\"}]\n");
}

static void after_init_nobody_subscribes(void **state) {
    (void)state;
    write_line("forgotten");
    assert_true(telemetry_is_wanted(telemetry));
    telemetry_close(telemetry);
    assert_false(telemetry_is_wanted(telemetry));
    subscribe_as("ext", "/telemetry", "{}", 403,
                 "{\"errorMessage\":\"Telemetry API subscription is closed\","
                 "\"errorType\":\"Telemetry.SubscriptionClosed\"}\n");
    subscribe_as("ext", "/logs", "{}", 403,
                 "{\"errorMessage\":\"Logs API subscription is closed\","
                 "\"errorType\":\"Logs.SubscriptionClosed\"}\n");
}

/* The environment is reset: its extensions start anew. */
static void another_init_keeps_subscriptions(void **state) {
    (void)state;
    subscribe("ext", PLATFORM, "", 0);
    telemetry_close(telemetry);
    assert_true(telemetry_is_wanted(telemetry));
    deliver(0);
    telemetry_reopen(telemetry);
    tell(NOTICE_INIT_START);
    OWN_MEM char *body = http_body(PLATFORM, "", consumers[0].port);
    subscribe_as("ext", "/telemetry", body, 200, "\"AlreadySubscribed\"");
    buf_clear(&consumers[0].got);
    consumers[0].taken = 0;
    deliver(0);
    assert_int_equal(count_in(got(0), "platform.initStart"), 1);
    assert_int_equal(count_in(got(0), "\"state\":\"Already subscribed\""), 1);
}

/* However often it is initialised, and whatever they call themselves. */
static void subscriptions_of_former_extensions_are_bounded(void **state) {
    (void)state;
    OWN_MEM char *body = http_body(FUNCTION, "", consumers[0].port);
    char name[16];
    for (int i = 0; i < LIMIT_EXTENSIONS; i++) {
        snprintf(name, sizeof name, "ext-%d", i);
        subscribe_as(name, "/telemetry", body, 200, "\"OK\"");
    }
    telemetry_close(telemetry);
    telemetry_reopen(telemetry);
    subscribe_as("ext-0", "/telemetry", body, 200, "\"AlreadySubscribed\"");
    subscribe_as("new", "/telemetry", body, 200, "\"OK\"");
    subscribe_as("ext-0", "/telemetry", body, 200, "\"AlreadySubscribed\"");
    subscribe_as("ext-2", "/telemetry", body, 200, "\"AlreadySubscribed\"");
    subscribe_as("ext-1", "/telemetry", body, 200, "\"OK\"");
    are_sockets_late = true;
    write_line("one");
    telemetry_flush(telemetry);
    assert_int_equal(sockets_wanted, LIMIT_EXTENSIONS);
}

static void one_extension_has_one_api(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "", 0);
    subscribe_as(
        "ext", "/logs", "{}", 400,
        "{\"errorMessage\":\"The extension ext is already subscribed to the TelemetryAPI. You must either "
        "subscribe to the LogsAPI or the TelemetryAPI\",\"errorType\":\"Logs.AccessDenied\"}\n");
}

static void another_subscription_replaces_the_first(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "", 0);
    write_line("one");
    subscribe("ext", FUNCTION "," PLATFORM, "", 1);
    write_line("two");
    deliver(1);
    assert_int_equal(consumers[0].connections, 0);
    assert_string_equal(got(1),
                        "[" TIME "\"function\",\"record\":\"one\\n\"}," SUBSCRIBED(
                            "ext", FUNCTION "," PLATFORM) "," TIME "\"function\",\"record\":\"two\\n\"}]\n");
}

static void what_is_on_its_way_follows_to_the_new_destination(void **state) {
    (void)state;
    consumers[0].manners = HANGS;
    subscribe("ext", FUNCTION, "", 0);
    write_line("one");
    telemetry_flush(telemetry);
    pump_until(consumers[0].requests == 1);
    subscribe("ext", FUNCTION, "", 1);
    pump_until(consumers[1].taken == 1 && telemetry_is_settled(telemetry));
    assert_string_equal(got(1), "[" TIME "\"function\",\"record\":\"one\\n\"}]\n");
}

/* From one protocol to the other it can't: it is lost, and said to be. */
static void or_is_said_to_be_lost(void **state) {
    (void)state;
    consumers[0].manners = HANGS;
    subscribe("ext", FUNCTION "," PLATFORM, "", 0);
    telemetry_flush(telemetry);
    pump_until(consumers[0].requests == 1);
    are_sockets_late = true;
    subscribe_tcp("ext", FUNCTION "," PLATFORM, "", 1);
    telemetry_flush(telemetry);
    assert_int_equal(sockets_wanted, 2);
    telemetry_give_socket(telemetry, socket_new());
    pump_until(telemetry_is_settled(telemetry) && strstr(got(1), "Subscribed"));
    assert_int_equal(count_in(got(1), "\"droppedRecords\":1,"), 1);
    assert_int_equal(*got(1), '{'); /* lines, no array */
}

static void a_refused_request_changes_nothing(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "", 0);
    subscribe_as(
        "ext", "/telemetry", "{\"types\":[]", 400,
        "{\"errorMessage\":\"Unexpected end-of-input: expected close marker for Object (start marker at "
        "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: "
        "1])\\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, "
        "column: 12]\",\"errorType\":\"Telemetry.DeserializationError\"}\n");
    write_line("still");
    deliver(0);
    assert_string_equal(got(0), "[" TIME "\"function\",\"record\":\"still\\n\"}]\n");
}

static void lines_that_are_objects_stay_objects(void **state) {
    (void)state;
    function->logs_json = true;
    subscribe("new", FUNCTION "," EXTENSION, "", 0);
    OWN_MEM char *old = mem_format(
        "{\"schemaVersion\":\"2022-07-01\",\"types\":[\"function\"],\"destination\":{"
        "\"protocol\":\"HTTP\",\"URI\":\"http://sandbox:%u/x\"}}",
        consumers[1].port);
    subscribe_as("old", "/telemetry", old, 200, "\"OK\"");
    OWN_MEM char *logs = mem_format("{\"types\":[\"function\"],\"destination\":{\"protocol\":\"HTTP\","
                                    "\"URI\":\"http://sandbox:%u/x\"}}",
                                    consumers[2].port);
    subscribe_as("logs", "/logs", logs, 200, "\"OK\"");
    write_line(" {\"a\":\n1}");
    write_line("{\"a\":");
    write_line("[1]");
    telemetry_line(telemetry, TELEMETRY_EXTENSION, "{}", 2, server.wall_us);
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    assert_string_equal(got(0),
                        "[" TIME "\"function\",\"record\": {\"a\": 1}}," TIME
                        "\"function\",\"record\":\"{\\\"a\\\":\\n\"}," TIME
                        "\"function\",\"record\":\"[1]\\n\"}," TIME "\"extension\",\"record\":\"{}\\n\"}]\n");
    static const char texts[] = "[" TIME "\"function\",\"record\":\" {\\\"a\\\":\\n1}\\n\"}," TIME
                                "\"function\",\"record\":\"{\\\"a\\\":\\n\"}," TIME
                                "\"function\",\"record\":\"[1]\\n\"}]\n";
    assert_string_equal(got(1), texts);
    assert_string_equal(got(2), texts);
    function->logs_json = false;
    buf_clear(&consumers[0].got);
    write_line("{}");
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    assert_string_equal(got(0), "[" TIME "\"function\",\"record\":\"{}\\n\"}]\n");
}

static void any_bytes_may_be_a_line(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "", 0);
    telemetry_line(telemetry, TELEMETRY_FUNCTION, "\xff\x00\"\n\t", 5, server.wall_us);
    telemetry_line(telemetry, TELEMETRY_FUNCTION, "", 0, server.wall_us);
    deliver(0);
    assert_string_equal(got(0), "[" TIME "\"function\",\"record\":\"\xef\xbf\xbd\\u0000\\\"\\n\\t\\n\"}," TIME
                                "\"function\",\"record\":\"\\n\"}]\n");
}

static void what_is_kept_is_bounded(void **state) {
    (void)state;
    char line[301];
    memset(line, 'x', sizeof line - 1);
    line[300] = '\0';
    for (int i = 0; i < 1200; i++)
        write_line(line);
    subscribe("ext", FUNCTION "," PLATFORM, "", 0);
    deliver(0);
    int kept = count_in(got(0), "\"function\",\"record\"");
    assert_in_range(kept, 800, 900); /* 256 KiB of 300 bytes each */
    OWN_MEM char *dropped = mem_format(
        "\"record\":{\"droppedBytes\":%d,\"droppedRecords\":%d,\"reason\":"
        "\"Consumer seems to have fallen behind as it has not acknowledged receipt of "
        "logs.\"}}",
        (1200 - kept) * 300, 1200 - kept);
    assert_int_equal(count_in(got(0), dropped), 1);
}

static void notices_are_kept_as_they_were(void **state) {
    (void)state;
    char id[] = "first";
    struct notice notice = {
        .kind = NOTICE_EXTENSION, .name = id, .state = id, .words = {id, id}, .word_count = 2};
    telemetry_notice(telemetry, &notice, server.wall_us);
    memcpy(id, "xxxxx", 5);
    subscribe("ext", PLATFORM, "", 0);
    deliver(0);
    assert_non_null(
        strstr(got(0), "{\"name\":\"first\",\"state\":\"first\",\"events\":[\"first\",\"first\"]}"));
}

static void a_socket_nobody_wants_is_closed(void **state) {
    (void)state;
    int fd = socket_new();
    telemetry_give_socket(telemetry, fd);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    telemetry_give_socket(telemetry, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_subscriber_gets_what_was_before),
        TEST(later_ones_get_it_too_and_none_twice),
        TEST(only_what_was_subscribed_to_is_delivered),
        TEST(after_init_nobody_subscribes),
        TEST(another_init_keeps_subscriptions),
        TEST(subscriptions_of_former_extensions_are_bounded),
        TEST(one_extension_has_one_api),
        TEST(another_subscription_replaces_the_first),
        TEST(what_is_on_its_way_follows_to_the_new_destination),
        TEST(or_is_said_to_be_lost),
        TEST(a_refused_request_changes_nothing),
        TEST(lines_that_are_objects_stay_objects),
        TEST(any_bytes_may_be_a_line),
        TEST(what_is_kept_is_bounded),
        TEST(notices_are_kept_as_they_were),
        TEST(a_socket_nobody_wants_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
