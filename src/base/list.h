/* An intrusive, circular, doubly linked list. The link lies inside the item; the list owns nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *head) {
    head->next = head;
    head->prev = head;
}

static inline bool list_is_empty(const struct list *head) {
    return head->next == head;
}

static inline void list_insert_before(struct list *place, struct list *item) {
    item->prev = place->prev;
    item->next = place;
    place->prev->next = item;
    place->prev = item;
}

static inline void list_push_front(struct list *head, struct list *item) {
    list_insert_before(head->next, item);
}

static inline void list_push_back(struct list *head, struct list *item) {
    list_insert_before(head, item);
}

/* Safe on an item that was initialised or removed before. */
static inline void list_remove(struct list *item) {
    item->prev->next = item->next;
    item->next->prev = item->prev;
    list_init(item);
}

/* The struct that contains this link. */
#define list_item(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* The current item may be removed inside the loop. */
#define list_each(link, head)                                                                                \
    for (struct list *link = (head)->next, *link##_next = link->next; link != (head);                        \
         link = link##_next, link##_next = link->next)
