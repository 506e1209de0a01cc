/* Names and ARNs from strangers: what is accepted has clean parts, and taking it apart and putting it
 * together gives the same function again. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/function_ref.h"

static void check_again(const struct function_ref *ref, enum function_ref_kind kind) {
    char arn[FUNCTION_ARN_BYTES];
    struct function_ref again;
    struct err err;
    function_arn_format("us-east-1", "000000000000", ref->name, ref->qualifier, arn);
    if (strlen(arn) > 140)
        return;
    assert(function_ref_parse(arn, kind, &again, &err));
    assert(strcmp(again.region, "us-east-1") == 0 && strcmp(again.account, "000000000000") == 0);
    assert(strcmp(again.name, ref->name) == 0 && strcmp(again.qualifier, ref->qualifier) == 0);
}

static void check_reference(const char *text, enum function_ref_kind kind) {
    struct function_ref ref;
    struct err err;
    if (!function_ref_parse(text, kind, &ref, &err)) {
        assert(err.code == ERR_VALIDATION);
        return;
    }
    assert(ref.name[0] != '\0' && strlen(ref.name) + strlen(ref.qualifier) <= strlen(text));
    assert(ref.account[0] == '\0' || strlen(ref.account) == 12);
    check_again(&ref, kind);
    function_ref_check_home(&ref, "us-east-1", "000000000000", &err);
    function_ref_check_new_name(&ref, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = mem_copy_text((const char *)data, size);
    check_reference(text, FUNCTION_REF_READ);
    check_reference(text, FUNCTION_REF_WRITE);
    struct function_ref ref = {.name = "f"};
    struct err err;
    if (function_ref_qualify(&ref, text, &err))
        assert(strcmp(ref.qualifier, text) == 0);
    free(text);
    return 0;
}
