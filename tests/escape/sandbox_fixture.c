/* See sandbox_fixture.h. */
#include "sandbox_fixture.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/fd.h"
#include "sys/fs.h"

static const char *const environment[] = {"PROBE=here", NULL};
static const struct sandbox_fds no_fds = {-1, -1, -1, -1, -1, -1, -1};

static bool write_file(const char *path, const void *content, size_t len, mode_t mode) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = file != -1 && write(file, content, len) == (ssize_t)len && fchmod(file, mode) == 0;
    if (file != -1)
        close(file);
    if (!written)
        perror(path);
    return written;
}

static bool fill_directory(const char *dir, const struct buf *probe) {
    static const char script[] = "#!/nowhere/interpreter\n";
    static const Elf64_Ehdr foreign = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = FIXTURE_FOREIGN_NUMBER,
    };
    char path[6][96];
    static const char *const names[] = {"code/probe",  "code/setuid", "code/plain",
                                        "code/script", "secret",      "code/foreign"};
    for (size_t i = 0; i < 6; i++)
        snprintf(path[i], sizeof path[i], "%s/%s", dir, names[i]);
    return write_file(path[0], probe->data, probe->len, 0755) &&
           write_file(path[1], probe->data, probe->len, 04755) && write_file(path[2], "plain", 5, 0666) &&
           write_file(path[3], script, sizeof script - 1, 0755) && write_file(path[4], "secret", 6, 0644) &&
           write_file(path[5], &foreign, sizeof foreign, 0755);
}

bool fixture_make_files(struct fixture *fixture) {
    OWN(buf) struct buf probe;
    struct err err;
    buf_init(&probe, 16 * 1024 * 1024);
    const char *probe_path = getenv("LAMB_PROBE");
    if (!probe_path || !getenv("LAMB_SPAWNER") || !fs_read(probe_path, &probe, &err)) {
        fprintf(stderr, "LAMB_SPAWNER and LAMB_PROBE must name the two programs\n");
        return false;
    }
    snprintf(fixture->dir, sizeof fixture->dir, "/tmp/lamb-escape-XXXXXX");
    char code[96];
    if (!mkdtemp(fixture->dir) || chmod(fixture->dir, 0755) == -1)
        return false;
    snprintf(code, sizeof code, "%s/code", fixture->dir);
    if (mkdir(code, 0755) == -1 || !fill_directory(fixture->dir, &probe))
        return false;
    fixture->code_fd = open(code, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fixture->code_fd != -1;
}

void fixture_remove_files(struct fixture *fixture) {
    fd_close(&fixture->code_fd);
    fs_remove_tree(fixture->dir, NULL);
}

static struct outcome *find_outcome(struct fixture *fixture, uint64_t id) {
    return fixture->outcomes[id % (sizeof fixture->outcomes / sizeof fixture->outcomes[0])];
}

static void stop_reading(struct outcome *outcome) {
    loop_watch_free(outcome->watch);
    outcome->watch = NULL;
    fd_close(&outcome->fds.output);
}

static void output_ready(void *arg, int events) {
    (void)events;
    struct outcome *outcome = arg;
    size_t room = sizeof outcome->output - 1 - outcome->output_len;
    ssize_t len = read(outcome->fds.output, outcome->output + outcome->output_len, room);
    if (len <= 0) {
        stop_reading(outcome);
        return;
    }
    outcome->output_len += (size_t)len;
    outcome->output[outcome->output_len] = '\0';
}

static void exited(void *arg, uint32_t number, const struct program_end *end) {
    struct outcome *outcome = arg;
    if (number >= FIXTURE_PROGRAMS || outcome->has_exited[number])
        abort();
    outcome->has_exited[number] = true;
    outcome->programs[number] = *end;
    if (number == 0 && !outcome->outlives_program)
        sandbox_kill(outcome->fixture->host, outcome->id);
}

static void cleared(void *arg) {
    struct outcome *outcome = arg;
    outcome->clears++;
}

static void made_socket(void *arg, int fd) {
    struct outcome *outcome = arg;
    outcome->sockets++;
    fd_close(&outcome->socket);
    outcome->socket = fd;
}

static void started(void *arg, uint64_t id, struct sandbox_fds *fds) {
    static const struct control_callbacks callbacks = {
        .exited = exited, .cleared = cleared, .made_socket = made_socket};
    struct fixture *fixture = arg;
    struct outcome *outcome = find_outcome(fixture, id);
    outcome->has_started = true;
    outcome->fds = *fds;
    outcome->has_freezer = fds->freezer != -1;
    outcome->control = control_new(fixture->loop, take_fd(&outcome->fds.control), &callbacks, outcome);
    *fds = no_fds;
    outcome->watch = loop_watch_new(fixture->loop, outcome->fds.output, output_ready, outcome);
    loop_watch_set(outcome->watch, LOOP_READ);
}

static void failed(void *arg, uint64_t id, const struct err *failure) {
    struct outcome *outcome = find_outcome(arg, id);
    outcome->has_failed = true;
    outcome->failure = *failure;
    loop_stop(outcome->fixture->loop);
}

static void fitted(void *arg, uint64_t id, const struct err *failure) {
    struct outcome *outcome = find_outcome(arg, id);
    outcome->fits++;
    if (failure)
        outcome->unfit = *failure;
}

static void close_control(struct outcome *outcome) {
    control_free(outcome->control);
    outcome->control = NULL;
    fd_close(&outcome->socket);
}

static void ended(void *arg, uint64_t id, const struct sandbox_end *end) {
    struct outcome *outcome = find_outcome(arg, id);
    outcome->has_ended = true;
    outcome->end = *end;
    fd_close(&outcome->fds.runtime_listener);
    fd_close(&outcome->fds.api_listener);
    fd_close(&outcome->fds.memory_peak);
    fd_close(&outcome->fds.freezer);
    fd_close(&outcome->fds.memory_events);
    close_control(outcome);
}

static void lost(void *arg) {
    struct fixture *fixture = arg;
    fixture->is_lost = true;
}

static void is_late(void *arg) {
    struct fixture *fixture = arg;
    fixture->is_late = true;
}

void fixture_let_go(struct outcome *outcome) {
    stop_reading(outcome);
    close_control(outcome);
    sandbox_fds_close(&outcome->fds);
}

bool fixture_start(struct fixture *fixture, const char *instance, uint32_t stock, struct err *err) {
    static const struct sandbox_callbacks callbacks = {
        .started = started, .failed = failed, .fitted = fitted, .ended = ended, .lost = lost};
    struct sandbox_options options = {
        .spawner_path = getenv("LAMB_SPAWNER"),
        .instance = instance,
        .runtime_dir = "/usr/share/doc",
        .stock = stock,
        .stock_max = stock,
    };
    OWN(buf) struct buf report;
    buf_init(&report, sizeof fixture->report);
    struct sandbox_spawner spawner;
    if (!sandbox_spawner_start(&options, &spawner, &report, err))
        return false;
    snprintf(fixture->report, sizeof fixture->report, "%s", buf_text(&report));
    fixture->spawner_pid = spawner.pid;
    fixture->has_memory_limit = spawner.has_memory_limit;
    fixture->is_lost = false;
    fixture->loop = loop_new();
    fixture->host = sandbox_host_new(fixture->loop, &spawner, &callbacks, fixture);
    fixture->timer = loop_timer_new(fixture->loop, is_late, fixture);
    return true;
}

void fixture_stop(struct fixture *fixture) {
    sandbox_host_free(fixture->host);
    loop_timer_free(fixture->timer);
    loop_free(fixture->loop);
    fixture->host = NULL;
}

struct plan fixture_plan(const char *const *argv) {
    return (struct plan){
        .memory_mb = 128,
        .cpu_millis = 1000,
        .tmp_mb = 16,
        .processes = 32,
        .descriptors = 64,
        .program = {.working_dir = "/var/task", .argv = argv, .envp = environment},
        .mounts = {{"/var/task"}},
        .mount_count = 1,
    };
}

uint64_t fixture_begin(struct fixture *fixture, const struct plan *plan, struct outcome *outcome) {
    return fixture_begin_with(fixture, plan, -1, outcome);
}

uint64_t fixture_begin_with(struct fixture *fixture, const struct plan *plan, int handover_fd,
                            struct outcome *outcome) {
    *outcome = (struct outcome){.fds = no_fds, .socket = -1, .fixture = fixture};
    const int mount_fds[] = {fixture->code_fd, fixture->code_fd};
    uint64_t id = sandbox_start(fixture->host, plan, mount_fds, handover_fd);
    outcome->id = id;
    fixture->outcomes[id % (sizeof fixture->outcomes / sizeof fixture->outcomes[0])] = outcome;
    return id;
}

bool fixture_wait(struct fixture *fixture, struct outcome *outcome,
                  bool (*done)(const struct outcome *outcome)) {
    fixture->is_late = false;
    loop_timer_start(fixture->timer, FIXTURE_TIMEOUT_MS);
    while (!done(outcome) && !fixture->is_late && !fixture->is_lost)
        loop_turn(fixture->loop, true);
    loop_timer_stop(fixture->timer);
    return done(outcome);
}

bool outcome_is_over(const struct outcome *outcome) {
    return outcome->has_failed || (outcome->has_ended && outcome->fds.output == -1);
}

bool outcome_has_output(const struct outcome *outcome) {
    return outcome->output_len > 0 || outcome_is_over(outcome);
}

void fixture_run(struct fixture *fixture, const struct plan *plan, struct outcome *outcome) {
    uint64_t id = fixture_begin(fixture, plan, outcome);
    if (!fixture_wait(fixture, outcome, outcome_is_over)) {
        sandbox_kill(fixture->host, id);
        fixture_wait(fixture, outcome, outcome_is_over);
        snprintf(outcome->output + outcome->output_len, sizeof outcome->output - outcome->output_len,
                 "(too late)");
    }
}

/* The name in /proc/PID/stat may hold anything; behind its ")" follow the state and the parent. */
static int parent_of(const char *pid) {
    char path[300];
    char line[512] = "";
    int parent = -1;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    OWN_FD int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file != -1 && read(file, line, sizeof line - 1) > 0 && strrchr(line, ')'))
        parent = atoi(strrchr(line, ')') + 4);
    return parent;
}

size_t fixture_list_children(int parent, int *ret_pids, size_t size) {
    size_t count = 0;
    DIR *dir = opendir("/proc");
    for (struct dirent *entry; count < size && (entry = readdir(dir));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent_of(entry->d_name) == parent)
            ret_pids[count++] = atoi(entry->d_name);
    closedir(dir);
    return count;
}

int fixture_count_descriptors(void) {
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

bool fixture_has_groups(const char *instance) {
    static const char *const roots[] = {"/sys/fs/cgroup",        "/sys/fs/cgroup/unified",
                                        "/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpu",
                                        "/sys/fs/cgroup/pids",   "/sys/fs/cgroup/freezer"};
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", roots[i], instance);
        if (fs_exists(path))
            return true;
    }
    return false;
}
