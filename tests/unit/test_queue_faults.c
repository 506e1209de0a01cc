/* Queues against kill -9 and a full disk. With an argument: so many kills. */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "queue/queue.h"
#include "sys/fs.h"

#define PUSHERS 8
#define WORKERS 4
#define KEPT 1000000     /* sequences that may be used until there are new files */
#define KILLS_PER_FILE 4 /* each after the start over what the one before left */

static int kills = 12;

/* ---- the one that is killed: pushes, receives and settles, and notes what it knows ---- */

struct owner {
    struct loop *loop;
    struct queue *queue;
    int ledger;
};

/* `what`: p pushed, r to be removed, R removed. The file outlives the process. */
static void note(const struct owner *owner, char what, int64_t sequence) {
    char line[32];
    int len = snprintf(line, sizeof line, "%c %lld\n", what, (long long)sequence);
    if (write(owner->ledger, line, (size_t)len) != len)
        abort();
}

static void push_one(struct owner *owner);

static void pushed(void *arg, const struct queue_pushed *answers, size_t count, const struct err *err) {
    struct owner *owner = arg;
    if (err)
        abort();
    for (size_t i = 0; i < count; i++)
        note(owner, 'p', answers[i].sequence);
    push_one(owner);
}

static void push_one(struct owner *owner) {
    char body[2000];
    memset(body, 'b', sizeof body);
    const struct queue_entry entries[] = {{.body = body, .body_len = 10},
                                          {.body = body, .body_len = sizeof body}};
    if (!queue_push(owner->queue, entries, 2, pushed, owner, NULL))
        abort();
}

static void work_once(struct owner *owner);

struct removal {
    struct owner *owner;
    size_t count;
    int64_t sequences[10];
};

static void removed(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    struct removal *removal = arg;
    if (err)
        abort();
    for (size_t i = 0; i < count; i++)
        if (outcomes[i] == QUEUE_SETTLED)
            note(removal->owner, 'R', removal->sequences[i]);
    work_once(removal->owner);
    free(removal);
}

/* Every third message is left to the end of its lease. */
static void received(void *arg, const struct queue_message *messages, size_t count, const struct err *err) {
    struct owner *owner = arg;
    struct queue_settlement settlements[10];
    if (err)
        abort();
    struct removal *removal = mem_alloc(sizeof *removal);
    removal->owner = owner;
    for (size_t i = 0; i < count; i++) {
        if (messages[i].receipt.sequence % 3 == 0)
            continue;
        note(owner, 'r', messages[i].receipt.sequence);
        removal->sequences[removal->count] = messages[i].receipt.sequence;
        settlements[removal->count++] = (struct queue_settlement){.receipt = messages[i].receipt,
                                                                  .action = QUEUE_REMOVE};
    }
    if (removal->count > 0 && queue_settle(owner->queue, settlements, removal->count, removed, removal, NULL))
        return;
    free(removal);
    work_once(owner);
}

static void work_once(struct owner *owner) {
    if (!queue_receive(owner->queue, 5, 30, 1000, received, owner, NULL))
        abort();
}

static void run_owner(const char *path, const char *ledger_path) {
    struct clock clock = clock_system();
    struct queues *queues;
    struct owner owner = {.loop = loop_new()};
    owner.ledger = open(ledger_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (owner.ledger < 0 || !queues_open(owner.loop, &clock, path, &queues, NULL))
        abort();
    owner.queue = queues_get(queues, "q");
    for (int i = 0; i < PUSHERS; i++)
        push_one(&owner);
    for (int i = 0; i < WORKERS; i++)
        work_once(&owner);
    loop_run(owner.loop);
}

/* ---- the one that looks afterwards ---- */

struct found {
    bool is_there;
    bool is_done;
    size_t count;
    int64_t last;
    char *seen; /* by sequence */
};

static void take_all(void *arg, const struct queue_message *messages, size_t count, const struct err *err) {
    struct found *found = arg;
    assert_null(err);
    found->is_there = true;
    found->is_done = count == 0;
    for (size_t i = 0; i < count; i++) {
        assert_in_range(messages[i].receipt.sequence, 1, KEPT - 1);
        found->seen[messages[i].receipt.sequence]++;
        found->count++;
    }
}

/* So many hours from now, when the leases are over that were given in an earlier one. */
static int64_t hours_later(void *context) {
    struct clock clock = clock_system();
    return clock_wall_us(&clock) + *(int *)context * 3600ll * 1000000;
}

static void note_closed(void *arg) {
    *(bool *)arg = true;
}

/* Leases everything for an hour. */
static size_t find_all(const char *path, int hours, char *seen) {
    struct clock clock = {hours_later, hours_later, &hours};
    struct loop *loop = loop_new();
    struct queues *queues;
    struct err err;
    struct queue_counts counts;
    struct found found = {.seen = seen};
    bool closed = false;
    if (!queues_open(loop, &clock, path, &queues, &err))
        fail_msg("%s", err.text);
    struct queue *queue = queues_get(queues, "q");
    queue_count(queue, &counts);
    while (!found.is_done) {
        found.is_there = false;
        assert_non_null(queue_receive(queue, 100, 3599 * 1000, 0, take_all, &found, NULL));
        while (!found.is_there)
            loop_turn(loop, true);
    }
    assert_int_equal(found.count, counts.visible);
    queues_close(queues, note_closed, &closed);
    while (!closed)
        loop_turn(loop, true);
    loop_free(loop);
    return found.count;
}

static size_t check_ledger(const char *ledger_path, const char *seen) {
    static char pushed_ones[KEPT], asked[KEPT], removed_ones[KEPT];
    memset(pushed_ones, 0, KEPT);
    memset(asked, 0, KEPT);
    memset(removed_ones, 0, KEPT);
    FILE *ledger = fopen(ledger_path, "re");
    assert_non_null(ledger);
    char line[32];
    while (fgets(line, sizeof line, ledger)) {
        long sequence = strtol(line + 2, NULL, 10);
        assert_in_range(sequence, 1, KEPT - 1);
        char *noted = line[0] == 'p' ? pushed_ones : line[0] == 'r' ? asked : removed_ones;
        noted[sequence] = 1;
    }
    fclose(ledger);
    size_t pushes = 0;
    for (long i = 0; i < KEPT; i++) {
        pushes += (size_t)pushed_ones[i];
        if (pushed_ones[i] && !asked[i] && seen[i] != 1)
            fail_msg("message %ld was pushed, not removed, and is there %d times", i, seen[i]);
        if (removed_ones[i] && seen[i])
            fail_msg("message %ld was removed and is there", i);
    }
    return pushes;
}

static void run_and_kill(const char *path, const char *ledger_path, int64_t after_us) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        run_owner(path, ledger_path);
        _exit(0);
    }
    struct timespec pause = {.tv_nsec = after_us * 1000};
    nanosleep(&pause, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Returns how many messages were pushed. */
static size_t kill_some(const char *dir, int count) {
    static char seen[KEPT];
    OWN_MEM char *path = fs_join(dir, "queues.db");
    OWN_MEM char *ledger_path = fs_join(dir, "ledger");
    size_t pushes = 0;
    for (int i = 0; i < count; i++) {
        struct clock clock = clock_system();
        run_and_kill(path, ledger_path, 5000 + clock_mono_us(&clock) % 80000);
        if (!fs_exists(ledger_path))
            continue; /* it had not begun */
        memset(seen, 0, sizeof seen);
        find_all(path, i + 1, seen);
        pushes = check_ledger(ledger_path, seen);
    }
    return pushes;
}

static void test_kill(void **state) {
    (void)state;
    size_t pushes = 0;
    for (int i = 0; i < kills; i += KILLS_PER_FILE) {
        char dir[] = "/tmp/lamb-queue-XXXXXX";
        assert_non_null(mkdtemp(dir));
        pushes += kill_some(dir, KILLS_PER_FILE);
        assert_true(fs_remove_tree(dir, NULL));
    }
    assert_true(pushes > 0);
    print_message("%d kills, %zu messages\n", kills, pushes);
}

/* ---- a full disk ---- */

struct outcome {
    bool is_there;
    enum err_code code;
    int64_t sequence;
    size_t count;
};

static void note_pushed(void *arg, const struct queue_pushed *answers, size_t count, const struct err *err) {
    struct outcome *outcome = arg;
    outcome->is_there = true;
    outcome->code = err ? err->code : ERR_NONE;
    outcome->sequence = count > 0 ? answers[0].sequence : 0;
}

static enum err_code push_big(struct loop *loop, struct queue *queue) {
    static char body[100 * 1024];
    const struct queue_entry entry = {.body = body, .body_len = sizeof body};
    struct outcome outcome = {0};
    assert_true(queue_push(queue, &entry, 1, note_pushed, &outcome, NULL));
    while (!outcome.is_there)
        loop_turn(loop, true);
    return outcome.code;
}

static void fill_disk(const char *dir, size_t bytes) {
    OWN_MEM char *path = fs_join(dir, "filler");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(posix_fallocate(fd, 0, (off_t)bytes), 0);
    close(fd);
}

static void empty_disk(const char *dir) {
    OWN_MEM char *path = fs_join(dir, "filler");
    assert_int_equal(unlink(path), 0);
}

/* A file system of 4 MB for this process alone. Returns false where that is not allowed. */
static bool mount_small(const char *dir) {
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", dir, "tmpfs", 0, "size=4m") == 0;
}

static void check_full_disk(const char *dir) {
    OWN_MEM char *path = fs_join(dir, "queues.db");
    struct clock clock = clock_system();
    struct loop *loop = loop_new();
    struct queues *queues;
    struct err err;
    bool closed = false;
    if (!queues_open(loop, &clock, path, &queues, &err))
        fail_msg("%s", err.text);
    struct queue *queue = queues_get(queues, "q");
    fill_disk(dir, 2u * 1024 * 1024);
    size_t accepted = 0;
    while (push_big(loop, queue) == ERR_NONE && accepted < 100)
        accepted++;
    assert_in_range(accepted, 1, 99);
    assert_int_equal(push_big(loop, queue), ERR_IO);
    struct queue_counts counts;
    queue_count(queue, &counts);
    assert_int_equal(counts.visible, accepted);
    empty_disk(dir);
    assert_int_equal(push_big(loop, queue), ERR_NONE); /* without a restart */
    static char seen[KEPT];
    queues_close(queues, note_closed, &closed);
    while (!closed)
        loop_turn(loop, true);
    loop_free(loop);
    assert_int_equal(find_all(path, 1, seen), accepted + 1);
}

static void test_full_disk(void **state) {
    (void)state;
    char dir[] = "/tmp/lamb-queue-XXXXXX";
    int status;
    assert_non_null(mkdtemp(dir));
    pid_t child = fork(); /* the mount ends with it */
    assert_true(child >= 0);
    if (child == 0) {
        if (!mount_small(dir))
            _exit(77);
        check_full_disk(dir);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(rmdir(dir), 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("only root may mount a small file system\n");
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv) {
    if (argc > 1)
        kills = (int)strtol(argv[1], NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
