/*
 * linux_calls_priv - private to formats: the system calls of Linux, by name and by number, for the
 * readers of strace and of audit logs.
 */
#ifndef AS_LINUX_CALLS_PRIV_H
#define AS_LINUX_CALLS_PRIV_H

#include "formats/formats_priv.h"

/* What a call says beyond having been made. */
typedef enum as_linux_role {
    AS_LINUX_COUNTED, /* nothing */
    AS_LINUX_EXEC,
    AS_LINUX_EXECAT,
    AS_LINUX_FORK,
    AS_LINUX_EXIT,
    AS_LINUX_SELF, /* its result is the number of whoever called */
    AS_LINUX_OPEN,
    AS_LINUX_OPENAT,
    AS_LINUX_CREAT,
    AS_LINUX_CLOSE,
    AS_LINUX_CLOSE_RANGE,
    AS_LINUX_DUP,
    AS_LINUX_FCNTL,
    AS_LINUX_NEW_FD,  /* a descriptor of no file */
    AS_LINUX_NEW_FDS, /* two, in [a, b] */
    AS_LINUX_READ,
    AS_LINUX_WRITE,
    AS_LINUX_STAT,
    AS_LINUX_STATAT,
    AS_LINUX_DELETE,
    AS_LINUX_DELETEAT,
    AS_LINUX_RMDIR,
    AS_LINUX_MKDIR,
    AS_LINUX_MKDIRAT,
    AS_LINUX_MOVE,
    AS_LINUX_MOVEAT,
    AS_LINUX_LINK,
    AS_LINUX_LINKAT,
    AS_LINUX_SYMLINKAT,
    AS_LINUX_LIST,
    AS_LINUX_TRUNCATE,
    AS_LINUX_PATH,   /* told as it is, with the path of its first argument */
    AS_LINUX_PATHAT, /* and of its second, below its first */
    AS_LINUX_FD,     /* and of the file that its first stands for */
    AS_LINUX_SOCKET,
    AS_LINUX_CONNECT,
    AS_LINUX_BIND,
    AS_LINUX_ACCEPT,
    AS_LINUX_SEND,
    AS_LINUX_MMAP,
    AS_LINUX_MPROTECT,
    AS_LINUX_PRCTL,
    AS_LINUX_TARGET,  /* told as it is: its first argument is a process */
    AS_LINUX_TARGET2, /* its second is */
    AS_LINUX_TOLD,    /* told as it is */
    AS_LINUX_ROLES
} as_linux_role;

typedef struct as_linux_call {
    const char *name;
    const char *category;
    uint8_t role;
} as_linux_call;

/* The call of that name, or NULL where nothing is known of it. */
const as_linux_call *as_linux_call_of(as_bytes name);

/* "c000003e" (x86-64), "40000003" (i386), "c00000b7" (AArch64), in hexadecimal. */
#define AS_LINUX_X86_64 0xc000003eu
#define AS_LINUX_I386   0x40000003u
#define AS_LINUX_ARM64  0xc00000b7u

const char *as_linux_arch_name(uint32_t arch);                /* or NULL */
const char *as_linux_name_of(uint32_t arch, uint32_t number); /* or NULL */
const char *as_linux_errno_name(uint32_t number);             /* "ENOENT", or NULL */

/* Text that is no UTF-8 is told with "\xNN" in it; an empty one is not. */
as_code as_linux_put(as_walk *w, as_draft *d, as_attr_name name, as_bytes text,
                     as_err *err) AS_CHECKED;
as_code as_linux_put_u64(as_walk *w, as_draft *d, as_attr_name name, uint64_t value,
                         as_err *err) AS_CHECKED;
/* A line with "\\xNN" for what is no UTF-8: itself, or in `buf`, which may fail. */
as_bytes as_linux_clean(as_bytes line, as_buf *buf);
/* Its first `max` bytes, or a few less so that no character is parted. */
as_bytes as_linux_cut(as_bytes text, size_t max);
as_bytes as_linux_base_name(as_bytes path);

#endif
