/*
 * weights_priv - private to encode: what the readers of model files share.
 *
 * A reader is given a whole file as bytes. It checks all that it will hand out, calls
 * as_weights_add() for each tensor and leaves views into those bytes; as_weights_open() then
 * sorts the names and refuses one that comes twice. Offsets in an as_err are those of the
 * file in hand.
 */
#ifndef AS_WEIGHTS_PRIV_H
#define AS_WEIGHTS_PRIV_H

#include "encode/weights.h"

#define AS_WEIGHTS_NAME_MAX ((size_t)1024) /* bytes of a tensor's name */

/* Names and what little is decoded; bytes of tensors stay in their file. */
#define AS_WEIGHTS_ARENA_MAX ((size_t)1 << 30)

struct as_weights {
    const char *format;
    as_arena *arena;
    as_bytes *maps; /* files that we mapped ourselves */
    size_t maps_n, maps_cap;
    as_weight *all;
    size_t n, cap;
    as_weights_hints hints;
};

/* What a sharded model's index says, while its shards are read. */
typedef struct as_shard_name {
    as_bytes name;
    uint32_t file;
    bool seen;
} as_shard_name;

typedef struct as_shards {
    as_shard_name *names; /* sorted */
    size_t n;
    uint32_t now; /* the shard in hand */
} as_shards;

/*
 * Takes a tensor under the name that it has in the Hugging Face layout: wrappers' prefixes
 * ("bert.", "0.auto_model." ...) go, LayerNorm's old gamma and beta become weight and bias.
 * `name` is copied. The tensor's data and size must be checked and set.
 */
as_code as_weights_add(as_weights *w, as_bytes name, const as_tensor *t, bool transposed, size_t at,
                       as_err *err) AS_CHECKED;

/*
 * Where just one tensor is "<wrapper>.embeddings.word_embeddings.weight", the wrapper, whatever
 * somebody called it, goes from all names.
 */
void as_weights_unwrap(as_weights *w);

/* Maps a regular file for as long as `w` lives. `fd` stays the caller's. */
as_code as_weights_map(as_weights *w, int fd, const char *name, as_bytes *ret,
                       as_err *err) AS_CHECKED;

/* Opens `path` below `dir` (AT_FDCWD) and maps it. */
as_code as_weights_map_at(as_weights *w, int dir, const char *path, as_bytes *ret,
                          as_err *err) AS_CHECKED;

/* Whether 8 bytes of length and then an object stand at the start. */
bool as_safetensors_probe(as_bytes file);

/* `shards` is NULL for a file that stands alone. */
as_code as_safetensors_read(as_weights *w, as_bytes file, as_shards *shards,
                            as_err *err) AS_CHECKED;

/* The index of a sharded model; its files lie in the folder `dir`, open. */
as_code as_shards_read(as_weights *w, as_bytes index, int dir, as_err *err) AS_CHECKED;

as_code as_torch_read(as_weights *w, as_bytes file, as_err *err) AS_CHECKED;

/* External data lie in the folder `dir`; -1: there is none. */
as_code as_onnx_read(as_weights *w, as_bytes file, int dir, as_err *err) AS_CHECKED;

static inline uint64_t as_le(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

#endif
