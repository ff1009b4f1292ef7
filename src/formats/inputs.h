/*
 * inputs - every report below a path: a file, a folder, an archive, archives in those.
 *
 *     static as_code one(void *ctx, as_input *input, as_err *err)
 *     {
 *         return as_analysis_read(input->source, NULL, ctx, err);
 *     }
 *
 *     if (as_inputs_each("samples.zip", NULL, one, &analysis, &err)) ...
 *
 * A folder is walked in sorted order, an archive in its own. Archives are known by
 * their content: zip (also encrypted), tar, 7z; and gzip, zstd, xz, bzip2 around
 * anything. What is in one is named "samples.zip!logs/a.json". Nothing is ever
 * written anywhere, so a member's name is a text like any other: "../x" leads nowhere
 * and is shown as it stands, made visible.
 *
 * Left out with a reason, and told to `on_skip`: hidden files and what operating
 * systems leave behind (names that begin with ".", __MACOSX); symbolic and hard links,
 * devices and the like; what is encrypted with an unknown password; what cannot be read.
 *
 * Depends on: base; libarchive.  Threads: one walk, one thread.
 * Limits: AS_INPUTS_*. What is over one costs the file that it is in, not the walk;
 * only AS_INPUTS_ENTRIES ends that.
 */
#ifndef AS_INPUTS_H
#define AS_INPUTS_H

#include "base/source.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_INPUTS_ENTRIES   100000u              /* files and members of one walk, in all */
#define AS_INPUTS_FOLDERS   32u                  /* folders in folders */
#define AS_INPUTS_NESTED    4u                   /* archives in archives, the first counted */
#define AS_INPUTS_UNPACKED  ((uint64_t)16 << 30) /* bytes out of one file, all levels together */
#define AS_INPUTS_RATIO     400u                 /* those / size of the file, past 64 MiB */
#define AS_INPUTS_HELD      ((size_t)256 << 20)  /* a zip or 7z that is not a file of its own */
#define AS_INPUTS_NAME      512u                 /* characters shown of a member's name */
#define AS_INPUTS_PASSWORDS 32u
#define AS_INPUTS_LIST      ((uint64_t)64 << 20) /* bytes of a zip's list of members */

/* Why something was not given to the callback; the text stands before a count. */
#define AS_SKIP_MAP(X)                                                                             \
    X(UNKNOWN, "of an unknown format")                                                             \
    X(HIDDEN, "hidden")                                                                            \
    X(JUNK, "left behind by an operating system")                                                  \
    X(LINK, "links")                                                                               \
    X(SPECIAL, "devices or pipes")                                                                 \
    X(PASSWORD, "encrypted with an unknown password")                                              \
    X(UNSUPPORTED, "encrypted or packed in a way that assay cannot read")                          \
    X(FAILED, "not readable")

typedef enum as_skip {
#define AS_X(name, text) AS_SKIP_##name,
    AS_SKIP_MAP(AS_X)
#undef AS_X
        AS_SKIP_COUNT
} as_skip;

/* "of an unknown format" */
const char *as_skip_text(as_skip why);

/* NULL options and members that are 0 mean the defaults. */
typedef struct as_inputs_limits {
    uint64_t entries;
    uint64_t unpacked;
    size_t held;
    uint32_t ratio;
    unsigned folders, nested;
} as_inputs_limits;

/* `name` is visible text; `err` says it in full for PASSWORD, UNSUPPORTED and FAILED. */
typedef void as_skip_fn(void *ctx, as_skip why, const char *name, const as_err *err);

typedef struct as_inputs_options {
    const char *const *passwords; /* tried in this order, "infected" last */
    size_t n_passwords;           /* at most AS_INPUTS_PASSWORDS */
    as_skip_fn *on_skip;          /* or NULL */
    void *skip_ctx;
    as_inputs_limits limits;
} as_inputs_options;

typedef struct as_input {
    as_source *source; /* from its first byte; the walk frees it */
    const char *file;  /* the file on disk that it is, or is in */
    bool found;        /* in a folder or archive; false: it is what the path names */
    bool direct;       /* it is `file` itself: as_source_open() gives it again */
    bool stop;         /* for the callback to set: the walk ends, and ends well */
} as_input;

/*
 * Does one input. AS_IO ends the walk. Another failure of an input that was found is
 * told to `on_skip` (AS_UNKNOWN as UNKNOWN) and the walk goes on.
 */
typedef as_code as_input_fn(void *ctx, as_input *input, as_err *err);

/*
 * Walks `path`; "-" is standard input. AS_OK also if nothing was found. Otherwise what
 * the callback said of the path's own file, or AS_IO of any; AS_REFUSED, AS_INVALID,
 * AS_LIMIT: the file, folder or archive that `path` names cannot be read (to its end:
 * members before the damage were given out); AS_NOMEM.
 */
as_code as_inputs_each(const char *path, const as_inputs_options *options, as_input_fn *fn,
                       void *ctx, as_err *err) AS_CHECKED;

/* The same for what is open already, and not read yet. `input.file` is its name. */
as_code as_inputs_each_in(as_source *source, const as_inputs_options *options, as_input_fn *fn,
                          void *ctx, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
