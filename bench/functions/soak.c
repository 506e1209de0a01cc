/* The function of bench/soak: answers what stands in the file `number` of its package; does what its event
 * asks for: "exit" ends the process, "sleep" takes longer than it may. */
#include <lamb.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void answer(const struct lamb_event *event, const struct lamb_context *context,
                   struct lamb_response *response, void *user) {
    (void)context;
    (void)user;
    char number[32];
    if (memmem(event->data, event->size, "\"exit\"", 6))
        _exit(3);
    if (memmem(event->data, event->size, "\"sleep\"", 7))
        sleep(5);
    printf("soak\n");
    fflush(stdout);
    FILE *file = fopen("/var/task/number", "r");
    lamb_respondf(response, "%s", file && fgets(number, sizeof number, file) ? number : "null");
    if (file)
        fclose(file);
}

int main(void) {
    return lamb_run(answer, NULL);
}
