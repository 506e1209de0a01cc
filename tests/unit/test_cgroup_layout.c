/* Finding the control group hierarchies of a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "sandbox/cgroup_layout.h"

static struct cgroup_layout parse(const char *mountinfo, const char *self_cgroup) {
    struct cgroup_layout layout;
    cgroup_layout_parse(&layout, mountinfo, self_cgroup);
    return layout;
}

static void test_pure_version2(void **state) {
    (void)state;
    struct cgroup_layout layout = parse(
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
        "35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
        "rw,nsdelegate,memory_recursiveprot\n",
        "0::/system.slice/lamb.service\n");
    assert_int_equal(layout.count, 1);
    assert_true(layout.trees[0].is_unified);
    assert_string_equal(layout.trees[0].mount_point, "/sys/fs/cgroup");
    assert_string_equal(layout.trees[0].options, "rw,nsdelegate,memory_recursiveprot");
    assert_string_equal(layout.trees[0].own, "/system.slice/lamb.service");
    cgroup_layout_done(&layout);
}

static void test_hybrid(void **state) {
    (void)state;
    struct cgroup_layout layout = parse(
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "33 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "34 31 0:30 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
        "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        "42 31 0:32 / /mnt/again rw - cgroup cgroup rw,memory\n",
        "4:memory:/a\n0::/\n");
    assert_int_equal(layout.count, 5);
    assert_true(layout.trees[0].is_unified);
    assert_string_equal(layout.trees[1].mount_point, "/sys/fs/cgroup/cpu,cpuacct");
    assert_true(layout.trees[1].offers[CGROUP_CPU]);
    assert_false(layout.trees[1].offers[CGROUP_MEMORY]);
    assert_true(layout.trees[2].offers[CGROUP_FREEZER]);
    assert_true(layout.trees[3].offers[CGROUP_MEMORY]);
    assert_true(layout.trees[4].offers[CGROUP_PIDS]);
    cgroup_layout_done(&layout);
}

static void test_own_path_in_a_container(void **state) {
    (void)state;
    static const struct {
        const char *mounted;
        const char *own;
        const char *relative;
    } cases[] = {
        {"/docker/abc", "0::/docker/abc\n", "/"},    {"/docker/abc", "0::/docker/abc/inner\n", "/inner"},
        {"/docker/abc", "0::/docker/abcdef\n", "/"}, {"/", "0::/../other\n", "/"},
        {"/", "1:name=x:/\n0::/a/b\n", "/a/b"},      {"/", "", "/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWN_MEM char *mountinfo = mem_format("35 24 0:30 %s /cg rw - cgroup2 none rw\n", cases[i].mounted);
        struct cgroup_layout layout = parse(mountinfo, cases[i].own);
        assert_string_equal(layout.trees[0].own, cases[i].relative);
        cgroup_layout_done(&layout);
    }
}

static void test_strange_lines(void **state) {
    (void)state;
    struct cgroup_layout layout = parse(
        "\n \nnonsense\n1 2 3\n1 2 3 4 5 6\n1 2 3 4 5 6 - \n1 2 3 4 5 6 - cgroup2\n"
        "1 2 0:3 / /with\\040blank rw - cgroup2 none rw,x\n"
        "1 2 0:3 / /second rw - cgroup2 none rw\n"
        "1 2 0:3 / /half rw - cgroup",
        "0:");
    assert_int_equal(layout.count, 1);
    assert_string_equal(layout.trees[0].mount_point, "/with blank");
    cgroup_layout_done(&layout);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pure_version2),
        cmocka_unit_test(test_hybrid),
        cmocka_unit_test(test_own_path_in_a_container),
        cmocka_unit_test(test_strange_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
