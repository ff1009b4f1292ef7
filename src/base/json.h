/*
 * json - a pull parser that knows where every value lies.
 *
 *     as_json *j = NULL;
 *     as_json_tok t;
 *
 *     if (as_json_new(source, NULL, &j, &err)) ...
 *     do {
 *         if (as_json_next(j, &t, &err)) ...      err.offset is the bad byte
 *     } while (t.type != AS_JSON_END);
 *     as_json_free(j);
 *
 * The whole input is validated against RFC 8259: grammar, UTF-8 (no overlong
 * form, no surrogate), escapes, numbers, nothing after the value but blanks. A
 * byte-order mark before the value is passed over (section 8.1 allows that). A
 * lone surrogate written as an escape (section 8.2) and a key repeated in one
 * object (section 4) are grammatical: they are counted, not refused.
 *
 * Memory is bounded by the depth and by the longest single string, never by the
 * size of the input. Scanning uses AVX2 or AVX-512 where the processor has it,
 * plain C elsewhere; all give the same tokens and the same errors.
 *
 * Depends on: base, buf, source, hash.  Threads: one parser, one thread.
 * Limits: as_json_limits; over one of them is AS_LIMIT.
 */
#ifndef AS_JSON_H
#define AS_JSON_H

#include "base/buf.h"
#include "base/source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct as_json as_json;

typedef struct as_json_limits {
    uint32_t depth_max;  /* open objects and arrays, at most AS_JSON_DEPTH_CEILING */
    uint32_t key_max;    /* bytes of a key as written */
    uint32_t number_max; /* bytes of a number as written */
    uint64_t string_max; /* bytes of a string as written */
    bool many;           /* values one after the other, as in JSON Lines: see as_json_resync() */
} as_json_limits;

/* The deepest real report has 26 levels, its longest string 5 MB. */
#define AS_JSON_DEPTH_CEILING  1024u
#define AS_JSON_LIMITS_DEFAULT ((as_json_limits){256, 1u << 20, 512, (uint64_t)64 << 20, false})

typedef enum as_json_type {
    AS_JSON_END, /* the value is complete and only blanks followed */
    AS_JSON_OBJECT,
    AS_JSON_OBJECT_END,
    AS_JSON_ARRAY,
    AS_JSON_ARRAY_END,
    AS_JSON_KEY,
    AS_JSON_STRING,
    AS_JSON_NUMBER,
    AS_JSON_TRUE,
    AS_JSON_FALSE,
    AS_JSON_NULL
} as_json_type;

typedef struct as_json_tok {
    as_json_type type;
    /*
     * The token's bytes are [begin, end) of the unpacked input, quotes included.
     * OBJECT and ARRAY: the opening bracket. OBJECT_END and ARRAY_END: the whole
     * value, from its opening bracket to after the closing one.
     */
    uint64_t begin, end;
    /* KEY, STRING: what stands between the quotes, escapes as written. NUMBER: its
     * text. Valid until the next call. */
    as_bytes raw;
} as_json_tok;

/* Which scanner to use; AUTO asks the processor. The others are for tests and benchmarks. */
typedef enum as_json_simd {
    AS_JSON_AUTO,
    AS_JSON_PLAIN,
    AS_JSON_AVX2,
    AS_JSON_AVX512
} as_json_simd;

/* Reads from `source`, which must outlive the parser. NULL limits: the default. */
as_code as_json_new(as_source *source, const as_json_limits *limits, as_json **ret,
                    as_err *err) AS_CHECKED;
void as_json_free(as_json *j);

/* AS_UNAVAILABLE if this processor cannot; only before the first token. */
as_code as_json_use(as_json *j, as_json_simd simd) AS_CHECKED;

/*
 * The next token. AS_INVALID: not JSON; AS_LIMIT; AS_NOMEM; or what the source
 * says. After a failure every further call fails in the same way.
 */
as_code as_json_next(as_json *j, as_json_tok *ret, as_err *err) AS_CHECKED;

/*
 * Passes over the rest of the value that `t` began (OBJECT or ARRAY; for every
 * other type there is nothing to do) with full validation. *t becomes its END
 * token, so t->begin and t->end span the value.
 */
as_code as_json_skip(as_json *j, as_json_tok *t, as_err *err) AS_CHECKED;

/*
 * For a parser of many values: after AS_INVALID or AS_LIMIT within one of them, goes
 * on behind the line on which that value began, so that one bad line costs no other.
 * (A bad value of several lines is met again on each of them.) AS_OK, or what the
 * source says.
 */
as_code as_json_resync(as_json *j, as_err *err) AS_CHECKED;

/* Whether the parser itself has failed (and not been resynced): what it read is no JSON. */
bool as_json_failed(const as_json *j);

/* Number, from 1, of the line on which the outermost value in hand began (many values). */
uint64_t as_json_line(const as_json *j);

/* Open objects and arrays: 0 before the first and after the last token. */
size_t as_json_depth(const as_json *j);

/*
 * JSON Pointer (RFC 6901) of the value that the last token is, begins or ends
 * (for a KEY: of the value to come), appended to `out`. "" is the whole document.
 */
void as_json_pointer(const as_json *j, as_buf *out);

/* Last token's own step in its parent: the key as written, or the array index. */
bool as_json_step(const as_json *j, as_bytes *ret_key, uint64_t *ret_index);

/* What was met so far that is grammatical yet doubtful. */
typedef struct as_json_doubts {
    uint64_t duplicate_keys;
    uint64_t first_duplicate; /* offset of the repeated key, if duplicate_keys */
    uint64_t lone_surrogates;
    uint64_t first_surrogate; /* offset of its backslash, if lone_surrogates */
} as_json_doubts;

as_json_doubts as_json_doubts_so_far(const as_json *j);

/*
 * The text of a STRING or KEY (`raw` of a token that this parser gave): escapes
 * undone, as UTF-8. If nothing is escaped *ret is `raw` itself, else it is in
 * `scratch`, which is emptied first. A lone surrogate becomes U+FFFD. NUL and
 * other control characters are data.
 */
as_code as_json_text(as_bytes raw, as_buf *scratch, as_bytes *ret) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
