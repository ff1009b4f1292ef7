#include "cli/cli_priv.h"

#include "base/escape.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/source.h"
#include "base/utf8.h"

#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define READ_CHUNK ((size_t)256 << 10)

/*
 * Two passes: the first takes the hash of the whole input and the bytes of the range,
 * the second walks the JSON to see that the range is a value, and which one. Standard
 * input cannot be read twice, so the first pass keeps a copy of it.
 */
struct search {
    const as_args *args;
    const char *path;
    as_evidence_ref ref;
    uint8_t sha256[AS_SHA256_SIZE];
    uint64_t size;
    as_spool copy;  /* of standard input */
    as_spool value; /* the bytes of the range */
    as_buf pointer;
    as_progress progress;
};

/* What [at, at + n) of the input has of the range. */
static as_code capture(struct search *s, const uint8_t *p, size_t n, uint64_t at, as_err *err)
{
    uint64_t from = s->ref.begin > at ? s->ref.begin - at : 0;
    uint64_t to = s->ref.end > at ? s->ref.end - at : 0;

    if (to > n)
        to = n;
    if (from >= to)
        return AS_OK;
    return as_spool_add(&s->value, (as_bytes){p + from, (size_t)(to - from)}, err);
}

static as_code first_loop(struct search *s, as_source *source, uint8_t *chunk, as_err *err)
{
    bool keep = strcmp(s->path, "-") == 0;
    size_t n = 0;
    as_code rc;

    do {
        uint64_t at = as_source_at(source);

        rc = as_source_read(source, chunk, READ_CHUNK, &n, err);
        if (rc || n == 0)
            break;
        rc = capture(s, chunk, n, at, err);
        if (!rc && keep)
            rc = as_spool_add(&s->copy, (as_bytes){chunk, n}, err);
        as_progress_at(&s->progress, as_source_at_packed(source));
    } while (!rc);
    return rc;
}

static as_code first_pass(struct search *s, as_err *err)
{
    as_source *source = NULL;
    uint8_t *chunk = as_mem_get(READ_CHUNK);
    as_code rc;

    if (!chunk)
        return as_fail_nomem(err, "reading");
    rc = as_source_open(s->path, NULL, &source, err);
    if (!rc) {
        s->progress = as_progress_start(as_input_name(s->path), as_source_size(source),
                                        as_args_has(s->args, AS_OPT_QUIET));
        rc = first_loop(s, source, chunk, err);
        as_progress_end(&s->progress);
        as_source_sha256(source, s->sha256);
        s->size = as_source_at(source);
    }
    as_source_free(source);
    as_mem_free(chunk);
    return rc;
}

/* The id may be of another report; the range may lie outside of this one. */
static as_code check_ref(const struct search *s, as_err *err)
{
    uint64_t input = 0;

    for (int i = 0; i < 8; i++)
        input = input << 8 | s->sha256[i];
    if (s->ref.has_input && s->ref.input != input)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                       "this is not the report of that evidence: its SHA-256 begins with "
                       "%016llx, the id with %016llx",
                       (unsigned long long)input, (unsigned long long)s->ref.input);
    if (s->ref.end > s->size)
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                       "no evidence at bytes %llu to %llu: the report has %llu bytes",
                       (unsigned long long)s->ref.begin, (unsigned long long)s->ref.end,
                       (unsigned long long)s->size);
    return AS_OK;
}

/* Keys and opening brackets are no values; an END token spans its whole value. */
static bool is_value(const as_json_tok *t)
{
    return t->type != AS_JSON_END && t->type != AS_JSON_KEY && t->type != AS_JSON_OBJECT &&
           t->type != AS_JSON_ARRAY;
}

static as_code walk(struct search *s, as_json *j, bool *ret_found, as_err *err)
{
    as_json_tok t;
    bool found = false;
    as_code rc;

    do {
        rc = as_json_next(j, &t, err);
        if (rc)
            return rc;
        if (!found && is_value(&t) && t.begin == s->ref.begin && t.end == s->ref.end) {
            as_json_pointer(j, &s->pointer);
            found = true;
        }
    } while (t.type != AS_JSON_END);
    *ret_found = found;
    return s->pointer.failed ? as_fail_nomem(err, "a pointer") : AS_OK;
}

static as_code open_again(struct search *s, as_source **ret, as_err *err)
{
    as_bytes copy = {0};
    as_code rc;

    if (strcmp(s->path, "-") != 0)
        return as_source_open(s->path, NULL, ret, err);
    rc = as_spool_view(&s->copy, &copy, err);
    return rc ? rc : as_source_open_bytes(copy, NULL, ret, err);
}

static as_code second_pass(struct search *s, as_err *err)
{
    uint8_t sha256[AS_SHA256_SIZE];
    as_source *source = NULL;
    as_json *j = NULL;
    bool found = false;
    as_code rc = open_again(s, &source, err);

    if (!rc)
        rc = as_json_new(source, NULL, &j, err);
    if (!rc)
        rc = walk(s, j, &found, err);
    if (!rc) {
        as_source_sha256(source, sha256);
        if (memcmp(sha256, s->sha256, sizeof(sha256)) != 0)
            rc = as_fail(err, AS_REFUSED, AS_NO_OFFSET, "the report changed while it was read");
    }
    if (!rc && !found)
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                     "no evidence at bytes %llu to %llu: no JSON value begins and ends there",
                     (unsigned long long)s->ref.begin, (unsigned long long)s->ref.end);
    as_json_free(j);
    as_source_free(source);
    return rc;
}

static void put_header(const struct search *s, as_buf *out)
{
    char id[AS_EVIDENCE_ID_MAX];

    as_evidence_id(s->sha256, s->ref.begin, s->ref.end, id);
    as_buf_printf(out, "id: %s\nfile: ", id);
    as_escape_visible(out, as_bytes_of(as_input_name(s->path)));
    as_buf_text(out, "\npointer: ");
    if (s->pointer.n > 0)
        as_escape_visible(out, as_buf_bytes(&s->pointer));
    else
        as_buf_text(out, "(the whole document)");
    as_buf_printf(out, "\nbytes: %llu to %llu (%llu)\n\n", (unsigned long long)s->ref.begin,
                  (unsigned long long)s->ref.end, (unsigned long long)(s->ref.end - s->ref.begin));
}

/* Line breaks between values are the report's layout, so they stay; all else is made visible. */
static as_code put_visible(as_out *out, as_bytes value, as_err *err)
{
    as_code rc = AS_OK;

    while (!rc && value.n > 0) {
        const uint8_t *nl = memchr(value.p, '\n', value.n);
        size_t n = nl ? (size_t)(nl - value.p) : value.n;

        as_escape_visible(&out->buf, (as_bytes){value.p, n});
        if (nl)
            as_buf_byte(&out->buf, '\n');
        n += nl ? 1 : 0;
        value.p += n;
        value.n -= n;
        rc = as_out_relieve(out, err);
    }
    return rc;
}

static as_code put_exact(as_out *out, as_bytes value, as_err *err)
{
    as_code rc = AS_OK;

    while (!rc && value.n > 0) {
        size_t n = value.n < AS_OUT_CHUNK ? value.n : AS_OUT_CHUNK;

        as_buf_add(&out->buf, (as_bytes){value.p, n});
        value.p += n;
        value.n -= n;
        rc = as_out_relieve(out, err);
    }
    return rc;
}

static void put_escape(as_buf *out, uint32_t cp)
{
    if (cp < 0x10000) {
        as_buf_printf(out, "\\u%04x", cp);
        return;
    }
    cp -= 0x10000;
    as_buf_printf(out, "\\u%04x\\u%04x", 0xd800 + (cp >> 10), 0xdc00 + (cp & 0x3ff));
}

/*
 * The value is valid JSON, so a hidden character other than layout stands in a string,
 * where its escape means the same and speaks to no terminal.
 */
static as_code put_json_value(as_out *out, as_bytes value, as_err *err)
{
    as_code rc = AS_OK;

    while (!rc && value.n > 0) {
        size_t n;
        int32_t cp = as_utf8_next(value, &n);

        if (cp >= 0x7f && as_utf8_is_hidden((uint32_t)cp))
            put_escape(&out->buf, (uint32_t)cp);
        else
            as_buf_add(&out->buf, (as_bytes){value.p, n});
        value.p += n;
        value.n -= n;
        rc = as_out_relieve(out, err);
    }
    return rc;
}

static as_code print_json(const struct search *s, as_out *out, as_bytes value, as_err *err)
{
    as_jsonw w = as_jsonw_to(&out->buf, 0);
    char id[AS_EVIDENCE_ID_MAX];
    as_code rc;

    as_evidence_id(s->sha256, s->ref.begin, s->ref.end, id);
    as_jsonw_object(&w);
    as_jsonw_key(&w, "schema");
    as_jsonw_text(&w, "assay/evidence/1");
    as_jsonw_key(&w, "id");
    as_jsonw_text(&w, id);
    as_jsonw_key(&w, "file");
    as_jsonw_text(&w, s->path);
    as_jsonw_key(&w, "pointer");
    as_jsonw_str(&w, as_buf_bytes(&s->pointer));
    as_jsonw_key(&w, "begin");
    as_jsonw_u64(&w, s->ref.begin);
    as_jsonw_key(&w, "end");
    as_jsonw_u64(&w, s->ref.end);
    as_jsonw_key(&w, "value");
    as_jsonw_number(&w, AS_LITERAL("")); /* its place; the bytes may be many */
    rc = put_json_value(out, value, err);
    as_jsonw_end(&w);
    as_buf_byte(&out->buf, '\n');
    return rc;
}

static as_code print_text(const struct search *s, as_out *out, as_bytes value, as_err *err)
{
    as_code rc;

    put_header(s, &out->buf);
    if (isatty(out->fd))
        rc = put_visible(out, value, err);
    else
        rc = put_exact(out, value, err);
    as_buf_byte(&out->buf, '\n');
    return rc;
}

static int print_value(struct search *s)
{
    as_err err = {0};
    as_bytes value = {0};
    as_out out = {.fd = STDOUT_FILENO};
    as_code rc = as_spool_view(&s->value, &value, &err);

    if (!rc && as_args_has(s->args, AS_OPT_RAW))
        rc = put_exact(&out, value, &err);
    else if (!rc && as_args_has(s->args, AS_OPT_JSON))
        rc = print_json(s, &out, value, &err);
    else if (!rc)
        rc = print_text(s, &out, value, &err);
    if (!rc)
        rc = as_out_commit(&out, &err);
    else
        as_out_abort(&out);
    return rc ? as_say_error(&err) : 0;
}

static as_code check_args(const as_args *args, as_evidence_ref *ret, as_err *err)
{
    if (!as_args_has(args, AS_OPT_IN))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'evidence' needs --in REPORT; try 'assay help evidence'");
    if (as_args_has(args, AS_OPT_RAW) && as_args_has(args, AS_OPT_JSON))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'--raw' and '--json' contradict each other; try 'assay help evidence'");
    if (as_evidence_parse(as_bytes_of(args->operands[0]), ret))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'%s' is no evidence id, such as 3391c4e3bafe761a-4f3a21-2c or 4f3a21-2c; "
                       "try 'assay help evidence'",
                       args->operands[0]);
    return AS_OK;
}

int as_cmd_evidence(const as_args *args)
{
    struct search s = {.args = args};
    as_err err = {0};
    as_code rc = check_args(args, &s.ref, &err);
    int status;

    if (rc)
        return as_say_error(&err);
    as_signals_install();
    s.path = as_args_get(args, AS_OPT_IN);
    rc = first_pass(&s, &err);
    if (!rc)
        rc = check_ref(&s, &err);
    if (!rc)
        rc = second_pass(&s, &err);
    status = rc ? as_say_input(s.path, &err) : print_value(&s);
    as_spool_done(&s.copy);
    as_spool_done(&s.value);
    as_buf_done(&s.pointer);
    return status;
}
