/* The vocabulary and the rules of a WordPiece tokenizer, from tokenizer.json or vocab.txt. */
#include "encode/tokens_priv.h"

#include <string.h>

#include "base/banned.h"

#define WORD_MAX 100u

/* A piece as it is read: ids come in any order. */
typedef struct entry {
    size_t from, n;
    uint32_t id;
} entry;

typedef struct reading {
    as_tokenizer *t;
    as_buf text;
    entry *entries;
    size_t n, cap;
    uint32_t most; /* id */
    bool is_model, strip_said;
    as_buf kind, normalizer, before, scratch, pointer;
    as_err *err;
} reading;

static as_code no_room(const reading *r)
{
    return as_fail_nomem(r->err, "a vocabulary");
}

static as_code add_piece(reading *r, as_bytes piece, uint64_t id, size_t at)
{
    void *entries = r->entries;
    bool ok;

    if (id >= AS_TOKENIZER_VOCAB_MAX)
        return as_fail(r->err, AS_LIMIT, at, "id %llu of a word, at most %u",
                       (unsigned long long)id, AS_TOKENIZER_VOCAB_MAX - 1);
    ok = as_mem_room(&entries, &r->cap, r->n, sizeof(*r->entries));
    r->entries = entries;
    if (!ok)
        return no_room(r);
    r->entries[r->n++] = (entry){r->text.n, piece.n, (uint32_t)id};
    as_buf_add(&r->text, piece);
    r->most = id > r->most ? (uint32_t)id : r->most;
    return r->text.failed ? no_room(r) : AS_OK;
}

/* Ids that nothing has, as added tokens leave them, are empty pieces. */
static as_code sort_pieces(reading *r)
{
    as_tokenizer *t = r->t;
    uint32_t *by_id = as_mem_zero((size_t)r->most + 1, sizeof(*by_id));
    as_code rc = AS_OK;

    t->vocab = (size_t)r->most + 1;
    t->pieces = as_mem_zero(t->vocab + 1, sizeof(*t->pieces));
    if (!by_id || !t->pieces) {
        as_mem_free(by_id);
        return no_room(r);
    }
    for (size_t i = 0; !rc && i < r->n; i++) {
        if (by_id[r->entries[i].id])
            rc = as_fail(r->err, AS_INVALID, AS_NO_OFFSET, "two words have the id %u",
                         r->entries[i].id);
        by_id[r->entries[i].id] = (uint32_t)i + 1;
    }
    for (size_t id = 0; !rc && id < t->vocab; id++) {
        const entry *e = by_id[id] ? &r->entries[by_id[id] - 1] : NULL;

        t->pieces[id] = (uint32_t)t->text.n;
        if (e)
            as_buf_add(&t->text, (as_bytes){r->text.p + e->from, e->n});
    }
    t->pieces[t->vocab] = (uint32_t)t->text.n;
    as_mem_free(by_id);
    return rc || !t->text.failed ? rc : no_room(r);
}

static bool has_prefix(const as_tokenizer *t, as_bytes piece)
{
    return piece.n > t->prefix.n && memcmp(piece.p, t->prefix.p, t->prefix.n) == 0;
}

/* The pieces that stand within a word, without their prefix, come behind all pieces. */
static as_code plant(reading *r)
{
    as_tokenizer *t = r->t;
    as_trie_key *keys = as_mem_zero(2 * t->vocab, sizeof(*keys));
    size_t within = 0;
    as_code rc;

    if (!keys)
        return no_room(r);
    for (uint32_t id = 0; id < t->vocab; id++) {
        as_bytes piece = as_tokenizer_piece(t, id);

        keys[id] = (as_trie_key){.text = piece, .id = id};
        if (t->prefix.n > 0 && has_prefix(t, piece))
            keys[t->vocab + within++] =
                (as_trie_key){.text = {piece.p + t->prefix.n, piece.n - t->prefix.n}, .id = id};
    }
    rc = as_trie_build(&t->trie, keys, t->vocab, r->err);
    if (!rc)
        rc = as_trie_build(&t->more, keys + t->vocab, within, r->err);
    as_mem_free(keys);
    return rc;
}

static void reading_done(reading *r)
{
    as_buf_done(&r->text);
    as_buf_done(&r->kind);
    as_buf_done(&r->normalizer);
    as_buf_done(&r->before);
    as_buf_done(&r->scratch);
    as_buf_done(&r->pointer);
    as_mem_free(r->entries);
}

/* --- vocab.txt ------------------------------------------------------------------------------ */

as_code as_wordpiece_vocab(as_bytes text, const as_tokenizer_options *o, as_tokenizer *t,
                           as_err *err)
{
    reading r = {.t = t, .err = err};
    size_t from = 0, line = 0;
    as_code rc = AS_OK;

    t->word_max = WORD_MAX;
    t->clean = true;
    t->chinese = !o->keep_chinese;
    t->lower = !o->keep_case;
    t->accents = o->strip_accents == 0 ? t->lower : o->strip_accents > 0;
    as_buf_text(&t->prefix, "##");
    for (size_t i = 0; !rc && i <= text.n; i++) {
        size_t end = i;

        if (i < text.n && text.p[i] != '\n')
            continue;
        if (i == text.n && i == from)
            break;
        if (end > from && text.p[end - 1] == '\r')
            end--;
        rc = add_piece(&r, (as_bytes){text.p + from, end - from}, line++, from);
        from = i + 1;
    }
    if (!rc && r.n == 0)
        rc = as_fail(err, AS_INVALID, 0, "the vocabulary is empty");
    if (!rc)
        rc = sort_pieces(&r);
    if (!rc)
        rc = plant(&r);
    reading_done(&r);
    return rc;
}

/* --- tokenizer.json ------------------------------------------------------------------------- */

static as_code read_vocab(reading *r, as_json *j)
{
    as_json_tok t;
    as_code rc;

    for (;;) {
        as_bytes piece;
        uint64_t id;

        rc = as_json_next(j, &t, r->err);
        if (rc || t.type == AS_JSON_OBJECT_END)
            return rc;
        if (as_json_text(t.raw, &r->scratch, &piece))
            return no_room(r);
        rc = add_piece(r, piece, 0, (size_t)t.begin);
        if (!rc)
            rc = as_json_next(j, &t, r->err);
        if (rc)
            return rc;
        if (t.type != AS_JSON_NUMBER || !as_bytes_u64(t.raw, &id))
            return as_fail(r->err, AS_INVALID, (size_t)t.begin,
                           "a word of the vocabulary has no number");
        if (id >= AS_TOKENIZER_VOCAB_MAX)
            return as_fail(r->err, AS_LIMIT, (size_t)t.begin, "id %llu of a word, at most %u",
                           (unsigned long long)id, AS_TOKENIZER_VOCAB_MAX - 1);
        r->entries[r->n - 1].id = (uint32_t)id;
        r->most = id > r->most ? (uint32_t)id : r->most;
    }
}

static void set(as_buf *b, as_bytes text)
{
    as_buf_reset(b);
    as_buf_add(b, text);
}

static as_code take(reading *r, as_bytes pointer, const as_json_tok *t, as_bytes text)
{
    as_tokenizer *k = r->t;
    bool yes = t->type == AS_JSON_TRUE;
    uint64_t n;

    if (as_bytes_is(pointer, "/model/type"))
        set(&r->kind, text);
    else if (as_bytes_is(pointer, "/normalizer/type"))
        set(&r->normalizer, text);
    else if (as_bytes_is(pointer, "/pre_tokenizer/type"))
        set(&r->before, text);
    else if (as_bytes_is(pointer, "/model/continuing_subword_prefix"))
        set(&k->prefix, text);
    else if (as_bytes_is(pointer, "/normalizer/clean_text"))
        k->clean = yes;
    else if (as_bytes_is(pointer, "/normalizer/handle_chinese_chars"))
        k->chinese = yes;
    else if (as_bytes_is(pointer, "/normalizer/lowercase"))
        k->lower = yes;
    else if (as_bytes_is(pointer, "/normalizer/strip_accents")) {
        r->strip_said = t->type != AS_JSON_NULL;
        k->accents = yes;
    } else if (as_bytes_is(pointer, "/model/max_input_chars_per_word")) {
        if (t->type != AS_JSON_NUMBER || !as_bytes_u64(t->raw, &n) || n == 0 || n > 1u << 20)
            return as_fail(r->err, AS_INVALID, (size_t)t->begin,
                           "'max_input_chars_per_word' is no sensible number");
        k->word_max = (uint32_t)n;
    }
    return AS_OK;
}

static as_code read_value(reading *r, as_json *j, const as_json_tok *t)
{
    as_bytes text = t->raw;

    as_buf_reset(&r->pointer);
    as_json_pointer(j, &r->pointer);
    if (t->type == AS_JSON_OBJECT)
        return as_bytes_is(as_buf_bytes(&r->pointer), "/model/vocab") ? read_vocab(r, j) : AS_OK;
    if (t->type == AS_JSON_ARRAY && as_bytes_is(as_buf_bytes(&r->pointer), "/model/vocab"))
        return as_fail(r->err, AS_UNKNOWN, (size_t)t->begin,
                       "a vocabulary that is a list is none of WordPiece");
    if (t->type < AS_JSON_STRING)
        return AS_OK;
    if (t->type == AS_JSON_STRING && as_json_text(t->raw, &r->scratch, &text))
        return no_room(r);
    return r->pointer.failed ? no_room(r) : take(r, as_buf_bytes(&r->pointer), t, text);
}

static as_code read_json(reading *r, as_bytes json)
{
    as_source *source = NULL;
    as_json *j = NULL;
    as_json_tok t = {0};
    as_code rc = as_source_open_bytes(json, NULL, &source, r->err);

    if (!rc) {
        as_source_hash(source, false);
        rc = as_json_new(source, NULL, &j, r->err);
    }
    while (!rc) {
        rc = as_json_next(j, &t, r->err);
        if (rc || t.type == AS_JSON_END)
            break;
        rc = read_value(r, j, &t);
    }
    as_json_free(j);
    as_source_free(source);
    return rc;
}

static as_code check(reading *r)
{
    char shown[64];

    if (r->n == 0 || (r->kind.n > 0 && !as_bytes_is(as_buf_bytes(&r->kind), "WordPiece")))
        return as_fail(r->err, AS_UNKNOWN, AS_NO_OFFSET,
                       "a tokenizer of type '%s' is not read here (WordPiece is)",
                       as_bytes_show(as_buf_bytes(&r->kind), shown, sizeof(shown)));
    if (!as_bytes_is(as_buf_bytes(&r->normalizer), "BertNormalizer") ||
        !as_bytes_is(as_buf_bytes(&r->before), "BertPreTokenizer"))
        return as_fail(r->err, AS_UNKNOWN, AS_NO_OFFSET,
                       "a WordPiece tokenizer with the normalizer '%s' is not read here (one with "
                       "BertNormalizer and BertPreTokenizer is)",
                       as_bytes_show(as_buf_bytes(&r->normalizer), shown, sizeof(shown)));
    if (r->kind.failed || r->normalizer.failed || r->before.failed || r->t->prefix.failed)
        return no_room(r);
    return AS_OK;
}

as_code as_wordpiece_json(as_bytes json, as_tokenizer *t, as_err *err)
{
    reading r = {.t = t, .err = err};
    as_code rc;

    t->word_max = WORD_MAX;
    t->clean = t->chinese = t->lower = true;
    as_buf_text(&t->prefix, "##");
    rc = read_json(&r, json);
    if (!rc)
        rc = check(&r);
    if (!r.strip_said)
        t->accents = t->lower;
    if (!rc)
        rc = sort_pieces(&r);
    if (!rc)
        rc = plant(&r);
    reading_done(&r);
    return rc;
}
