/* When batches leave, how, and what becomes of them with consumers of all manners; see telemetry_fixture.h.
 */
#include "telemetry_fixture.h"

#define PLATFORM "\"platform\""
#define FUNCTION "\"function\""
#define RECORD "\"function\",\"record\":\""

/* Lines "0", "1", and so on. */
static void write_numbers(int from, int to) {
    for (int i = from; i < to; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        write_line(text);
    }
}

/* Asserts that these numbers are all that came, in order, in batches of any size. */
static void got_numbers(int consumer, int from, int to) {
    const char *at = got(consumer);
    assert_int_equal(count_in(at, RECORD), to - from);
    for (int i = from; i < to; i++) {
        at = find(at, RECORD);
        assert_non_null(at);
        at += strlen(RECORD);
        assert_int_equal(atoi(at), i);
    }
}

/* Frees the way for a timer of the past: what is due is looked at whenever something is to be done. */
static void wait_for(int64_t ms) {
    pass(ms);
    telemetry_flush(telemetry);
    pump_some();
}

/* ---- when ---- */

static void a_batch_waits_for_its_time(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "\"timeoutMs\":25", 0);
    write_numbers(0, 1);
    pass(24);
    write_numbers(1, 2);
    pump_some();
    assert_int_equal(consumers[0].connections, 0);
    pass(1);
    write_numbers(2, 3);
    pump_until(consumers[0].taken == 1);
    got_numbers(0, 0, 3);
    write_numbers(3, 4);
    pass(25); /* this time nothing happens but the timer */
    pump_until(consumers[0].taken == 2);
    got_numbers(0, 0, 4);
}

static void a_thousand_items_leave_at_once(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "\"maxItems\":1000", 0);
    write_numbers(0, 999);
    pump_some();
    assert_int_equal(consumers[0].connections, 0);
    write_numbers(999, 1001);
    pump_until(consumers[0].taken == 1);
    got_numbers(0, 0, 1000);
    assert_false(telemetry_is_settled(telemetry)); /* one has begun the next batch */
}

static void many_bytes_leave_at_once(void **state) {
    (void)state;
    char line[1001];
    memset(line, 'x', sizeof line - 1);
    line[1000] = '\0';
    subscribe("ext", FUNCTION, "\"maxBytes\":262144", 0);
    int written = 0;
    for (; consumers[0].taken == 0; written++) {
        write_line(line);
        pump();
        assert_true(written < 300);
    }
    size_t len = consumers[0].got.len - 1;
    assert_in_range(len, 262144 - 1100, 262144);
}

static void an_event_larger_than_a_batch_goes_alone(void **state) {
    (void)state;
    OWN(buf) struct buf line;
    buf_init(&line, LIMIT_LOG_LINE_BYTES);
    while (line.len < LIMIT_LOG_LINE_BYTES)
        buf_append_byte(&line, '\x01');
    subscribe("ext", FUNCTION, "", 0);
    write_numbers(0, 1);
    write_line(buf_text(&line));
    pump_until(consumers[0].taken == 1);
    assert_int_equal(count_in(got(0), RECORD), 1);
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
}

static void flushing_is_at_once(void **state) {
    (void)state;
    assert_true(telemetry_is_settled(telemetry));
    subscribe("ext", FUNCTION, "\"timeoutMs\":30000", 0);
    assert_true(telemetry_is_settled(telemetry));
    write_numbers(0, 2500);
    assert_false(telemetry_is_settled(telemetry));
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    got_numbers(0, 0, 2500);
}

static void nothing_leaves_while_frozen(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "\"timeoutMs\":25", 0);
    write_numbers(0, 1);
    telemetry_pause(telemetry, true);
    pass(1000);
    telemetry_flush(telemetry);
    pump_some();
    assert_int_equal(sockets_wanted, 0);
    telemetry_pause(telemetry, false);
    pump_until(consumers[0].taken == 1);
    got_numbers(0, 0, 1);

    /* An answer that comes meanwhile is read afterwards, and no patience is lost. */
    consumers[0].manners = HANGS;
    write_numbers(1, 2);
    telemetry_flush(telemetry);
    pump_until(consumers[0].requests == 2);
    telemetry_pause(telemetry, true);
    pass(3600 * 1000);
    consumer_say(&consumers[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    pump_some();
    assert_false(telemetry_is_settled(telemetry));
    telemetry_pause(telemetry, false);
    pump_until(telemetry_is_settled(telemetry));
    assert_int_equal(consumers[0].connections, 1);
    assert_int_equal(consumers[0].requests, 2);
}

static void a_socket_given_while_frozen_waits(void **state) {
    (void)state;
    are_sockets_late = true;
    subscribe("ext", FUNCTION, "", 0);
    write_numbers(0, 1);
    telemetry_flush(telemetry);
    assert_int_equal(sockets_wanted, 1);
    telemetry_pause(telemetry, true);
    telemetry_give_socket(telemetry, socket_new());
    pump_some();
    assert_int_equal(consumers[0].requests, 0);
    telemetry_pause(telemetry, false);
    pump_until(telemetry_is_settled(telemetry));
    got_numbers(0, 0, 1);
}

/* ---- how ---- */

static void a_connection_is_kept(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "", 0);
    for (int i = 0; i < 3; i++) {
        write_numbers(i, i + 1);
        telemetry_flush(telemetry);
        pump_until(telemetry_is_settled(telemetry));
    }
    got_numbers(0, 0, 3);
    assert_int_equal(consumers[0].connections, 1);
    OWN_MEM char *head = mem_format("POST / HTTP/1.1\r\nHost: sandbox.localdomain:%u\r\n"
                                    "Content-Type: application/json\r\nContent-Length: 70\r\n\r\n",
                                    consumers[0].port);
    assert_string_equal(buf_text(&consumers[0].head), head);
}

static void the_consumer_chooses_method_and_path(void **state) {
    (void)state;
    OWN_MEM char *body = mem_format(
        "{\"types\":[\"function\"],\"destination\":{\"protocol\":\"HTTP\",\"method\":\"PUT\","
        "\"encoding\":\"JSON\",\"URI\":\"http://sandbox:%u/logs/x?y=%%20#z\"}}",
        consumers[0].port);
    subscribe_as("ext", "/logs", body, 200, "\"OK\"");
    write_numbers(0, 1);
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    OWN_MEM char *head = mem_format("PUT /logs/x?y=%%20 HTTP/1.1\r\nHost: sandbox:%u\r\n", consumers[0].port);
    assert_memory_equal(buf_text(&consumers[0].head), head, strlen(head));
}

static void each_batch_gets_a_connection(enum manners manners) {
    consumers[0].manners = manners;
    subscribe("ext", FUNCTION, "", 0);
    for (int i = 0; i < 3; i++) {
        write_numbers(i, i + 1);
        telemetry_flush(telemetry);
        pump_until(telemetry_is_settled(telemetry));
        pump_some();
    }
    got_numbers(0, 0, 3);
    assert_int_equal(consumers[0].connections, 3);
}

static void one_that_closes_gets_new_connections(void **state) {
    (void)state;
    each_batch_gets_a_connection(ANSWERS_1_0);
}

static void one_that_asks_for_it_too(void **state) {
    (void)state;
    each_batch_gets_a_connection(SAYS_CLOSE);
}

/* Between two batches, unnoticed until the second one leaves. */
static void a_stale_connection_is_no_failure(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "", 0);
    write_numbers(0, 1);
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    telemetry_pause(telemetry, true);
    consumer_hang_up(&consumers[0]);
    write_numbers(1, 2);
    telemetry_flush(telemetry);
    telemetry_pause(telemetry, false);
    pump_until(telemetry_is_settled(telemetry));
    got_numbers(0, 0, 2);
    assert_int_equal(consumers[0].connections, 2);
}

static void tcp_gets_a_line_per_event(void **state) {
    (void)state;
    subscribe_tcp("ext", FUNCTION, "", 0);
    write_numbers(0, 2);
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    write_numbers(2, 3);
    telemetry_flush(telemetry);
    pump_until(count_in(got(0), "\n") == 3);
#define LINE(number) "{\"time\":\"2026-01-31T12:34:56.000Z\",\"type\":" RECORD number "\\n\"}\n"
    assert_string_equal(got(0), LINE("0") LINE("1") LINE("2"));
    assert_int_equal(consumers[0].connections, 1);
    consumer_hang_up(&consumers[0]);
    pump_some();
    write_numbers(3, 4);
    telemetry_flush(telemetry);
    pump_until(count_in(got(0), "\n") == 4);
    got_numbers(0, 0, 4);
}

/* The rest of a batch goes over the next connection, from the event on that was cut. */
static void tcp_goes_on_after_a_break(void **state) {
    (void)state;
    subscribe_tcp("ext", FUNCTION "," PLATFORM, "\"maxBytes\":1048576", 0);
    consumers[0].manners = STARES;
    send_buffer_bytes = 32 * 1024;
    setsockopt(consumers[0].listen_fd, SOL_SOCKET, SO_RCVBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
    write_numbers(0, 9000);
    telemetry_flush(telemetry);
    pump_until(consumers[0].connections == 1);
    pump_some();
    assert_false(telemetry_is_settled(telemetry));
    /* What the kernel took is lost with the connection when nobody reads it; here it is read. */
    shutdown(consumers[0].fd, SHUT_WR);
    pump_some();
    consumers[0].manners = ANSWERS;
    while (consumers[0].fd >= 0)
        consumer_step(&consumers[0]);
    consumers[0].got.len = (size_t)(strrchr(got(0), '\n') + 1 - got(0));
    wait_for(50);
    pump_until(telemetry_is_settled(telemetry) && strstr(got(0), RECORD "8999\\n\"}\n"));
    got_numbers(0, 0, 9000);
    assert_null(strstr(got(0), "logsDropped"));
}

/* ---- consumers that fail ---- */

static void failures_are_tried_again(enum manners manners) {
    consumers[0].manners = manners;
    subscribe("ext", FUNCTION, "", 0);
    write_numbers(0, 3);
    telemetry_flush(telemetry);
    pump_until(consumers[0].requests == 1 && consumers[0].fd < 0);
    pump_some();
    assert_int_equal(consumers[0].requests, 1);
    consumers[0].manners = ANSWERS;
    pass(50);
    pump_until(telemetry_is_settled(telemetry));
    got_numbers(0, 0, 3);
    assert_int_equal(consumers[0].requests, 2);
}

static void a_status_of_500_is_a_failure(void **state) {
    (void)state;
    failures_are_tried_again(REFUSES);
}

static void garbage_is_a_failure(void **state) {
    (void)state;
    failures_are_tried_again(BABBLES);
}

static void an_endless_answer_is_a_failure(void **state) {
    (void)state;
    failures_are_tried_again(FLOODS);
}

static void leaving_is_a_failure(void **state) {
    (void)state;
    failures_are_tried_again(LEAVES);
}

static void hanging_is_a_failure_after_a_while(void **state) {
    (void)state;
    consumers[0].manners = HANGS;
    subscribe("ext", FUNCTION, "", 0);
    write_numbers(0, 1);
    telemetry_flush(telemetry);
    pump_until(consumers[0].requests == 1);
    wait_for(9999);
    assert_true(consumers[0].fd >= 0);
    wait_for(1);
    pump_until(consumers[0].fd < 0);
    consumers[0].manners = ANSWERS;
    wait_for(50);
    pump_until(telemetry_is_settled(telemetry));
    got_numbers(0, 0, 1);
}

static void without_a_socket_it_is_tried_again(void **state) {
    (void)state;
    sockets_refused = 3;
    subscribe("ext", FUNCTION, "", 0);
    write_numbers(0, 1);
    for (int i = 0; i < 4; i++)
        wait_for(1000);
    pump_until(telemetry_is_settled(telemetry));
    assert_int_equal(sockets_wanted, 4);
    got_numbers(0, 0, 1);
}

static void a_listener_may_come_later(void **state) {
    (void)state;
    subscribe("ext", FUNCTION, "", 0);
    close(consumers[0].listen_fd);
    consumers[0].listen_fd = -1;
    write_numbers(0, 1);
    for (int i = 0; i < 5; i++)
        wait_for(1000);
    assert_int_equal(sockets_wanted, 5);
    struct err err;
    assert_true(http_listen("127.0.0.1", consumers[0].port, &consumers[0].listen_fd, &err));
    fcntl(consumers[0].listen_fd, F_SETFL, O_NONBLOCK);
    wait_for(2000);
    pump_until(telemetry_is_settled(telemetry));
    got_numbers(0, 0, 1);
}

static void after_ten_tries_a_batch_is_lost_and_told(void **state) {
    (void)state;
    consumers[0].manners = REFUSES;
    subscribe("ext", PLATFORM "," FUNCTION, "", 0);
    write_numbers(0, 5);
    for (int i = 0; i < 10; i++) {
        telemetry_flush(telemetry);
        pump_until(consumers[0].requests == i + 1 && (i == 9 || consumers[0].fd < 0));
        if (i == 9)
            break;
        pump_some();
        assert_int_equal(consumers[0].requests, i + 1);
        pass(2000);
    }
    consumers[0].manners = ANSWERS;
    pump_until(telemetry_is_settled(telemetry)); /* the loss is told without being asked */
    assert_int_equal(consumers[0].taken, 1);
    write_numbers(5, 6);
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    got_numbers(0, 5, 6);
    assert_int_equal(count_in(got(0), "\"type\":\"platform.logsDropped\""), 1);
    assert_int_equal(count_in(got(0), "\"droppedRecords\":6,"), 1); /* the subscription's own event too */
}

/* ---- bounds ---- */

static long number_behind(const char *text, const char *label, long *ret_sum) {
    long count = 0;
    *ret_sum = 0;
    for (; (text = find(text, label)); count++) {
        text += strlen(label);
        *ret_sum += atol(text);
    }
    return count;
}

static void a_slow_consumer_loses_and_is_told_how_much(void **state) {
    (void)state;
    consumers[0].manners = HANGS;
    subscribe("ext", PLATFORM "," FUNCTION, "\"maxItems\":1000", 0);
    write_numbers(0, 50000);
    pump_until(consumers[0].requests == 1);
    /* It wakes up, answers the first batch, and goes on. */
    consumers[0].manners = ANSWERS;
    consumer_say(&consumers[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    write_numbers(50000, 50001);
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    long lost;
    assert_int_equal(number_behind(got(0), "\"droppedRecords\":", &lost), 1);
    /* The first batch of 1000, with the subscription in it, was taken but is not in `got`. */
    assert_int_equal(count_in(got(0), RECORD), 50001 - 999 - lost);
    assert_int_equal(count_in(got(0), RECORD), 20000 + 1);
    const char *told = strstr(got(0), "platform.logsDropped");
    const char *last = strstr(got(0), RECORD "50000\\n");
    assert_true(told && last && told < last);
    assert_non_null(strstr(got(0), RECORD "20998\\n"));
    assert_null(strstr(got(0), RECORD "20999\\n"));
}

static void bytes_are_bounded_too(void **state) {
    (void)state;
    subscribe("ext", PLATFORM "," FUNCTION, "", 0);
    char line[10001];
    memset(line, 'x', sizeof line - 1);
    line[10000] = '\0';
    for (int i = 0; i < 2000; i++) {
        if (i % 1000 == 0) { /* what was lost before is told once */
            consumers[0].manners = ANSWERS;
            telemetry_flush(telemetry);
            pump_until(telemetry_is_settled(telemetry));
            consumers[0].manners = STARES;
        }
        write_line(line);
        pump();
    }
    consumers[0].manners = ANSWERS;
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    long lost, bytes;
    assert_int_equal(number_behind(got(0), "\"droppedRecords\":", &lost), 2);
    number_behind(got(0), "\"droppedBytes\":", &bytes);
    int taken = count_in(got(0), RECORD);
    assert_int_equal(taken + lost, 2000);
    assert_in_range(taken, 2 * 210, 2 * 250); /* 2 MiB, and a batch of 256 KiB that was on its way */
    assert_in_range(bytes, lost * 10000, lost * 10100);
}

static void who_did_not_ask_for_platform_events_is_not_told(void **state) {
    (void)state;
    consumers[0].manners = HANGS;
    subscribe("ext", FUNCTION, "\"maxItems\":1000", 0);
    write_numbers(0, 30000);
    pump_until(consumers[0].requests == 1);
    consumers[0].manners = ANSWERS;
    consumer_say(&consumers[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    telemetry_flush(telemetry);
    pump_until(telemetry_is_settled(telemetry));
    assert_null(strstr(got(0), "logsDropped"));
    got_numbers(0, 1000, 21000);
}

/* ---- all together ---- */

/* Two subscribers, borders of batches at random, a consumer of changing manners: each event once, in order.
 */
static void ten_thousand_events_once_and_in_order(void **state) {
    (void)state;
    static const enum manners moods[] = {ANSWERS, ANSWERS_1_0, ANSWERS, ANSWERS_1_0,
                                         ANSWERS, REFUSES,     LEAVES,  BABBLES};
    unsigned seed = 7;
    subscribe("http", FUNCTION, "\"timeoutMs\":25", 0);
    subscribe_tcp("tcp", FUNCTION, "\"timeoutMs\":25", 1);
    for (int sent = 0; sent < 10000;) {
        seed = seed * 1103515245 + 12345;
        int count = (int)(seed >> 16) % 60;
        int next = sent + count < 10000 ? sent + count : 10000;
        write_numbers(sent, next);
        sent = next;
        consumers[0].manners = moods[(seed >> 8) % COUNT(moods)];
        pass((seed >> 4) % 30);
        if (seed & 1 << 20)
            telemetry_flush(telemetry);
        telemetry_pause(telemetry, seed & 1 << 21);
        pump();
    }
    consumers[0].manners = ANSWERS;
    telemetry_pause(telemetry, false);
    for (int i = 0; i < 10; i++)
        wait_for(2000);
    pump_until(telemetry_is_settled(telemetry) && count_in(got(1), RECORD) == 10000);
    got_numbers(0, 0, 10000);
    got_numbers(1, 0, 10000);
}

static void the_end_may_come_at_any_time(void **state) {
    (void)state;
    consumers[0].manners = HANGS;
    are_sockets_late = true;
    subscribe("a", FUNCTION, "", 0);
    subscribe("b", FUNCTION, "", 1);
    write_numbers(0, 3000);
    telemetry_flush(telemetry);
    telemetry_give_socket(telemetry, socket_new());
    pump_until(consumers[0].connections == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_batch_waits_for_its_time),
        TEST(a_thousand_items_leave_at_once),
        TEST(many_bytes_leave_at_once),
        TEST(an_event_larger_than_a_batch_goes_alone),
        TEST(flushing_is_at_once),
        TEST(nothing_leaves_while_frozen),
        TEST(a_socket_given_while_frozen_waits),
        TEST(a_connection_is_kept),
        TEST(the_consumer_chooses_method_and_path),
        TEST(one_that_closes_gets_new_connections),
        TEST(one_that_asks_for_it_too),
        TEST(a_stale_connection_is_no_failure),
        TEST(tcp_gets_a_line_per_event),
        TEST(tcp_goes_on_after_a_break),
        TEST(a_status_of_500_is_a_failure),
        TEST(garbage_is_a_failure),
        TEST(an_endless_answer_is_a_failure),
        TEST(leaving_is_a_failure),
        TEST(hanging_is_a_failure_after_a_while),
        TEST(without_a_socket_it_is_tried_again),
        TEST(a_listener_may_come_later),
        TEST(after_ten_tries_a_batch_is_lost_and_told),
        TEST(a_slow_consumer_loses_and_is_told_how_much),
        TEST(bytes_are_bounded_too),
        TEST(who_did_not_ask_for_platform_events_is_not_told),
        TEST(ten_thousand_events_once_and_in_order),
        TEST(the_end_may_come_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
