/* sandbox/cgroup: which hierarchies are found and used, and what is written into which file, on trees of
 * ordinary files. What only a kernel does (joining, killing) is tested with real sandboxes in tests/escape.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/mem.h"
#include "sandbox/cgroup.h"
#include "sys/fd.h"
#include "sys/fs.h"

#define INSTANCE "lamb-test"

static char root[64];
static char text[4096];

static int make_root(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/lamb-cgroup-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state) {
    (void)state;
    return fs_remove_tree(root, NULL) ? 0 : -1;
}

static char *path_of(const char *name) {
    return mem_format("%s/%s", root, name);
}

static void make(const char *name, const char *content) {
    OWN_MEM char *path = path_of(name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assert_true(fs_make_dirs(path, 0755, NULL));
    *slash = '/';
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(file >= 0);
    assert_true(fd_write_all(file, content, strlen(content), NULL));
    close(file);
}

static const char *content_of(const char *name) {
    OWN_MEM char *path = path_of(name);
    OWN_FD int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file == -1)
        return "(missing)";
    ssize_t len = read(file, text, sizeof text - 1);
    text[len < 0 ? 0 : len] = '\0';
    return text;
}

static bool exists(const char *name) {
    OWN_MEM char *path = path_of(name);
    return fs_exists(path);
}

/* A hierarchy at $ROOT/NAME in the syntax of mountinfo. */
static char *mount_line(const char *name, const char *type, const char *options) {
    return mem_format("40 31 0:38 / %s/%s rw,relatime shared:9 - %s %s %s\n", root, name, type, type,
                      options);
}

static struct cgroup_layout parse(const char *mountinfo, const char *self_cgroup) {
    struct cgroup_layout layout;
    cgroup_layout_parse(&layout, mountinfo, self_cgroup);
    return layout;
}

static void test_no_hierarchy(void **state) {
    (void)state;
    struct cgroup_layout layout = parse("22 27 0:21 / /proc rw,relatime - proc proc rw\n", "0::/\n");
    OWN(buf) struct buf report;
    struct cgroup_set set;
    buf_init(&report, 1000);
    assert_int_equal(layout.count, 0);
    assert_true(cgroup_open(&set, &layout, INSTANCE, 0, &report, NULL));
    assert_int_equal(set.count, 0);
    assert_int_equal(set.place_of[CGROUP_MEMORY], -1);
    assert_true(cgroup_limit(&set, 1, &(struct cgroup_limits){1, 1, 1}, true, NULL));
    assert_int_equal(cgroup_open_peak(&set, 1), -1);
    assert_int_equal(cgroup_open_freezer(&set, 1), -1);
    assert_false(cgroup_has_old_freezer(&set));
    cgroup_let_die(&set, 1);
    assert_int_equal(cgroup_read_usage(&set, 1).memory_peak_bytes, 0);
    assert_true(cgroup_remove(&set, 1, NULL));
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* Opening. */

static struct cgroup_set open_set(const struct cgroup_layout *layout) {
    struct cgroup_set set;
    struct err err;
    OWN(buf) struct buf report;
    buf_init(&report, 1000);
    if (!cgroup_open(&set, layout, INSTANCE, 0, &report, &err))
        fail_msg("%s", err.text);
    assert_string_equal(buf_text(&report), "");
    return set;
}

/* A version 2 hierarchy that offers memory and pids, with our directory prepared as a kernel would. */
static struct cgroup_layout make_version2(const char *home) {
    OWN_MEM char *line = mount_line("v2", "cgroup2", "rw");
    OWN_MEM char *own = mem_format("0::%s\n", home);
    static const char *const names[] = {"cgroup.controllers", "cgroup.subtree_control",
                                        INSTANCE "/cgroup.subtree_control"};
    static const char *const contents[] = {"cpuset memory pids hugetlb\n", "", ""};
    for (size_t i = 0; i < 3; i++) {
        OWN_MEM char *name = mem_format("v2%s/%s", strcmp(home, "/") == 0 ? "" : home, names[i]);
        make(name, contents[i]);
    }
    return parse(line, own);
}

static void test_open_version2(void **state) {
    (void)state;
    struct cgroup_layout layout = make_version2("/");
    struct cgroup_set set = open_set(&layout);
    assert_int_equal(set.count, 1);
    assert_int_equal(set.place_of[CGROUP_MEMORY], 0);
    assert_int_equal(set.place_of[CGROUP_PIDS], 0);
    assert_int_equal(set.place_of[CGROUP_CPU], -1);
    /* An ordinary file keeps the last write, over the longer one before. */
    assert_string_equal(content_of("v2/cgroup.subtree_control"), "+pidsry");
    assert_string_equal(content_of("v2/" INSTANCE "/cgroup.subtree_control"), "+pidsry");
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* Systemd marks the group it has handed over. */
static void test_open_delegated(void **state) {
    (void)state;
    struct cgroup_layout layout = make_version2("/system.slice/lamb.service");
    OWN_MEM char *delegated = path_of("v2/system.slice/lamb.service");
    if (setxattr(delegated, "user.delegate", "1", 1, 0) == -1) {
        print_message("this file system has no user attributes\n");
        cgroup_layout_done(&layout);
        skip();
    }
    struct cgroup_set set = open_set(&layout);
    OWN_MEM char *expected = path_of("v2/system.slice/lamb.service/" INSTANCE);
    assert_string_equal(set.places[0].path, expected);
    assert_int_equal(set.place_of[CGROUP_MEMORY], 0);
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_open_undelegated_goes_to_the_root(void **state) {
    (void)state;
    struct cgroup_layout layout = make_version2("/user.slice/session");
    struct cgroup_set set = open_set(&layout);
    OWN_MEM char *expected = path_of("v2/" INSTANCE);
    assert_string_equal(set.places[0].path, expected);
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* Version 2 without controllers beside version 1 with them: as on this project's first machine. */
static struct cgroup_layout make_hybrid(void) {
    OWN_MEM char *unified = mount_line("v2", "cgroup2", "rw");
    OWN_MEM char *memory = mount_line("memory", "cgroup", "rw,memory");
    OWN_MEM char *cpu = mount_line("cpu", "cgroup", "rw,cpu,cpuacct");
    OWN_MEM char *pids = mount_line("pids", "cgroup", "rw,pids");
    OWN_MEM char *mountinfo = mem_format("%s%s%s%s", memory, cpu, pids, unified);
    make("v2/cgroup.controllers", "hugetlb\n");
    make("memory/x", "");
    make("cpu/x", "");
    make("pids/x", "");
    return parse(mountinfo, "0::/\n");
}

static void test_open_hybrid(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    struct cgroup_set set = open_set(&layout);
    assert_int_equal(set.count, 4);
    assert_true(set.places[0].is_unified);
    for (int i = 0; i < CGROUP_FREEZER; i++) {
        assert_true(set.place_of[i] > 0);
        assert_false(set.places[set.place_of[i]].is_unified);
    }
    assert_int_equal(set.place_of[CGROUP_FREEZER], 0);
    assert_true(exists("memory/" INSTANCE));
    assert_true(exists("v2/" INSTANCE));
    cgroup_close(&set);
    assert_false(exists("memory/" INSTANCE));
    assert_false(exists("v2/" INSTANCE));
    cgroup_layout_done(&layout);
}

static void test_controller_of_both_is_taken_from_version2(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    make("v2/cgroup.controllers", "pids\n");
    make("v2/cgroup.subtree_control", "");
    make("v2/" INSTANCE "/cgroup.subtree_control", "");
    struct cgroup_set set = open_set(&layout);
    assert_int_equal(set.place_of[CGROUP_PIDS], 0);
    assert_int_equal(set.count, 3); /* pids of version 1 is not needed */
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_refusing_hierarchy_is_reported(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    OWN_MEM char *memory = path_of("memory");
    assert_true(fs_remove_tree(memory, NULL));
    OWN(buf) struct buf report;
    struct cgroup_set set;
    buf_init(&report, 1000);
    assert_true(cgroup_open(&set, &layout, INSTANCE, 0, &report, NULL));
    assert_int_equal(set.place_of[CGROUP_MEMORY], -1);
    assert_true(set.place_of[CGROUP_CPU] > 0);
    assert_non_null(strstr(buf_text(&report), "memory/" INSTANCE));
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_second_daemon_is_refused(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    struct cgroup_set first = open_set(&layout);
    struct cgroup_set second;
    OWN(buf) struct buf report;
    struct err err;
    buf_init(&report, 1000);
    assert_false(cgroup_open(&second, &layout, INSTANCE, 10, &report, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "another lamb serve"));
    cgroup_close(&first);
    cgroup_layout_done(&layout);
}

/* Limits. */

static const struct cgroup_limits limits = {.memory_bytes = 134217728, .cpu_millis = 72, .tasks = 20};

static void test_limits_version1(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    struct cgroup_set set = open_set(&layout);
    make("memory/" INSTANCE "/7/memory.limit_in_bytes", "9223372036854771712");
    make("memory/" INSTANCE "/7/memory.swappiness", "60");
    make("memory/" INSTANCE "/7/cgroup.procs", "");
    make("cpu/" INSTANCE "/7/cgroup.procs", "");
    make("cpu/" INSTANCE "/7/cpu.cfs_period_us", "100000");
    make("cpu/" INSTANCE "/7/cpu.cfs_quota_us", "-1");
    make("pids/" INSTANCE "/7/cgroup.procs", "");
    make("pids/" INSTANCE "/7/pids.max", "max");
    assert_true(cgroup_join(&set, 7, NULL));
    assert_string_equal(content_of("memory/" INSTANCE "/7/cgroup.procs"), "0");
    assert_string_equal(content_of("pids/" INSTANCE "/7/cgroup.procs"), "0");
    assert_string_equal(content_of("cpu/" INSTANCE "/7/cgroup.procs"), "0");
    assert_memory_equal(content_of("memory/" INSTANCE "/7/memory.swappiness"), "0", 1);
    assert_memory_equal(content_of("cpu/" INSTANCE "/7/cpu.cfs_period_us"), "20000", 5);
    assert_string_equal(content_of("cpu/" INSTANCE "/7/cpu.cfs_quota_us"), "20000");
    assert_memory_equal(content_of("memory/" INSTANCE "/7/memory.limit_in_bytes"), "134217728", 9);
    assert_string_equal(content_of("pids/" INSTANCE "/7/pids.max"), "1025");

    make("pids/" INSTANCE "/7/pids.max", "");
    make("cpu/" INSTANCE "/7/cpu.cfs_quota_us", "");
    assert_true(cgroup_limit(&set, 7, &limits, true, NULL));
    assert_memory_equal(content_of("memory/" INSTANCE "/7/memory.limit_in_bytes"), "134217728", 9);
    assert_memory_equal(content_of("cpu/" INSTANCE "/7/cpu.cfs_period_us"), "20000", 5);
    assert_string_equal(content_of("cpu/" INSTANCE "/7/cpu.cfs_quota_us"), "1440");
    assert_string_equal(content_of("pids/" INSTANCE "/7/pids.max"), "20");

    /* Other limits for one that has some: nothing of it is taken for granted. */
    const struct cgroup_limits usual = {.memory_bytes = 1, .cpu_millis = 1000, .tasks = 1025};
    make("cpu/" INSTANCE "/7/cpu.cfs_period_us", "142858");
    make("pids/" INSTANCE "/7/pids.max", "");
    assert_true(cgroup_limit(&set, 7, &usual, false, NULL));
    assert_memory_equal(content_of("cpu/" INSTANCE "/7/cpu.cfs_period_us"), "20000", 5);
    assert_string_equal(content_of("pids/" INSTANCE "/7/pids.max"), "1025");
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* The kernel refuses a quota below one millisecond: a smaller share has a longer period. */
static void test_small_processor_share(void **state) {
    (void)state;
    static const struct {
        uint32_t millis;
        const char *period;
        const char *quota;
    } cases[] = {{1000, "20000", "20000"}, {2500, "20000", "50000"}, {50, "20000", "1000"},
                 {49, "20409", "1000"},    {7, "142858", "1000"},    {1, "1000000", "1000"}};
    struct cgroup_layout layout = make_hybrid();
    struct cgroup_set set = open_set(&layout);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make("memory/" INSTANCE "/1/memory.limit_in_bytes", "");
        make("cpu/" INSTANCE "/1/cpu.cfs_period_us", cases[i].millis < 50 ? "" : "20000");
        make("cpu/" INSTANCE "/1/cpu.cfs_quota_us", "");
        make("pids/" INSTANCE "/1/pids.max", "");
        struct cgroup_limits some = {.memory_bytes = 1, .cpu_millis = cases[i].millis, .tasks = 1};
        assert_true(cgroup_limit(&set, 1, &some, false, NULL));
        assert_string_equal(content_of("cpu/" INSTANCE "/1/cpu.cfs_period_us"), cases[i].period);
        assert_string_equal(content_of("cpu/" INSTANCE "/1/cpu.cfs_quota_us"), cases[i].quota);
    }
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* Of a running sandbox, whatever its period was. */
static void test_processor_share_changes(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    struct cgroup_set set = open_set(&layout);
    make("cpu/" INSTANCE "/1/cpu.cfs_period_us", "142858");
    make("cpu/" INSTANCE "/1/cpu.cfs_quota_us", "");
    assert_true(cgroup_limit_cpu(&set, 1, 500, NULL));
    assert_memory_equal(content_of("cpu/" INSTANCE "/1/cpu.cfs_period_us"), "20000", 5);
    assert_string_equal(content_of("cpu/" INSTANCE "/1/cpu.cfs_quota_us"), "10000");
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_limits_version2(void **state) {
    (void)state;
    struct cgroup_layout layout = make_version2("/");
    make("v2/cgroup.controllers", "cpu memory pids\n");
    struct cgroup_set set = open_set(&layout);
    make("v2/" INSTANCE "/3/memory.max", "");
    make("v2/" INSTANCE "/3/memory.swap.max", "max");
    make("v2/" INSTANCE "/3/cpu.max", "");
    make("v2/" INSTANCE "/3/pids.max", "");
    assert_true(cgroup_join(&set, 3, NULL));
    assert_memory_equal(content_of("v2/" INSTANCE "/3/memory.swap.max"), "0", 1);
    assert_string_equal(content_of("v2/" INSTANCE "/3/cpu.max"), "20000 20000");
    assert_string_equal(content_of("v2/" INSTANCE "/3/memory.max"), "134217728");
    assert_string_equal(content_of("v2/" INSTANCE "/3/pids.max"), "1025");
    make("v2/" INSTANCE "/3/cpu.max", "");
    make("v2/" INSTANCE "/3/pids.max", "");
    assert_true(cgroup_limit(&set, 3, &limits, true, NULL));
    assert_string_equal(content_of("v2/" INSTANCE "/3/memory.max"), "134217728");
    assert_string_equal(content_of("v2/" INSTANCE "/3/cpu.max"), "1440 20000");
    assert_string_equal(content_of("v2/" INSTANCE "/3/pids.max"), "20");
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_join_without_swap_accounting(void **state) {
    (void)state;
    struct cgroup_layout layout = make_version2("/");
    struct cgroup_set set = open_set(&layout);
    make("v2/" INSTANCE "/3/memory.max", "");
    make("v2/" INSTANCE "/3/cpu.max", "");
    make("v2/" INSTANCE "/3/pids.max", "");
    assert_true(cgroup_join(&set, 3, NULL));
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_limit_that_can_not_be_written(void **state) {
    (void)state;
    struct cgroup_layout layout = make_version2("/");
    struct cgroup_set set = open_set(&layout);
    struct err err;
    make("v2/" INSTANCE "/3/memory.max", "");
    assert_false(cgroup_limit(&set, 3, &limits, true, &err));
    assert_non_null(strstr(err.text, "3/pids.max"));
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* Usage. */

/* Through the file that stays open, as often as one likes. */
static void assert_oom_kills(const struct cgroup_set *set, uint64_t expected) {
    OWN_FD int events = cgroup_open_events(set, 7);
    for (int i = 0; i < 2; i++) {
        uint64_t count;
        assert_true(cgroup_count_oom_kills(events, &count));
        assert_int_equal(count, expected);
    }
}

static void test_usage_version1(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    struct cgroup_set set = open_set(&layout);
    make("memory/" INSTANCE "/7/memory.max_usage_in_bytes", "52428800\n");
    make("memory/" INSTANCE "/7/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
    struct cgroup_usage usage = cgroup_read_usage(&set, 7);
    assert_int_equal(usage.memory_peak_bytes, 52428800);
    assert_int_equal(usage.oom_kills, 2);
    assert_oom_kills(&set, 2);
    OWN_FD int peak = cgroup_open_peak(&set, 7);
    assert_int_equal(read(peak, text, sizeof text), 9);
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_usage_version2(void **state) {
    (void)state;
    struct cgroup_layout layout = make_version2("/");
    struct cgroup_set set = open_set(&layout);
    make("v2/" INSTANCE "/7/memory.peak", "4096\n");
    make("v2/" INSTANCE "/7/memory.events", "low 0\nhigh 0\nmax 12\noom 3\noom_kill 1\noom_group_kill 9\n");
    struct cgroup_usage usage = cgroup_read_usage(&set, 7);
    assert_int_equal(usage.memory_peak_bytes, 4096);
    assert_int_equal(usage.oom_kills, 1);
    assert_oom_kills(&set, 1);
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* memory.peak came with Linux 5.19. */
static void test_usage_that_is_not_there(void **state) {
    (void)state;
    struct cgroup_layout layout = make_version2("/");
    struct cgroup_set set = open_set(&layout);
    make("v2/" INSTANCE "/7/memory.events", "oom 3\n");
    struct cgroup_usage usage = cgroup_read_usage(&set, 7);
    assert_int_equal(usage.memory_peak_bytes, 0);
    assert_int_equal(usage.oom_kills, 0);
    assert_int_equal(cgroup_open_peak(&set, 7), -1);
    uint64_t count;
    OWN_FD int events = cgroup_open_events(&set, 7);
    assert_false(cgroup_count_oom_kills(events, &count));
    assert_false(cgroup_count_oom_kills(-1, &count));
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* Freezing. */

static void freeze_and_thaw(const struct cgroup_set *set, const char *file, bool is_old, const char *frozen,
                            const char *thawed) {
    make(file, "");
    OWN_FD int freezer = cgroup_open_freezer(set, 7);
    assert_int_equal(cgroup_has_old_freezer(set), is_old);
    assert_true(cgroup_freeze(freezer, is_old, true, NULL));
    assert_string_equal(content_of(file), frozen);
    assert_int_equal(lseek(freezer, 0, SEEK_SET), 0);
    assert_true(cgroup_freeze(freezer, is_old, false, NULL));
    assert_string_equal(content_of(file), thawed);
    struct err err;
    OWN_FD int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_false(cgroup_freeze(full, is_old, true, &err));
    assert_non_null(strstr(err.text, frozen));
}

static void test_freezer_version2_is_preferred(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    OWN_MEM char *line = mount_line("freezer", "cgroup", "rw,freezer");
    make("freezer/x", "");
    struct cgroup_layout old = parse(line, "");
    layout.trees[layout.count++] = old.trees[0];
    struct cgroup_set set = open_set(&layout);
    freeze_and_thaw(&set, "v2/" INSTANCE "/7/cgroup.freeze", false, "1", "0");
    cgroup_let_die(&set, 7);
    assert_false(exists("freezer/" INSTANCE));
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_freezer_version1(void **state) {
    (void)state;
    OWN_MEM char *line = mount_line("freezer", "cgroup", "rw,freezer");
    make("freezer/x", "");
    struct cgroup_layout layout = parse(line, "");
    struct cgroup_set set = open_set(&layout);
    freeze_and_thaw(&set, "freezer/" INSTANCE "/7/freezer.state", true, "FROZEN", "THAWED");
    make("freezer/" INSTANCE "/7/freezer.state", "FROZEN");
    cgroup_let_die(&set, 7);
    assert_string_equal(content_of("freezer/" INSTANCE "/7/freezer.state"), "THAWED");
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* What an earlier run left frozen would hold a kill back. */
static void test_leftovers_are_thawed(void **state) {
    (void)state;
    OWN_MEM char *line = mount_line("freezer", "cgroup", "rw,freezer");
    make("freezer/" INSTANCE "/0/cgroup.procs", "");
    make("freezer/" INSTANCE "/0/freezer.state", "FROZEN");
    struct cgroup_layout layout = parse(line, "");
    struct cgroup_set set = open_set(&layout);
    assert_false(cgroup_clear(&set, 0, NULL));
    assert_string_equal(content_of("freezer/" INSTANCE "/0/freezer.state"), "THAWED");
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

/* Making and removing groups. */

static void test_make_and_remove(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    struct cgroup_set set = open_set(&layout);
    OWN_FD int group = -1;
    assert_true(cgroup_make(&set, 12, &group, NULL));
    assert_true(group >= 0);
    assert_true(exists("v2/" INSTANCE "/12"));
    make("memory/" INSTANCE "/12/x", "");
    struct err err;
    assert_false(cgroup_remove(&set, 12, &err)); /* as it is while the kernel has something in it */
    assert_false(exists("v2/" INSTANCE "/12"));
    OWN_MEM char *file = path_of("memory/" INSTANCE "/12/x");
    unlink(file);
    assert_true(cgroup_remove(&set, 12, &err));
    assert_false(exists("memory/" INSTANCE "/12"));
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_leftovers_are_removed(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    make("memory/" INSTANCE "/notes", ""); /* as the kernel's own files */
    OWN_MEM char *first = path_of("memory/" INSTANCE "/0");
    OWN_MEM char *second = path_of("v2/" INSTANCE "/4095");
    assert_true(fs_make_dirs(first, 0755, NULL) && fs_make_dirs(second, 0755, NULL));
    struct cgroup_set set = open_set(&layout);
    assert_true(cgroup_clear(&set, 0, NULL));
    assert_false(fs_exists(first));
    assert_false(fs_exists(second));
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

static void test_leftovers_that_stay(void **state) {
    (void)state;
    struct cgroup_layout layout = make_hybrid();
    make("memory/" INSTANCE "/0/cgroup.procs", "");
    struct cgroup_set set = open_set(&layout);
    struct err err;
    assert_false(cgroup_clear(&set, 4, &err));
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_non_null(strstr(err.text, "memory/" INSTANCE));
    cgroup_close(&set);
    cgroup_layout_done(&layout);
}

#define ON_TREE(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_hierarchy),
        ON_TREE(test_open_version2),
        ON_TREE(test_open_delegated),
        ON_TREE(test_open_undelegated_goes_to_the_root),
        ON_TREE(test_open_hybrid),
        ON_TREE(test_controller_of_both_is_taken_from_version2),
        ON_TREE(test_refusing_hierarchy_is_reported),
        ON_TREE(test_second_daemon_is_refused),
        ON_TREE(test_limits_version1),
        ON_TREE(test_small_processor_share),
        ON_TREE(test_processor_share_changes),
        ON_TREE(test_limits_version2),
        ON_TREE(test_join_without_swap_accounting),
        ON_TREE(test_limit_that_can_not_be_written),
        ON_TREE(test_usage_version1),
        ON_TREE(test_usage_version2),
        ON_TREE(test_usage_that_is_not_there),
        ON_TREE(test_freezer_version2_is_preferred),
        ON_TREE(test_freezer_version1),
        ON_TREE(test_leftovers_are_thawed),
        ON_TREE(test_make_and_remove),
        ON_TREE(test_leftovers_are_removed),
        ON_TREE(test_leftovers_that_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
