/* See programs.h. */
#include "invoke/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "invoke/output.h"
#include "sys/fd.h"

struct program_output {
    struct list link;
    struct programs *programs;
    struct output *output;
    bool is_extension;
};

void programs_init(struct programs *programs) {
    *programs = (struct programs){0};
    list_init(&programs->outputs);
}

static void on_line(void *arg, const char *text, size_t len) {
    const struct program_output *output = arg;
    const struct programs *programs = output->programs;
    programs->events->line(programs->arg, output->is_extension, text, len);
}

static void add_output(struct programs *programs, int fd, bool is_extension) {
    struct program_output *output = mem_alloc(sizeof *output);
    output->programs = programs;
    output->is_extension = is_extension;
    output->output = output_new(programs->loop, fd, on_line, output);
    list_push_back(&programs->outputs, &output->link);
}

static void close_outputs(struct programs *programs) {
    list_each (link, &programs->outputs) {
        struct program_output *output = list_item(link, struct program_output, link);
        list_remove(link);
        output_free(output->output);
        free(output);
    }
}

static void on_exited(void *arg, uint32_t number, const struct program_end *end) {
    struct programs *programs = arg;
    bool is_runtime = programs->has_runtime && number == programs->runtime;
    if (is_runtime)
        programs->has_runtime = false;
    programs_drain(programs, false);
    programs->events->exited(programs->arg, is_runtime, number, end);
}

static void on_cleared(void *arg) {
    struct programs *programs = arg;
    programs_drain(programs, true);
    close_outputs(programs);
    programs->has_runtime = false;
    programs->events->cleared(programs->arg);
}

static void on_made_socket(void *arg, int fd) {
    const struct programs *programs = arg;
    programs->events->made_socket(programs->arg, fd);
}

void programs_begin(struct programs *programs, struct loop *loop, int control_fd, int output_fd,
                    bool is_extension, const struct programs_events *events, void *arg) {
    static const struct control_callbacks callbacks = {
        .exited = on_exited, .cleared = on_cleared, .made_socket = on_made_socket};
    programs->loop = loop;
    programs->events = events;
    programs->arg = arg;
    programs->has_runtime = !is_extension;
    programs->control = control_new(loop, control_fd, &callbacks, programs);
    add_output(programs, output_fd, is_extension);
}

void programs_end(struct programs *programs) {
    control_free(take_ptr(programs->control));
    close_outputs(programs);
}

bool programs_run(struct programs *programs, const struct program *program, bool is_extension,
                  uint32_t *ret_number, struct err *err) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) == -1)
        return err_set_errno(err, errno, "can't make a pipe for a program's output");
    OWN_FD int reading = pair[0];
    OWN_FD int writing = pair[1];
    uint32_t number = programs_next(programs);
    if (!fd_set_nonblocking(reading, err) || !control_run(programs->control, number, program, writing, err))
        return false;
    programs->last = number;
    add_output(programs, take_fd(&reading), is_extension);
    if (!is_extension) {
        programs->runtime = number;
        programs->has_runtime = true;
    }
    *ret_number = number;
    return true;
}

uint32_t programs_next(const struct programs *programs) {
    return programs->last + 1;
}

void programs_signal_runtime(struct programs *programs, int signum) {
    if (programs->has_runtime)
        control_signal(programs->control, programs->runtime, signum);
}

void programs_clear(struct programs *programs) {
    control_clear(programs->control);
}

void programs_drain(struct programs *programs, bool is_end) {
    list_each (link, &programs->outputs) {
        struct program_output *output = list_item(link, struct program_output, link);
        if (is_end)
            output_finish(output->output);
        else
            output_drain(output->output);
    }
}
