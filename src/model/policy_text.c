/* The texts of a policy: their form in memory, their variables, and how they match. Called by the policy
 * engine alone. Source: IAM User Guide, "IAM policy elements: Variables and tags".
 *
 * Matching takes time in the product of both lengths at most: the last star passed is the only one that is
 * ever tried again. */
#include <ctype.h>
#include <strings.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/policy_parts.h"

/* Appends the variable that begins with `${` at *at and moves behind its brace. */
static bool append_variable(struct buf *texts, const char **at) {
    const char *name = *at + 2;
    if (name[0] != '\0' && strchr("*?$", name[0]) && name[1] == '}') {
        *at = name + 2;
        return buf_append_byte(texts, name[0]);
    }
    size_t len = strcspn(name, ",}{$'");
    const char *end = name + len;
    while (len > 0 && name[len - 1] == ' ')
        len--;
    buf_append_byte(texts, POLICY_MARK_VARIABLE);
    buf_append(texts, name, len);
    if (*end == ',') {
        end += 1 + strspn(end + 1, " ");
        const char *quote = *end == '\'' ? strchr(end + 1, '\'') : NULL;
        if (!quote)
            return false;
        buf_append_byte(texts, POLICY_MARK_DEFAULT);
        buf_append(texts, end + 1, (size_t)(quote - end - 1));
        end = quote + 1 + strspn(quote + 1, " ");
    }
    *at = end + 1;
    return buf_append_byte(texts, POLICY_MARK_END) && len > 0 && *end == '}';
}

bool policy_text_append(struct buf *texts, const char *text, unsigned form) {
    bool is_well_written = true;
    while (is_well_written && *text) {
        if (form & POLICY_FORM_VARIABLES && text[0] == '$' && text[1] == '{') {
            is_well_written = append_variable(texts, &text);
            continue;
        }
        bool is_wild = form & POLICY_FORM_WILD && (*text == '*' || *text == '?');
        buf_append_byte(texts, !is_wild ? *text : *text == '*' ? POLICY_MARK_ANY : POLICY_MARK_ONE);
        text++;
    }
    buf_append_byte(texts, '\0');
    return is_well_written;
}

/* The only value of a key; NULL when there is none or more than one. */
static const char *find_fact(const struct policy_request *request, const char *key, size_t len) {
    const char *found = NULL;
    policy_spend(request, request->fact_count * POLICY_FACT_STEPS);
    for (size_t i = 0; i < request->fact_count; i++) {
        const struct policy_fact *fact = &request->facts[i];
        if (strncasecmp(fact->key, key, len) != 0 || fact->key[len] != '\0')
            continue;
        if (found)
            return NULL;
        found = fact->value;
    }
    return found;
}

/* Whether a value from outside has a byte that would be a mark. */
static bool has_mark(const char *text) {
    while (*text && (unsigned char)*text < (unsigned char)POLICY_MARK_END)
        text++;
    return *text != '\0';
}

/* Appends what stands for the variable at *at and moves behind it. */
static bool append_value(struct buf *space, const struct policy_request *request, const char **at) {
    static const char marks[] = {POLICY_MARK_DEFAULT, POLICY_MARK_END, '\0'};
    const char *key = *at + 1;
    size_t key_len = strcspn(key, marks);
    const char *standby = key + key_len;
    size_t standby_len = strcspn(standby, marks + 1);
    *at = standby + standby_len + 1;
    const char *value = find_fact(request, key, key_len);
    if (value && *value)
        return !has_mark(value) && buf_append_text(space, value);
    return standby_len > 0 && buf_append(space, standby + 1, standby_len - 1);
}

const char *policy_text_resolve(const char *text, const struct policy_request *request, struct buf *space) {
    if (!strchr(text, (unsigned char)POLICY_MARK_VARIABLE))
        return text;
    buf_clear(space);
    while (*text) {
        if (*text == POLICY_MARK_VARIABLE) {
            if (!append_value(space, request, &text))
                return NULL;
        } else {
            buf_append_byte(space, *text++);
        }
    }
    return buf_ok(space) ? buf_text(space) : NULL;
}

struct span {
    const char *at;
    const char *end;
};

/* Bytes of the first character; a byte that begins none is one by itself. */
static size_t char_bytes(struct span text) {
    size_t size = utf8_sequence(text.at, (size_t)(text.end - text.at));
    return size > 0 ? size : 1;
}

static bool is_same(char a, char b, bool is_folded) {
    return a == b || (is_folded && tolower((unsigned char)a) == tolower((unsigned char)b));
}

/* Bytes at the front of the text that the pattern's next byte, which is no star, stands for; 0 when none. */
static size_t matched_bytes(struct span pattern, struct span text, bool is_folded) {
    if (pattern.at == pattern.end || text.at == text.end)
        return 0;
    if (*pattern.at == POLICY_MARK_ONE)
        return char_bytes(text);
    return is_same(*pattern.at, *text.at, is_folded) ? 1 : 0;
}

static bool matches(struct span pattern, struct span text, bool is_folded,
                    const struct policy_request *request) {
    const char *star = NULL;  /* what follows the last star */
    const char *retry = NULL; /* where the text goes on behind what that star stands for */
    while (pattern.at < pattern.end || text.at < text.end) {
        if (!policy_spend(request, 1))
            return false;
        if (pattern.at < pattern.end && *pattern.at == POLICY_MARK_ANY) {
            star = ++pattern.at;
            retry = text.at;
            continue;
        }
        size_t matched = matched_bytes(pattern, text, is_folded);
        if (matched > 0) {
            pattern.at++;
            text.at += matched;
        } else if (!star || text.at == text.end) {
            return false;
        } else {
            retry += char_bytes((struct span){retry, text.end});
            text.at = retry;
            pattern.at = star;
        }
    }
    return true;
}

static struct span whole(const char *text) {
    return (struct span){text, text + strlen(text)};
}

bool policy_text_matches(const char *pattern, const char *text, bool is_folded,
                         const struct policy_request *request) {
    return matches(whole(pattern), whole(text), is_folded, request);
}

#define ARN_SECTIONS 6

bool policy_text_matches_arn(const char *pattern, const char *arn, const struct policy_request *request) {
    for (int section = 1; section < ARN_SECTIONS; section++) {
        const char *pattern_colon = strchr(pattern, ':');
        const char *arn_colon = strchr(arn, ':');
        if (!arn_colon)
            return false;
        if (!pattern_colon)
            break;
        if (!matches((struct span){pattern, pattern_colon}, (struct span){arn, arn_colon}, false, request))
            return false;
        pattern = pattern_colon + 1;
        arn = arn_colon + 1;
    }
    return policy_text_matches(pattern, arn, false, request);
}
