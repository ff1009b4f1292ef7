#include "bench/peer_hnswlib.h"

#include <atomic>
#include <thread>
#include <vector>

/* Names of its own: src/retrieve/hnsw.cc has the same templates with other flags. */
#define hnswlib       peer_of_hnswlib
#define cpuid         peer_cpuid
#define xgetbv        peer_xgetbv
#define AVXCapable    peer_has_avx
#define AVX512Capable peer_has_avx512
#include <hnswlib/hnswlib.h>

struct peer {
    hnswlib::InnerProductSpace space;
    hnswlib::HierarchicalNSW<float> index;

    peer(size_t dim, size_t n, size_t m, size_t ef_construction)
        : space(dim), index(&space, n, m, ef_construction)
    {
    }
};

peer *peer_build(const float *all, size_t dim, size_t n, unsigned m, unsigned ef_construction,
                 unsigned threads)
{
    std::vector<std::thread> pool;
    std::atomic<size_t> next{0};

#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("fma"))
        return nullptr;
#endif
    auto *p = new peer(dim, n, m, ef_construction);
    if (!threads)
        threads = std::thread::hardware_concurrency();
    for (unsigned t = 0; t < threads; t++)
        pool.emplace_back([&] {
            for (size_t i; (i = next.fetch_add(1)) < n;)
                p->index.addPoint(all + i * dim, i);
        });
    for (auto &t : pool)
        t.join();
    return p;
}

size_t peer_search(peer *p, const float *query, size_t k, size_t ef, int64_t *ids)
{
    size_t n;

    p->index.setEf(ef);
    auto found = p->index.searchKnn(query, k);
    n = found.size();
    for (size_t i = n; i > 0; i--) {
        ids[i - 1] = static_cast<int64_t>(found.top().second);
        found.pop();
    }
    return n;
}

void peer_free(peer *p)
{
    delete p;
}
