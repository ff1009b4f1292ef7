/*
 * inputs_priv - private to formats: one open archive, for the walk over inputs.
 *
 *     as_box *box = NULL;
 *     bool more;
 *
 *     if (as_box_open(packing, &backing, "a.zip", passwords, n, &box, &err)) ...
 *     while (!(rc = as_box_next(box, &more, &err)) && more)
 *         if (as_box_about(box)->kind == AS_MEMBER_FILE)
 *             rc = as_box_read(box, "a.zip!b", dst, cap, &n, &err);
 *     as_box_free(box);
 *
 * The one place that speaks to libarchive. Its formats and filters are asked for one
 * by one, so that what an archive is stays our own decision, and that none is served by
 * a program that libarchive would start.
 *
 * Depends on: base; libarchive.  Threads: one box, one thread.
 */
#ifndef AS_INPUTS_PRIV_H
#define AS_INPUTS_PRIV_H

#include "base/buf.h"
#include "formats/inputs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of an input that tell what it is packed in. */
#define AS_PACKING_HEAD 1024u

typedef enum as_packing {
    AS_PACKING_NONE,
    AS_PACKING_VOID, /* a zip of nothing */
    AS_PACKING_ZIP,
    AS_PACKING_7Z,
    AS_PACKING_TAR,
    AS_PACKING_ZSTD, /* from here on: one thing wrapped, of no name of its own */
    AS_PACKING_XZ,
    AS_PACKING_BZIP2
} as_packing;

as_packing as_packing_of(as_bytes head);

static inline bool as_packing_wraps(as_packing p)
{
    return p >= AS_PACKING_ZSTD;
}

/* zip and 7z keep their list of members at the end. */
static inline bool as_packing_seeks(as_packing p)
{
    return p == AS_PACKING_ZIP || p == AS_PACKING_7Z;
}

/* Where an archive's bytes are: the first of these that is set. */
typedef struct as_backing {
    const char *path;
    as_source *stream; /* not for what seeks */
    as_bytes held;
} as_backing;

typedef enum as_member_kind {
    AS_MEMBER_FILE,
    AS_MEMBER_FOLDER,
    AS_MEMBER_LINK,
    AS_MEMBER_SPECIAL,
    AS_MEMBER_BROKEN /* this one cannot be read; as_box_fault() says why */
} as_member_kind;

typedef struct as_member {
    as_member_kind kind;
    const char *name; /* as the archive has it: any bytes; until the next member */
    uint64_t size;    /* as the archive has it; 0: unknown */
    bool encrypted;
} as_member;

typedef struct as_box as_box;

/* `name` is for messages, and lives as long as the box; so does the backing. */
as_code as_box_open(as_packing packing, const as_backing *backing, const char *name,
                    const char *const *passwords, size_t n_passwords, as_box **ret,
                    as_err *err) AS_CHECKED;
void as_box_free(as_box *box);

/* On to the next member; false: there is none. A failure is the archive's, and the end. */
as_code as_box_next(as_box *box, bool *ret_more, as_err *err) AS_CHECKED;
const as_member *as_box_about(const as_box *box);

/*
 * Bytes of the member, `what` in messages; *ret_n is 0 at its end. A failure is this
 * member's alone.
 */
as_code as_box_read(as_box *box, const char *what, uint8_t *dst, size_t cap, size_t *ret_n,
                    as_err *err) AS_CHECKED;

/* The last failure of as_box_read() was the archive's after all: what follows is lost too. */
bool as_box_over(const as_box *box);

/* Why the last call failed: PASSWORD, UNSUPPORTED or FAILED. */
as_skip as_box_fault(const as_box *box);

/*
 * The index of the password that decrypts the smallest encrypted member, by reading all
 * of it: the old encryption of zip takes one wrong password in 256 for the right one.
 * `n` if none does, or nothing is encrypted.
 */
size_t as_box_password(as_packing packing, const as_backing *backing, const char *const *passwords,
                       size_t n);

#ifdef __cplusplus
}
#endif
#endif
