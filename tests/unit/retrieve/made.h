/*
 * made - private to the tests of retrieve: a store in a folder of its own, with samples whose
 * chunks are written by hand.
 *
 *     static const made_chunk chunks[] = {BASE(EN, NETWORK, "one two"), ...};
 *     made_add(&m, "CAPE", 1, chunks, AS_COUNT(chunks));
 */
#ifndef AS_TEST_MADE_H
#define AS_TEST_MADE_H

#include "retrieve/retrieve.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct made_chunk {
    as_section section;
    uint8_t lang, role;
    int parent;
    const char *body;
} made_chunk;

#define BASE(lang, section, body)                                                                  \
    {                                                                                              \
        AS_SECTION_##section, AS_LANG_##lang, AS_CHUNK_BASE, -1, body                              \
    }
#define ROWS(section, body)                                                                        \
    {                                                                                              \
        AS_SECTION_##section, AS_CHUNK_LANG_ANY, AS_CHUNK_BASE, -1, body                           \
    }
#define CHILD(lang, section, role, parent, body)                                                   \
    {                                                                                              \
        AS_SECTION_##section, lang, AS_CHUNK_##role, parent, body                                  \
    }

typedef struct made {
    char home[64];
    as_store *s;
    as_arena *arena; /* of results */
    const made_chunk *chunks;
    size_t n;
    unsigned number; /* of the sample */
} made;

static inline int made_remove(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

static inline int made_begin(void **state)
{
    made *m = as_mem_zero(1, sizeof(*m));
    as_err err = {0};

    assert_non_null(m);
    (void)snprintf(m->home, sizeof(m->home), "/tmp/assay-retrieve-XXXXXX");
    assert_non_null(mkdtemp(m->home));
    if (as_store_open(m->home, AS_STORE_WRITE, &m->s, &err))
        fail_msg("%s", err.msg);
    m->arena = as_arena_new((size_t)1 << 30);
    assert_non_null(m->arena);
    *state = m;
    return 0;
}

static inline int made_end(void **state)
{
    made *m = *state;

    as_mem_fail_at(0);
    as_store_close(m->s);
    as_arena_free(m->arena);
    (void)nftw(m->home, made_remove, 16, FTW_DEPTH | FTW_PHYS);
    as_mem_free(m);
    return 0;
}

/* A chunk that is the other language of the one before it rests on the same fact. */
static inline as_code made_put(void *ctx, const as_analysis *a, as_chunk_put_fn *put, void *sink,
                               as_err *err)
{
    made *m = ctx;
    char context[64];
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < m->n; i++) {
        const made_chunk *from = &m->chunks[i];
        bool twin = i > 0 && from->role == AS_CHUNK_BASE && from->lang == AS_LANG_ZH &&
                    m->chunks[i - 1].role == AS_CHUNK_BASE && m->chunks[i - 1].lang == AS_LANG_EN;
        uint32_t fact = (uint32_t)((twin ? i - 1 : i) % as_facts_count(a->facts));
        as_chunk c = {.parent = from->parent,
                      .section = from->section,
                      .lang = from->lang,
                      .role = from->role,
                      .body = as_bytes_of(from->body),
                      .facts = &fact,
                      .n_facts = from->role == AS_CHUNK_BASE};

        (void)snprintf(context, sizeof(context), "sample%u | made", m->number);
        c.context = as_bytes_of(context);
        memcpy(c.uid, &m->number, sizeof(m->number));
        memcpy(c.uid + 8, &i, sizeof(i));
        rc = put(sink, &c, err);
    }
    return rc;
}

/* The sample's id. `version`: "2.4-CAPE" or "2.0.7" (Cuckoo). */
static inline int64_t made_add(made *m, const char *version, unsigned number,
                               const made_chunk *chunks, size_t n)
{
    as_store_add_options options = {.chunks = made_put, .chunks_ctx = m};
    as_source *source = NULL;
    as_added added = {0};
    as_err err = {0};
    char report[2048];

    m->chunks = chunks;
    m->n = n;
    m->number = number;
    (void)snprintf(report, sizeof(report),
                   "{\"info\":{\"version\":\"%s\",\"id\":%u,\"category\":\"file\","
                   "\"started\":\"2024-05-01 10:00:00\",\"ended\":\"2024-05-01 10:01:00\"},"
                   "\"target\":{\"category\":\"file\",\"file\":{\"name\":\"sample%u.exe\","
                   "\"sha256\":\"%064u\"}},\"behavior\":{\"processes\":[],\"processtree\":[],"
                   "\"summary\":{\"mutexes\":[\"m%u\",\"n1\",\"n2\",\"n3\",\"n4\",\"n5\",\"n6\","
                   "\"n7\"]}},\"signatures\":[]}",
                   version, number, number, number, number);
    if (as_source_open_bytes(as_bytes_of(report), NULL, &source, &err) ||
        as_store_add(m->s, source, &options, &added, &err))
        fail_msg("%s", err.msg);
    as_source_free(source);
    assert_int_equal(added.chunks, n);
    return added.sample;
}

#define MADE_ADD(m, version, number, ...)                                                          \
    made_add(m, version, number, (const made_chunk[]){__VA_ARGS__},                                \
             AS_COUNT(((const made_chunk[]){__VA_ARGS__})))

static inline as_retrieved *made_ask(made *m, const as_retriever_query *q)
{
    as_retrieved *r = NULL;
    as_err err = {0};

    if (as_retrieve(m->s, q, m->arena, &r, &err))
        fail_msg("%s", err.msg);
    return r;
}

static inline as_retrieved *made_find(made *m, const char *text)
{
    as_retriever_query q = {.text = as_bytes_of(text)};

    return made_ask(m, &q);
}

static inline bool made_holds(as_bytes hay, const char *needle)
{
    size_t n = strlen(needle);

    return n <= hay.n && memmem(hay.p, hay.n, needle, n);
}

/* Place of the passage that holds the text, from 1; 0: none does. */
static inline size_t made_place(const as_retrieved *r, const char *text)
{
    for (size_t i = 0; i < r->n; i++) {
        if (made_holds(r->passages[i].body, text))
            return i + 1;
    }
    return 0;
}

#endif
