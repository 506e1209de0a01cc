/* The machine's clocks, and dates as the wire writes them. Names of days and months come from tables, never
 * from the locale. */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define US_PER_S 1000000

static int64_t read_us(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static int64_t system_wall_us(void *context) {
    (void)context;
    return read_us(CLOCK_REALTIME);
}

static int64_t system_mono_us(void *context) {
    (void)context;
    return read_us(CLOCK_MONOTONIC);
}

struct clock clock_system(void) {
    return (struct clock){.wall_us = system_wall_us, .mono_us = system_mono_us};
}

/* Returns the milliseconds within the second. Rounds down, before 1970 too. */
static int split(int64_t wall_us, struct tm *ret_date) {
    time_t seconds = wall_us / US_PER_S;
    int64_t rest_us = wall_us % US_PER_S;
    if (rest_us < 0) {
        rest_us += US_PER_S;
        seconds--;
    }
    gmtime_r(&seconds, ret_date);
    return (int)(rest_us / 1000);
}

static void format_date(int64_t wall_us, const char *zone, char ret_text[CLOCK_TEXT_BYTES]) {
    struct tm date;
    int ms = split(wall_us, &date);
    size_t len = strftime(ret_text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &date);
    snprintf(ret_text + len, CLOCK_TEXT_BYTES - len, ".%03d%s", ms, zone);
}

void clock_format_modified(int64_t wall_us, char ret_text[CLOCK_TEXT_BYTES]) {
    format_date(wall_us, "+0000", ret_text);
}

void clock_format_iso(int64_t wall_us, char ret_text[CLOCK_TEXT_BYTES]) {
    format_date(wall_us, "Z", ret_text);
}

void clock_format_http(int64_t wall_us, char ret_text[CLOCK_TEXT_BYTES]) {
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm date;
    split(wall_us, &date);
    snprintf(ret_text, CLOCK_TEXT_BYTES, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[date.tm_wday],
             date.tm_mday, months[date.tm_mon], date.tm_year + 1900, date.tm_hour, date.tm_min, date.tm_sec);
}

/* `count` digits at `text`, or -1. */
static int read_digits(const char *text, size_t count) {
    int number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

static bool is_between(int number, int least, int most) {
    return number >= least && number <= most;
}

int64_t clock_parse_amz_date(const char *text, size_t len) {
    if (len != 16 || text[8] != 'T' || text[15] != 'Z')
        return -1;
    int year = read_digits(text, 4);
    int month = read_digits(text + 4, 2);
    int day = read_digits(text + 6, 2);
    int hour = read_digits(text + 9, 2);
    int minute = read_digits(text + 11, 2);
    int second = read_digits(text + 13, 2);
    if (year < 1970 || !is_between(month, 1, 12) || !is_between(day, 1, 31) || !is_between(hour, 0, 23) ||
        !is_between(minute, 0, 59) || !is_between(second, 0, 59))
        return -1;
    struct tm date = {
        .tm_year = year - 1900,
        .tm_mon = month - 1,
        .tm_mday = day,
        .tm_hour = hour,
        .tm_min = minute,
        .tm_sec = second,
    };
    int64_t seconds = timegm(&date);
    /* timegm turns 31 April into 1 May. */
    return date.tm_mday == day ? seconds : -1;
}
