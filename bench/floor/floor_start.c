/* Floor of the daemon's start: what any process pays to be started, take in a catalogue and listen.
 *
 *   floor_start [FILE]
 *
 * Reads FILE (one record a line), copies every record to memory of its own, listens on a free port of
 * 127.0.0.1, prints one line beginning `floor.ready` and waits to be ended by a signal. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/die.h"

struct record {
    struct record *next;
    char text[];
};

static struct record *read_records(const char *path, size_t *ret_count) {
    FILE *file = fopen(path, "re");
    if (!file)
        die_errno("open %s", path);
    struct record *records = NULL;
    size_t count = 0;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    while ((size = getline(&line, &capacity, file)) >= 0) {
        struct record *record = malloc(sizeof *record + (size_t)size + 1);
        if (!record)
            die("no memory for record %zu", count);
        memcpy(record->text, line, (size_t)size + 1);
        record->next = records;
        records = record;
        count++;
    }
    free(line);
    fclose(file);
    *ret_count = count;
    return records;
}

int main(int argc, char **argv) {
    size_t count = 0;
    struct record *records = argc > 1 ? read_records(argv[1], &count) : NULL;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &address_size) != 0)
        die_errno("listen on 127.0.0.1");
    printf("floor.ready port=%u records=%zu last_bytes=%zu\n", ntohs(address.sin_port), count,
           records ? strlen(records->text) : 0);
    fflush(stdout);
    pause();
    return 0;
}
