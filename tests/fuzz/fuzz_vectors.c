/*
 * The files of vectors. The first byte says what the rest is:
 *
 *     0   a log as it is
 *     1   a script that makes a log of puts, deletes and commits, then cuts or changes it:
 *         what is read back is what stood there after one of the commits, or damage
 *     2   the tables of a graph, whatever they say: a search stays inside, finds no row
 *         twice, and adding to it fails or works
 */
#include "retrieve/hnsw.h"
#include "retrieve/vectors_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define SIZE_MAX_IN ((size_t)1 << 16)
#define ROWS        24u
#define STRIDE      64u
#define SCRIPT_MAX  200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- a log --------------------------------------------------------------------------------------
 */

struct seen {
    uint64_t puts, all, sum;
};

static as_code see_entry(void *ctx, const as_vlog_entry *e, as_err *err)
{
    struct seen *s = ctx;

    (void)err;
    MUST(e->op == AS_VLOG_PUT || e->op == AS_VLOG_DELETE);
    if (e->op == AS_VLOG_PUT) {
        MUST(e->row == s->puts && e->scale > 0 && e->error >= 0);
        s->puts++;
    }
    s->all++;
    s->sum = s->sum * 31 + (uint64_t)e->id * 7 + e->op;
    return AS_OK;
}

/* False: not a log, or damaged. */
static bool read_log(as_bytes in, as_vlog_end *end, struct seen *seen)
{
    uint8_t *copy = malloc(in.n ? in.n : 1);
    as_bytes file = {copy, in.n};
    as_vlog_header h = {0};
    bool good;

    MUST(copy);
    if (in.n)
        memcpy(copy, in.p, in.n);
    *seen = (struct seen){0};
    good = !as_vlog_header_get(file, &h, NULL) && !as_vlog_check(file, &h, end, NULL);
    if (good) {
        as_vlog_end again = {0};

        MUST(h.model.p + h.model.n <= copy + in.n);
        MUST(end->bytes >= AS_VLOG_HEADER && end->bytes <= in.n);
        MUST(!as_vlog_walk(file, h.stamp, end, see_entry, seen, NULL));
        MUST(seen->puts == end->puts);
        MUST(!as_vlog_check((as_bytes){copy, end->bytes}, &h, &again, NULL));
        MUST(again.bytes == end->bytes && again.chain == end->chain);
    }
    free(copy);
    return good;
}

/* --- a script ------------------------------------------------------------------------------------
 */

struct log {
    uint8_t bytes[AS_VLOG_HEADER + (2 * SCRIPT_MAX + 2) * AS_VLOG_ENTRY];
    size_t n;
    uint64_t chain, entries, sums[SCRIPT_MAX + 1];
    size_t n_sums; /* commits: what had been put and deleted at each */
    struct seen now;
};

static void add_commit(struct log *l, uint64_t stamp)
{
    for (unsigned copy = 0; copy < 2; copy++) {
        as_vlog_commit_put(stamp, l->entries++, l->chain, copy, l->bytes + l->n);
        l->n += AS_VLOG_ENTRY;
    }
    l->sums[l->n_sums++] = l->now.sum;
}

static void make_log(struct log *l, const uint8_t *script, size_t n)
{
    as_vlog_header h = {.stamp = 77, .dim = 4, .model = AS_LITERAL("m")};

    *l = (struct log){.n = AS_VLOG_HEADER, .chain = h.stamp};
    as_vlog_header_put(&h, l->bytes);
    l->sums[l->n_sums++] = 0;
    for (size_t i = 0; i < n && i < SCRIPT_MAX; i++) {
        as_vlog_entry e = {.id = script[i], .row = (uint32_t)l->now.puts, .scale = .5F};

        if (script[i] % 5 == 0) {
            add_commit(l, h.stamp);
            continue;
        }
        e.op = script[i] % 5 == 1 ? AS_VLOG_DELETE : AS_VLOG_PUT;
        as_vlog_entry_put(&e, &l->chain, l->bytes + l->n);
        l->n += AS_VLOG_ENTRY;
        l->entries++;
        (void)see_entry(&l->now, &e, NULL);
    }
}

static void check_script(as_bytes in)
{
    static struct log l;
    struct seen seen;
    as_vlog_end end;
    size_t at, cut;
    bool known = false;

    if (in.n < 6)
        return;
    make_log(&l, in.p + 6, in.n - 6);
    MUST(read_log((as_bytes){l.bytes, l.n}, &end, &seen));
    MUST(seen.sum == l.sums[l.n_sums - 1]);
    cut = (size_t)(in.p[0] | in.p[1] << 8) % (l.n + 1);
    at = (size_t)(in.p[2] | in.p[3] << 8) % l.n;
    if (in.p[5] & 1)
        l.bytes[at] ^= in.p[4];
    if (!read_log((as_bytes){l.bytes, in.p[5] & 2 ? cut : l.n}, &end, &seen))
        return;
    for (size_t i = 0; i < l.n_sums; i++)
        known |= l.sums[i] == seen.sum;
    MUST(known);
}

/* --- a graph
 * --------------------------------------------------------------------------------------- */

static bool admit_even(const void *ctx, uint32_t row)
{
    (void)ctx;
    return row % 2 == 0;
}

static void check_found(const as_near *found, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        MUST(found[i].row < ROWS && found[i].row % 2 == 0);
        for (size_t k = 0; k < i; k++)
            MUST(found[k].row != found[i].row);
    }
}

static void check_graph(as_bytes in)
{
    static int8_t codes[(ROWS + 8) * STRIDE];
    static float scales[ROWS + 8];
    static const uint8_t dead[ROWS + 8];
    const as_scan *scan = as_scan_named("plain");
    as_hnsw_rows rows = {codes, scales, STRIDE, scan->dot};
    as_graph g = {.n = ROWS, .m = 4};
    size_t words = ROWS * (as_graph_base_words(&g) + 1), n = 0;
    uint32_t *table;
    as_graph_image more = {0};
    as_near found[5];
    bool whole = false, build;

    if (in.n < 2 + words + 4)
        return;
    g.entry = in.p[0] % ROWS;
    build = in.p[1] % 16 == 0; /* takes milliseconds: a table of 65,536 locks */
    in = (as_bytes){in.p + 2, in.n - 2};
    table = malloc(in.n * sizeof(*table)); /* a byte for each word: most links are then close */
    MUST(table);
    for (size_t i = 0; i < in.n; i++)
        table[i] = in.p[i] == 255 ? UINT32_MAX : in.p[i] % (ROWS + 1);
    for (size_t i = 0; i < sizeof(codes); i++)
        codes[i] = (int8_t)(i * 131 % 255) == -128 ? 0 : (int8_t)(i * 131 % 255);
    for (size_t i = 0; i < AS_COUNT(scales); i++)
        scales[i] = .001F;
    g.base = table;
    g.upper_at = table + ROWS * as_graph_base_words(&g);
    g.upper = g.upper_at + ROWS;
    g.upper_n = in.n - words;
    g.top = as_graph_levels(&g, g.entry);
    {
        as_graph_query q = {codes, scales, STRIDE, scan, codes, .001F, admit_even, NULL, 5, 0};

        MUST(!as_graph_search(&g, &q, found, &n, &whole, NULL));
        MUST(whole && n <= 5);
        check_found(found, n);
        if (build && !as_hnsw_build(&rows, &g, ROWS + 8, dead, g.m, 16, 1, &more, NULL)) {
            MUST(more.graph.n == ROWS + 8);
            for (size_t row = 0; row < more.graph.n; row++)
                MUST(as_graph_levels(&more.graph, row) <= AS_GRAPH_LEVEL_MAX);
        }
        as_graph_image_free(&more);
    }
    free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen seen;
    as_vlog_end end;
    as_bytes rest;

    if (size < 1 || size > SIZE_MAX_IN)
        return 0;
    rest = (as_bytes){data + 1, size - 1};
    if (data[0] == 0)
        (void)read_log(rest, &end, &seen);
    else if (data[0] == 1)
        check_script(rest);
    else if (data[0] == 2)
        check_graph(rest);
    return 0;
}
