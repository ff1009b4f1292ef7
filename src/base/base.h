/*
 * base - errors, bytes and memory: the words every other module speaks.
 *
 *     as_err err = { 0 };
 *     as_arena *a = as_arena_new((size_t)64 << 20);
 *     as_bytes copy;
 *
 *     if (!a)
 *         return as_fail(&err, AS_NOMEM, AS_NO_OFFSET, "no memory");
 *     if (as_arena_copy(a, AS_LITERAL("text"), &copy))
 *         ...                              every failure has its own code
 *     as_arena_free(a);                    the copy goes with its arena
 *
 * Depends on: libc.  Threads: an arena belongs to one thread at a time; the
 * rest is re-entrant.  Only this module calls malloc.
 */
#ifndef AS_BASE_H
#define AS_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AS_CHECKED           __attribute__((warn_unused_result))
#define AS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define AS_COUNT(array)      (sizeof(array) / sizeof((array)[0]))

/* name, process exit status, HTTP status. Add a row; never renumber. */
#define AS_CODE_MAP(X)                                                                             \
    X(OK, 0, 200)                                                                                  \
    X(NOT_FOUND, 1, 404)                                                                           \
    X(USAGE, 2, 400)       /* the command line or the call is wrong */                             \
    X(REFUSED, 3, 422)     /* the input cannot be read at all */                                   \
    X(INVALID, 3, 422)     /* the input breaks its own format */                                   \
    X(UNKNOWN, 3, 415)     /* well formed, but of no tool that assay knows */                      \
    X(LIMIT, 3, 413)       /* well formed, but more than we accept */                              \
    X(UNAVAILABLE, 4, 503) /* a service or device is absent */                                     \
    X(IO, 4, 500)          /* our own output or scratch space failed */                            \
    X(NOMEM, 4, 500)

typedef enum as_code {
#define AS_X(name, exit_status, http_status) AS_##name,
    AS_CODE_MAP(AS_X)
#undef AS_X
} as_code;

#define AS_NO_OFFSET SIZE_MAX

/*
 * What went wrong, for a person. Untouched on success, so one as_err serves a
 * chain of calls. NULL is accepted everywhere: "the code is enough".
 */
typedef struct as_err {
    as_code code;
    size_t offset; /* byte in the (unpacked) input, or AS_NO_OFFSET */
    char msg[256]; /* one line; input bytes in it are already escaped */
} as_err;

/* Fills *err (if any) and returns `code`, so callers write `return as_fail(...)`. */
as_code as_fail(as_err *err, as_code code, size_t offset, const char *fmt, ...) AS_PRINTF(4, 5);

/* Same, "no memory for <what>": the one form that all out-of-memory errors take. */
as_code as_fail_nomem(as_err *err, const char *what);

/* Process exit status of a code, and its name in lower case ("not_found"). */
int as_code_exit(as_code code);
const char *as_code_name(as_code code);

/* Bytes we did not write. A view: the memory's owner must outlive it. */
typedef struct as_bytes {
    const uint8_t *p;
    size_t n;
} as_bytes;

#define AS_LITERAL(text) ((as_bytes){(const uint8_t *)(text), sizeof(text) - 1})

as_bytes as_bytes_of(const char *text); /* text without its NUL; "" for NULL */
bool as_bytes_eq(as_bytes a, as_bytes b);
bool as_bytes_is(as_bytes a, const char *text);
int as_bytes_cmp(as_bytes a, as_bytes b); /* like memcmp, shorter first */

/* ASCII case is folded; other bytes must be equal. */
bool as_bytes_eq_nocase(as_bytes a, as_bytes b);
bool as_bytes_has_nocase(as_bytes hay, const char *needle);
bool as_bytes_ends_nocase(as_bytes hay, const char *tail);

/* Printable ASCII form of `b` in dst (cap >= 8), "..." if cut. Returns dst. */
const char *as_bytes_show(as_bytes b, char *dst, size_t cap);

/* Decimal text to a number: the whole of `b`, no sign, no blank, no overflow. */
bool as_bytes_u64(as_bytes b, uint64_t *ret);

/*
 * Heap. NULL on failure, like malloc. as_mem_fail_at(n) makes the n-th
 * allocation from now (1 = the next) fail, and all after it, until it is called
 * again with 0: tests use it to walk through every allocation of a job.
 * as_mem_count() is the number of allocations since the process began.
 */
void *as_mem_get(size_t size) AS_CHECKED;
void *as_mem_zero(size_t count, size_t size) AS_CHECKED;
void *as_mem_resize(void *p, size_t size) AS_CHECKED;
void as_mem_free(void *p);
void as_mem_fail_at(uint64_t n);

/*
 * Room for one more behind the `n` objects of `size` at *p, of which *cap have room; the
 * array doubles. False: no memory, and all is as it was.
 */
bool as_mem_room(void **p, size_t *cap, size_t n, size_t size) AS_CHECKED;
uint64_t as_mem_count(void);

/* Owns all memory of one request or job, up to `limit` bytes; freed as a whole. */
typedef struct as_arena as_arena;

as_arena *as_arena_new(size_t limit) AS_CHECKED;
void as_arena_free(as_arena *a);

/* Zeroed memory for `count` objects of `size`, or NULL if limit or heap says no. */
void *as_arena_take(as_arena *a, size_t count, size_t size) AS_CHECKED;

/* A copy of `b` that lives as long as the arena. AS_OK or AS_NOMEM. */
as_code as_arena_copy(as_arena *a, as_bytes b, as_bytes *ret) AS_CHECKED;

/*
 * Moves the `n` objects of `size` at `p`, which as_mem_room() grew, into the arena, with room
 * for one more behind them; `p` is freed either way. NULL: no memory.
 */
void *as_arena_keep(as_arena *a, void *p, size_t n, size_t size) AS_CHECKED;

/* Bytes handed out so far. */
size_t as_arena_used(const as_arena *a);

#ifdef __cplusplus
}
#endif
#endif
