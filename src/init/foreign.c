/* See foreign.h. */
#include "init/foreign.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sys/fd.h"

/* Names as uname(2) gives them. */
static const struct {
    uint16_t number;
    const char *name;
} machines[] = {
    {EM_X86_64, "x86_64"}, {EM_AARCH64, "aarch64"}, {EM_386, "i386"},   {EM_ARM, "arm"},
    {EM_RISCV, "riscv64"}, {EM_PPC64, "ppc64"},     {EM_S390, "s390x"},
};

/* Identification, type, machine: the same in 32-bit and 64-bit files. */
#define HEADER_BYTES 20

static bool read_header(const char *path, unsigned char header[HEADER_BYTES]) {
    OWN_FD int file = open(path, O_RDONLY | O_CLOEXEC);
    return file != -1 && read(file, header, HEADER_BYTES) == HEADER_BYTES &&
           memcmp(header, ELFMAG, SELFMAG) == 0;
}

static const char *machine_name(const unsigned char header[HEADER_BYTES]) {
    const unsigned char *machine = header + offsetof(Elf64_Ehdr, e_machine);
    bool is_big_endian = header[EI_DATA] == ELFDATA2MSB;
    int number = is_big_endian ? machine[0] << 8 | machine[1] : machine[1] << 8 | machine[0];
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
        if (machines[i].number == number)
            return machines[i].name;
    return "another machine";
}

bool foreign_tell_machine(const char *path, char *ret_text, size_t size) {
    unsigned char header[HEADER_BYTES];
    struct utsname here;
    if (!read_header(path, header) || uname(&here) == -1)
        return false;
    const char *built_for = machine_name(header);
    if (strcmp(built_for, here.machine) == 0)
        return false;
    const char *slash = strrchr(path, '/');
    snprintf(ret_text, size, "%s is built for %s and this machine is %s", slash ? slash + 1 : path, built_for,
             here.machine);
    return true;
}
