#include "retrieve/hnsw.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <queue>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

/*
 * hnswlib 0.6.2 fetches the neighbour behind the one it looks at, also behind the last of a
 * full list, which on the upper levels is four bytes behind its memory.
 */
#define malloc(size) std::malloc((size) + 8)
#include <hnswlib/hnswlib.h>

/* What hnswlib keeps of a row: the scale, then the code. */
struct Space final : hnswlib::SpaceInterface<float> {
    size_t stride;
    as_dot_fn *dot;

    Space(size_t stride_, as_dot_fn *dot_) : stride(stride_), dot(dot_)
    {
    }
    static float distance(const void *a, const void *b, const void *param)
    {
        const Space *s = static_cast<const Space *>(param);
        const char *x = static_cast<const char *>(a), *y = static_cast<const char *>(b);
        float of_x, of_y;

        std::memcpy(&of_x, x, sizeof(of_x));
        std::memcpy(&of_y, y, sizeof(of_y));
        return 1.0F - of_x * of_y *
                          static_cast<float>(s->dot(
                              reinterpret_cast<const int8_t *>(x + sizeof(float)),
                              reinterpret_cast<const int8_t *>(y + sizeof(float)), s->stride));
    }
    size_t get_data_size() override
    {
        return sizeof(float) + stride;
    }
    hnswlib::DISTFUNC<float> get_dist_func() override
    {
        return distance;
    }
    void *get_dist_func_param() override
    {
        return this;
    }
};

using Index = hnswlib::HierarchicalNSW<float>;

static void put_row(const as_hnsw_rows *rows, size_t row, char *to)
{
    std::memcpy(to, &rows->scales[row], sizeof(float));
    std::memcpy(to + sizeof(float), rows->codes + row * rows->stride, rows->stride);
}

/*
 * Fills a new index with the rows and links of an old graph, so that the number of an
 * element is its row. Links were checked against the number of rows by as_graph_links();
 * here also that a neighbour on an upper level is on that level.
 */
static void import(Index &index, const as_hnsw_rows *rows, const as_graph *old)
{
    for (size_t row = 0; row < old->n; row++) {
        auto id = static_cast<hnswlib::tableint>(row);
        uint32_t levels = as_graph_levels(old, row);
        char *to = index.data_level0_memory_ + row * index.size_data_per_element_;

        std::memset(to, 0, index.size_data_per_element_);
        put_row(rows, row, index.getDataByInternalId(id));
        index.setExternalLabel(id, row);
        index.element_levels_[row] = 0;
        index.cur_element_count = row + 1; /* what the destructor may free */
        if (levels) {
            size_t size = index.size_links_per_element_ * levels + 1;

            index.linkLists_[row] = static_cast<char *>(malloc(size));
            if (!index.linkLists_[row])
                throw std::bad_alloc();
            std::memset(index.linkLists_[row], 0, size);
            index.element_levels_[row] = static_cast<int>(levels);
        }
        for (uint32_t level = 0; level <= levels; level++) {
            uint32_t n = 0, kept = 0;
            const uint32_t *links = as_graph_links(old, row, level, &n);
            auto *list = index.get_linklist_at_level(id, static_cast<int>(level));

            for (uint32_t i = 0; i < n; i++)
                if (links[i] < old->n && as_graph_levels(old, links[i]) >= level && links[i] != row)
                    list[1 + kept++] = links[i];
            index.setListCount(list, static_cast<unsigned short>(kept));
        }
    }
    index.enterpoint_node_ = old->entry;
    index.maxlevel_ = static_cast<int>(as_graph_levels(old, old->entry));
}

struct Work {
    Index &index;
    const as_hnsw_rows *rows;
    const uint8_t *dead;
    size_t n;
    std::atomic<size_t> next;
    std::atomic<int> failed;
};

static constexpr int NO_MEMORY = 1, NOT_BUILT = 2;

static int failure_of(const std::exception &e)
{
    bool memory = dynamic_cast<const std::bad_alloc *>(&e) || std::strstr(e.what(), "memory");

    return memory ? NO_MEMORY : NOT_BUILT;
}

static void add_rows(Work *w)
{
    try {
        std::vector<char> data(sizeof(float) + w->rows->stride);

        while (!w->failed) {
            size_t row = w->next.fetch_add(1);

            if (row >= w->n)
                return;
            if (w->dead[row])
                continue;
            put_row(w->rows, row, data.data());
            w->index.addPoint(data.data(), row, -1);
        }
    } catch (const std::exception &e) {
        w->failed = failure_of(e);
    }
}

static void add_in_threads(Work *w, unsigned threads)
{
    std::vector<std::thread> others;

    others.reserve(threads);
    try {
        for (unsigned i = 1; i < threads; i++)
            others.emplace_back(add_rows, w);
    } catch (const std::system_error &) {
        /* Fewer threads, then. */
    }
    add_rows(w);
    for (auto &t : others)
        t.join();
}

static void put_links(uint32_t *to, const hnswlib::linklistsizeint *list, size_t n,
                      const Index &index)
{
    to[0] = static_cast<uint32_t>(n);
    for (size_t i = 0; i < n; i++)
        to[1 + i] = static_cast<uint32_t>(index.getExternalLabel(list[1 + i]));
}

static as_code give_out(Index &index, size_t n, unsigned m, as_graph_image *ret, as_err *err)
{
    as_graph_image image = {};
    as_graph *g = &image.graph;
    size_t at = 1;

    g->n = n;
    g->m = m;
    g->upper_n = 1;
    for (size_t i = 0; i < index.cur_element_count; i++)
        if (index.element_levels_[i] > 0)
            g->upper_n +=
                1 + static_cast<size_t>(index.element_levels_[i]) * as_graph_upper_words(g);
    image.base = static_cast<uint32_t *>(as_mem_zero(n * as_graph_base_words(g), 4));
    image.upper_at = static_cast<uint32_t *>(as_mem_zero(n, 4));
    image.upper = static_cast<uint32_t *>(as_mem_zero(g->upper_n, 4));
    if (!image.base || !image.upper_at || !image.upper || g->upper_n > UINT32_MAX) {
        as_graph_image_free(&image);
        return as_fail_nomem(err, "the graph of vectors");
    }
    for (size_t i = 0; i < index.cur_element_count; i++) {
        auto id = static_cast<hnswlib::tableint>(i);
        size_t row = index.getExternalLabel(id);
        int levels = index.element_levels_[i];
        auto *list = index.get_linklist0(id);

        put_links(image.base + row * as_graph_base_words(g), list, index.getListCount(list), index);
        if (levels <= 0)
            continue;
        image.upper_at[row] = static_cast<uint32_t>(at);
        image.upper[at++] = static_cast<uint32_t>(levels);
        for (int level = 1; level <= levels; level++) {
            list = index.get_linklist(id, level);
            put_links(image.upper + at, list, index.getListCount(list), index);
            at += as_graph_upper_words(g);
        }
    }
    g->base = image.base;
    g->upper_at = image.upper_at;
    g->upper = image.upper;
    g->entry = static_cast<uint32_t>(index.getExternalLabel(index.enterpoint_node_));
    g->top = static_cast<uint32_t>(index.maxlevel_);
    *ret = image;
    return AS_OK;
}

static as_code fail(int failed, as_err *err)
{
    if (failed == NO_MEMORY)
        return as_fail_nomem(err, "the graph of vectors");
    return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET, "cannot build the graph of vectors");
}

as_code as_hnsw_build(const as_hnsw_rows *rows, const as_graph *old, size_t n, const uint8_t *dead,
                      unsigned m, unsigned ef_construction, unsigned threads, as_graph_image *ret,
                      as_err *err)
{
    try {
        Space space(rows->stride, rows->dot);
        auto index = std::make_unique<Index>(&space, n, m, ef_construction);
        Work work{*index, rows, dead, n, {0}, {0}};

        if (old) {
            import(*index, rows, old);
            work.next = old->n;
        } else {
            while (work.next < n && dead[work.next])
                work.next = work.next + 1;
        }
        if (!threads)
            threads = std::thread::hardware_concurrency();
        add_in_threads(&work, threads);
        if (work.failed)
            return fail(work.failed, err);
        if (!index->cur_element_count)
            return fail(NOT_BUILT, err);
        return give_out(*index, n, m, ret, err);
    } catch (const std::exception &e) {
        return fail(failure_of(e), err);
    }
}
