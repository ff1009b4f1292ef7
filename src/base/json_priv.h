/*
 * json_priv - private to base: the sets of keys that find a repeated one.
 *
 * The sets of all open objects lie on one stack, the innermost on top. A small set
 * is a list; from SMALL keys on it is a hash table, rebuilt in place as it grows,
 * which is possible because nothing lies above the set that grows.
 */
#ifndef AS_JSON_PRIV_H
#define AS_JSON_PRIV_H

#include "base/buf.h"

#include <string.h>

#define AS_JSON_KEYS_MAX ((size_t)1 << 20) /* of one object */

typedef struct as_json_keys {
    size_t at;      /* first slot on the stack */
    size_t count;   /* keys */
    size_t slots;   /* 0: a list of `count`; else the size of the table */
    uint64_t bloom; /* a bit for each key of a list: most new keys need no comparison */
} as_json_keys;

typedef struct as_json_keyset {
    uint64_t *stack;
    size_t n, cap;
    uint64_t seed;
} as_json_keyset;

void as_json_keyset_init(as_json_keyset *s, uint64_t seed);
void as_json_keyset_done(as_json_keyset *s);
void as_json_keys_open(as_json_keyset *s, as_json_keys *k);
void as_json_keys_close(as_json_keyset *s, const as_json_keys *k);

/* AS_OK, AS_NOMEM, or AS_LIMIT beyond AS_JSON_KEYS_MAX. */
as_code as_json_keys_add(as_json_keyset *s, as_json_keys *k, as_bytes name,
                         bool *ret_repeated) AS_CHECKED;

/* Whether `raw` holds a backslash. Reads whole words: 8 bytes past it must be readable. */
static inline bool as_json_has_escape(as_bytes raw)
{
    for (size_t i = 0; i < raw.n; i += 8) {
        uint64_t w, t;

        memcpy(&w, raw.p + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        w = __builtin_bswap64(w);
#endif
        w ^= 0x5c5c5c5c5c5c5c5cu;
        t = (w - 0x0101010101010101u) & ~w & 0x8080808080808080u;
        if (t && (raw.n - i >= 8 || t << (64 - 8 * (raw.n - i))))
            return true;
    }
    return false;
}

/* Appends "/" and the escaped step of a JSON Pointer. */
void as_json_pointer_step(as_buf *out, as_bytes text);

#endif
