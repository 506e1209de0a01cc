/* Signatures: made by other people's signers, verified by ours; every complaint; presigned URLs there and
 * back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/parse.h"
#include "http/sigv4.h"

#define KEY_ID "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define DATE "20260131T123456Z"
#define GENERIC                                                                                              \
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "  \
    "Access Key and signing method. Consult the service documentation for details."

/* A request as it comes from the wire. Lives until the next read_request(). */
static char wire[200000];
static struct parse parse;
static struct sigv4_cache cache;

static const struct http_request *read_request(const char *text) {
    assert_true(strlen(text) < sizeof wire);
    memcpy(wire, text, strlen(text) + 1);
    parse_reset(&parse);
    size_t used;
    assert_int_equal(parse_head(&parse, wire, strlen(wire), &used), PARSE_COMPLETE);
    parse.request.body = (struct http_text){wire + used, strlen(wire) - used};
    return &parse.request;
}

static int64_t seconds_of(const char *date) {
    return clock_parse_amz_date(date, strlen(date));
}

static enum sigv4_result verify_at(const char *text, const char *date, struct err *err) {
    const struct http_request *request = read_request(text);
    struct sigv4_claim claim;
    enum sigv4_result result = sigv4_parse(request, &claim, err);
    if (result == SIGV4_OK)
        result = sigv4_verify(&cache, &claim, request, SECRET, seconds_of(date), err);
    return result;
}

static enum sigv4_result verify(const char *text, struct err *err) {
    return verify_at(text, DATE, err);
}

struct signed_request {
    const char *name;
    const char *line; /* method and target */
    const char *headers;
    const char *service;
    const char *signed_headers;
    const char *body;
    const char *signature;
};

static char *text_of(const struct signed_request *row, const char *host, const char *key_id,
                     const char *date) {
    return mem_format(
        "%s HTTP/1.1\r\nHost: %s\r\n%sX-Amz-Date: %s\r\nAuthorization: AWS4-HMAC-SHA256 "
        "Credential=%s/%.8s/us-east-1/%s/aws4_request, SignedHeaders=%s, Signature=%s\r\n\r\n%s",
        row->line, host, row->headers, date, key_id, date, row->service, row->signed_headers, row->signature,
        row->body);
}

/* Signed by botocore 1.29 (SigV4Auth, S3SigV4Auth) for http://127.0.0.1:4566. */
static const struct signed_request botocore_rows[] = {
    {"invoke", "POST /2015-03-31/functions/echo/invocations",
     "User-Agent: Boto3/1.26.27 md/Botocore\r\nX-Amz-Invocation-Type: RequestResponse\r\n"
     "amz-sdk-request: attempt=1\r\n",
     "lambda", "amz-sdk-request;host;x-amz-date;x-amz-invocation-type", "{\"hello\": \"world\"}",
     "9528f7cf5a4971ebe9ed50aeb5011924b0b488ccbaa5a52bd84f912c111de472"},
    {"arn in the path",
     "GET "
     "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aecho/configuratio"
     "n?Qualifier=%24LATEST",
     "", "lambda", "host;x-amz-date", "", "e3cca99727281e5f77335e855c9cb079e97f550093c91e6eedd5ff0ed18a83b4"},
    {"unsorted query",
     "DELETE "
     "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aecho?tagKeys=b&tagKeys"
     "=a&x=&tagKeys=a%20b&MaxItems=5&flag",
     "", "lambda", "host;x-amz-date", "", "84139c49220b8a7ed6a3dc9a21e5f256b61a3db5ef18a01d77c64040c9a2c424"},
    {"white space in values", "GET /2015-03-31/functions/",
     "X-Amz-Client-Context:   eyJh   Ijo\t\tx  \r\nMy-Header: \"a   b\"\r\n", "lambda",
     "host;my-header;x-amz-client-context;x-amz-date", "",
     "1399395f9ddf86cab682fa6baf70e18bc7437d209fcc24ec287cc597e5018282"},
    {"dot segments", "GET /a/./b/../c//d/?q=1", "", "lambda", "host;x-amz-date", "",
     "b5be03b93f77d7d89bf482a51fa59ca46611fa1eefe47d3581de88609989b4e0"},
    {"dots to the root", "GET /a/../..", "", "lambda", "host;x-amz-date", "",
     "913788e05dfcf9179e3a0e7900d62795ef4fe4e51279e927c4bdebd75d169ac0"},
    {"odd characters in the path", "GET /a%20b/~c/d+e/f(g)'h/%C3%A4", "", "lambda", "host;x-amz-date", "",
     "665711ca20157985de477d1eebaa5cd467f9419ddbf2cee57a69f51b47e59ada"},
    {"security token", "POST /2015-03-31/functions/echo/invocations",
     "X-Amz-Security-Token: IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==\r\n", "lambda",
     "host;x-amz-date;x-amz-security-token", "{}",
     "3f7fc4ee3f82264239aeefcf47853a832c17df6309b6db6a489a912579c46d2c"},
    {"s3 path stays as it is", "GET /bucket/a%20b//./c",
     "X-Amz-Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n", "s3",
     "host;x-amz-content-sha256;x-amz-date", "",
     "8d033c4a512630e98ba0fbf13c665e8eb10eab5875c1537c0d47e9a79878d4f4"},
    {"s3 with a body", "PUT /bucket/key",
     "X-Amz-Content-SHA256: ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73\r\n", "s3",
     "host;x-amz-content-sha256;x-amz-date", "content",
     "194eef2386571c4a624833a4a61a7a473cb2b2732022405d726f904127dfd3cd"},
    {"unsigned payload", "POST /2015-03-31/functions/echo/invocations",
     "X-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\n", "lambda", "host;x-amz-content-sha256;x-amz-date",
     "{\"a\":1}", "9399acc765c189c33a145e150df0fcbf50dcc85a672d70d476cf713ba6635697"},
    {"another service", "POST /",
     "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n", "sqs",
     "content-type;host;x-amz-date;x-amz-target", "{}",
     "b074276562555d0563047298c8511a628d09341065ddb6a2798d0567e2d25771"},
};

/* From AWS's Signature Version 4 test suite: key AKIDEXAMPLE, 20150830T123600Z, service "service",
 * example.amazonaws.com. */
static const struct signed_request suite_rows[] = {
    {"get-vanilla", "GET /", "", "service", "host;x-amz-date", "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key-case", "GET /?Param2=value2&Param1=value1", "", "service",
     "host;x-amz-date", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"post-vanilla", "POST /", "", "service", "host;x-amz-date", "",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-x-www-form-urlencoded", "POST /", "Content-Type: application/x-www-form-urlencoded\r\n", "service",
     "content-type;host;x-amz-date", "Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"get-header-value-trim", "GET /", "My-Header1: value1\r\nMy-Header2: \"a   b   c\"\r\n", "service",
     "host;my-header1;my-header2;x-amz-date", "",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-header-key-duplicate", "GET /",
     "My-Header1: value2\r\nMy-Header1: value2\r\nMy-Header1: value1\r\n", "service",
     "host;my-header1;x-amz-date", "", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-slashes", "GET //", "", "service", "host;x-amz-date", "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-dot-slash", "GET /./", "", "service", "host;x-amz-date", "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative-relative", "GET /example1/example2/../..", "", "service", "host;x-amz-date", "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
};

static const char *const presigned_by_botocore[] = {
    "/2015-03-31/functions/echo?Qualifier=prod&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIO"
    "SFODNN7EXAMPLE%2F20260131%2Fus-east-1%2Flambda%2Faws4_request&X-Amz-Date=20260131T123456Z&X-Amz-Ex"
    ""
    "pires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=13238d10b6590f7f54a5440d77fa5f7af2f69368677787c0"
    "c46b8c9f8a07cec2",
    "/code/abc.zip?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260131%2F"
    "us-east-1%2Flambda%2Faws4_request&X-Amz-Date=20260131T123456Z&X-Amz-Expires=600&X-Amz-SignedHeader"
    "s=host&X-Amz-Security-Token=FwoGZXIvYXdzE%2F%2B%3D%3D&X-Amz-Signature=0f9675cac98a044b40faae6beab5"
    "36ecfa1a0d54b4d5869b8a38a61c6e164672",
    "/bucket/a%20b/../c.zip?versionId=x%2Fy&response-content-type=a&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-"
    "Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260131%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260131"
    ""
    "T123456Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-Signature=225521d2fb4206d6236d7d8ccc50"
    "1fb2174d27c3b83aa4f3f46345f62b3880bc",
};

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static void accepts_what_botocore_signed(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(botocore_rows); i++) {
        OWN_MEM char *text = text_of(&botocore_rows[i], "127.0.0.1:4566", KEY_ID, DATE);
        struct err err = {0};
        if (verify(text, &err) != SIGV4_OK)
            fail_msg("%s: %s", botocore_rows[i].name, err.text);
    }
}

static void accepts_the_test_suite(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(suite_rows); i++) {
        OWN_MEM char *text = text_of(&suite_rows[i], "example.amazonaws.com", "AKIDEXAMPLE",
                                     "20150830T123600Z");
        const struct http_request *request = read_request(text);
        struct sigv4_claim claim;
        struct err err = {0};
        assert_int_equal(sigv4_parse(request, &claim, &err), SIGV4_OK);
        int64_t now_s = seconds_of("20150830T123600Z");
        if (sigv4_verify(NULL, &claim, request, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", now_s, &err) !=
            SIGV4_OK)
            fail_msg("%s: %s", suite_rows[i].name, err.text);
    }
}

/* Every byte of a signed request counts. */
static void refuses_any_change(void **state) {
    (void)state;
    static const char *const changes[][2] = {
        {"POST", "GET"},
        {"/echo/", "/other/"},
        {"127.0.0.1:4566", "127.0.0.1:4567"},
        {"RequestResponse", "Event"},
        {"world", "World"},
        {"9528f7cf", "9528f7ce"},
        {"us-east-1", "us-east-2"},
        {"/lambda/", "/sqs/"},
        {"20260131T123456Z", "20260131T123457Z"},
    };
    for (size_t i = 0; i < COUNT(changes); i++) {
        OWN_MEM char *text = text_of(&botocore_rows[0], "127.0.0.1:4566", KEY_ID, DATE);
        char *at = strstr(text, changes[i][0]);
        assert_non_null(at);
        OWN_MEM char *changed = mem_format("%.*s%s%s", (int)(at - text), text, changes[i][1],
                                           at + strlen(changes[i][0]));
        struct err err = {0};
        assert_int_equal(verify(changed, &err), SIGV4_MISMATCH);
        assert_string_equal(err.text, GENERIC);
        assert_int_equal(err.code, ERR_UNAUTHENTICATED);
    }
}

static void reads_the_claim(void **state) {
    (void)state;
    OWN_MEM char *text = text_of(&botocore_rows[7], "h", KEY_ID, DATE);
    struct sigv4_claim claim;
    assert_int_equal(sigv4_parse(read_request(text), &claim, NULL), SIGV4_OK);
    assert_false(claim.presigned);
    assert_string_equal(claim.access_key, KEY_ID);
    assert_string_equal(claim.date, "20260131");
    assert_string_equal(claim.region, "us-east-1");
    assert_string_equal(claim.service, "lambda");
    assert_string_equal(claim.session_token, "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==");
    assert_int_equal(claim.signed_at_s, 1769862896);
    assert_int_equal(claim.expires_s, 0);
    assert_string_equal(claim.signed_headers, "host;x-amz-date;x-amz-security-token");
    assert_string_equal(claim.signature, botocore_rows[7].signature);
}

#define HEAD "GET / HTTP/1.1\r\nHost: h\r\n"
#define DATED HEAD "X-Amz-Date: " DATE "\r\nAuthorization: "
#define HASHED(hash) "(Hashed with SHA-256 and encoded with Base64) Authorization=" hash

/* What is malformed, and AWS's words for it. */
static const struct {
    const char *request;
    enum sigv4_result result;
    const char *text;
} complaints[] = {
    {HEAD "\r\n", SIGV4_MISSING, "Missing Authentication Token"},
    {HEAD "Authorization: Bearer abc\r\n\r\n", SIGV4_INCOMPLETE,
     "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and "
     "encoded with Base64): 'w1Xc6WwWEogNEZQP/dkBTThsJT4MNlKmzQanIm970rY='."},
    {HEAD "Authorization: x=y\r\n\r\n", SIGV4_INCOMPLETE,
     "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' "
     "parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires "
     "existence of either a 'X-Amz-Date' or a 'Date' header. " HASHED(
         "FL9Q2Ado87zQiznTAvfhRGWuRL9l5++IuyjoPooa4XI=")},
    {DATED "AWS4-HMAC-SHA256 Credential=a,SignedHeaders=b\r\n\r\n", SIGV4_INCOMPLETE,
     "Authorization header requires 'Signature' parameter. " HASHED(
         "LIUu2IUb30czZV+IkP0gd6IrJF7sL6YPbg/ZXhh+W44=")},
    {HEAD "Date: Sat, 31 Jan 2026 12:34:56 GMT\r\nAuthorization: AWS4-HMAC-SHA256 Credential=a, "
          "SignedHeaders=b, Signature=c\r\n\r\n",
     SIGV4_INCOMPLETE,
     "Date must be in ISO-8601 'basic format'. Got 'Sat, 31 Jan 2026 12:34:56 GMT'. See "
     "http://en.wikipedia.org/wiki/ISO_8601"},
    {DATED "AWS4-HMAC-SHA1 Credential=a, SignedHeaders=b, Signature=c\r\n\r\n", SIGV4_INCOMPLETE,
     "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."},
    {DATED "AWS4-HMAC-SHA256 Credential=a/b/c/d, SignedHeaders=b, Signature=c\r\n\r\n", SIGV4_INCOMPLETE,
     "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
     "'a/b/c/d'"},
    {DATED "AWS4-HMAC-SHA256 Credential=a/20260131/c/d/e/aws4_request, SignedHeaders=b, Signature=c\r\n\r\n",
     SIGV4_INCOMPLETE,
     "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
     "'a/20260131/c/d/e/aws4_request'"},
    {DATED "AWS4-HMAC-SHA256 Credential=a/20260131/c/d/x, SignedHeaders=b, Signature=c\r\n\r\n",
     SIGV4_MISMATCH, "Credential should be scoped with a valid terminator: 'aws4_request', not 'x'."},
    {DATED "AWS4-HMAC-SHA256 Credential=a/20260130/c/d/aws4_request, SignedHeaders=b, Signature=c\r\n\r\n",
     SIGV4_MISMATCH,
     "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
     "'20260130' != '20260131', from '20260131T123456Z'."},
    {DATED "AWS4-HMAC-SHA256 Credential=/20260131/c/d/aws4_request, SignedHeaders=b, Signature=c\r\n\r\n",
     SIGV4_INCOMPLETE, "An element of Credential is empty or too long, got '/20260131/c/d/aws4_request'"},
    {"GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x HTTP/1.1\r\nHost: h\r\n\r\n", SIGV4_INCOMPLETE,
     "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must "
     "include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
     "Re-examine the query-string parameters."},
    {"GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256 HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\n\r\n", SIGV4_MISMATCH,
     "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
    {HEAD "Authorization: a\r\nAuthorization: b\r\n\r\n", SIGV4_INCOMPLETE,
     "Authorization header was sent more than once."},
    {DATED "AWS4-HMAC-SHA256 Credential=a/20260131/c/d/aws4_request, SignedHeaders=x-amz-date, "
           "Signature=c\r\n\r\n",
     SIGV4_MISMATCH, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."},
    {DATED "AWS4-HMAC-SHA256 Credential=a/20260131/c/d/aws4_request, SignedHeaders=host, Signature=c\r\n\r\n",
     SIGV4_MISMATCH, "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."},
    {DATED "AWS4-HMAC-SHA256 Credential=a/20260131/c/d/aws4_request, SignedHeaders=host;x-amz-date, "
           "Signature=c\r\n\r\n",
     SIGV4_MISMATCH, GENERIC},
};

static void complains_in_the_words_of_aws(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(complaints); i++) {
        struct err err = {0};
        assert_int_equal(verify(complaints[i].request, &err), complaints[i].result);
        assert_string_equal(err.text, complaints[i].text);
    }
}

static void checks_the_clock(void **state) {
    (void)state;
    OWN_MEM char *text = text_of(&botocore_rows[0], "127.0.0.1:4566", KEY_ID, DATE);
    struct err err;
    assert_int_equal(verify_at(text, "20260131T123956Z", &err), SIGV4_OK);
    assert_int_equal(verify_at(text, "20260131T122956Z", &err), SIGV4_OK);
    assert_int_equal(verify_at(text, "20260131T123957Z", &err), SIGV4_EXPIRED);
    assert_string_equal(err.text, "Signature expired: 20260131T123456Z is now earlier than 20260131T123457Z "
                                  "(20260131T123957Z - 5 min.)");
    assert_int_equal(verify_at(text, "20260131T122955Z", &err), SIGV4_EXPIRED);
    assert_string_equal(err.text, "Signature not yet current: 20260131T123456Z is still later than "
                                  "20260131T123455Z (20260131T122955Z + 5 min.)");
}

static char *presigned_text(const char *target) {
    return mem_format("GET %s HTTP/1.1\r\nHost: 127.0.0.1:4566\r\nUser-Agent: curl/7.88.1\r\n\r\n", target);
}

static void accepts_presigned_urls_of_botocore(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(presigned_by_botocore); i++) {
        OWN_MEM char *text = presigned_text(presigned_by_botocore[i]);
        struct err err = {0};
        if (verify_at(text, "20260131T124456Z", &err) != SIGV4_OK)
            fail_msg("%zu: %s", i, err.text);
    }
}

static void presigned_urls_end(void **state) {
    (void)state;
    OWN_MEM char *text = presigned_text(presigned_by_botocore[0]);
    struct err err;
    assert_int_equal(verify_at(text, "20260131T124457Z", &err), SIGV4_EXPIRED);
    assert_string_equal(err.text, "Signature expired: 20260131T123456Z is now earlier than 20260131T123457Z "
                                  "(20260131T124457Z - 10 min.)");
    assert_int_equal(verify_at(text, "20260131T122955Z", &err), SIGV4_EXPIRED);

    static const char *const wrong[][2] = {
        {"0", "X-Amz-Expires must be non-negative"},
        {"-5", "X-Amz-Expires must be non-negative"},
        {"1x", "X-Amz-Expires should be a number"},
        {"", "X-Amz-Expires should be a number"},
        {"99999999999999999", "X-Amz-Expires should be a number"},
        {"604801",
         "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
         "less than 604800 seconds"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char *at = strstr(text, "X-Amz-Expires=600");
        OWN_MEM char *changed = mem_format("%.*sX-Amz-Expires=%s%s", (int)(at - text), text, wrong[i][0],
                                           at + strlen("X-Amz-Expires=600"));
        assert_int_equal(verify(changed, &err), SIGV4_INCOMPLETE);
        assert_string_equal(err.text, wrong[i][1]);
    }
}

static void presigns_like_botocore(void **state) {
    (void)state;
    struct sigv4_presign presign = {
        .scheme = "http",
        .host = "127.0.0.1:4566",
        .path = "/2015-03-31/functions/echo",
        .query = "Qualifier=prod",
        .access_key = KEY_ID,
        .secret = SECRET,
        .region = "us-east-1",
        .service = "lambda",
        .now_s = 1769862896,
        .expires_s = 600,
    };
    OWN_MEM char *url = sigv4_presign_url(&presign);
    assert_memory_equal(url, "http://127.0.0.1:4566", 21);
    assert_string_equal(url + 21, presigned_by_botocore[0]);

    presign.path = "/code/abc.zip";
    presign.query = NULL;
    presign.session_token = "FwoGZXIvYXdzE/+==";
    OWN_MEM char *with_token = sigv4_presign_url(&presign);
    assert_string_equal(with_token + 21, presigned_by_botocore[1]);

    /* And back: also with a query that sorts behind X-Amz-*, for S3. */
    presign.service = "s3";
    presign.query = "zone=a%20b&A=1";
    OWN_MEM char *for_s3 = sigv4_presign_url(&presign);
    OWN_MEM char *text = presigned_text(for_s3 + 21);
    struct err err = {0};
    if (verify(text, &err) != SIGV4_OK)
        fail_msg("%s", err.text);
    strstr(text, "abc.zip")[0] = 'x';
    assert_int_equal(verify(text, &err), SIGV4_MISMATCH);
}

static void compares_the_payload_with_its_hash(void **state) {
    (void)state;
    OWN_MEM char *text = text_of(&botocore_rows[9], "127.0.0.1:4566", KEY_ID, DATE);
    struct err err = {0};
    assert_int_equal(verify(text, &err), SIGV4_OK);
    strstr(text, "\r\n\r\n")[4] = 'C';
    assert_int_equal(verify(text, &err), SIGV4_MISMATCH);
    assert_string_equal(err.text,
                        "The provided 'x-amz-content-sha256' header does not match what was computed.");

    struct signed_request streaming = botocore_rows[9];
    streaming.headers = "X-Amz-Content-SHA256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n";
    OWN_MEM char *other = text_of(&streaming, "h", KEY_ID, DATE);
    assert_int_equal(verify(other, &err), SIGV4_MISMATCH);
    assert_string_equal(err.text, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, or a valid sha256 value.");
}

static size_t cached_keys(void) {
    size_t count = 0;
    for (size_t i = 0; i < SIGV4_CACHE_KEYS; i++)
        count += cache.keys[i].id[0] != '\0';
    return count;
}

static void caches_keys_that_proved_right(void **state) {
    (void)state;
    memset(&cache, 0, sizeof cache);
    OWN_MEM char *text = text_of(&botocore_rows[0], "127.0.0.1:4566", KEY_ID, DATE);
    struct signed_request wrong = botocore_rows[0];
    wrong.signature = botocore_rows[1].signature;
    OWN_MEM char *mismatch = text_of(&wrong, "127.0.0.1:4566", KEY_ID, DATE);
    assert_int_equal(verify(mismatch, NULL), SIGV4_MISMATCH);
    assert_int_equal(cached_keys(), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(verify(text, NULL), SIGV4_OK);
    assert_int_equal(cached_keys(), 1);

    const struct http_request *request = read_request(text);
    struct sigv4_claim claim;
    assert_int_equal(sigv4_parse(request, &claim, NULL), SIGV4_OK);
    sigv4_cache_forget(&cache, "AKIAIOSFODNN7EXAMPL");
    assert_int_equal(cached_keys(), 1);
    sigv4_cache_forget(&cache, KEY_ID);
    assert_int_equal(cached_keys(), 0);
    assert_int_equal(sigv4_verify(&cache, &claim, request, "another secret", 1769862896, NULL),
                     SIGV4_MISMATCH);
}

/* One more key than there are places: the one used longest ago goes. */
static void replaces_the_oldest_key(void **state) {
    (void)state;
    memset(&cache, 0, sizeof cache);
    struct sigv4_presign presign = {
        .scheme = "http",
        .host = "127.0.0.1:4566",
        .path = "/",
        .access_key = KEY_ID,
        .secret = SECRET,
        .service = "lambda",
        .now_s = 1769862896,
        .expires_s = 60,
    };
    for (int i = 0; i <= SIGV4_CACHE_KEYS; i++) {
        char region[32];
        snprintf(region, sizeof region, "region-%d", i);
        presign.region = region;
        OWN_MEM char *url = sigv4_presign_url(&presign);
        OWN_MEM char *text = presigned_text(url + 21);
        assert_int_equal(verify(text, NULL), SIGV4_OK);
    }
    assert_int_equal(cached_keys(), SIGV4_CACHE_KEYS);
    assert_string_equal(cache.keys[0].id, KEY_ID "/20260131/region-64/lambda");
    assert_string_equal(cache.keys[1].id, KEY_ID "/20260131/region-1/lambda");
}

static void bounds_every_part(void **state) {
    (void)state;
    static char big[3000];
    memset(big, 'a', sizeof big - 1);
    static const struct {
        const char *format;
        int len;
        enum sigv4_result result;
    } rows[] = {
        {DATED
         "AWS4-HMAC-SHA256 Credential=%.*s/20260131/c/d/aws4_request, SignedHeaders=b, Signature=c\r\n\r\n",
         129, SIGV4_INCOMPLETE},
        {DATED
         "AWS4-HMAC-SHA256 Credential=a/20260131/%.*s/d/aws4_request, SignedHeaders=b, Signature=c\r\n\r\n",
         65, SIGV4_INCOMPLETE},
        {DATED
         "AWS4-HMAC-SHA256 Credential=a/20260131/c/%.*s/aws4_request, SignedHeaders=b, Signature=c\r\n\r\n",
         65, SIGV4_INCOMPLETE},
        {DATED
         "AWS4-HMAC-SHA256 Credential=a/20260131/c/d/aws4_request, SignedHeaders=%.*s, Signature=c\r\n\r\n",
         1025, SIGV4_INCOMPLETE},
        {DATED
         "AWS4-HMAC-SHA256 Credential=a/20260131/c/d/aws4_request, SignedHeaders=b, Signature=%.*s\r\n\r\n",
         65, SIGV4_MISMATCH},
        {HEAD "X-Amz-Security-Token: %.*s\r\nX-Amz-Date: " DATE
              "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=a/20260131/"
              "c/d/aws4_request, SignedHeaders=b, Signature=c\r\n\r\n",
         2049, SIGV4_MISMATCH},
        {"GET /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=%.*s HTTP/1.1\r\nHost: h\r\n\r\n", 100,
         SIGV4_INCOMPLETE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        OWN_MEM char *text = mem_format(rows[i].format, rows[i].len, big);
#pragma GCC diagnostic pop
        struct err err = {0};
        assert_int_equal(verify(text, &err), rows[i].result);
        assert_true(err.text[0] != '\0');
    }
}

/* A query of ever so many parameters costs a bounded amount and is refused. */
static void refuses_too_many_parameters(void **state) {
    (void)state;
    char query[8000];
    memset(query, '&', sizeof query - 1);
    query[sizeof query - 1] = '\0';
    OWN_MEM char *text = mem_format(
        "GET /?%s HTTP/1.1\r\nHost: h\r\nX-Amz-Date: " DATE "\r\nAuthorization: AWS4-HMAC-SHA256 "
        "Credential=a/20260131/c/d/aws4_request, SignedHeaders=host;x-amz-date, Signature=%064d\r\n\r\n",
        query, 0);
    struct err err = {0};
    assert_int_equal(verify(text, &err), SIGV4_MISMATCH);
    assert_string_equal(err.text, GENERIC);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_botocore_signed),
        cmocka_unit_test(accepts_the_test_suite),
        cmocka_unit_test(refuses_any_change),
        cmocka_unit_test(reads_the_claim),
        cmocka_unit_test(complains_in_the_words_of_aws),
        cmocka_unit_test(checks_the_clock),
        cmocka_unit_test(accepts_presigned_urls_of_botocore),
        cmocka_unit_test(presigned_urls_end),
        cmocka_unit_test(presigns_like_botocore),
        cmocka_unit_test(compares_the_payload_with_its_hash),
        cmocka_unit_test(caches_keys_that_proved_right),
        cmocka_unit_test(replaces_the_oldest_key),
        cmocka_unit_test(bounds_every_part),
        cmocka_unit_test(refuses_too_many_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
