#include "base/json_priv.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/json.h"
#include "base/utf8.h"

#include "base/banned.h"

#define SMALL 16

void as_json_keyset_init(as_json_keyset *s, uint64_t seed)
{
    *s = (as_json_keyset){.seed = seed};
}

void as_json_keyset_done(as_json_keyset *s)
{
    as_mem_free(s->stack);
    s->stack = NULL;
}

void as_json_keys_open(as_json_keyset *s, as_json_keys *k)
{
    *k = (as_json_keys){.at = s->n};
}

void as_json_keys_close(as_json_keyset *s, const as_json_keys *k)
{
    s->n = k->at;
}

static inline as_code reserve(as_json_keyset *s, size_t n)
{
    size_t cap = s->cap ? s->cap : 1024;
    uint64_t *bigger;

    if (n <= s->cap)
        return AS_OK;
    while (cap < n)
        cap *= 2;
    bigger = as_mem_resize(s->stack, cap * sizeof(*bigger));
    if (!bigger)
        return AS_NOMEM;
    s->stack = bigger;
    s->cap = cap;
    return AS_OK;
}

/* Puts `hash` (never 0) into a table; false if it was there. */
static bool put(uint64_t *table, size_t slots, uint64_t hash)
{
    size_t i = hash & (slots - 1);

    while (table[i]) {
        if (table[i] == hash)
            return false;
        i = (i + 1) & (slots - 1);
    }
    table[i] = hash;
    return true;
}

/* Turns the list or table into a table of `slots`: built above, then moved down. */
static as_code rebuild(as_json_keyset *s, as_json_keys *k, size_t slots)
{
    size_t used = k->slots ? k->slots : k->count;
    uint64_t *fresh;

    if (reserve(s, k->at + used + slots))
        return AS_NOMEM;
    fresh = s->stack + k->at + used;
    memset(fresh, 0, slots * sizeof(*fresh));
    for (size_t i = 0; i < used; i++) {
        if (s->stack[k->at + i])
            (void)put(fresh, slots, s->stack[k->at + i]);
    }
    memmove(s->stack + k->at, fresh, slots * sizeof(*fresh));
    k->slots = slots;
    s->n = k->at + slots;
    return AS_OK;
}

as_code as_json_keys_add(as_json_keyset *s, as_json_keys *k, as_bytes name, bool *ret_repeated)
{
    uint64_t hash = XXH3_64bits_withSeed(name.p, name.n, s->seed) | 1; /* 0 marks a free slot */

    if (!k->slots && k->count < SMALL) {
        uint64_t bit = (uint64_t)1 << (hash >> 58);

        for (size_t i = 0; (k->bloom & bit) && i < k->count; i++) {
            if (s->stack[k->at + i] == hash) {
                *ret_repeated = true;
                return AS_OK;
            }
        }
        k->bloom |= bit;
        if (reserve(s, s->n + 1))
            return AS_NOMEM;
        s->stack[s->n++] = hash;
        k->count++;
        *ret_repeated = false;
        return AS_OK;
    }
    if (k->count >= AS_JSON_KEYS_MAX)
        return AS_LIMIT;
    if (k->count * 2 >= k->slots && rebuild(s, k, k->slots ? k->slots * 2 : 4 * SMALL))
        return AS_NOMEM;
    *ret_repeated = !put(s->stack + k->at, k->slots, hash);
    k->count += !*ret_repeated;
    return AS_OK;
}

/* The four hex digits at p; the parser has checked them. */
static uint32_t unit_at(const uint8_t *p)
{
    uint32_t unit = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint8_t c = p[i];

        unit = unit << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

/* Decodes the \u escape whose u is at p[i]; returns the position after it. */
static size_t put_unit(as_bytes raw, size_t i, as_buf *out)
{
    uint32_t cp = unit_at(raw.p + i + 1);
    uint8_t utf8[4];

    i += 5;
    if (cp >= 0xd800 && cp <= 0xdbff && raw.n - i >= 6 && raw.p[i] == '\\' && raw.p[i + 1] == 'u') {
        uint32_t low = unit_at(raw.p + i + 2);

        if (low >= 0xdc00 && low <= 0xdfff) {
            cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
            i += 6;
        }
    }
    if (cp >= 0xd800 && cp <= 0xdfff)
        cp = 0xfffd;
    as_buf_add(out, (as_bytes){utf8, as_utf8_put(cp, utf8)});
    return i;
}

as_code as_json_text(as_bytes raw, as_buf *scratch, as_bytes *ret)
{
    static const uint8_t plain[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                       ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    const uint8_t *first = raw.n ? memchr(raw.p, '\\', raw.n) : NULL;
    size_t i = 0;

    if (!first) {
        *ret = raw;
        return AS_OK;
    }
    as_buf_reset(scratch);
    for (const uint8_t *next = first; next; next = memchr(raw.p + i, '\\', raw.n - i)) {
        size_t here = (size_t)(next - raw.p);

        as_buf_add(scratch, (as_bytes){raw.p + i, here - i});
        i = here + 1;
        if (raw.p[i] == 'u') {
            i = put_unit(raw, i, scratch);
        } else {
            as_buf_byte(scratch, plain[raw.p[i]]);
            i++;
        }
        if (i >= raw.n)
            break;
    }
    as_buf_add(scratch, (as_bytes){raw.p + i, raw.n - i});
    if (scratch->failed)
        return AS_NOMEM;
    *ret = as_buf_bytes(scratch);
    return AS_OK;
}
