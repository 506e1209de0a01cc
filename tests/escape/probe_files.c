/* Attempts by name: files, devices, /proc, and addresses on networks. See probe.h. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

static void open_for_reading(char **args) {
    say_result(open(args[0], O_RDONLY));
}

static void open_for_writing(char **args) {
    say_result(open(args[0], O_WRONLY));
}

/* The first bytes of a file, line ends as "|". */
static void show_file(char **args) {
    char text[3000];
    int fd = open(args[0], O_RDONLY);
    ssize_t len = fd == -1 ? -1 : read(fd, text, sizeof text - 1);
    if (len == -1)
        return say_result(-1);
    text[len] = '\0';
    for (char *end = text; (end = strchr(end, '\n'));)
        *end = '|';
    say("[%s]", text);
}

static void show_size(char **args) {
    char bytes[64];
    int fd = open(args[0], O_RDONLY);
    ssize_t len = fd == -1 ? -1 : read(fd, bytes, sizeof bytes);
    if (len == -1)
        return say_result(-1);
    say("%s", len == 0 ? "empty" : "something");
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted names; with a second argument only those that start with a digit. */
static void list_names(char **args) {
    char *names[512];
    size_t count = 0;
    DIR *dir = opendir(args[0]);
    if (!dir)
        return say_result(-1);
    for (struct dirent *entry; count < 512 && (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && (!args[1] || (entry->d_name[0] >= '0' && entry->d_name[0] <= '9')))
            names[count++] = strdup(entry->d_name);
    qsort(names, count, sizeof names[0], by_name);
    char line[4000] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", i ? " " : "", names[i]);
    say("%s", line);
}

/* A file in each of these directories. */
static void write_around(char **args) {
    for (; *args; args++) {
        char path[256];
        snprintf(path, sizeof path, "%s/probe", *args);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        if (fd != -1)
            return say("wrote %s", path);
        if (errno != EROFS && errno != EACCES && errno != ENOENT)
            return say("%s: %s", path, strerrorname_np(errno));
    }
    say("nowhere");
}

/* No file, link or directory anywhere that is ours or that the mode gives to all. */
static void write_tmp(char **args) {
    (void)args;
    int fd = open("/tmp/probe", O_RDWR | O_CREAT | O_EXCL, 0700);
    say_result(fd == -1 ? -1 : write(fd, "x", 1));
}

static void run_from_tmp(char **args) {
    (void)args;
    char buffer[65536];
    int from = open("/proc/self/exe", O_RDONLY);
    int to = open("/tmp/copy", O_WRONLY | O_CREAT, 0755);
    for (ssize_t len; (len = read(from, buffer, sizeof buffer)) > 0;)
        if (write(to, buffer, (size_t)len) != len)
            return say("can't copy");
    close(to);
    execl("/tmp/copy", "copy", "exit", "7", NULL);
    say_result(-1);
}

static void is_nosuid(char **args) {
    for (; *args; args++) {
        struct statvfs facts;
        if (statvfs(*args, &facts) == -1 || !(facts.f_flag & ST_NOSUID))
            return say("%s", *args);
    }
    say("all");
}

/* Through the root links of every process but this one. */
static void other_roots(char **args) {
    (void)args;
    DIR *dir = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[300];
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || atoi(entry->d_name) == getpid())
            continue;
        static const char *const links[] = {"root", "cwd", "exe",    "fd",  "environ",
                                            "maps", "mem", "ns/mnt", "task"};
        for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
            snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name, links[i]);
            int fd = open(path, O_RDONLY);
            if (fd != -1 && strcmp(links[i], "task") != 0)
                return say("opened %s", path);
        }
    }
    say("none");
}

/* The root of this process, and what ".." above it is. */
static void climb(char **args) {
    (void)args;
    struct stat root;
    struct stat above;
    struct stat linked;
    if (stat("/", &root) == -1 || stat("/../../../../..", &above) == -1 ||
        stat("/proc/self/root/..", &linked) == -1)
        return say_result(-1);
    say("%s", root.st_ino == above.st_ino && root.st_dev == above.st_dev && root.st_ino == linked.st_ino
                  ? "same"
                  : "other");
}

static void connect_tcp(char **args) {
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(args[1]))};
    inet_pton(AF_INET, args[0], &address.sin_addr);
    say_result(connect(sock, (struct sockaddr *)&address, sizeof address));
}

/* All that somebody listens at on the loopback interface; a socket may happen to connect to itself. */
static void list_ports(char **args) {
    (void)args;
    char line[4000] = "";
    for (int port = 1; port < 65536; port++) {
        int sock = socket(AF_INET, SOCK_STREAM, 0);
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
        struct sockaddr_in own;
        socklen_t len = sizeof own;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(sock, (struct sockaddr *)&address, sizeof address) == 0 &&
            getsockname(sock, (struct sockaddr *)&own, &len) == 0 && own.sin_port != address.sin_port)
            snprintf(line + strlen(line), sizeof line - strlen(line), "%s%d", line[0] ? " " : "", port);
        close(sock);
    }
    say("%s", line);
}

/* Serves a port of its own, for others to find. */
static void listen_for_ever(char **args) {
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(args[0]))};
    if (bind(sock, (struct sockaddr *)&address, sizeof address) == -1 || listen(sock, 1) == -1)
        return say_result(-1);
    say("listening");
    for (;;)
        pause();
}

/* Until nobody listens at the port any more. */
static void wait_refused(char **args) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(args[0]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 1000; i++) {
        int sock = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(sock, (struct sockaddr *)&address, sizeof address) == -1)
            return say_result(-1);
        close(sock);
        poll(NULL, 0, 5);
    }
    say("still there");
}

/* Sends the name of the port to it. */
static void call_port(char **args) {
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(args[0]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(sock, (struct sockaddr *)&address, sizeof address) == -1 ||
        write(sock, args[0], strlen(args[0])) == -1)
        return say_result(-1);
    say("called");
}

static void connect_abstract(char **args) {
    int sock = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(args[0]);
    memcpy(address.sun_path + 1, args[0], len);
    say_result(connect(sock, (struct sockaddr *)&address, (socklen_t)(sizeof address.sun_family + 1 + len)));
}

static void connect_path(char **args) {
    int sock = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", args[0]);
    say_result(connect(sock, (struct sockaddr *)&address, sizeof address));
}

/* One line of /proc/self/status. */
static void show_status(char **args) {
    char line[512];
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        size_t len = strlen(args[0]);
        if (strncmp(line, args[0], len) == 0 && line[len] == ':') {
            line[strcspn(line, "\n")] = '\0';
            return say("%s", line + len + 1 + strspn(line + len + 1, " \t"));
        }
    }
    say("missing");
}

/* Each line of it ends with the path. */
static void show_groups(char **args) {
    (void)args;
    char line[512];
    FILE *file = fopen("/proc/self/cgroup", "r");
    while (file && fgets(line, sizeof line, file))
        if (!strstr(line, ":/\n") && !strstr(line, "name=") && strcmp(strrchr(line, ':'), ":/\n") != 0)
            return say("%s", line);
    say("at the root");
}

static void surroundings(char **args) {
    (void)args;
    extern char **environ;
    char directory[256];
    char host[65] = "";
    gethostname(host, sizeof host - 1);
    mode_t mask = umask(0);
    size_t variables = 0;
    while (environ[variables])
        variables++;
    say("%s %s %03o %zu %s", getcwd(directory, sizeof directory), host, mask, variables, getenv("PROBE"));
}

static void write_streams(char **args) {
    (void)args;
    dprintf(STDOUT_FILENO, "to stdout\n");
    dprintf(STDERR_FILENO, "to stderr\n");
    char byte;
    say("%s", read(STDIN_FILENO, &byte, 1) == 0 ? "stdin ends" : "stdin goes on");
}

const struct probe probes_of_files[] = {
    {"read", open_for_reading},
    {"write", open_for_writing},
    {"show", show_file},
    {"size", show_size},
    {"list", list_names},
    {"write_around", write_around},
    {"write_tmp", write_tmp},
    {"run_from_tmp", run_from_tmp},
    {"nosuid", is_nosuid},
    {"other_roots", other_roots},
    {"climb", climb},
    {"connect", connect_tcp},
    {"connect_abstract", connect_abstract},
    {"ports", list_ports},
    {"listen", listen_for_ever},
    {"wait_refused", wait_refused},
    {"call_port", call_port},
    {"connect_path", connect_path},
    {"status", show_status},
    {"groups", show_groups},
    {"surroundings", surroundings},
    {"streams", write_streams},
    {0},
};
