#include "retrieve/hnsw.h"
#include "retrieve/vectors_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * The file "graph": this header, then the three tables of as_graph as they are in memory.
 * It names the commit of the log that it was built after, and that commit's chain, so a
 * graph of another history of the same log is not taken.
 */
#define MAGIC    "asgraph\n"
#define VERSION  1u
#define TAIL_MIN 256u /* rows behind the graph that are never worth adding to it */

struct header {
    uint8_t magic[8];
    uint32_t version, m;
    uint64_t stamp, n, upper_n;
    uint32_t entry, top;
    uint64_t log_bytes, chain;
    uint64_t sum; /* of the tables */
    uint64_t zeros[6];
    uint64_t header_sum;
};

_Static_assert(sizeof(struct header) == 128, "the header has no holes");

static uint64_t sum_of_header(const struct header *h)
{
    return as_sum64((as_bytes){(const uint8_t *)h, sizeof(*h) - 8}, 0);
}

static as_bytes table(const uint32_t *p, size_t n)
{
    return (as_bytes){(const uint8_t *)p, n * sizeof(*p)};
}

static uint64_t sum_of_tables(const as_graph *g)
{
    uint64_t sum = as_sum64(table(g->base, g->n * as_graph_base_words(g)), 0);

    sum = as_sum64(table(g->upper_at, g->n), sum);
    return as_sum64(table(g->upper, g->upper_n), sum);
}

void as_vgraph_close(as_vgraph *g)
{
    as_vmap_close(&g->map);
    g->graph = (as_graph){0};
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* The log had, where the header says, a commit that left its chain. */
static bool same_history(const as_vset *s, const struct header *h)
{
    uint8_t entry[AS_VLOG_ENTRY];
    uint64_t number;

    if (h->stamp != s->stamp || h->log_bytes < AS_VLOG_HEADER + AS_VLOG_ENTRY ||
        h->log_bytes > s->log_bytes || (h->log_bytes - AS_VLOG_HEADER) % AS_VLOG_ENTRY)
        return false;
    number = (h->log_bytes - AS_VLOG_HEADER) / AS_VLOG_ENTRY - 1;
    return pread(s->log_fd, entry, sizeof(entry), (off_t)(h->log_bytes - AS_VLOG_ENTRY)) ==
               (ssize_t)sizeof(entry) &&
           as_vlog_committed(entry, s->stamp, number, h->chain);
}

/* The graph that lies in the file, if it says what it should and is as long as it says. */
static bool take_file(const as_vset *s, as_bytes file, as_graph *ret, uint64_t *ret_sum)
{
    struct header h;
    as_graph g = {0};
    uint64_t words;

    if (file.n < sizeof(h))
        return false;
    memcpy(&h, file.p, sizeof(h));
    if (memcmp(h.magic, MAGIC, 8) != 0 || h.version != VERSION || sum_of_header(&h) != h.header_sum)
        return false;
    if (h.m < 1 || h.m > AS_GRAPH_M_MAX || h.n < 1 || h.n > s->n || h.entry >= h.n ||
        h.upper_n < 1 || h.upper_n > UINT32_MAX || !same_history(s, &h))
        return false;
    g.n = h.n;
    g.m = h.m;
    g.upper_n = h.upper_n;
    words = g.n * (as_graph_base_words(&g) + 1) + g.upper_n;
    if (file.n - sizeof(h) != words * sizeof(uint32_t))
        return false;
    g.base = (const uint32_t *)(const void *)(file.p + sizeof(h));
    g.upper_at = g.base + g.n * as_graph_base_words(&g);
    g.upper = g.upper_at + g.n;
    g.entry = h.entry;
    g.top = h.top;
    if (g.top != as_graph_levels(&g, g.entry))
        return false;
    *ret = g;
    *ret_sum = h.sum;
    return true;
}

void as_vgraph_open(as_vectors *v)
{
    as_vgraph *g = &v->graph;
    struct stat st;
    uint64_t sum = 0;

    if (fstatat(v->dir_fd, "graph", &st, 0) || st.st_size <= 0 ||
        as_vmap_open(v->dir_fd, "graph", (uint64_t)st.st_size, false, &g->map, NULL))
        return;
    if (!take_file(&v->set, (as_bytes){g->map.p, g->map.mapped}, &g->graph, &sum) ||
        sum_of_tables(&g->graph) != sum)
        as_vgraph_close(g);
}

as_code as_vgraph_check(const as_vectors *v, as_err *err)
{
    const as_vgraph *g = &v->graph;
    as_graph graph = {0};
    uint64_t sum = 0;

    if (!g->graph.n)
        return AS_OK;
    if (!take_file(&v->set, (as_bytes){g->map.p, g->map.mapped}, &graph, &sum) ||
        sum_of_tables(&graph) != sum)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "the graph of vectors is damaged");
    return AS_OK;
}

/* --- writing ------------------------------------------------------------------------------------
 */

static as_code fail_io(as_err *err)
{
    return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write the graph of vectors: %s",
                   strerror(errno));
}

static as_code write_graph(const as_vset *s, int fd, const as_graph *g, as_err *err)
{
    struct header h = {
        .version = VERSION,
        .m = g->m,
        .stamp = s->stamp,
        .n = g->n,
        .upper_n = g->upper_n,
        .entry = g->entry,
        .top = g->top,
        .log_bytes = s->log_bytes,
        .chain = s->chain,
        .sum = sum_of_tables(g),
    };
    as_bytes parts[4] = {{(const uint8_t *)&h, sizeof(h)},
                         table(g->base, g->n * as_graph_base_words(g)),
                         table(g->upper_at, g->n),
                         table(g->upper, g->upper_n)};
    uint64_t at = 0;
    as_code rc = AS_OK;

    memcpy(h.magic, MAGIC, 8);
    h.header_sum = sum_of_header(&h);
    for (unsigned i = 0; !rc && i < AS_COUNT(parts); i++) {
        rc = as_vfile_write(fd, at, parts[i], err);
        at += parts[i].n;
    }
    if (!rc && fdatasync(fd))
        rc = fail_io(err);
    return rc;
}

static as_code save(as_vectors *v, const as_graph *g, as_err *err)
{
    int fd = openat(v->dir_fd, "graph.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    as_code rc;

    if (fd < 0)
        return fail_io(err);
    rc = write_graph(&v->set, fd, g, err);
    (void)close(fd);
    if (!rc && renameat(v->dir_fd, "graph.new", v->dir_fd, "graph"))
        rc = fail_io(err);
    if (rc)
        (void)unlinkat(v->dir_fd, "graph.new", 0);
    return rc;
}

static bool same_m(const as_vectors *v)
{
    return !v->m_given || v->graph.graph.m == v->options.m;
}

bool as_vgraph_due(const as_vectors *v)
{
    size_t behind = v->set.n - v->graph.graph.n, most = v->options.exact_max / 4;

    if (v->set.live <= v->options.exact_max)
        return false;
    return !v->graph.graph.n || !same_m(v) || behind > (most > TAIL_MIN ? most : TAIL_MIN);
}

as_code as_vgraph_build(as_vectors *v, as_err *err)
{
    const as_vset *s = &v->set;
    as_hnsw_rows rows = {as_vset_codes(s, 0), s->scales, s->stride, v->scan->dot};
    bool extend = v->graph.graph.n && same_m(v);
    as_graph_image image = {0};
    as_code rc = as_hnsw_build(&rows, extend ? &v->graph.graph : NULL, s->n, s->dead,
                               extend ? v->graph.graph.m : v->options.m, v->options.ef_construction,
                               v->options.threads, &image, err);

    if (rc)
        return rc;
    rc = save(v, &image.graph, err);
    as_graph_image_free(&image);
    if (rc)
        return rc;
    as_vgraph_close(&v->graph);
    as_vgraph_open(v);
    if (!v->graph.graph.n)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "the graph of vectors did not read back");
    return AS_OK;
}
