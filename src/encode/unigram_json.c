/* The vocabulary and the rules of a Unigram tokenizer, from a tokenizer.json. */
#include "encode/jread_priv.h"
#include "encode/unigram_priv.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/banned.h"

#define UNK_PENALTY 10.0

/* --- which family --------------------------------------------------------------------------- */

static as_code probe_model(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    bool *unigram = ctx;
    as_bytes type = {0};
    as_code rc = AS_OK;

    if (as_bytes_is(key, "vocab") && t->type == AS_JSON_ARRAY)
        *unigram = true;
    if (as_bytes_is(key, "type"))
        rc = as_jread_text(r, t, &type, err);
    if (!rc && as_bytes_is(type, "Unigram"))
        *unigram = true;
    return rc;
}

static as_code probe(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    if (as_bytes_is(key, "model") && t->type == AS_JSON_OBJECT)
        return as_jread_members(r, probe_model, ctx, err);
    return AS_OK;
}

as_code as_unigram_probe(as_bytes json, bool *ret, as_err *err)
{
    as_arena *a = as_arena_new(AS_TOKENIZER_FILE_MAX);
    bool unigram = false;
    as_code rc = a ? as_jread_object(json, a, probe, &unigram, err) : as_fail_nomem(err, "a file");

    if (!rc)
        *ret = unigram;
    as_arena_free(a);
    return rc;
}

/* --- reading -------------------------------------------------------------------------------- */

typedef struct added {
    uint64_t id;
    as_bytes content;
    bool special;
} added;

typedef struct rule { /* a normalizer or pre-tokenizer, whatever the order of its members */
    as_bytes type, map, string, regex, content, prepend, scheme, replacement;
    bool left, right, add_prefix, split, list; /* list: it holds others */
} rule;

typedef struct reading {
    as_tokenizer *t;
    as_unigram *u;
    added *added;
    size_t n_added, cap_added;
    size_t cap_scores;
    uint64_t unk;
    bool has_unk, in_list, has_bytes;
    rule *rule;
    as_code (*take)(struct reading *x, const rule *u, as_err *err); /* a rule that was read */
} reading;

static as_code no_room(as_err *err)
{
    return as_fail_nomem(err, "a tokenizer");
}

static as_code unknown(as_err *err, const char *what, as_bytes name)
{
    char shown[96];

    return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                   "a Unigram tokenizer with the %s '%s' is not read", what,
                   as_bytes_show(name, shown, sizeof(shown)));
}

static double power_of_ten(int n)
{
    static const double exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                   1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
                                   1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29,
                                   1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39};

    return n < (int)AS_COUNT(exact) ? exact[n] : pow(10, n);
}

/*
 * A number as the reference implementation reads it: all digits as one integer, times or by a
 * power of ten. That is now and then a bit beside the nearest double, and sums of scores that are
 * equal but for such bits decide.
 */
static bool number_of(as_bytes text, double *ret)
{
    uint64_t digits = 0, power = 0;
    int scale = 0;
    bool point = false, minus = false, full = false;
    size_t i = 0;
    double v;

    if (text.n > 0 && text.p[0] == '-')
        minus = ++i > 0;
    for (; i < text.n && (text.p[i] | 32) != 'e'; i++) {
        unsigned d = text.p[i] - (unsigned)'0';

        if (text.p[i] == '.') {
            point = true;
            continue;
        }
        full = full || digits > (UINT64_MAX - d) / 10;
        digits = full ? digits : digits * 10 + d;
        scale += full ? !point : -(int)point;
    }
    if (i < text.n) {
        bool down = i + 1 < text.n && text.p[i + 1] == '-';

        i += down || (i + 1 < text.n && text.p[i + 1] == '+') ? 2 : 1;
        if (!as_bytes_u64((as_bytes){text.p + i, text.n - i}, &power) || power > 300)
            return false;
        scale += down ? -(int)power : (int)power;
    }
    if (scale > 300 || scale < -300)
        return false;
    v = (double)digits;
    v = scale >= 0 ? v * power_of_ten(scale) : v / power_of_ten(-scale);
    *ret = minus ? -v : v;
    return isfinite(v);
}

/* --- model ---------------------------------------------------------------------------------- */

static as_code add_piece(reading *x, as_bytes piece, double score, as_err *err)
{
    void *scores = x->u->scores;
    bool ok = as_mem_room(&scores, &x->cap_scores, x->t->vocab, sizeof(*x->u->scores));

    x->u->scores = scores;
    if (!ok)
        return no_room(err);
    x->u->scores[x->t->vocab] = score;
    return as_tokenizer_put(x->t, piece, err);
}

static as_code read_pair(void *ctx, as_jread *r, as_json_tok *t, as_err *err)
{
    reading *x = ctx;
    size_t at = (size_t)t->begin;
    as_bytes piece = {0};
    double score = 0;
    as_code rc = t->type == AS_JSON_ARRAY ? as_jread_next(r, t, err) : AS_OK;

    if (rc)
        return rc;
    if (t->type != AS_JSON_STRING)
        return as_fail(err, AS_INVALID, at, "piece %zu is no pair of a text and a number",
                       x->t->vocab);
    if (as_json_text(t->raw, &r->scratch, &piece))
        return no_room(err);
    rc = add_piece(x, piece, 0, err);
    if (!rc)
        rc = as_jread_next(r, t, err);
    if (rc)
        return rc;
    if (t->type != AS_JSON_NUMBER || !number_of(t->raw, &score))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "piece %zu has no score",
                       x->t->vocab - 1);
    x->u->scores[x->t->vocab - 1] = score;
    rc = as_jread_next(r, t, err);
    if (!rc && t->type != AS_JSON_ARRAY_END)
        rc = as_fail(err, AS_INVALID, (size_t)t->begin, "piece %zu has more than a score",
                     x->t->vocab - 1);
    return rc;
}

static as_code read_model(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    reading *x = ctx;
    as_bytes type = {0};
    as_code rc = AS_OK;

    if (as_bytes_is(key, "vocab")) {
        if (t->type != AS_JSON_ARRAY || x->t->vocab > 0)
            return as_fail(err, AS_INVALID, (size_t)t->begin,
                           "the vocabulary is no list of pieces");
        return as_jread_items(r, read_pair, x, err);
    }
    if (as_bytes_is(key, "unk_id"))
        x->has_unk = as_jread_u64(t, &x->unk);
    else if (as_bytes_is(key, "byte_fallback"))
        x->u->bytes = t->type == AS_JSON_TRUE;
    else if (as_bytes_is(key, "type"))
        rc = as_jread_text(r, t, &type, err);
    if (!rc && type.n > 0 && !as_bytes_is(type, "Unigram"))
        rc = unknown(err, "model", type);
    return rc;
}

/* --- added tokens --------------------------------------------------------------------------- */

static as_code read_added_member(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    added *a = ctx;

    if (as_bytes_is(key, "id") && !as_jread_u64(t, &a->id))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "the id of an added token is no number");
    if (as_bytes_is(key, "special"))
        a->special = t->type == AS_JSON_TRUE;
    return as_bytes_is(key, "content") ? as_jread_text(r, t, &a->content, err) : AS_OK;
}

static as_code read_added(void *ctx, as_jread *r, as_json_tok *t, as_err *err)
{
    reading *x = ctx;
    void *list = x->added;
    size_t at = (size_t)t->begin;
    added a = {.id = UINT64_MAX};
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_fail(err, AS_INVALID, at, "an added token is no object");
    rc = as_jread_members(r, read_added_member, &a, err);
    if (rc)
        return rc;
    if (a.id >= AS_TOKENIZER_VOCAB_MAX)
        return as_fail(err, AS_LIMIT, at, "an added token's id is none, or above %u",
                       AS_TOKENIZER_VOCAB_MAX - 1);
    if (!as_mem_room(&list, &x->cap_added, x->n_added, sizeof(*x->added)))
        return no_room(err);
    x->added = list;
    x->added[x->n_added++] = a;
    return AS_OK;
}

/* --- normalizers ---------------------------------------------------------------------------- */

static as_code read_pattern(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    rule *u = ctx;

    if (as_bytes_is(key, "String"))
        return as_jread_text(r, t, &u->string, err);
    return as_bytes_is(key, "Regex") ? as_jread_text(r, t, &u->regex, err) : AS_OK;
}

static as_code read_item(void *ctx, as_jread *r, as_json_tok *t, as_err *err);

static as_code read_rule(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    reading *x = ctx;
    rule *u = x->rule;

    if ((as_bytes_is(key, "normalizers") || as_bytes_is(key, "pretokenizers")) &&
        t->type == AS_JSON_ARRAY) {
        if (x->in_list)
            return unknown(err, "rules in a list of a list, in", key);
        u->list = true;
        return as_jread_items(r, read_item, x, err);
    }
    if (as_bytes_is(key, "pattern") && t->type == AS_JSON_OBJECT)
        return as_jread_members(r, read_pattern, u, err);
    if (as_bytes_is(key, "strip_left"))
        u->left = t->type == AS_JSON_TRUE;
    else if (as_bytes_is(key, "strip_right"))
        u->right = t->type == AS_JSON_TRUE;
    else if (as_bytes_is(key, "add_prefix_space"))
        u->add_prefix = t->type != AS_JSON_FALSE;
    else if (as_bytes_is(key, "split"))
        u->split = t->type != AS_JSON_FALSE;
    else if (as_bytes_is(key, "type"))
        return as_jread_text(r, t, &u->type, err);
    else if (as_bytes_is(key, "precompiled_charsmap"))
        return as_jread_text(r, t, &u->map, err);
    else if (as_bytes_is(key, "content"))
        return as_jread_text(r, t, &u->content, err);
    else if (as_bytes_is(key, "prepend"))
        return as_jread_text(r, t, &u->prepend, err);
    else if (as_bytes_is(key, "prepend_scheme"))
        return as_jread_text(r, t, &u->scheme, err);
    else if (as_bytes_is(key, "replacement"))
        return as_jread_text(r, t, &u->replacement, err);
    return AS_OK;
}

/* "x{2,}": two or more of one character; or text that means itself. */
static as_code take_regex(as_step *s, as_bytes regex, as_err *err)
{
    static const char signs[] = "\\^$.|?*+()[]{}";
    const uint8_t *brace = memchr(regex.p, '{', regex.n);
    size_t n = brace ? (size_t)(brace - regex.p) : regex.n;
    uint64_t least = 1;

    for (size_t i = 0; i < n; i++) {
        if (memchr(signs, regex.p[i], sizeof(signs) - 1))
            return unknown(err, "pattern", regex);
    }
    if (brace) {
        as_bytes rest = {brace + 1, regex.n - n - 1};
        size_t chars = 0;

        for (size_t i = 0; i < n; i++)
            chars += (regex.p[i] & 0xc0) != 0x80;
        if (chars != 1 || rest.n < 3 || rest.p[rest.n - 1] != '}' || rest.p[rest.n - 2] != ',' ||
            !as_bytes_u64((as_bytes){rest.p, rest.n - 2}, &least) || least == 0 || least > 1000)
            return unknown(err, "pattern", regex);
        s->kind = AS_STEP_RUN;
        s->least = (size_t)least;
    }
    as_buf_add(&s->from, (as_bytes){regex.p, n});
    return AS_OK;
}

static as_code take_replace(as_step *s, const rule *u, as_err *err)
{
    as_code rc = AS_OK;

    s->kind = AS_STEP_REPLACE;
    as_buf_add(&s->to, u->content);
    if (u->regex.n > 0)
        rc = take_regex(s, u->regex, err);
    else
        as_buf_add(&s->from, u->string);
    if (!rc && s->from.n == 0 && !s->from.failed)
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "a Replace of nothing");
    return rc;
}

static as_code take_normalizer(reading *x, const rule *u, as_err *err)
{
    as_step *s;
    as_code rc = AS_OK;

    if (u->list)
        return AS_OK;
    if (x->u->n_steps == AS_UNIGRAM_STEPS)
        return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "more than %u normalizers", AS_UNIGRAM_STEPS);
    s = &x->u->steps[x->u->n_steps++];
    if (as_bytes_is(u->type, "Precompiled")) {
        s->kind = AS_STEP_CHARSMAP;
        rc = as_charsmap_base64(u->map, &s->map, err);
    } else if (as_bytes_is(u->type, "Replace")) {
        rc = take_replace(s, u, err);
    } else if (as_bytes_is(u->type, "Strip")) {
        s->kind = AS_STEP_STRIP;
        s->left = u->left;
        s->right = u->right;
    } else if (as_bytes_is(u->type, "Prepend")) {
        s->kind = AS_STEP_PREPEND;
        as_buf_add(&s->to, u->prepend);
    } else {
        return unknown(err, "normalizer", u->type);
    }
    return !rc && (s->from.failed || s->to.failed) ? no_room(err) : rc;
}

/* --- pre-tokenizers ------------------------------------------------------------------------- */

static as_code take_metaspace(reading *x, const rule *u, as_err *err)
{
    as_unigram *k = x->u;
    bool never = as_bytes_is(u->scheme, "never");

    if (u->scheme.n > 0 && !never && !as_bytes_is(u->scheme, "first") &&
        !as_bytes_is(u->scheme, "always"))
        return unknown(err, "prepend_scheme", u->scheme);
    k->metaspace = true;
    k->split = u->split;
    k->prepend = never || !u->add_prefix           ? AS_PREPEND_NEVER
                 : as_bytes_is(u->scheme, "first") ? AS_PREPEND_FIRST
                                                   : AS_PREPEND_ALWAYS;
    if (u->replacement.n > 4)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "the replacement of Metaspace is no character");
    as_buf_reset(&k->space);
    if (u->replacement.n > 0)
        as_buf_add(&k->space, u->replacement);
    else
        as_buf_text(&k->space, "\xe2\x96\x81");
    return k->space.failed ? no_room(err) : AS_OK;
}

static as_code take_pretokenizer(reading *x, const rule *u, as_err *err)
{
    if (u->list)
        return AS_OK;
    if (as_bytes_is(u->type, "WhitespaceSplit") && !x->u->by_blanks && !x->u->metaspace) {
        x->u->by_blanks = true;
        return AS_OK;
    }
    if (as_bytes_is(u->type, "Metaspace") && !x->u->metaspace)
        return take_metaspace(x, u, err);
    return unknown(err, "pre-tokenizer", u->type);
}

/* --- the document --------------------------------------------------------------------------- */

static as_code read_rules(reading *x, as_jread *r, as_err *err)
{
    rule u = {.add_prefix = true, .split = true}, *before = x->rule;
    as_code rc;

    x->rule = &u;
    rc = as_jread_members(r, read_rule, x, err);
    x->rule = before;
    return rc ? rc : x->take(x, &u, err);
}

static as_code read_item(void *ctx, as_jread *r, as_json_tok *t, as_err *err)
{
    reading *x = ctx;
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "a rule of the tokenizer is no object");
    x->in_list = true;
    rc = read_rules(x, r, err);
    x->in_list = false;
    return rc;
}

static as_code read_member(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    reading *x = ctx;
    bool before = as_bytes_is(key, "normalizer");

    if (as_bytes_is(key, "added_tokens") && t->type == AS_JSON_ARRAY)
        return as_jread_items(r, read_added, x, err);
    if (t->type != AS_JSON_OBJECT)
        return AS_OK;
    if (as_bytes_is(key, "model"))
        return as_jread_members(r, read_model, x, err);
    if (!before && !as_bytes_is(key, "pre_tokenizer"))
        return AS_OK;
    if (before ? x->u->n_steps > 0 : x->u->by_blanks || x->u->metaspace)
        return as_fail(err, AS_INVALID, (size_t)t->begin,
                       "the tokenizer's rules stand there twice");
    x->take = before ? take_normalizer : take_pretokenizer;
    return read_rules(x, r, err);
}

/* --- the vocabulary ------------------------------------------------------------------------- */

static int by_content(const void *a, const void *b)
{
    return as_bytes_cmp(((const added *)a)->content, ((const added *)b)->content);
}

static int by_id(const void *a, const void *b)
{
    const added *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

/*
 * Pieces that no text may become: those that the file calls special, and those that this family
 * uses so, whatever the file calls them. The added tokens are in the order of their contents.
 */
static bool is_special(const reading *x, as_bytes piece)
{
    static const char *const usual[] = {"<s>", "<pad>", "</s>", "<unk>", "<mask>"};
    added wanted = {.content = piece};
    const added *found = NULL;

    for (size_t i = 0; i < AS_COUNT(usual); i++) {
        if (as_bytes_is(piece, usual[i]))
            return true;
    }
    if (x->n_added > 0)
        found = bsearch(&wanted, x->added, x->n_added, sizeof(wanted), by_content);
    return found && found->special;
}

static as_code plant(reading *x, as_err *err)
{
    as_tokenizer *t = x->t;
    as_trie_key *keys = as_mem_zero(t->vocab, sizeof(*keys));
    double least = INFINITY;
    size_t n = 0;
    as_code rc;

    if (!keys)
        return no_room(err);
    if (x->n_added > 0)
        qsort(x->added, x->n_added, sizeof(*x->added), by_content);
    for (uint32_t id = 0; id < t->vocab; id++) {
        as_bytes piece = as_tokenizer_piece(t, id);

        least = x->u->scores[id] < least ? x->u->scores[id] : least;
        if (id != x->unk && !is_special(x, piece))
            keys[n++] = (as_trie_key){.text = piece, .id = id};
    }
    x->u->unk_score = least - UNK_PENALTY;
    rc = as_trie_build(&t->trie, keys, n, err);
    as_mem_free(keys);
    return rc;
}

static void find_bytes(reading *x)
{
    static const char digits[] = "0123456789ABCDEF";

    for (unsigned i = 0; i < 256; i++) {
        uint8_t name[] = {'<', '0', 'x', (uint8_t)digits[i >> 4], (uint8_t)digits[i & 15], '>'};

        x->u->byte_ids[i] = as_trie_find(&x->t->trie, (as_bytes){name, sizeof(name)}) - 1;
    }
}

/* Added tokens that the model's vocabulary has not: they have ids, and no text becomes one. */
static as_code put_added(reading *x, as_err *err)
{
    as_code rc = AS_OK;

    if (x->n_added > 0)
        qsort(x->added, x->n_added, sizeof(*x->added), by_id);
    for (size_t i = 0; !rc && i < x->n_added; i++) {
        while (!rc && x->t->vocab < x->added[i].id)
            rc = as_tokenizer_put(x->t, (as_bytes){0}, err);
        if (!rc && x->t->vocab == x->added[i].id)
            rc = as_tokenizer_put(x->t, x->added[i].content, err);
    }
    return rc;
}

static as_code finish(reading *x, as_err *err)
{
    as_code rc;

    if (x->t->vocab == 0)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "the vocabulary is empty");
    if (!x->has_unk || x->unk >= x->t->vocab)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "'unk_id' is none of the vocabulary");
    x->u->unk = (uint32_t)x->unk;
    rc = plant(x, err);
    if (!rc && x->u->bytes)
        find_bytes(x);
    return rc ? rc : put_added(x, err);
}

as_code as_unigram_json(as_bytes json, as_tokenizer *t, as_err *err)
{
    reading x = {.t = t, .u = as_unigram_of(t, err)};
    as_arena *a = as_arena_new(AS_TOKENIZER_FILE_MAX);
    as_code rc = x.u && a ? as_jread_object(json, a, read_member, &x, err) : no_room(err);

    if (!rc)
        rc = finish(&x, err);
    as_mem_free(x.added);
    as_arena_free(a);
    return rc;
}
