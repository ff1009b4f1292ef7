/*
 * hub - fetch a model from a hub that is laid out as huggingface.co is.
 *
 *     as_model_job job = {.folder = "/data/assay/models"};
 *     bool known;
 *     if (as_model_pull(&job, "BAAI/bge-small-zh-v1.5@main", arena, &m, &known, &err)) ...
 *
 * The revision becomes a commit first, and everything is fetched of that commit. Each file
 * must have the size of the listing, and its SHA-256, or for small files the SHA-1 that git
 * gives it. What came stays in a hidden folder until all is there, and a later call goes on
 * with it. HF_ENDPOINT names another hub, HF_TOKEN or HF_TOKEN_PATH a token. A model that the
 * Hugging Face cache holds (HF_HUB_CACHE, HF_HOME) is taken from there without the network.
 *
 * Depends on: models.h, http.h.  Threads: as models.h.
 */
#ifndef AS_HUB_H
#define AS_HUB_H

#include "encode/models.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AS_HUB_LISTING_MAX ((uint64_t)32 << 20) /* bytes of one page of a listing */
#define AS_HUB_PAGES_MAX   32u

/*
 * `spec`: OWNER/NAME, or a name that as_profile_find() knows, and perhaps @REVISION. AS_USAGE:
 * no such name; AS_NOT_FOUND: the hub has none; AS_REFUSED: it wants a token, or the model is
 * of a form that is not read; AS_UNAVAILABLE: no network; AS_INVALID: not what was announced;
 * AS_UNKNOWN: a type that is not run here. *ret_known: it was there already, of this commit.
 */
as_code as_model_pull(const as_model_job *job, const char *spec, as_arena *a, as_manifest *ret,
                      bool *ret_known, as_err *err) AS_CHECKED;

/* A file of a listing. */
typedef struct as_hub_file {
    as_bytes path;
    uint64_t size;
    char git_sha1[41]; /* of the blob, "" if not told */
    char sha256[65];   /* of a large file, "" if not told */
} as_hub_file;

typedef struct as_hub_listing {
    as_hub_file *p;
    size_t n, cap;
} as_hub_listing;

/* Appends a page of a tree listing (a JSON array). `a` owns the paths. */
as_code as_hub_listing_read(as_bytes json, as_arena *a, as_hub_listing *ret,
                            as_err *err) AS_CHECKED;
void as_hub_listing_done(as_hub_listing *l);

/* What the hub says of a model at a revision: its commit and licence, as far as told. */
as_code as_hub_info_read(as_bytes json, as_arena *a, as_bytes *ret_commit, as_bytes *ret_licence,
                         as_err *err) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
