/* api/lambda/aliases: the aliases of a function in memory, their stored form, and the split of calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/lambda/aliases.h"
#include "api/lambda/catalogue.h"
#include "base/json.h"
#include "base/mem.h"

static struct catalogue catalogue;
static struct catalogue_entry *entry;

static int make(void **state) {
    (void)state;
    catalogue_init(&catalogue, "us-east-1");
    entry = catalogue_add(&catalogue, "000000000000", "f");
    return 0;
}

static int drop(void **state) {
    (void)state;
    catalogue_done(&catalogue);
    return 0;
}

static struct alias *new_alias(const char *name, const char *version, const char *other, double weight) {
    struct alias *alias = alias_new(name, "");
    snprintf(alias->version, sizeof alias->version, "%s", version);
    snprintf(alias->other_version, sizeof alias->other_version, "%s", other);
    alias->other_weight = weight;
    return alias;
}

static void function_without_aliases_has_none(void **state) {
    (void)state;
    assert_null(entry->aliases);
    assert_null(entry_alias(entry, "a"));
    assert_int_equal(aliases_count(entry->aliases), 0);
    assert_int_equal(aliases_after(entry->aliases, ""), 0);
    aliases_remove(&entry->aliases, "a");
    assert_null(entry->aliases);
}

static void keeps_aliases_in_the_order_of_names(void **state) {
    (void)state;
    static const char *const names[] = {"m", "b", "z", "a"};
    for (size_t i = 0; i < 4; i++)
        aliases_put(&entry->aliases, new_alias(names[i], "1", "", 0));
    assert_int_equal(aliases_count(entry->aliases), 4);
    for (size_t i = 1; i < 4; i++)
        assert_true(strcmp(entry->aliases->items[i - 1]->name, entry->aliases->items[i]->name) < 0);
    assert_int_equal(aliases_after(entry->aliases, "b"), 2);
    assert_int_equal(aliases_after(entry->aliases, "c"), 2);
    assert_string_equal(entry_alias(entry, "m")->name, "m");
    assert_null(entry_alias(entry, "c"));
}

static void replaces_an_alias_of_the_same_name(void **state) {
    (void)state;
    aliases_put(&entry->aliases, new_alias("a", "1", "", 0));
    aliases_put(&entry->aliases, new_alias("a", "2", "", 0));
    assert_int_equal(aliases_count(entry->aliases), 1);
    assert_string_equal(entry_alias(entry, "a")->version, "2");
}

static void gives_memory_back_with_the_last_alias(void **state) {
    (void)state;
    aliases_put(&entry->aliases, new_alias("a", "1", "", 0));
    aliases_put(&entry->aliases, new_alias("b", "1", "", 0));
    aliases_remove(&entry->aliases, "a");
    assert_null(entry_alias(entry, "a"));
    assert_non_null(entry_alias(entry, "b"));
    aliases_remove(&entry->aliases, "b");
    assert_null(entry->aliases);
}

static void resolves_every_qualifier(void **state) {
    (void)state;
    struct function *latest = function_new();
    memcpy(latest->version, FUNCTION_LATEST, sizeof FUNCTION_LATEST);
    entry->latest = latest;
    struct function *first = function_new();
    memcpy(first->version, "1", sizeof "1");
    entry_add_version(entry, first);
    aliases_put(&entry->aliases, new_alias("blue", "1", "", 0));
    aliases_put(&entry->aliases, new_alias("newest", "$LATEST", "", 0));
    assert_ptr_equal(entry_resolve(entry, ""), latest);
    assert_ptr_equal(entry_resolve(entry, "$LATEST"), latest);
    assert_ptr_equal(entry_resolve(entry, "newest"), latest);
    assert_ptr_equal(entry_resolve(entry, "1"), first);
    assert_ptr_equal(entry_resolve(entry, "blue"), first);
    assert_null(entry_resolve(entry, "2"));
    assert_null(entry_resolve(entry, "green"));
}

static void tells_which_versions_are_used(void **state) {
    (void)state;
    struct alias *alias = new_alias("a", "1", "2", 0.5);
    assert_true(alias_uses(alias, "1"));
    assert_true(alias_uses(alias, "2"));
    assert_false(alias_uses(alias, "3"));
    alias_free(alias);
}

static size_t count_other(const struct alias *alias, size_t calls) {
    size_t count = 0;
    for (size_t i = 0; i < calls; i++)
        count += strcmp(alias_pick(alias), alias->other_version) == 0;
    return count;
}

/* Of 100,000 calls the share differs from the weight by more than 0.01 less than once in a billion runs. */
static void splits_calls_by_weight(void **state) {
    (void)state;
    static const double weights[] = {0.05, 0.2, 0.5, 0.9};
    for (size_t i = 0; i < 4; i++) {
        struct alias *alias = new_alias("a", "1", "2", weights[i]);
        double share = (double)count_other(alias, 100000) / 100000;
        assert_true(share > weights[i] - 0.01 && share < weights[i] + 0.01);
        alias_free(alias);
    }
}

static void weights_at_the_ends_leave_no_choice(void **state) {
    (void)state;
    struct alias *never = new_alias("a", "1", "2", 0);
    struct alias *always = new_alias("a", "1", "2", 1);
    struct alias *single = new_alias("a", "1", "", 0);
    assert_int_equal(count_other(never, 1000), 0);
    assert_int_equal(count_other(always, 1000), 1000);
    assert_string_equal(alias_pick(single), "1");
    alias_free(never);
    alias_free(always);
    alias_free(single);
}

static void assert_comes_back(const struct alias *alias, const char *expected_weight) {
    OWN(buf) struct buf document;
    buf_init(&document, ALIAS_DOCUMENT_BYTES);
    alias_encode(alias, &document);
    assert_true(buf_ok(&document));
    if (expected_weight)
        assert_non_null(strstr(buf_text(&document), expected_weight));
    struct alias *back;
    assert_true(alias_decode(alias->name, buf_text(&document), &back, NULL));
    assert_string_equal(back->name, alias->name);
    assert_string_equal(back->description, alias->description);
    assert_string_equal(back->version, alias->version);
    assert_string_equal(back->other_version, alias->other_version);
    assert_string_equal(back->revision_id, alias->revision_id);
    assert_true(back->other_weight == alias->other_weight);
    alias_free(back);
}

static void stored_form_comes_back(void **state) {
    (void)state;
    static const struct {
        double weight;
        const char *text;
    } cases[] = {{0.2, "{\"2\":0.2}"},
                 {1.0, "{\"2\":1.0}"},
                 {0.0, "{\"2\":0.0}"},
                 {0.1 + 0.2, "\"2\":0."},
                 {1e-9, "1e-09"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct alias *alias = new_alias("a", "1", "2", cases[i].weight);
        assert_comes_back(alias, cases[i].text);
        alias_free(alias);
    }
    struct alias *alias = alias_new("b", "with \"quotes\" and \xc3\xa9");
    memcpy(alias->version, FUNCTION_LATEST, sizeof FUNCTION_LATEST);
    assert_comes_back(alias, NULL);
    alias_free(alias);
}

static void other_documents_are_refused(void **state) {
    (void)state;
    static const char *const documents[] = {
        "",
        "[]",
        "{}",
        "{\"Description\":\"\",\"FunctionVersion\":\"1\"}",
        "{\"Description\":\"\",\"FunctionVersion\":\"123456789012345678901234567890\",\"RevisionId\":\"r\"}",
        "{\"Description\":1,\"FunctionVersion\":\"1\",\"RevisionId\":\"r\"}",
    };
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        struct alias *alias;
        struct err err;
        assert_false(alias_decode("a", documents[i], &alias, &err));
        assert_int_equal(err.code, ERR_CORRUPT);
    }
}

static void revision_is_new_and_the_rest_stays(void **state) {
    (void)state;
    struct alias *alias = new_alias("a", "1", "2", 0.25);
    struct alias *same = alias_revise(alias, NULL);
    struct alias *described = alias_revise(alias, "new");
    assert_string_not_equal(same->revision_id, alias->revision_id);
    assert_string_equal(same->description, "");
    assert_string_equal(described->description, "new");
    assert_string_equal(same->version, "1");
    assert_string_equal(same->other_version, "2");
    assert_true(same->other_weight == 0.25);
    alias_free(alias);
    alias_free(same);
    alias_free(described);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(function_without_aliases_has_none, make, drop),
        cmocka_unit_test_setup_teardown(keeps_aliases_in_the_order_of_names, make, drop),
        cmocka_unit_test_setup_teardown(replaces_an_alias_of_the_same_name, make, drop),
        cmocka_unit_test_setup_teardown(gives_memory_back_with_the_last_alias, make, drop),
        cmocka_unit_test_setup_teardown(resolves_every_qualifier, make, drop),
        cmocka_unit_test(tells_which_versions_are_used),
        cmocka_unit_test(splits_calls_by_weight),
        cmocka_unit_test(weights_at_the_ends_leave_no_choice),
        cmocka_unit_test(stored_form_comes_back),
        cmocka_unit_test(other_documents_are_refused),
        cmocka_unit_test(revision_is_new_and_the_rest_stays),
    };
    return cmocka_run_group_tests_name("aliases", tests, NULL, NULL);
}
