/* base/digest: published vectors, and base64 at its edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

static void assert_sha256(const void *data, size_t len, const char *expected) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    char text[DIGEST_SHA256_HEX_BYTES];
    digest_sha256(data, len, hash);
    digest_hex(hash, sizeof hash, text);
    assert_string_equal(text, expected);
}

static void test_sha256(void **state) { /* FIPS 180-4 examples */
    (void)state;
    assert_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_stream_equals_one_shot(void **state) {
    (void)state;
    uint8_t whole[DIGEST_SHA256_BYTES], pieces[DIGEST_SHA256_BYTES];
    char data[1000];
    memset(data, 'd', sizeof data);
    digest_sha256(data, sizeof data, whole);
    struct digest_stream *stream = digest_stream_new();
    digest_stream_add(stream, data, 1);
    digest_stream_add(stream, data, 0);
    /* Another hash on the same thread in between changes nothing. */
    digest_sha256("x", 1, pieces);
    digest_stream_add(stream, data + 1, 999);
    digest_stream_finish(stream, pieces);
    digest_stream_free(stream);
    digest_stream_free(NULL);
    assert_memory_equal(whole, pieces, sizeof whole);
}

static void assert_hmac(const void *key, size_t key_len, const void *data, size_t len, const char *expected) {
    uint8_t mac[DIGEST_SHA256_BYTES];
    char text[DIGEST_SHA256_HEX_BYTES];
    digest_hmac_sha256(key, key_len, data, len, mac);
    digest_hex(mac, sizeof mac, text);
    assert_string_equal(text, expected);
}

static void test_hmac(void **state) { /* RFC 4231, 4.2, 4.3, 4.7, 4.8 */
    (void)state;
    uint8_t key[131];
    memset(key, 0x0b, 20);
    assert_hmac(key, 20, "Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_hmac("Jefe", 4, "what do ya want for nothing?", 28,
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    assert_hmac(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    static const char long_data[] =
        "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
        "to be hashed before being used by the HMAC algorithm.";
    assert_hmac(key, sizeof key, long_data, sizeof long_data - 1,
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
    assert_hmac("", 0, "", 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_mac_may_overwrite_its_key(void **state) {
    (void)state;
    /* SigV4 derives a key from a key, four times over. */
    uint8_t key[DIGEST_SHA256_BYTES] = {1}, expected[DIGEST_SHA256_BYTES];
    digest_hmac_sha256(key, sizeof key, "data", 4, expected);
    digest_hmac_sha256(key, sizeof key, "data", 4, key);
    assert_memory_equal(key, expected, sizeof key);
}

static void *hash_on_thread(void *hash) {
    digest_sha256("abc", 3, hash);
    return NULL;
}

static void test_threads(void **state) {
    (void)state;
    uint8_t here[DIGEST_SHA256_BYTES], there[DIGEST_SHA256_BYTES];
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, hash_on_thread, there), 0);
    hash_on_thread(here);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_memory_equal(here, there, sizeof here);
}

static void test_crc32(void **state) {
    (void)state;
    assert_int_equal(digest_crc32("123456789", 9), 0xcbf43926);
    assert_int_equal(digest_crc32("", 0), 0);
    assert_int_equal(digest_crc32(NULL, 0), 0);
}

static void test_equal(void **state) {
    (void)state;
    assert_true(digest_equal("abc", "abc", 3));
    assert_false(digest_equal("abc", "abd", 3));
    assert_true(digest_equal("a", "b", 0));
}

static void test_base64_vectors(void **state) { /* RFC 4648, 10 */
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff", "+/8="},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char text[32], data[32];
        size_t len = strlen(pairs[i][0]), text_len = strlen(pairs[i][1]), data_len;
        assert_int_equal(digest_base64_encode(pairs[i][0], len, text), text_len);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(digest_base64_encoded_bytes(len), text_len + 1);
        assert_true(digest_base64_decode(text, text_len, data, &data_len));
        assert_int_equal(data_len, len);
        assert_memory_equal(data, pairs[i][0], len);
        assert_true(digest_base64_decoded_bytes(text_len) >= len);
    }
}

static void test_base64_round_trip_of_every_length(void **state) {
    (void)state;
    uint8_t data[256];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof data; len++) {
        OWN_MEM char *text = mem_alloc(digest_base64_encoded_bytes(len));
        size_t text_len = digest_base64_encode(data, len, text);
        OWN_MEM uint8_t *back = mem_alloc(digest_base64_decoded_bytes(text_len));
        size_t back_len;
        assert_true(digest_base64_decode(text, text_len, back, &back_len));
        assert_int_equal(back_len, len);
        assert_memory_equal(back, data, len);
    }
}

static void test_base64_is_strict(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "Zg",   "Zg=",  "Z",    "=",       "====", "Zg==Zg==", "Z===",     "Zm9v\n",  "Zm9 ",
        "Zm-_", "Zh==", "Zm9=", "Zm9vZg=", "=m9v", "Zm=v",     "Zm8=Zm8=", "Zm9\xc3",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char data[32];
        size_t len = 99;
        assert_false(digest_base64_decode(wrong[i], strlen(wrong[i]), data, &len));
        assert_int_equal(len, 99);
    }
}

static void test_hex_both_ways(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x9a, 0xff, 0x10};
    char text[2 * sizeof bytes + 1];
    digest_hex(bytes, sizeof bytes, text);
    assert_string_equal(text, "009aff10");
    uint8_t back[sizeof bytes];
    assert_true(digest_unhex(text, back, sizeof back));
    assert_memory_equal(back, bytes, sizeof bytes);
    static const char *const wrong[] = {"",         "009aff1",  "009aff100", "009aFF10",
                                        "009aff1g", "009aff1 ", "/09aff10"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(digest_unhex(wrong[i], back, sizeof back));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_stream_equals_one_shot),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_mac_may_overwrite_its_key),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_crc32),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_hex_both_ways),
        cmocka_unit_test(test_base64_vectors),
        cmocka_unit_test(test_base64_round_trip_of_every_length),
        cmocka_unit_test(test_base64_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
