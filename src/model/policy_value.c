/* The values of conditions that are more than text: numbers, dates, networks, booleans, base64. Called by the
 * policy engine alone. Source: IAM User Guide, "IAM JSON policy elements: Condition operators". */
#include <arpa/inet.h>
#include <ctype.h>
#include <strings.h>

#include "base/digest.h"
#include "base/mem.h"
#include "model/policy_parts.h"

static unsigned order_of(int64_t difference) {
    return difference < 0 ? POLICY_LESS : difference > 0 ? POLICY_GREATER : POLICY_EQUAL;
}

static size_t count_digits(const char *text) {
    return strspn(text, "0123456789");
}

/* A decimal number of any length, as pieces of its text: without zeros at either end, so that longer is
 * bigger. */
struct number {
    bool is_negative;
    const char *whole;
    size_t whole_len;
    const char *fraction;
    size_t fraction_len;
};

static bool read_number(const char *text, struct number *ret_number) {
    struct number number = {.is_negative = *text == '-'};
    text += *text == '-' || *text == '+';
    number.whole = text;
    number.whole_len = count_digits(text);
    text += number.whole_len;
    number.fraction = text + (*text == '.');
    number.fraction_len = *text == '.' ? count_digits(number.fraction) : 0;
    if (number.whole_len + number.fraction_len == 0 || number.fraction[number.fraction_len] != '\0')
        return false;
    size_t zeros = strspn(number.whole, "0");
    zeros = zeros < number.whole_len ? zeros : number.whole_len;
    number.whole += zeros;
    number.whole_len -= zeros;
    while (number.fraction_len > 0 && number.fraction[number.fraction_len - 1] == '0')
        number.fraction_len--;
    if (number.whole_len + number.fraction_len == 0)
        number.is_negative = false;
    *ret_number = number;
    return true;
}

/* Below, at or above zero as the sizes without sign compare. */
static int64_t compare_sizes(const struct number *a, const struct number *b) {
    if (a->whole_len != b->whole_len)
        return a->whole_len < b->whole_len ? -1 : 1;
    int difference = memcmp(a->whole, b->whole, a->whole_len);
    if (difference != 0)
        return difference;
    size_t common = a->fraction_len < b->fraction_len ? a->fraction_len : b->fraction_len;
    difference = memcmp(a->fraction, b->fraction, common);
    return difference != 0 ? difference : (int64_t)a->fraction_len - (int64_t)b->fraction_len;
}

bool policy_value_is_number(const char *text) {
    struct number number;
    return read_number(text, &number);
}

unsigned policy_value_compare_numbers(const char *fact, const char *value) {
    struct number a, b;
    if (!read_number(fact, &a) || !read_number(value, &b))
        return 0;
    if (a.is_negative != b.is_negative)
        return a.is_negative ? POLICY_LESS : POLICY_GREATER;
    return order_of(a.is_negative ? compare_sizes(&b, &a) : compare_sizes(&a, &b));
}

struct moment {
    int64_t seconds; /* since 1970, UTC */
    int64_t nanoseconds;
};

/* The years that Java's dates have, which IAM takes. */
#define LAST_YEAR 292278993
#define FIRST_YEAR (-292275054)

static bool take(const char **at, char c) {
    if (tolower((unsigned char)**at) != c)
        return false;
    ++*at;
    return true;
}

static bool take_number(const char **at, size_t max_digits, int64_t least, int64_t most,
                        int64_t *ret_number) {
    size_t digits = count_digits(*at);
    if (digits == 0 || digits > max_digits)
        return false;
    int64_t number = 0;
    for (; digits > 0; digits--)
        number = number * 10 + (*(*at)++ - '0');
    *ret_number = number;
    return number >= least && number <= most;
}

static int64_t divide_down(int64_t number, int64_t by) {
    return number / by - (number % by < 0);
}

/* The Gregorian calendar, of years that begin in March: then a leap day is a year's last. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day) {
    if (month <= 2)
        year--;
    int64_t months = (month + 9) % 12;
    int64_t leap_days = divide_down(year, 4) - divide_down(year, 100) + divide_down(year, 400);
    return 365 * year + leap_days + (153 * months + 2) / 5 + day - 1 - 719468;
}

/* "YYYY", "YYYY-MM" or "YYYY-MM-DD". */
static bool take_day(const char **at, int64_t *ret_days) {
    bool is_before_christ = take(at, '-');
    int64_t year, month = 1, day = 1;
    if (!take_number(at, 9, 0, is_before_christ ? -(int64_t)FIRST_YEAR : LAST_YEAR, &year))
        return false;
    if (take(at, '-')) {
        if (!take_number(at, 2, 1, 12, &month))
            return false;
        if (take(at, '-') && !take_number(at, 2, 1, 31, &day))
            return false;
    }
    *ret_days = days_since_1970(is_before_christ ? -year : year, month, day);
    return true;
}

/* "hh", "hh:mm", "hh:mm:ss" or "hh:mm:ss.fraction". */
static bool take_time(const char **at, struct moment *ret_moment) {
    int64_t hour, minute = 0, second = 0, nanoseconds = 0;
    if (!take_number(at, 2, 0, 23, &hour))
        return false;
    if (take(at, ':') && !take_number(at, 2, 0, 59, &minute))
        return false;
    if (take(at, ':') && !take_number(at, 2, 0, 59, &second))
        return false;
    if (take(at, '.')) {
        size_t digits = count_digits(*at);
        if (!take_number(at, 9, 0, 999999999, &nanoseconds))
            return false;
        for (; digits < 9; digits++)
            nanoseconds *= 10;
    }
    ret_moment->seconds = hour * 3600 + minute * 60 + second;
    ret_moment->nanoseconds = nanoseconds;
    return true;
}

/* "Z", "+hh", "+hh:mm", the same with a minus, or nothing, which is UTC. */
static bool take_zone(const char **at, int64_t *ret_seconds) {
    *ret_seconds = 0;
    bool is_west = **at == '-';
    if (take(at, 'z') || (!is_west && **at != '+'))
        return true;
    ++*at;
    int64_t hours, minutes = 0;
    if (count_digits(*at) != 2 || !take_number(at, 2, 0, 23, &hours))
        return false;
    if (take(at, ':') && (count_digits(*at) != 2 || !take_number(at, 2, 0, 59, &minutes)))
        return false;
    *ret_seconds = (hours * 60 + minutes) * (is_west ? -60 : 60);
    return true;
}

/* ISO 8601 as W3C profiles it, or seconds since 1970. */
static bool read_date(const char *text, struct moment *ret_moment) {
    struct moment moment = {0};
    if (!strpbrk(text, "tT-")) {
        if (!take_number(&text, 18, 0, INT64_MAX, &moment.seconds))
            return false;
    } else {
        int64_t days, zone_seconds = 0;
        if (!take_day(&text, &days))
            return false;
        if (take(&text, 't') && *text && (!take_time(&text, &moment) || !take_zone(&text, &zone_seconds)))
            return false;
        moment.seconds += days * 86400 - zone_seconds;
    }
    *ret_moment = moment;
    return *text == '\0';
}

bool policy_value_is_date(const char *text) {
    struct moment moment;
    return read_date(text, &moment);
}

unsigned policy_value_compare_dates(const char *fact, const char *value) {
    struct moment a, b;
    if (!read_date(fact, &a) || !read_date(value, &b))
        return 0;
    return order_of(a.seconds != b.seconds ? a.seconds - b.seconds : a.nanoseconds - b.nanoseconds);
}

struct network {
    int family;
    unsigned char address[16];
    int64_t prefix_bits;
};

/* An address, or a network as "address/bits". */
static bool read_network(const char *text, struct network *ret_network) {
    char address[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "/");
    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    struct network network = {.family = strchr(address, ':') ? AF_INET6 : AF_INET};
    if (inet_pton(network.family, address, network.address) != 1)
        return false;
    int64_t most_bits = network.family == AF_INET ? 32 : 128;
    network.prefix_bits = most_bits;
    text += len;
    if (take(&text, '/') && !take_number(&text, 3, 0, most_bits, &network.prefix_bits))
        return false;
    *ret_network = network;
    return *text == '\0';
}

bool policy_value_is_network(const char *text) {
    struct network network;
    return read_network(text, &network);
}

unsigned policy_value_compare_network(const char *fact, const char *value) {
    struct network caller, network;
    if (strchr(fact, '/') || !read_network(fact, &caller) || !read_network(value, &network))
        return 0;
    size_t bytes = (size_t)network.prefix_bits / 8;
    unsigned last_bits = (unsigned)network.prefix_bits % 8;
    if (caller.family != network.family || memcmp(caller.address, network.address, bytes) != 0)
        return 0;
    if (last_bits > 0 && (caller.address[bytes] ^ network.address[bytes]) >> (8 - last_bits) != 0)
        return 0;
    return POLICY_EQUAL;
}

bool policy_value_is_bool(const char *text) {
    return strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0;
}

bool policy_value_is_binary(const char *text) {
    size_t len = strlen(text);
    OWN_MEM unsigned char *data = mem_alloc(digest_base64_decoded_bytes(len) + 1);
    return digest_base64_decode(text, len, data, &len);
}
