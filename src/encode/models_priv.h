/*
 * models_priv - private to encode: what importing and pulling a model share.
 *
 * Depends on: encode/models.h.
 */
#ifndef AS_MODELS_PRIV_H
#define AS_MODELS_PRIV_H

#include "base/hash.h"
#include "encode/models.h"

#include <limits.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- which files make the model (pick.c) ---------------------------------------------------- */

typedef struct as_listed { /* a file that is to be had */
    as_bytes path;
    uint64_t size; /* UINT64_MAX: not known */
} as_listed;

typedef struct as_picked {
    size_t item;     /* in the list */
    as_bytes target; /* its path in the model's folder */
    uint64_t size_max;
} as_picked;

typedef struct as_pick {
    as_picked *files;
    size_t n;
    size_t weights; /* the item */
    as_bytes root;  /* the folder of the model in the list: "" or "a/b" */
} as_pick;

typedef struct as_pick_rules {
    size_t only;   /* the item that the weights must be, or SIZE_MAX */
    bool top_wins; /* a model at the top hides those below it, as on a hub */
} as_pick_rules;

/*
 * Finds the one model in a list. AS_REFUSED: none or several; the message says what was
 * looked for, or names them. `a` owns what *ret points at.
 */
as_code as_model_pick(const as_listed *items, size_t n, const as_pick_rules *rules, as_arena *a,
                      as_pick *ret, as_err *err) AS_CHECKED;

/* The last component of a path; what stands before it. */
as_bytes as_path_base(as_bytes path);
as_bytes as_path_folder(as_bytes path);

/* No component is empty, ".", ".." or hidden; no backslash, no control character. */
bool as_path_plain(as_bytes path);

/* --- what it is called (manifest.c) ----------------------------------------------------------- */

/* The profile whose name `text` is, or ends with behind a "-" or "_"; NULL. */
const as_profile *as_profile_like(as_bytes text);

/* A name made of `text`, which may be of any characters; empty: there is nothing to make it of. */
as_code as_model_name_of(as_bytes text, as_arena *a, as_bytes *ret, as_err *err) AS_CHECKED;

/* What a model's files say of it. */
typedef struct as_model_says {
    as_bytes type;    /* model_type of config.json */
    as_bytes licence; /* of the front matter of README.md */
    unsigned dim;
} as_model_says;

/* Reads config.json and README.md below `fd`, as far as they are there. AS_INVALID: no JSON. */
as_code as_model_ask_files(int fd, as_arena *a, as_model_says *ret, as_err *err) AS_CHECKED;
as_code as_model_config(as_bytes json, as_arena *a, as_model_says *ret, as_err *err) AS_CHECKED;
as_code as_model_card(as_bytes text, as_arena *a, as_bytes *ret_licence, as_err *err) AS_CHECKED;

/* AS_UNKNOWN: a model of that type is not run here. An empty type is. */
as_code as_model_type_check(as_bytes type, as_err *err) AS_CHECKED;

/* A line for a person. */
void as_model_note(const as_model_job *job, const char *fmt, ...) AS_PRINTF(2, 3);

/* --- a folder that is being filled (staging.c) ---------------------------------------------------
 */

typedef struct as_staging {
    const char *folder; /* of all models */
    as_buf path;        /* of the folder that is filled, with a NUL */
    as_buf target;      /* what it becomes */
    int fd;             /* of it, locked; -1: none */
    bool resumes;       /* it was there, from an earlier try */
} as_staging;

/*
 * A folder for the model `name`; with `resume` one that is there is gone on with, else it is
 * emptied. AS_USAGE: the name is taken. AS_UNAVAILABLE: another process fills it.
 */
as_code as_staging_open(const char *folder, as_bytes name, bool resume, as_staging *ret,
                        as_err *err) AS_CHECKED;

/* Writes the manifest, and gives the folder its name. */
as_code as_staging_commit(as_staging *s, const as_manifest *m, as_err *err) AS_CHECKED;

/* Lets go; without `keep` the folder is removed unless it was committed. */
void as_staging_close(as_staging *s, bool keep);

/* A file to be written below it, with the folder above it. */
as_code as_staging_create(const as_staging *s, as_bytes path, int *ret_fd, as_err *err) AS_CHECKED;

/* Opens a regular file below the folder `fd`, no link. -1: errno says why. */
int as_open_below(int fd, as_bytes path);

/* Removes a folder and all below it; links are removed and not followed. */
bool as_folder_remove(const char *path);

/* Room on the disk for `need` more bytes? AS_IO says how much there is. */
as_code as_disk_check(const char *path, uint64_t need, as_err *err) AS_CHECKED;

/* Writes all of it. AS_IO names `what`. */
as_code as_write_all(int fd, as_bytes bytes, const char *what, as_err *err) AS_CHECKED;

/* The content of a small file, NULL-safe as_bytes of the arena. */
as_code as_read_below(int fd, as_bytes path, uint64_t most, as_arena *a, as_bytes *ret,
                      as_err *err) AS_CHECKED;

/* SHA-256 as text, and the size, of what is behind the descriptor. */
as_code as_file_digest(int fd, const char *what, char text[AS_SHA256_HEX + 1], uint64_t *ret_size,
                       as_err *err) AS_CHECKED;

/*
 * The end of both ways: looks at the files as they lie, fills in the rest of the manifest
 * and commits. `known_as` is what the model was called, for its profile.
 */
as_code as_model_finish(as_staging *s, as_arena *a, as_bytes known_as, as_manifest *m,
                        as_err *err) AS_CHECKED;

/* --- sources (folder.c, archive.c)
 * ------------------------------------------------------------------ */

typedef struct as_material { /* what a model is taken out of */
    const char *path;
    as_listed *items;
    size_t n, cap;
    as_arena *a;
    char root[PATH_MAX];  /* of a folder, resolved: nothing outside it is read */
    uint64_t passed_over; /* entries with names that are not plain, links, devices */
} as_material;

as_code as_material_add(as_material *m, as_bytes path, uint64_t size, as_err *err) AS_CHECKED;
void as_material_done(as_material *m);

/* Lists a folder's files, `depth` levels deep. */
as_code as_folder_list(as_material *m, unsigned depth, as_err *err) AS_CHECKED;

/* Copies what was picked; manifest->files get sizes and hashes. */
as_code as_folder_take(const as_material *m, const as_pick *pick, const as_model_job *job,
                       as_staging *s, as_manifest *manifest, as_err *err) AS_CHECKED;

as_code as_archive_list(as_material *m, as_err *err) AS_CHECKED;
as_code as_archive_take(const as_material *m, const as_pick *pick, const as_model_job *job,
                        as_staging *s, as_manifest *manifest, as_err *err) AS_CHECKED;

/* manifest->files for what was picked, without sizes and hashes. */
as_code as_manifest_of(const as_material *m, const as_pick *pick, as_manifest *ret,
                       as_err *err) AS_CHECKED;

/* Imports from a folder whose source and revision are known (of the cache of a hub). */
as_code as_model_take(const as_model_job *job, as_material *m, const as_pick *pick, bool archive,
                      as_bytes known_as, as_manifest *ret, as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
