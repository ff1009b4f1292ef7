/*
 * models - the text encoders that are installed, each in a folder of its own.
 *
 *     as_model_job job = {.folder = "/data/assay/models", .notes = &notes};
 *     as_manifest m = {0};
 *     if (as_model_import(&job, "bge-small-zh.jar", arena, &m, &err)) ...
 *     if (as_model_verify(job.folder, "bge-small-zh-v1.5", each, ctx, &err)) ...
 *
 * A model's folder has the names of the Hugging Face layout, whatever its files were called
 * before, and assay-model.json, which says whence each came and what its hash is. A folder
 * is there whole or not at all: it is filled under a name that begins with a dot, and named
 * when all of it is on disk. What a killed process left is gone on with by the next pull
 * and removed by the next import.
 *
 * Depends on: base; libarchive.  Threads: re-entrant; processes are kept apart by a lock on
 * the folder that is being filled.
 * Limits: below. Archives, folders and manifests are the attacker's: no path in them is
 * ever one that we write to, and nothing of them is run.
 */
#ifndef AS_MODELS_H
#define AS_MODELS_H

#include "base/buf.h"
#include "encode/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_MODEL_NAME_MAX      96u
#define AS_MODEL_FILES_MAX     1100u   /* in a manifest: a thousand shards and the rest */
#define AS_MODEL_LISTED_MAX    100000u /* entries of an archive, a folder or a listing */
#define AS_MODEL_SMALL_MAX     ((uint64_t)4 << 20)
#define AS_MODEL_TOKENIZER_MAX ((uint64_t)256 << 20)
#define AS_MODEL_WEIGHTS_MAX   ((uint64_t)32 << 30)
#define AS_MODEL_RATIO_MAX     200u /* unpacked / packed, once more than 64 MiB came out */
#define AS_MODEL_ARENA_MAX     ((size_t)256 << 20)

#define AS_MANIFEST_NAME "assay-model.json"

typedef struct as_model_file {
    as_bytes path; /* below the model's folder */
    as_bytes from; /* what it was called where it came from; not in the manifest */
    uint64_t size;
    char sha256[65];
} as_model_file;

typedef struct as_manifest {
    as_bytes name;
    as_bytes source;   /* "BAAI/bge-small-zh-v1.5", or the path of what was imported */
    as_bytes revision; /* the commit; empty: not known */
    as_bytes licence;  /* empty: not known */
    as_bytes profile;  /* the name of an as_profile that the model is taken for; or empty */
    as_model_file *files;
    size_t n_files;
} as_manifest;

typedef enum as_model_state {
    AS_MODEL_WHOLE,   /* all files of the manifest are there, with their sizes */
    AS_MODEL_DAMAGED, /* a file is missing or of another size, or the manifest is broken */
    AS_MODEL_FOREIGN, /* a folder that somebody put there without a manifest */
    AS_MODEL_PARTIAL  /* a pull that broke off */
} as_model_state;

typedef struct as_model_row {
    as_manifest manifest;
    as_model_state state;
    uint64_t bytes;     /* on disk */
    unsigned dim;       /* 0: not known, or a reranker */
    as_bytes type;      /* "bert", "xlm-roberta"; empty: config.json does not say */
    const char *format; /* "safetensors", "torch", "onnx"; NULL: no weights are there */
    const as_profile *profile;
} as_model_row;

/* What is to be done, and who hears of it. */
typedef struct as_model_job {
    const char *folder; /* of all models; it is made if it is not there */
    const char *name;   /* the new model's; NULL: found from what it is called */
    as_buf *notes;      /* lines for a person are appended; or NULL */
    void (*at)(void *ctx, uint64_t done, uint64_t total); /* bytes; total 0: not known */
    void *ctx;
} as_model_job;

/* Letters, digits, "._-", a letter or digit first. */
bool as_model_name_ok(as_bytes name);

/*
 * Takes a model out of a folder (also of the Hugging Face cache), of a weights file with its
 * tokenizer beside it, or of an archive (zip, whl, jar, tar, also packed with gzip, xz or
 * zstd). AS_REFUSED: it cannot be read, or holds no model or several; AS_INVALID: damaged;
 * AS_UNKNOWN: a model of a kind that is not run here; AS_USAGE: the name is taken or none;
 * AS_LIMIT; AS_IO. `a` owns *ret. On failure nothing is left behind.
 */
as_code as_model_import(const as_model_job *job, const char *path, as_arena *a, as_manifest *ret,
                        as_err *err) AS_CHECKED;

/* Each model of the folder by name, and pulls that broke off. No folder: none. */
typedef as_code as_model_each_fn(void *ctx, const as_model_row *row, as_err *err);
as_code as_models_each(const char *folder, as_model_each_fn *each, void *ctx,
                       as_err *err) AS_CHECKED;

/*
 * Reads every byte. `each` hears of every file: why is NULL for one that is as it was, else
 * "missing", "size", "hash", "unlisted", "unreadable". AS_INVALID: one of them is not as it
 * was. AS_NOT_FOUND: no such model, or it has no manifest.
 */
typedef void as_verify_fn(void *ctx, as_bytes path, const char *why);
as_code as_model_verify(const char *folder, const char *name, as_verify_fn *each, void *ctx,
                        as_err *err) AS_CHECKED;

/* With a pull of that name that broke off. AS_NOT_FOUND; AS_UNAVAILABLE: it is being filled. */
as_code as_model_remove(const char *folder, const char *name, as_err *err) AS_CHECKED;

/* The manifest of the model in folder/name. AS_NOT_FOUND, AS_INVALID. `a` owns *ret. */
as_code as_manifest_load(const char *folder, const char *name, as_arena *a, as_manifest *ret,
                         as_err *err) AS_CHECKED;

/* From and to JSON. What is read is checked: names, paths, sizes, hashes, no path twice. */
as_code as_manifest_read(as_bytes json, as_arena *a, as_manifest *ret, as_err *err) AS_CHECKED;
void as_manifest_write(const as_manifest *m, as_buf *out);

#ifdef __cplusplus
}
#endif
#endif
