#include "base/base.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#endif

#include "base/banned.h"

#ifdef ARENA_ASAN
/* Forbidden bytes after each object, so that a read past its end is seen. */
#define ARENA_GAP ((size_t)16)
#else
#define ARENA_GAP                         ((size_t)0)
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define ARENA_ALIGN     alignof(max_align_t)
#define ARENA_BLOCK_MIN ((size_t)16 << 10)
#define ARENA_BLOCK_MAX ((size_t)1 << 20)

static atomic_uint_fast64_t mem_count; /* allocations asked for */
static atomic_uint_fast64_t mem_fail;  /* the first of them to refuse; 0: none */

/* Counts one allocation; false if a test wants it to fail. */
static bool mem_admit(void)
{
    uint64_t number = atomic_fetch_add_explicit(&mem_count, 1, memory_order_relaxed) + 1;
    uint64_t fail = atomic_load_explicit(&mem_fail, memory_order_relaxed);

    return fail == 0 || number < fail;
}

void *as_mem_get(size_t size)
{
    /* NULL must mean failure, so nothing is asked for as one byte. */
    return mem_admit() ? malloc(size > 0 ? size : 1) : NULL;
}

void *as_mem_zero(size_t count, size_t size)
{
    size_t total;

    /* calloc checks this too, but the sanitizers' one ends the program over it. */
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return mem_admit() ? calloc(1, total > 0 ? total : 1) : NULL;
}

void *as_mem_resize(void *p, size_t size)
{
    return mem_admit() ? realloc(p, size > 0 ? size : 1) : NULL;
}

bool as_mem_room(void **p, size_t *cap, size_t n, size_t size)
{
    size_t want = *cap ? *cap * 2 : 64, total;
    void *moved;

    if (n < *cap)
        return true;
    if (want < *cap || __builtin_mul_overflow(want, size, &total))
        return false;
    moved = as_mem_resize(*p, total);
    if (!moved)
        return false;
    *p = moved;
    *cap = want;
    return true;
}

void as_mem_free(void *p)
{
    free(p);
}

void as_mem_fail_at(uint64_t n)
{
    uint64_t first = 0;

    if (n > 0 && __builtin_add_overflow(as_mem_count(), n, &first))
        first = 0; /* beyond any allocation that will ever be made */
    atomic_store_explicit(&mem_fail, first, memory_order_relaxed);
}

uint64_t as_mem_count(void)
{
    return atomic_load_explicit(&mem_count, memory_order_relaxed);
}

struct arena_block {
    struct arena_block *next;
    alignas(max_align_t) uint8_t data[];
};

struct as_arena {
    struct arena_block *blocks;
    uint8_t *at; /* the free rest of the block in use */
    uint8_t *end;
    size_t block_size; /* of the next block */
    size_t limit;
    size_t used;
};

as_arena *as_arena_new(size_t limit)
{
    as_arena *a = as_mem_zero(1, sizeof(*a));

    if (!a)
        return NULL;
    a->limit = limit;
    a->block_size = ARENA_BLOCK_MIN;
    return a;
}

void as_arena_free(as_arena *a)
{
    if (!a)
        return;
    while (a->blocks) {
        struct arena_block *b = a->blocks;

        /* No unpoisoning: free() makes the whole block its own. */
        a->blocks = b->next;
        as_mem_free(b);
    }
    as_mem_free(a);
}

/* calloc gives zeroed pages for nothing where they are fresh: no memset on each take. */
static uint8_t *arena_block_add(as_arena *a, size_t size)
{
    struct arena_block *b;
    size_t total;

    if (__builtin_add_overflow(size, sizeof(*b), &total))
        return NULL;
    b = as_mem_zero(1, total);
    if (!b)
        return NULL;
    b->next = a->blocks;
    a->blocks = b;
    ASAN_POISON_MEMORY_REGION(b->data, size);
    return b->data;
}

/* Where no room is left: big objects get their own block and leave the current one open. */
static uint8_t *arena_grow(as_arena *a, size_t size)
{
    uint8_t *p;

    if (size > a->block_size / 4)
        return arena_block_add(a, size + ARENA_GAP);
    p = arena_block_add(a, a->block_size);
    if (!p)
        return NULL;
    a->at = p + size + ARENA_GAP;
    a->end = p + a->block_size;
    if (a->block_size < ARENA_BLOCK_MAX)
        a->block_size *= 2;
    return p;
}

static uint8_t *arena_get(as_arena *a, size_t size, size_t align)
{
    size_t pad = (size_t)(-(uintptr_t)a->at & (align - 1));
    size_t left = (size_t)(a->end - a->at);
    size_t cost = size;
    uint8_t *p;

    if (size > SIZE_MAX / 2 || size > a->limit - a->used)
        return NULL;
    if (pad <= left && size + ARENA_GAP <= left - pad) {
        cost = pad + size;
        if (cost > a->limit - a->used)
            return NULL;
        p = a->at + pad;
        a->at = p + size + ARENA_GAP;
    } else {
        p = arena_grow(a, size);
        if (!p)
            return NULL;
    }
    a->used += cost;
    ASAN_UNPOISON_MEMORY_REGION(p, size);
    return p;
}

void *as_arena_take(as_arena *a, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    /* Nothing is one byte: the result of a take that worked is never NULL. */
    return arena_get(a, total > 0 ? total : 1, ARENA_ALIGN);
}

void *as_arena_keep(as_arena *a, void *p, size_t n, size_t size)
{
    void *kept = as_arena_take(a, n + 1, size);

    if (kept && n > 0)
        memcpy(kept, p, n * size);
    as_mem_free(p);
    return kept;
}

as_code as_arena_copy(as_arena *a, as_bytes b, as_bytes *ret)
{
    uint8_t *p;

    if (b.n == 0) {
        *ret = AS_LITERAL("");
        return AS_OK;
    }
#ifdef ARENA_ASAN
    p = arena_get(a, b.n, 8); /* the sanitizer's own granule */
#else
    p = arena_get(a, b.n, 1);
#endif
    if (!p)
        return AS_NOMEM;
    memcpy(p, b.p, b.n);
    *ret = (as_bytes){p, b.n};
    return AS_OK;
}

size_t as_arena_used(const as_arena *a)
{
    return a->used;
}
