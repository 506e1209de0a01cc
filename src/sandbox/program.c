/* A program's bytes, in host byte order since both ends are on one machine:
 *
 *   struct program_head                    counts
 *   working_dir NUL                        then as many texts as the counts say, each ended by NUL:
 *   argv[0] NUL ... envp[0] NUL ...
 *
 * Nothing may follow. A decoded program is one block: the struct, its two pointer arrays and a copy of the
 * texts. */
#include "sandbox/program.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

struct program_head {
    uint32_t argument_count;
    uint32_t variable_count;
};

struct program_block {
    size_t size_bytes;
    struct program program;
    const char *pointers[]; /* argv, NULL, envp, NULL; then the texts */
};

static uint32_t count_texts(const char *const *texts) {
    uint32_t count = 0;
    while (texts[count])
        count++;
    return count;
}

static void append_texts(struct buf *buf, const char *const *texts) {
    for (; *texts; texts++)
        program_append_text(buf, *texts);
}

void program_append_text(struct buf *buf, const char *text) {
    buf_append(buf, text, strlen(text) + 1);
}

void program_append(struct buf *buf, const struct program *program) {
    const struct program_head head = {
        .argument_count = count_texts(program->argv),
        .variable_count = count_texts(program->envp),
    };
    buf_append(buf, &head, sizeof head);
    program_append_text(buf, program->working_dir);
    append_texts(buf, program->argv);
    append_texts(buf, program->envp);
}

const char *program_take_text(const char **cursor, const char *end) {
    const char *text = *cursor;
    const char *nul = memchr(text, '\0', (size_t)(end - text));
    if (!nul)
        return NULL;
    *cursor = nul + 1;
    return text;
}

static bool check_head(const struct program_head *head, struct err *err) {
    uint32_t arguments = head->argument_count;
    uint32_t variables = head->variable_count;
    if (arguments >= 1 && arguments <= PROGRAM_MAX_TEXTS && variables <= PROGRAM_MAX_TEXTS - arguments)
        return true;
    return err_set(err, ERR_LIMIT,
                   "program: %u arguments and %u environment variables, allowed are 1 to %d together",
                   arguments, variables, PROGRAM_MAX_TEXTS);
}

static bool check_texts(const struct program *program, struct err *err) {
    if (program->working_dir[0] != '/')
        return err_set(err, ERR_SYNTAX, "program: the working directory \"%s\" is not absolute",
                       program->working_dir);
    if (program->argv[0][0] == '\0')
        return err_set(err, ERR_SYNTAX, "program: its name is empty");
    return true;
}

/* Fills `count` places; false when a text is missing. */
static bool take_texts(const char **places, uint32_t count, const char **cursor, const char *end) {
    for (uint32_t i = 0; i < count; i++)
        if (!(places[i] = program_take_text(cursor, end)))
            return false;
    return true;
}

/* Points everything into the block's own copy of the texts. */
static bool lay_out(struct program_block *block, const struct program_head *head, const char *texts,
                    const char *end) {
    const char **argv = block->pointers;
    const char **envp = argv + head->argument_count + 1;
    const char *working_dir = program_take_text(&texts, end);
    block->program = (struct program){.working_dir = working_dir, .argv = argv, .envp = envp};
    return working_dir && take_texts(argv, head->argument_count, &texts, end) &&
           take_texts(envp, head->variable_count, &texts, end) && texts == end;
}

bool program_decode(const void *data, size_t len, struct program **ret_program, struct err *err) {
    struct program_head head;
    if (len < sizeof head || len > LIMIT_PLAN_BYTES)
        return err_set(err, ERR_SYNTAX, "program: %zu bytes can't be one", len);
    memcpy(&head, data, sizeof head);
    if (!check_head(&head, err))
        return false;
    size_t pointers_bytes = (head.argument_count + head.variable_count + 2) * sizeof(char *);
    size_t texts_bytes = len - sizeof head;
    size_t size_bytes = sizeof(struct program_block) + pointers_bytes + texts_bytes;
    struct program_block *block = mem_alloc(size_bytes);
    block->size_bytes = size_bytes;
    char *texts = (char *)block->pointers + pointers_bytes;
    memcpy(texts, (const char *)data + sizeof head, texts_bytes);
    bool valid = lay_out(block, &head, texts, texts + texts_bytes)
                     ? check_texts(&block->program, err)
                     : err_set(err, ERR_SYNTAX, "program: the texts do not match their counts");
    if (!valid) {
        program_free(&block->program);
        return false;
    }
    *ret_program = &block->program;
    return true;
}

void program_free(struct program *program) {
    if (!program)
        return;
    struct program_block *block = (struct program_block *)(void *)((char *)program -
                                                                   offsetof(struct program_block, program));
    mem_wipe(block, block->size_bytes);
    free(block);
}
