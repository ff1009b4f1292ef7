#include "encode/weights_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* --- files --------------------------------------------------------------------------------- */

as_code as_weights_map(as_weights *w, int fd, const char *name, as_bytes *ret, as_err *err)
{
    char shown[96];
    struct stat st;
    void *p;

    (void)as_bytes_show(as_bytes_of(name), shown, sizeof(shown));
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "not a regular file: '%s'", shown);
    if (st.st_size <= 0 || (uint64_t)st.st_size > SIZE_MAX / 2)
        return as_fail(err, AS_INVALID, 0, "'%s' is empty", shown);
    if (!as_mem_room((void **)&w->maps, &w->maps_cap, w->maps_n, sizeof(*w->maps)))
        return as_fail_nomem(err, "a model file");
    p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot map '%s': %s", shown, strerror(errno));
    *ret = w->maps[w->maps_n++] = (as_bytes){p, (size_t)st.st_size};
    return AS_OK;
}

as_code as_weights_map_at(as_weights *w, int dir, const char *path, as_bytes *ret, as_err *err)
{
    char shown[96];
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang us */
    as_code rc;

    if (fd < 0)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open '%s': %s",
                       as_bytes_show(as_bytes_of(path), shown, sizeof(shown)), strerror(errno));
    rc = as_weights_map(w, fd, path, ret, err);
    (void)close(fd);
    return rc;
}

/* --- names --------------------------------------------------------------------------------- */

/* What wraps an encoder: sentence-transformers' modules, a class with a head. */
static const char *const prefixes[] = {"0.auto_model.", "auto_model.", "model.",
                                       "bert.",         "roberta.",    "xlm_roberta."};

static bool starts(as_bytes b, const char *head)
{
    size_t n = strlen(head);

    return b.n >= n && !memcmp(b.p, head, n);
}

static as_bytes without_prefix(as_bytes name)
{
    for (size_t i = 0; i < AS_COUNT(prefixes); i++) {
        size_t n = strlen(prefixes[i]);

        if (name.n > n && starts(name, prefixes[i])) {
            name = (as_bytes){name.p + n, name.n - n};
            i = SIZE_MAX; /* wrapped twice: from the first again */
        }
    }
    return name;
}

static bool ends(as_bytes b, const char *tail)
{
    size_t n = strlen(tail);

    return b.n >= n && !memcmp(b.p + b.n - n, tail, n);
}

/* BERT's first checkpoints came from TensorFlow and call them gamma and beta. */
static as_code house_name(as_weights *w, as_bytes name, as_bytes *ret)
{
    static const char gamma[] = "LayerNorm.gamma", beta[] = "LayerNorm.beta";
    uint8_t full[AS_WEIGHTS_NAME_MAX + 8];
    size_t cut = ends(name, gamma) ? 5 : ends(name, beta) ? 4 : 0;

    name = without_prefix(name);
    if (cut) {
        as_bytes tail = cut == 5 ? AS_LITERAL("weight") : AS_LITERAL("bias");

        memcpy(full, name.p, name.n - cut);
        memcpy(full + name.n - cut, tail.p, tail.n);
        name = (as_bytes){full, name.n - cut + tail.n};
    }
    return as_arena_copy(w->arena, name, ret);
}

as_code as_weights_add(as_weights *w, as_bytes name, const as_tensor *t, bool transposed, size_t at,
                       as_err *err)
{
    as_weight *one;

    if (name.n == 0)
        return as_fail(err, AS_INVALID, at, "a tensor without a name");
    if (name.n > AS_WEIGHTS_NAME_MAX)
        return as_fail(err, AS_LIMIT, at, "a tensor's name of %zu bytes, at most %zu are read",
                       name.n, AS_WEIGHTS_NAME_MAX);
    if (w->n >= AS_WEIGHTS_TENSORS_MAX)
        return as_fail(err, AS_LIMIT, at, "more than %zu tensors", AS_WEIGHTS_TENSORS_MAX);
    if (!as_mem_room((void **)&w->all, &w->cap, w->n, sizeof(*w->all)))
        return as_fail_nomem(err, "the list of tensors");
    one = &w->all[w->n];
    *one = (as_weight){.tensor = *t, .transposed = transposed};
    if (house_name(w, name, &one->name))
        return as_fail_nomem(err, "a tensor's name");
    w->n++;
    return AS_OK;
}

void as_weights_unwrap(as_weights *w)
{
    static const char table[] = ".embeddings.word_embeddings.weight";
    as_bytes wrapper = {0};

    for (size_t i = 0; i < w->n; i++) {
        as_bytes name = w->all[i].name;

        if (!ends(name, table))
            continue;
        name.n -= sizeof(table) - 2; /* with its dot */
        if (wrapper.n && !as_bytes_eq(wrapper, name))
            return; /* two encoders in one file: whoever asks must say which */
        wrapper = name;
    }
    for (size_t i = 0; wrapper.n && i < w->n; i++) {
        as_bytes *name = &w->all[i].name;

        if (name->n > wrapper.n && !memcmp(name->p, wrapper.p, wrapper.n))
            *name = (as_bytes){name->p + wrapper.n, name->n - wrapper.n};
    }
}

static int by_name(const void *a, const void *b)
{
    const as_weight *x = a, *y = b;

    return as_bytes_cmp(x->name, y->name);
}

static as_code sort(as_weights *w, as_err *err)
{
    char shown[128];

    if (w->n == 0)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "no tensor in it");
    as_weights_unwrap(w);
    qsort(w->all, w->n, sizeof(*w->all), by_name);
    for (size_t i = 1; i < w->n; i++) {
        if (as_bytes_eq(w->all[i - 1].name, w->all[i].name))
            return as_fail(err, AS_INVALID, AS_NO_OFFSET, "two tensors are '%s'",
                           as_bytes_show(w->all[i].name, shown, sizeof(shown)));
    }
    return AS_OK;
}

/* --- what kind ----------------------------------------------------------------------------- */

static bool is_index(as_bytes file)
{
    size_t i = 0;

    while (i < file.n && i < 64 && (file.p[i] == ' ' || (file.p[i] >= 9 && file.p[i] <= 13)))
        i++;
    return i < file.n && file.p[i] == '{';
}

/* The first field of a ModelProto: its numbers and the wire types that they have. */
static bool is_onnx(as_bytes file)
{
    static const uint8_t tags[] = {0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72};

    return file.n > 1 && memchr(tags, file.p[0], sizeof(tags));
}

/* What people have in their folders and take for one of ours. */
static as_code refuse(as_bytes file, as_err *err)
{
    if (starts(file, "GGUF"))
        return as_fail(err, AS_UNKNOWN, 0, "a GGUF file; safetensors, torch and ONNX are read");
    if (starts(file, "\x80\x02") || starts(file, "\x80\x04"))
        return as_fail(err, AS_UNKNOWN, 0, "a bare pickle, as torch wrote it before 1.6");
    if (starts(file, "version https://git-lfs"))
        return as_fail(err, AS_INVALID, 0, "a Git LFS pointer, not the file it points to");
    return as_fail(err, AS_INVALID, 0, "no safetensors, torch or ONNX file");
}

/* `dir` is the folder of the file, or -1. */
static as_code read_kind(as_weights *w, as_bytes file, int dir, as_err *err)
{
    if (as_safetensors_probe(file)) {
        w->format = "safetensors";
        return as_safetensors_read(w, file, NULL, err);
    }
    if (starts(file, "PK\3\4")) {
        w->format = "torch";
        return as_torch_read(w, file, err);
    }
    if (is_index(file)) {
        w->format = "safetensors";
        return as_shards_read(w, file, dir, err);
    }
    if (is_onnx(file) && !starts(file, "\x80")) {
        w->format = "onnx";
        return as_onnx_read(w, file, dir, err);
    }
    return refuse(file, err);
}

/* --- open and close ------------------------------------------------------------------------ */

static as_weights *weights_new(void)
{
    as_weights *w = as_mem_zero(1, sizeof(*w));

    if (!w)
        return NULL;
    w->arena = as_arena_new(AS_WEIGHTS_ARENA_MAX);
    if (!w->arena) {
        as_mem_free(w);
        return NULL;
    }
    return w;
}

void as_weights_close(as_weights *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->maps_n; i++)
        (void)munmap((void *)(uintptr_t)w->maps[i].p, w->maps[i].n);
    as_mem_free(w->maps);
    as_mem_free(w->all);
    as_arena_free(w->arena);
    as_mem_free(w);
}

static as_code open_bytes(as_weights *w, as_bytes bytes, int dir, as_err *err)
{
    as_code rc = read_kind(w, bytes, dir, err);

    return rc ? rc : sort(w, err);
}

as_code as_weights_open_bytes(as_bytes bytes, as_weights **ret, as_err *err)
{
    as_weights *w = weights_new();
    as_code rc;

    if (!w)
        return as_fail_nomem(err, "a model file");
    rc = open_bytes(w, bytes, -1, err);
    if (rc)
        as_weights_close(w);
    else
        *ret = w;
    return rc;
}

/* The folder that `path` lies in, open; -1 and AS_REFUSED. */
static as_code folder_of(const char *path, int *ret, as_err *err)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    char *folder;

    folder = as_mem_get(n + 2);
    if (!folder)
        return as_fail_nomem(err, "a path");
    memcpy(folder, path, n);
    memcpy(folder + n, ".", 2);
    *ret = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    as_mem_free(folder);
    if (*ret < 0)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open its folder: %s",
                       strerror(errno));
    return AS_OK;
}

as_code as_weights_open(const char *path, as_weights **ret, as_err *err)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    as_err why = {0};
    char shown[64];
    as_weights *w = weights_new();
    as_bytes file = {0};
    as_code rc;
    int dir = -1;

    if (!w)
        return as_fail_nomem(err, "a model file");
    rc = as_weights_map_at(w, AT_FDCWD, path, &file, err);
    if (rc)
        goto out;
    rc = folder_of(path, &dir, &why);
    if (!rc)
        rc = open_bytes(w, file, dir, &why);
    if (rc)
        rc = as_fail(err, rc, why.offset, "'%s': %s",
                     as_bytes_show(as_bytes_of(base), shown, sizeof(shown)), why.msg);
    else
        *ret = w;
out:
    if (dir >= 0)
        (void)close(dir);
    if (rc)
        as_weights_close(w);
    return rc;
}

/* --- what is asked ------------------------------------------------------------------------- */

const char *as_weights_format(const as_weights *w)
{
    return w->format;
}

const as_weight *as_weights_all(const as_weights *w, size_t *ret_n)
{
    *ret_n = w->n;
    return w->all;
}

const as_weight *as_weights_find(const as_weights *w, as_bytes name)
{
    as_weight key = {.name = name};

    return w->n ? bsearch(&key, w->all, w->n, sizeof(key), by_name) : NULL;
}

as_weights_hints as_weights_hint(const as_weights *w)
{
    return w->hints;
}
