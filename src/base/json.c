#include "base/json.h"

#include <limits.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/json_priv.h"
#include "base/json_scan.h"

#include "base/banned.h"

/*
 * The window holds the input from the oldest byte still needed (the start of the
 * token in hand) to the newest read. more() slides it, reads CHUNK bytes, and lets
 * the scanner write the positions of what is structural there to `idx`;
 * as_json_next() walks those positions and looks at no other byte.
 */
#define CHUNK     ((size_t)64 << 10)
#define PAD       (AS_JSON_BLOCK + AS_JSON_LOOKAHEAD)
#define LINE_KEPT ((size_t)16 << 20) /* of many values: see keep_line() */

enum expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END, /* after [ */
    EXPECT_KEY,
    EXPECT_KEY_OR_END, /* after { */
    EXPECT_COLON,
    EXPECT_COMMA_OR_END,
    EXPECT_NOTHING /* the value is complete */
};

struct frame {
    uint64_t begin;
    uint64_t index;  /* arrays: of the current element */
    size_t path_len; /* bytes of `path` before this frame's own step */
    size_t key_len;  /* its step, if its parent is an object */
    as_json_keys keys;
    bool object;
    bool started;
};

struct as_json {
    as_source *source;
    as_json_limits limits;
    as_json_scan_fn *scan_fn;
    uint8_t *win;
    size_t cap, fill, scanned;
    uint64_t base; /* input offset of win[0] */
    bool eof;
    uint32_t *idx;
    size_t at, n, idx_cap;
    as_json_scan scan;
    enum expect expect;
    as_bytes key; /* of the current member, in the window or in key_copy */
    as_buf key_copy;
    as_buf path; /* keys of the open containers, end to end */
    as_buf text;
    as_json_keyset keyset;
    as_json_doubts doubts;
    as_err failure; /* sticky */
    /* Many values: */
    uint64_t line, lines_at;    /* newlines before the offset lines_at, plus 1 */
    uint64_t value_line, value; /* of the outermost value in hand */
    bool in_value, source_failed;
    size_t depth;
    struct frame frames[]; /* limits.depth_max + 1 */
};

#define COLD __attribute__((cold, noinline))

static COLD as_code fail(as_json *j, as_code code, uint64_t offset, const char *what, as_err *err)
{
    j->failure.code = AS_OK;
    (void)as_fail(&j->failure, code, (size_t)offset, "%s", what);
    if (err)
        *err = j->failure;
    return code;
}

static COLD as_code fail_nomem(as_json *j, as_err *err)
{
    return fail(j, AS_NOMEM, AS_NO_OFFSET, "no memory to parse JSON", err);
}

static as_json_scan_fn *best_scanner(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("pclmul"))
        return as_json_scan_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
        __builtin_cpu_supports("bmi2"))
        return as_json_scan_avx2;
#endif
    return as_json_scan_plain;
}

as_code as_json_use(as_json *j, as_json_simd simd)
{
    as_json_scan_fn *fn = NULL;

    switch (simd) {
    case AS_JSON_AUTO:
        fn = best_scanner();
        break;
    case AS_JSON_PLAIN:
        fn = as_json_scan_plain;
        break;
    case AS_JSON_AVX2:
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
            __builtin_cpu_supports("bmi2"))
            fn = as_json_scan_avx2;
#endif
        break;
    case AS_JSON_AVX512:
#if defined(__x86_64__)
        if (best_scanner() == as_json_scan_avx512)
            fn = as_json_scan_avx512;
#endif
        break;
    }
    if (!fn)
        return AS_UNAVAILABLE;
    j->scan_fn = fn;
    return AS_OK;
}

as_code as_json_new(as_source *source, const as_json_limits *limits, as_json **ret, as_err *err)
{
    as_json_limits use = limits ? *limits : AS_JSON_LIMITS_DEFAULT;
    uint64_t seed = 0;
    as_json *j;

    if (use.depth_max > AS_JSON_DEPTH_CEILING)
        use.depth_max = AS_JSON_DEPTH_CEILING;
    j = as_mem_zero(1, sizeof(*j) + (use.depth_max + 1u) * sizeof(struct frame));
    if (!j)
        return as_fail_nomem(err, "a JSON parser");
    j->source = source;
    j->limits = use;
    j->line = 1;
    j->scan_fn = best_scanner();
    j->cap = 2 * CHUNK;
    j->win = as_mem_get(j->cap + PAD);
    j->idx_cap = 2 * CHUNK + 4 * AS_JSON_BLOCK; /* the first scan may follow two reads */
    j->idx = as_mem_get((j->idx_cap + AS_JSON_SPILL) * sizeof(*j->idx));
    /* Without randomness the key hashes are merely easier to collide on purpose. */
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)(uintptr_t)j;
    as_json_keyset_init(&j->keyset, seed);
    if (!j->win || !j->idx) {
        as_json_free(j);
        return as_fail_nomem(err, "a JSON parser");
    }
    *ret = j;
    return AS_OK;
}

void as_json_free(as_json *j)
{
    if (!j)
        return;
    as_mem_free(j->win);
    as_mem_free(j->idx);
    as_buf_done(&j->key_copy);
    as_buf_done(&j->path);
    as_buf_done(&j->text);
    as_json_keyset_done(&j->keyset);
    as_mem_free(j);
}

/* Counts the lines that end before the input offset `to`, which the window holds. */
static void count_lines(as_json *j, uint64_t to)
{
    const uint8_t *p = j->win + (j->lines_at - j->base), *end = j->win + (to - j->base);

    while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
        j->line++;
        p++;
    }
    j->lines_at = to;
}

/*
 * Of many values the line on which the one in hand began stays in the window, so that
 * resync can go on right behind it; a line longer than LINE_KEPT is given up.
 */
static size_t keep_line(as_json *j, size_t keep)
{
    size_t from;

    if (j->in_value && j->value >= j->base && j->value < j->base + keep) {
        from = (size_t)(j->value - j->base);
        if (keep - from < LINE_KEPT && !memchr(j->win + from, '\n', keep - from))
            keep = from;
    }
    if (j->lines_at < j->base + keep)
        count_lines(j, j->base + keep);
    return keep;
}

/* Moves the window so that it begins at `keep`. */
static as_code slide(as_json *j, size_t keep)
{
    if (j->limits.many)
        keep = keep_line(j, keep);
    memmove(j->idx, j->idx + j->at, (j->n - j->at) * sizeof(*j->idx));
    j->n -= j->at;
    j->at = 0;
    if (!keep)
        return AS_OK;
    if (j->key.n && j->key.p >= j->win && j->key.p < j->win + j->fill) {
        if (j->key.p >= j->win + keep) {
            j->key.p -= keep;
        } else {
            as_buf_reset(&j->key_copy);
            as_buf_add(&j->key_copy, j->key);
            if (j->key_copy.failed)
                return AS_NOMEM;
            j->key = as_buf_bytes(&j->key_copy);
        }
    }
    memmove(j->win, j->win + keep, j->fill - keep);
    for (size_t i = 0; i < j->n; i++)
        j->idx[i] -= (uint32_t)keep;
    j->fill -= keep;
    j->scanned -= keep;
    j->base += keep;
    return AS_OK;
}

static as_code grow(as_json *j)
{
    uint8_t *bigger;

    if (j->cap - j->fill >= CHUNK)
        return AS_OK;
    if (j->cap > UINT32_MAX / 4) /* positions are 32 bits; string_max ends far below */
        return AS_NOMEM;
    bigger = as_mem_resize(j->win, j->cap * 2 + PAD);
    if (!bigger)
        return AS_NOMEM;
    if (j->key.n && j->key.p >= j->win && j->key.p < j->win + j->fill)
        j->key.p = bigger + (j->key.p - j->win);
    j->win = bigger;
    j->cap *= 2;
    return AS_OK;
}

static as_code read_chunk(as_json *j, size_t *ret_n, as_err *err)
{
    as_code rc = as_source_read(j->source, j->win + j->fill, CHUNK, ret_n, &j->failure);

    if (rc) {
        j->failure.code = rc;
        j->source_failed = true;
        if (err)
            *err = j->failure;
        return rc;
    }
    j->fill += *ret_n;
    return AS_OK;
}

/*
 * Reads on, keeping the window from position `keep`, and scans. Afterwards either
 * there are new positions, or a fault is set, or more is to be called again, or
 * eof is set and all is scanned.
 */
static __attribute__((noinline)) as_code more(as_json *j, size_t keep, as_err *err)
{
    size_t got = 0, blocks;
    as_code rc;

    if (slide(j, keep) || grow(j))
        return fail_nomem(j, err);
    rc = read_chunk(j, &got, err);
    if (rc)
        return rc;
    if (got) {
        size_t fresh = j->fill - j->scanned;

        blocks = fresh > PAD ? (fresh - AS_JSON_LOOKAHEAD) / AS_JSON_BLOCK : 0;
    } else {
        j->eof = true;
        memset(j->win + j->fill, ' ', PAD);
        blocks = (j->fill - j->scanned + AS_JSON_BLOCK - 1) / AS_JSON_BLOCK;
    }
    j->n += j->scan_fn(&j->scan, j->win, (uint32_t)j->scanned, blocks, j->base, j->idx + j->n);
    j->scanned += blocks * AS_JSON_BLOCK;
    j->doubts.lone_surrogates = j->scan.lone;
    j->doubts.first_surrogate = j->scan.first_lone;
    return AS_OK;
}

static COLD as_code fail_truncated(as_json *j, as_err *err)
{
    uint64_t end = j->base + j->fill;

    if (!j->depth && j->expect == EXPECT_VALUE && !j->scan.in_string)
        return fail(j, AS_INVALID, end, "no JSON value: the input is empty", err);
    return fail(j, AS_INVALID, end,
                j->scan.in_string ? "the input ends inside a string"
                                  : "the input ends before its JSON value does",
                err);
}

static COLD void begin_one_of_many(as_json *j, size_t pos)
{
    j->in_value = true;
    j->value = j->base + pos;
    count_lines(j, j->value);
    j->value_line = j->line;
}

/* The scanner has stopped at a fault and all before it is used up. */
static COLD as_code fail_fault(as_json *j, as_err *err)
{
    uint64_t offset = j->base + j->scan.fault_at;

    if (j->limits.many && !j->in_value)
        begin_one_of_many(j, j->scan.fault_at < j->fill ? j->scan.fault_at : j->fill);

    if (j->eof && j->scan.fault_at >= j->fill)
        return fail_truncated(j, err);
    switch (j->scan.fault) {
    case AS_JSON_FAULT_CONTROL:
        return fail(j, AS_INVALID, offset, "control character in a string", err);
    case AS_JSON_FAULT_ESCAPE:
        return fail(j, AS_INVALID, offset, "bad escape in a string", err);
    default:
        return fail(j, AS_INVALID, offset, "ill-formed UTF-8", err);
    }
}

/*
 * Makes sure that idx[at + ahead] exists; `keep` is the first position still
 * needed. AS_NOT_FOUND: the input ends before that.
 */
static inline as_code look(as_json *j, size_t ahead, size_t keep, as_err *err)
{
    while (__builtin_expect(j->at + ahead >= j->n, 0)) {
        as_code rc;

        if (j->scan.fault)
            return fail_fault(j, err);
        if (j->eof)
            return AS_NOT_FOUND;
        /* The closing quote is not among the scanned bytes, else it would be in idx. */
        if (ahead && j->scanned > keep + 1 && j->scanned - keep - 1 > j->limits.string_max)
            return fail(j, AS_LIMIT, j->base + keep, "a string is longer than the limit", err);
        rc = more(j, ahead ? keep : j->scanned, err);
        if (rc)
            return rc;
        keep = ahead ? j->idx[j->at] : 0; /* the window has moved */
    }
    return AS_OK;
}

/* The value of the frame on top begins: count it, if in an array. */
static inline void step(as_json *j)
{
    struct frame *f = &j->frames[j->depth];

    if (f->started)
        f->index++;
    f->started = true;
}

/*
 * A value has ended. If the comma after it is in sight it is taken here, so that
 * the next call begins with what matters.
 */
static inline void after_value(as_json *j)
{
    if (!j->depth) {
        j->expect = EXPECT_NOTHING;
        j->in_value = false;
    } else if (j->at < j->n && j->win[j->idx[j->at]] == ',') {
        j->at++;
        j->expect = j->frames[j->depth].object ? EXPECT_KEY : EXPECT_VALUE;
    } else {
        j->expect = EXPECT_COMMA_OR_END;
    }
}

static as_code open_container(as_json *j, as_json_tok *ret, uint32_t pos, bool object, as_err *err)
{
    struct frame *f;

    if (j->depth >= j->limits.depth_max)
        return fail(j, AS_LIMIT, j->base + pos, "nested deeper than the limit", err);
    step(j);
    f = &j->frames[j->depth + 1];
    f->path_len = j->path.n;
    f->key_len = 0;
    if (j->depth && j->frames[j->depth].object) {
        f->key_len = j->key.n;
        as_buf_add(&j->path, j->key);
        if (j->path.failed)
            return fail_nomem(j, err);
    }
    j->depth++;
    f->begin = j->base + pos;
    f->index = 0;
    f->started = false;
    f->object = object;
    if (object)
        as_json_keys_open(&j->keyset, &f->keys);
    j->expect = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    j->at++;
    ret->type = object ? AS_JSON_OBJECT : AS_JSON_ARRAY;
    ret->begin = f->begin;
    ret->end = f->begin + 1;
    ret->raw = (as_bytes){0};
    return AS_OK;
}

/* The step of an open container. Without any key so far, path has no memory at all. */
static as_bytes stored_key(const as_json *j, const struct frame *f)
{
    return f->key_len ? (as_bytes){j->path.p + f->path_len, f->key_len} : (as_bytes){0};
}

static as_code close_container(as_json *j, as_json_tok *ret, uint32_t pos)
{
    struct frame *f = &j->frames[j->depth];

    ret->type = f->object ? AS_JSON_OBJECT_END : AS_JSON_ARRAY_END;
    ret->begin = f->begin;
    ret->end = j->base + pos + 1;
    ret->raw = (as_bytes){0};
    if (f->object)
        as_json_keys_close(&j->keyset, &f->keys);
    /* The container's own step is current again; its bytes stay put until the next open. */
    j->path.n = f->path_len;
    j->key = stored_key(j, f);
    j->at++;
    j->depth--;
    after_value(j);
    return AS_OK;
}

/*
 * A string or key whose opening quote is at idx[at]; its raw bytes by value, since a
 * view written to *ret field by field and read back whole stalls the processor.
 */
static inline as_code read_quoted(as_json *j, as_json_tok *ret, const uint8_t **ret_p,
                                  size_t *ret_n, as_err *err)
{
    uint32_t open, close;
    as_code rc = look(j, 1, j->idx[j->at], err);
    size_t n;

    if (__builtin_expect(rc != AS_OK, 0))
        return rc == AS_NOT_FOUND ? fail_truncated(j, err) : rc;
    open = j->idx[j->at];
    close = j->idx[j->at + 1];
    n = close - open - 1;
    ret->begin = j->base + open;
    ret->end = j->base + close + 1;
    ret->raw.p = *ret_p = j->win + open + 1;
    ret->raw.n = *ret_n = n;
    if (n > j->limits.string_max)
        return fail(j, AS_LIMIT, ret->begin, "a string is longer than the limit", err);
    j->at += 2;
    return AS_OK;
}

static inline as_code read_key(as_json *j, as_json_tok *ret, as_err *err)
{
    struct frame *f = &j->frames[j->depth];
    const uint8_t *p = NULL;
    bool repeated = false;
    as_bytes name;
    size_t n = 0;
    as_code rc = read_quoted(j, ret, &p, &n, err);

    if (__builtin_expect(rc != AS_OK, 0))
        return rc;
    if (n > j->limits.key_max)
        return fail(j, AS_LIMIT, ret->begin, "a key is longer than the limit", err);
    j->key.p = p;
    j->key.n = n;
    name = (as_bytes){p, n};
    if (as_json_has_escape(name) && as_json_text(name, &j->text, &name))
        return fail_nomem(j, err);
    rc = as_json_keys_add(&j->keyset, &f->keys, name, &repeated);
    if (rc == AS_LIMIT)
        return fail(j, rc, ret->begin, "an object has more keys than the limit", err);
    if (rc)
        return fail_nomem(j, err);
    if (repeated && !j->doubts.duplicate_keys++)
        j->doubts.first_duplicate = ret->begin;
    ret->type = AS_JSON_KEY;
    j->expect = EXPECT_COLON;
    if (j->at < j->n && j->win[j->idx[j->at]] == ':') {
        j->at++;
        j->expect = EXPECT_VALUE;
    }
    return AS_OK;
}

/* Class of a byte: 1 may follow a bare word, 2 may stand in a number. */
static const uint8_t byte_class[256] = {
    [' '] = 1, ['\t'] = 1, ['\n'] = 1, ['\r'] = 1, [','] = 1, [':'] = 1, ['{'] = 1,
    ['}'] = 1, ['['] = 1,  [']'] = 1,  ['"'] = 1,  ['+'] = 2, ['-'] = 2, ['.'] = 2,
    ['e'] = 2, ['E'] = 2,  ['0'] = 2,  ['1'] = 2,  ['2'] = 2, ['3'] = 2, ['4'] = 2,
    ['5'] = 2, ['6'] = 2,  ['7'] = 2,  ['8'] = 2,  ['9'] = 2,
};

static inline size_t digits(const uint8_t *p, size_t i)
{
    while ((uint8_t)(p[i] - '0') < 10)
        i++;
    return i;
}

/* Length of the longest prefix of p that is, or could become, a number; *ok: it is one. */
static size_t number_prefix(const uint8_t *p, bool *ok)
{
    size_t i = p[0] == '-', from = i;

    *ok = false;
    i = p[i] == '0' ? i + 1 : digits(p, i);
    if (i == from)
        return i;
    if (p[i] == '.') {
        from = ++i;
        i = digits(p, i);
        if (i == from)
            return i;
    }
    if ((p[i] | 0x20) == 'e') {
        i++;
        if (p[i] == '+' || p[i] == '-')
            i++;
        from = i;
        i = digits(p, i);
        if (i == from)
            return i;
    }
    *ok = true;
    return i;
}

/* Reads until the bare word at idx[at] ends inside the window. */
static as_code whole_word(as_json *j, size_t *ret_len, as_err *err)
{
    size_t pos = j->idx[j->at], len = 0;

    for (;;) {
        as_code rc;

        while (pos + len < j->fill && byte_class[j->win[pos + len]] == 2)
            len++;
        if (len > j->limits.number_max)
            break;
        /* A literal is at most "false" and what follows it; a fault ends it earlier. */
        if (j->eof || j->scan.fault || (pos + len < j->fill && pos + 8 <= j->fill))
            break;
        rc = more(j, pos, err);
        if (rc)
            return rc;
        pos = j->idx[j->at];
    }
    *ret_len = len;
    return AS_OK;
}

static COLD as_code fail_word(as_json *j, size_t at, const char *what, as_err *err)
{
    if (at >= j->fill)
        return fail_truncated(j, err);
    if (j->scan.fault && j->scan.fault_at < at)
        return fail_fault(j, err);
    return fail(j, AS_INVALID, j->base + at, what, err);
}

static as_code read_word(as_json *j, as_json_tok *ret, as_err *err)
{
    static const struct {
        const char *text;
        as_json_type type;
    } words[] = {{"true", AS_JSON_TRUE}, {"false", AS_JSON_FALSE}, {"null", AS_JSON_NULL}};
    size_t len = 0, pos;
    as_code rc = whole_word(j, &len, err);
    const uint8_t *p;
    bool ok = false;

    if (rc)
        return rc;
    pos = j->idx[j->at];
    p = j->win + pos; /* PAD blanks follow the last byte */
    if (p[0] == '-' || (uint8_t)(p[0] - '0') < 10) {
        len = number_prefix(p, &ok);
        ret->type = AS_JSON_NUMBER;
        if (len > j->limits.number_max)
            return fail(j, AS_LIMIT, j->base + pos, "a number is longer than the limit", err);
        if (!ok)
            return fail_word(j, pos + len, "bad number", err);
    } else {
        for (size_t i = 0; i < AS_COUNT(words) && !ok; i++) {
            if (p[0] != (uint8_t)words[i].text[0])
                continue;
            for (len = 0; words[i].text[len] && p[len] == (uint8_t)words[i].text[len];)
                len++;
            if (words[i].text[len])
                return fail_word(j, pos + len, "bad literal", err);
            ok = true;
            ret->type = words[i].type;
        }
        if (!ok)
            return fail_word(j, pos, "expected a value", err);
    }
    if (byte_class[p[len]] != 1)
        return fail_word(j, pos + len, "unexpected character after a value", err);
    step(j);
    ret->begin = j->base + pos;
    ret->end = ret->begin + len;
    ret->raw = (as_bytes){p, len};
    j->at++;
    after_value(j);
    return AS_OK;
}

static as_code read_value(as_json *j, as_json_tok *ret, uint32_t pos, as_err *err)
{
    const uint8_t *p = NULL;
    size_t n = 0;
    as_code rc;

    if (__builtin_expect(!j->depth && j->limits.many, 0))
        begin_one_of_many(j, pos);

    switch (j->win[pos]) {
    case '"':
        rc = read_quoted(j, ret, &p, &n, err);
        if (rc)
            return rc;
        ret->type = AS_JSON_STRING;
        step(j);
        after_value(j);
        return AS_OK;
    case '{':
        return open_container(j, ret, pos, true, err);
    case '[':
        return open_container(j, ret, pos, false, err);
    case ']':
        if (j->expect == EXPECT_VALUE_OR_END)
            return close_container(j, ret, pos);
        return fail(j, AS_INVALID, j->base + pos, "expected a value", err);
    case '}':
    case ',':
    case ':':
        return fail(j, AS_INVALID, j->base + pos, "expected a value", err);
    default:
        return read_word(j, ret, err);
    }
}

static as_code at_end(as_json *j, as_json_tok *ret, as_err *err)
{
    bool between = j->limits.many && !j->depth && j->expect == EXPECT_VALUE && !j->scan.in_string;

    if (j->expect != EXPECT_NOTHING && !between)
        return fail_truncated(j, err);
    ret->type = AS_JSON_END;
    ret->begin = ret->end = j->base + j->fill;
    ret->raw = (as_bytes){0};
    return AS_OK;
}

/* Section 8.1 lets a parser ignore a byte-order mark instead of refusing it. */
static as_code skip_mark(as_json *j, as_err *err)
{
    while (j->fill < 3 && !j->eof) {
        size_t got = 0;
        as_code rc = read_chunk(j, &got, err);

        if (rc)
            return rc;
        if (!got)
            break;
    }
    if (j->fill >= 3 && !memcmp(j->win, "\xef\xbb\xbf", 3))
        j->scanned = 3;
    return AS_OK;
}

as_code as_json_next(as_json *j, as_json_tok *ret, as_err *err)
{
    as_code rc;

    if (__builtin_expect(j->failure.code != AS_OK, 0)) {
        if (err)
            *err = j->failure;
        return j->failure.code;
    }
    if (__builtin_expect(!j->fill && !j->base, 0)) {
        rc = skip_mark(j, err);
        if (rc)
            return rc;
    }
    for (;;) {
        uint32_t pos;
        uint8_t c;

        if (__builtin_expect(j->at >= j->n, 0)) {
            rc = look(j, 0, j->scanned, err);
            if (rc)
                return rc == AS_NOT_FOUND ? at_end(j, ret, err) : rc;
        }
        pos = j->idx[j->at];
        c = j->win[pos];
        switch (j->expect) {
        case EXPECT_COMMA_OR_END:
            if (c == ',') {
                j->at++;
                j->expect = j->frames[j->depth].object ? EXPECT_KEY : EXPECT_VALUE;
                continue;
            }
            if (c == (j->frames[j->depth].object ? '}' : ']'))
                return close_container(j, ret, pos);
            return fail(j, AS_INVALID, j->base + pos, "expected a comma or the end", err);
        case EXPECT_COLON:
            if (c != ':')
                return fail(j, AS_INVALID, j->base + pos, "expected a colon", err);
            j->at++;
            j->expect = EXPECT_VALUE;
            continue;
        case EXPECT_KEY_OR_END:
            if (c == '}')
                return close_container(j, ret, pos);
            /* fall through */
        case EXPECT_KEY:
            if (c != '"')
                return fail(j, AS_INVALID, j->base + pos, "expected a key", err);
            return read_key(j, ret, err);
        case EXPECT_NOTHING:
            if (j->limits.many) {
                j->expect = EXPECT_VALUE;
                continue;
            }
            return fail(j, AS_INVALID, j->base + pos, "unexpected bytes after the value", err);
        default:
            return read_value(j, ret, pos, err);
        }
    }
}

/* Forgets the value in hand; the bytes in the window stay. */
static void forget(as_json *j)
{
    uint64_t lone = j->scan.lone, first = j->scan.first_lone;

    j->scan = (as_json_scan){.lone = lone, .first_lone = first};
    j->failure = (as_err){0};
    j->at = j->n = 0;
    j->depth = 0;
    j->path.n = 0;
    j->keyset.n = 0;
    j->key = (as_bytes){0};
    j->expect = EXPECT_VALUE;
    j->in_value = false;
    j->eof = false; /* the next read says so once more */
}

as_code as_json_resync(as_json *j, as_err *err)
{
    size_t from = j->in_value && j->value >= j->base ? (size_t)(j->value - j->base) : j->scanned;
    const uint8_t *end;
    size_t got = 1;

    if (!j->limits.many || j->source_failed ||
        (j->failure.code != AS_INVALID && j->failure.code != AS_LIMIT)) {
        if (err)
            *err = j->failure;
        return j->failure.code;
    }
    from = from < j->fill ? from : j->fill;
    forget(j);
    while (!(end = memchr(j->win + from, '\n', j->fill - from)) && got) {
        as_code rc;

        j->scanned = j->fill;
        if (slide(j, j->fill))
            return fail_nomem(j, err);
        from = 0;
        rc = read_chunk(j, &got, err);
        if (rc)
            return rc;
    }
    j->scanned = end ? (size_t)(end - j->win) + 1 : j->fill;
    return AS_OK;
}

bool as_json_failed(const as_json *j)
{
    return j->failure.code != AS_OK;
}

uint64_t as_json_line(const as_json *j)
{
    return j->value_line;
}

as_code as_json_skip(as_json *j, as_json_tok *t, as_err *err)
{
    size_t depth = j->depth;

    if (t->type != AS_JSON_OBJECT && t->type != AS_JSON_ARRAY)
        return AS_OK;
    do {
        as_code rc = as_json_next(j, t, err);

        if (rc)
            return rc;
    } while (j->depth >= depth);
    return AS_OK;
}

size_t as_json_depth(const as_json *j)
{
    return j->depth;
}

as_json_doubts as_json_doubts_so_far(const as_json *j)
{
    return j->doubts;
}

static void put_step(as_buf *out, as_bytes key)
{
    as_buf scratch = {0};
    as_bytes text = key;

    if (as_json_text(key, &scratch, &text))
        out->failed = true;
    as_json_pointer_step(out, text);
    as_buf_done(&scratch);
}

void as_json_pointer_step(as_buf *out, as_bytes text)
{
    as_buf_byte(out, '/');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '~')
            as_buf_text(out, "~0");
        else if (text.p[i] == '/')
            as_buf_text(out, "~1");
        else
            as_buf_byte(out, text.p[i]);
    }
}

/*
 * The current value is a child of the frame on top, except right after an opening
 * bracket, when it is that frame. After a closing bracket the frame is gone, and
 * what is current is once more a child of the one on top.
 */
static bool at_open(const as_json *j)
{
    return j->depth && !j->frames[j->depth].started &&
           (j->expect == EXPECT_VALUE_OR_END || j->expect == EXPECT_KEY_OR_END);
}

void as_json_pointer(const as_json *j, as_buf *out)
{
    size_t last = at_open(j) ? j->depth - 1 : j->depth;

    for (size_t d = 1; d <= last; d++) {
        const struct frame *f = &j->frames[d];

        if (!f->object) {
            as_buf_byte(out, '/');
            as_buf_u64(out, f->index);
        } else if (d < j->depth) {
            const struct frame *child = &j->frames[d + 1];

            put_step(out, stored_key(j, child));
        } else {
            put_step(out, j->key);
        }
    }
}

bool as_json_step(const as_json *j, as_bytes *ret_key, uint64_t *ret_index)
{
    size_t last = at_open(j) ? j->depth - 1 : j->depth;
    const struct frame *f = &j->frames[last];

    if (f->object)
        *ret_key = j->key;
    else
        *ret_index = f->index;
    return last && f->object;
}
