#include "retrieve/vectors_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define M_DEFAULT     16u
#define EFC_DEFAULT   200u
#define EF_DEFAULT    128u
#define EF_MAX        10000u
#define THREADS_MAX   256u
#define REWRITE_LEAST 64u /* dead rows below which a store is not rewritten */

/* --- a vector --------------------------------------------------------------------------------- */

bool as_vector_unit(const float *vector, size_t dim, float *unit)
{
    double sum = 0, scale;

    for (size_t i = 0; i < dim; i++) {
        if (!isfinite(vector[i]))
            return false;
        sum += (double)vector[i] * vector[i];
    }
    if (!(sum > 0))
        return false;
    scale = 1 / sqrt(sum);
    for (size_t i = 0; i < dim; i++)
        unit[i] = (float)(vector[i] * scale);
    return true;
}

void as_vector_quantize(const float *unit, size_t dim, size_t stride, int8_t *code,
                        float *ret_scale, float *ret_error)
{
    float most = 0, scale;
    double error = 0;

    for (size_t i = 0; i < dim; i++)
        most = fmaxf(most, fabsf(unit[i]));
    scale = most / 127;
    for (size_t i = 0; i < dim; i++) {
        long c = lrintf(unit[i] / scale);
        double off;

        c = c > 127 ? 127 : c < -127 ? -127 : c;
        code[i] = (int8_t)c;
        off = (double)unit[i] - (double)c * scale;
        error += off * off;
    }
    memset(code + dim, 0, stride - dim);
    *ret_scale = scale;
    *ret_error = (float)sqrt(error);
}

/* A product of two floats is exact in double, so with or without FMA the sum is the same. */
double as_vector_dot(const float *a, const float *b, size_t dim)
{
    double sum[8] = {0};
    size_t i = 0;

    for (; i + 8 <= dim; i += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += (double)a[i + k] * b[i + k];
    for (; i < dim; i++)
        sum[i & 7] += (double)a[i] * b[i];
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/* --- tables --------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static size_t tags_home(const as_vector_tags *t, size_t mask)
{
    uint64_t h = mix((uint64_t)t->sample + 0x9e3779b97f4a7c15u);

    h = mix(h ^ t->tool ^ (uint64_t)t->section << 32);
    return (size_t)mix(h ^ t->lang) & mask;
}

static bool tags_eq(const as_vector_tags *a, const as_vector_tags *b)
{
    return a->sample == b->sample && a->tool == b->tool && a->section == b->section &&
           a->lang == b->lang;
}

static uint32_t group_find(const as_vgroups *g, const as_vector_tags *tags)
{
    size_t mask = g->n_slots - 1;

    if (!g->n_slots)
        return AS_VECTORS_NONE;
    for (size_t at = tags_home(tags, mask); g->slots[at]; at = (at + 1) & mask)
        if (tags_eq(&g->p[g->slots[at] - 1].tags, tags))
            return g->slots[at] - 1;
    return AS_VECTORS_NONE;
}

const as_vgroup *as_vgroups_find(const as_vgroups *g, const as_vector_tags *tags)
{
    uint32_t i = group_find(g, tags);

    return i == AS_VECTORS_NONE ? NULL : &g->p[i];
}

static void group_enter(as_vgroups *g, uint32_t group)
{
    size_t mask = g->n_slots - 1, at = tags_home(&g->p[group].tags, mask);

    while (g->slots[at])
        at = (at + 1) & mask;
    g->slots[at] = group + 1;
}

static bool groups_room(as_vgroups *g)
{
    size_t n = g->n_slots ? g->n_slots * 2 : 64;
    uint32_t *slots;

    if (!as_mem_room((void **)&g->p, &g->cap, g->n, sizeof(*g->p)))
        return false;
    if (g->n_slots && (g->n + 1) * 2 <= g->n_slots)
        return true;
    slots = as_mem_zero(n, sizeof(*slots));
    if (!slots)
        return false;
    as_mem_free(g->slots);
    g->slots = slots;
    g->n_slots = n;
    for (size_t i = 0; i < g->n; i++)
        group_enter(g, (uint32_t)i);
    return true;
}

/* The group of these tags; as_vset_room() made room for a new one. */
static uint32_t group_of(as_vgroups *g, const as_vector_tags *tags)
{
    uint32_t i = group_find(g, tags);

    if (i != AS_VECTORS_NONE)
        return i;
    g->p[g->n] = (as_vgroup){*tags, AS_VECTORS_NONE, 0};
    group_enter(g, (uint32_t)g->n);
    return (uint32_t)g->n++;
}

/* The place of the id in the table, or the free place where it would be. */
static size_t id_place(const as_vset *s, int64_t id)
{
    size_t mask = s->n_ids - 1, at = (size_t)mix((uint64_t)id) & mask;

    while (s->ids[at] && s->rows[s->ids[at] - 1].id != id)
        at = (at + 1) & mask;
    return at;
}

uint32_t as_vset_find(const as_vset *s, int64_t id)
{
    uint32_t row = s->n_ids ? s->ids[id_place(s, id)] : 0;

    return row ? row - 1 : AS_VECTORS_NONE;
}

/* What stands behind the place moves up if it can be reached no more. */
static void id_remove(as_vset *s, size_t at)
{
    size_t mask = s->n_ids - 1;

    for (size_t next = (at + 1) & mask; s->ids[next]; next = (next + 1) & mask) {
        size_t home = (size_t)mix((uint64_t)s->rows[s->ids[next] - 1].id) & mask;

        if (((next - home) & mask) >= ((next - at) & mask)) {
            s->ids[at] = s->ids[next];
            at = next;
        }
    }
    s->ids[at] = 0;
}

static bool ids_room(as_vset *s)
{
    size_t n = s->n_ids ? s->n_ids * 2 : 64, old_n = s->n_ids;
    uint32_t *ids, *old = s->ids;

    if (old_n && (s->live + 1) * 2 <= old_n)
        return true;
    ids = as_mem_zero(n, sizeof(*ids));
    if (!ids)
        return false;
    s->ids = ids;
    s->n_ids = n;
    for (size_t i = 0; i < old_n; i++)
        if (old[i])
            ids[id_place(s, s->rows[old[i] - 1].id)] = old[i];
    as_mem_free(old);
    return true;
}

static bool rows_room(as_vset *s)
{
    size_t cap = s->cap ? s->cap * 2 : 64;
    void *p;

    if (s->n < s->cap)
        return true;
    p = as_mem_resize(s->rows, cap * sizeof(*s->rows));
    if (!p)
        return false;
    s->rows = p;
    p = as_mem_resize(s->scales, cap * sizeof(*s->scales));
    if (!p)
        return false;
    s->scales = p;
    p = as_mem_resize(s->dead, cap);
    if (!p)
        return false;
    s->dead = p;
    s->cap = cap;
    return true;
}

as_code as_vset_room(as_vset *s, as_err *err)
{
    if (s->n >= AS_VECTORS_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "more than %zu vectors",
                       (size_t)AS_VECTORS_MAX);
    if (!rows_room(s) || !ids_room(s) || !groups_room(&s->samples) || !groups_room(&s->kinds))
        return as_fail_nomem(err, "vectors");
    return AS_OK;
}

void as_vset_apply_delete(as_vset *s, int64_t id)
{
    size_t at = s->n_ids ? id_place(s, id) : 0;
    uint32_t row;

    if (!s->n_ids || !s->ids[at])
        return;
    row = s->ids[at] - 1;
    id_remove(s, at);
    s->dead[row] = 1;
    s->live--;
    s->samples.p[s->rows[row].sample].live--;
    s->kinds.p[s->rows[row].kind].live--;
}

void as_vset_apply_put(as_vset *s, const as_vlog_entry *e)
{
    as_vector_tags sample = {.sample = e->tags.sample}, kind = e->tags;
    uint32_t row = (uint32_t)s->n;
    as_vrow *r = &s->rows[row];
    as_vgroup *of_sample, *of_kind;

    as_vset_apply_delete(s, e->id);
    kind.sample = 0;
    *r = (as_vrow){.id = e->id, .sum = e->sum, .error = e->error};
    r->sample = group_of(&s->samples, &sample);
    r->kind = group_of(&s->kinds, &kind);
    of_sample = &s->samples.p[r->sample];
    of_kind = &s->kinds.p[r->kind];
    r->sample_next = of_sample->last;
    r->kind_next = of_kind->last;
    of_sample->last = of_kind->last = row;
    of_sample->live++;
    of_kind->live++;
    s->scales[row] = e->scale;
    s->dead[row] = 0;
    s->error_max = fmaxf(s->error_max, e->error);
    s->n++;
    s->live++;
    s->ids[id_place(s, e->id)] = row + 1;
}

/* --- open ------------------------------------------------------------------------------------- */

static bool between(unsigned x, unsigned least, unsigned most)
{
    return x >= least && x <= most;
}

static as_code take_options(as_vectors *v, const as_vectors_options *options, as_err *err)
{
    as_vectors_options *o = &v->options;

    *o = options ? *options : (as_vectors_options){0};
    v->m_given = o->m != 0;
    if (!o->exact_max)
        o->exact_max = AS_VECTORS_EXACT_MAX;
    if (!o->m)
        o->m = M_DEFAULT;
    if (!o->ef_construction)
        o->ef_construction = EFC_DEFAULT;
    if (!o->ef)
        o->ef = EF_DEFAULT;
    if (o->dim > AS_VECTORS_DIM_MAX || !between(o->m, 4, AS_GRAPH_M_MAX) ||
        !between(o->ef_construction, 4, EF_MAX) || !between(o->ef, 1, EF_MAX) ||
        o->threads > THREADS_MAX)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "options of vectors out of range");
    return AS_OK;
}

static as_code open_folder(as_vectors *v, const char *folder, as_err *err)
{
    bool write = !v->options.read_only;

    if (write && mkdir(folder, 0700) && errno != EEXIST)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot create '%s': %s", folder, strerror(errno));
    v->dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (v->dir_fd < 0 && errno == ENOENT)
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no vectors at '%s'", folder);
    if (v->dir_fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot open '%s': %s", folder, strerror(errno));
    if (!write)
        return AS_OK;
    v->lock_fd = openat(v->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (v->lock_fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write in '%s': %s", folder,
                       strerror(errno));
    if (flock(v->lock_fd, LOCK_EX | LOCK_NB))
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "'%s' is held by another writer", folder);
    return AS_OK;
}

/* A complete log appears under its name, or none. */
static as_code create(as_vectors *v, const char *model, as_err *err)
{
    as_vlog_header h = {.dim = (uint32_t)v->options.dim, .model = as_bytes_of(model)};
    as_code rc;

    if (!h.dim)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "new vectors need a dimension");
    rc = as_vset_create(v->dir_fd, "log.new", &h, err);
    if (rc)
        return rc;
    if (renameat(v->dir_fd, "log.new", v->dir_fd, "log") || fsync(v->dir_fd))
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot create the vectors: %s", strerror(errno));
    return AS_OK;
}

static as_code open_set(as_vectors *v, const char *model, as_err *err)
{
    bool write = !v->options.read_only;
    as_code rc = as_vset_open(v->dir_fd, "log", write, &v->set, v->model, err);

    /* A writer that rewrites the store takes the old files away: the log is another now. */
    for (unsigned i = 0; rc == AS_INVALID && !write && i < 3; i++)
        rc = as_vset_open(v->dir_fd, "log", write, &v->set, v->model, err);
    if (rc == AS_NOT_FOUND && write) {
        rc = create(v, model, err);
        if (!rc)
            rc = as_vset_open(v->dir_fd, "log", write, &v->set, v->model, err);
    }
    if (rc)
        return rc;
    if (strcmp(v->model, model) != 0)
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "vectors are of the model '%s', not '%s'",
                       v->model, model);
    if (v->options.dim && v->options.dim != v->set.dim)
        return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "vectors have %zu dimensions, not %zu",
                       v->set.dim, v->options.dim);
    return AS_OK;
}

as_code as_vectors_open(const char *folder, const char *model, const as_vectors_options *options,
                        as_vectors **ret, as_err *err)
{
    as_vectors *v;
    as_err inner = {0};
    as_code rc;

    if (strlen(model) > AS_VLOG_MODEL_MAX)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "the name of the model is too long");
    v = as_mem_zero(1, sizeof(*v));
    if (!v)
        return as_fail_nomem(err, "vectors");
    v->dir_fd = v->lock_fd = -1;
    v->set = (as_vset){.log_fd = -1, .f32.fd = -1, .i8.fd = -1};
    v->graph.map.fd = -1;
    v->scan = as_scan_best();
    rc = take_options(v, options, err);
    if (!rc)
        rc = open_folder(v, folder, err);
    if (!rc) {
        rc = open_set(v, model, &inner);
        if (rc == AS_INVALID)
            rc = as_fail(err, rc, inner.offset, "'%s': %s; remove this folder and embed again",
                         folder, inner.msg);
        else if (rc)
            rc = as_fail(err, rc, inner.offset, "%s", inner.msg);
    }
    if (rc) {
        as_vectors_close(v);
        return rc;
    }
    if (!v->options.read_only)
        as_vset_sweep(v->dir_fd, v->set.stamp);
    as_vgraph_open(v);
    *ret = v;
    return AS_OK;
}

void as_vectors_close(as_vectors *v)
{
    if (!v)
        return;
    as_vgraph_close(&v->graph);
    as_vset_close(&v->set);
    if (v->dir_fd >= 0)
        (void)close(v->dir_fd);
    if (v->lock_fd >= 0)
        (void)close(v->lock_fd);
    as_mem_free(v);
}

/* --- change ------------------------------------------------------------------------------------
 */

static as_code may_write(const as_vectors *v, as_err *err)
{
    if (v->options.read_only)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "vectors are open for reading");
    if (v->set.broken)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "an earlier write of vectors failed");
    return AS_OK;
}

static as_code log_entry(as_vset *s, const as_vlog_entry *e, as_err *err)
{
    uint8_t *to = as_buf_room(&s->pending, AS_VLOG_ENTRY);

    if (!to) {
        s->pending.failed = false; /* nothing was added */
        return as_fail_nomem(err, "vectors");
    }
    as_vlog_entry_put(e, &s->chain, to);
    s->pending.n += AS_VLOG_ENTRY;
    return AS_OK;
}

static as_code put_row(as_vset *s, const float *unit, int8_t *code, as_vlog_entry *e, as_err *err)
{
    uint64_t f32 = s->dim * sizeof(float);
    as_bytes bytes = {(const uint8_t *)unit, s->dim * sizeof(float)};
    as_code rc = as_vset_room(s, err);

    if (!rc)
        rc = as_vmap_grow(&s->f32, (s->n + 1) * f32, err);
    if (!rc)
        rc = as_vmap_grow(&s->i8, (s->n + 1) * s->stride, err);
    if (rc)
        return rc;
    as_vector_quantize(unit, s->dim, s->stride, code, &e->scale, &e->error);
    e->row = (uint32_t)s->n;
    e->sum = as_sum64(bytes, 0);
    rc = as_vfile_write(s->f32.fd, s->n * f32, bytes, err);
    if (!rc)
        rc =
            as_vfile_write(s->i8.fd, s->n * s->stride, (as_bytes){(uint8_t *)code, s->stride}, err);
    if (!rc)
        rc = log_entry(s, e, err);
    if (!rc)
        as_vset_apply_put(s, e);
    return rc;
}

as_code as_vectors_put(as_vectors *v, int64_t id, const float *vector, const as_vector_tags *tags,
                       as_err *err)
{
    as_vset *s = &v->set;
    as_vlog_entry e = {.op = AS_VLOG_PUT, .id = id};
    float *unit;
    as_code rc = may_write(v, err);

    if (rc)
        return rc;
    if (tags)
        e.tags = *tags;
    unit = as_mem_get(s->dim * sizeof(float) + s->stride);
    if (!unit)
        return as_fail_nomem(err, "a vector");
    if (as_vector_unit(vector, s->dim, unit))
        rc = put_row(s, unit, (int8_t *)(unit + s->dim), &e, err);
    else
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "a vector is zero or not finite");
    as_mem_free(unit);
    return rc;
}

as_code as_vectors_delete(as_vectors *v, int64_t id, as_err *err)
{
    as_vlog_entry e = {.op = AS_VLOG_DELETE, .id = id};
    as_code rc = may_write(v, err);

    if (rc || as_vset_find(&v->set, id) == AS_VECTORS_NONE)
        return rc;
    rc = log_entry(&v->set, &e, err);
    if (!rc)
        as_vset_apply_delete(&v->set, id);
    return rc;
}

/* --- commit -------------------------------------------------------------------------------------
 */

static bool rewrite_due(const as_vset *s)
{
    size_t dead = s->n - s->live;

    return dead > REWRITE_LEAST && dead > s->n / 3;
}

/* The new files count from the moment that the log has its name; until then the old do. */
static as_code rewrite(as_vectors *v, as_err *err)
{
    char model[AS_VLOG_MODEL_MAX + 1];
    as_vset set;
    as_code rc = as_vset_rewrite(&v->set, v->dir_fd, "log.new", as_bytes_of(v->model), err);

    if (rc)
        return rc;
    rc = as_vset_open(v->dir_fd, "log.new", true, &set, model, err);
    if (rc)
        return rc;
    if (renameat(v->dir_fd, "log.new", v->dir_fd, "log")) {
        as_vset_close(&set);
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot rewrite the vectors: %s", strerror(errno));
    }
    as_vgraph_close(&v->graph);
    as_vset_close(&v->set);
    v->set = set;
    if (fsync(v->dir_fd)) /* which log is there after a power failure is open: write no more */
        v->set.broken = true;
    else
        as_vset_sweep(v->dir_fd, v->set.stamp);
    return AS_OK;
}

as_code as_vectors_commit(as_vectors *v, as_err *err)
{
    as_code rc = may_write(v, err);

    if (!rc)
        rc = as_vset_commit(&v->set, err);
    if (rc)
        return rc;
    /* From here on all is on disk; what fails now costs time or space alone. */
    if (!v->no_rewrite && rewrite_due(&v->set) && rewrite(v, NULL)) {
        v->no_rewrite = true;
        as_vset_sweep(v->dir_fd, v->set.stamp);
    }
    if (!v->no_graph && as_vgraph_due(v))
        v->no_graph = as_vgraph_build(v, NULL) != AS_OK;
    return AS_OK;
}

as_code as_vectors_index(as_vectors *v, as_err *err)
{
    as_code rc = may_write(v, err);

    if (rc || v->set.live <= v->options.exact_max)
        return rc;
    if (v->set.pending.n)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "vectors are not committed");
    return v->graph.graph.n == v->set.n ? AS_OK : as_vgraph_build(v, err);
}

/* --- questions
 * ------------------------------------------------------------------------------------ */

bool as_vectors_has(const as_vectors *v, int64_t id)
{
    return as_vset_find(&v->set, id) != AS_VECTORS_NONE;
}

size_t as_vectors_count(const as_vectors *v)
{
    return v->set.live;
}

size_t as_vectors_dim(const as_vectors *v)
{
    return v->set.dim;
}

const char *as_vectors_engine(const as_vectors *v)
{
    return v->graph.graph.n && v->set.live > v->options.exact_max ? "hnsw" : "exact";
}

static as_code check_row(const as_vset *s, size_t row, int8_t *code, as_err *err)
{
    const float *f32 = as_vset_f32(s, row);
    float scale, error;

    if (as_sum64((as_bytes){(const uint8_t *)f32, s->dim * sizeof(float)}, 0) != s->rows[row].sum)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "vector %lld is damaged",
                       (long long)s->rows[row].id);
    as_vector_quantize(f32, s->dim, s->stride, code, &scale, &error);
    if (memcmp(code, as_vset_codes(s, row), s->stride) != 0)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "the code of vector %lld is damaged",
                       (long long)s->rows[row].id);
    return AS_OK;
}

as_code as_vectors_check(const as_vectors *v, as_err *err)
{
    const as_vset *s = &v->set;
    int8_t *code = as_mem_get(s->stride);
    as_code rc = AS_OK;

    if (!code)
        return as_fail_nomem(err, "a vector");
    for (size_t row = 0; !rc && row < s->n; row++)
        if (!s->dead[row])
            rc = check_row(s, row, code, err);
    as_mem_free(code);
    return rc ? rc : as_vgraph_check(v, err);
}
