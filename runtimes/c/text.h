/* JSON strings, base64, and the error document of the Runtime API. For liblamb only. */
#pragma once

#include "arena.h"

/* A JSON string with its quotes; bytes that aren't UTF-8 become U+FFFD. */
char *lamb_text_quote(struct lamb_arena *arena, const char *text, size_t size);

/* {"errorMessage":message,"errorType":type,"stackTrace":[]} */
char *lamb_text_error(struct lamb_arena *arena, const char *type, const char *message);

char *lamb_text_base64(struct lamb_arena *arena, const char *data, size_t size);
