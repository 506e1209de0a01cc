/* See texts.h. */
#include "daemon/texts.h"

#include <string.h>

#include "base/mem.h"

char **texts_split(const char *list) {
    size_t count = 2;
    for (const char *at = list; *at; at++)
        count += *at == ',';
    char **texts = mem_alloc_array(count, sizeof *texts);
    OWN_MEM char *copy = mem_text(list);
    char *rest = copy;
    size_t filled = 0;
    for (char *item = strsep(&rest, ","); item; item = strsep(&rest, ","))
        if (item[0] != '\0')
            texts[filled++] = mem_text(item);
    return texts;
}

size_t texts_count(char *const *texts) {
    size_t count = 0;
    while (texts[count])
        count++;
    return count;
}

void texts_free(char **texts) {
    for (size_t i = 0; texts && texts[i]; i++)
        free(texts[i]);
    free(texts);
}
