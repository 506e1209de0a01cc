/* See programs.h. */
#include "init/programs.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>

bool programs_init(struct programs *programs, struct err *err) {
    void *shared = mmap(NULL, LIMIT_SANDBOX_PROGRAMS * sizeof *programs->notes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return err_set_errno(err, errno, "can't map the notes of programs");
    *programs = (struct programs){.notes = shared};
    return true;
}

int programs_find_free(const struct programs *programs) {
    for (int i = 0; i < LIMIT_SANDBOX_PROGRAMS; i++)
        if (programs->places[i].pid == 0)
            return i;
    return -1;
}

void programs_add(struct programs *programs, int place, uint32_t number, pid_t pid) {
    programs->places[place].pid = pid;
    programs->places[place].number = number;
}

bool programs_reap(struct programs *programs, struct programs_end *ret_end) {
    struct programs_end end = {0};
    end.pid = waitpid(-1, &end.wait_status, WNOHANG | __WALL);
    for (int i = 0; end.pid > 0 && i < LIMIT_SANDBOX_PROGRAMS; i++) {
        if (programs->places[i].pid != end.pid)
            continue;
        end.is_program = true;
        end.number = programs->places[i].number;
        end.note = programs->notes[i];
        programs->places[i].pid = 0;
        programs->notes[i] = (struct execute_note){0};
    }
    *ret_end = end;
    return end.pid > 0;
}

pid_t programs_find(const struct programs *programs, uint32_t number) {
    for (int i = 0; i < LIMIT_SANDBOX_PROGRAMS; i++)
        if (programs->places[i].pid != 0 && programs->places[i].number == number)
            return programs->places[i].pid;
    return 0;
}
