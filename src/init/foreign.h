/* What a program that the kernel would not execute was built for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Writes "bootstrap is built for aarch64 and this machine is x86_64" for an ELF file of another machine;
 * false, with nothing written, when the reason must be another one. */
bool foreign_tell_machine(const char *path, char *ret_text, size_t size);
