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
 * input and what is in an archive cannot be read twice, so the first pass keeps a copy.
 * In a folder or an archive the first pass goes on until the hash is that of the id.
 * From the store, the first pass is a look at its list of reports and one at the range.
 * What is not one JSON value (lines of JSON, XML, an event log) is read as a report in
 * the second pass, and the range must be the evidence of a fact or a call.
 */
struct search {
    const as_args *args;
    const char *path; /* as given */
    as_store *store;  /* without a path: where it is */
    int64_t doc;      /* and which of it */
    as_buf format;    /* that it was read as, with a NUL */
    as_buf name;      /* of the input in it that is looked at, with a NUL */
    bool direct;      /* it can be opened again by that name */
    bool hit;         /* it is the one */
    bool unread;      /* something there is and could not be read */
    uint64_t others;  /* that are not */
    as_err fault;     /* why the search is over, if not by a hit */
    as_evidence_ref ref;
    uint8_t sha256[AS_SHA256_SIZE];
    uint64_t size;
    as_spool copy; /* unless `direct` */
    as_bytes copied;
    bool no_json;   /* the input is not one JSON value */
    bool is_fact;   /* the range is evidence of a fact */
    bool is_call;   /* or that of an API call, which has no pointer */
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

/* The source counts what was only peeked at as given out, so the place is counted here. */
static as_code first_loop(struct search *s, as_source *source, uint8_t *chunk, as_err *err)
{
    uint64_t at = 0;
    size_t n = 0;
    as_code rc;

    do {
        rc = as_source_read(source, chunk, READ_CHUNK, &n, err);
        if (rc || n == 0)
            break;
        rc = capture(s, chunk, n, at, err);
        if (!rc && !s->direct)
            rc = as_spool_add(&s->copy, (as_bytes){chunk, n}, err);
        at += n;
        as_progress_at(&s->progress, as_source_at_packed(source));
    } while (!rc);
    return rc;
}

static const char *name_of(const struct search *s)
{
    return (const char *)s->name.p;
}

static uint64_t input_of(const uint8_t sha256[AS_SHA256_SIZE])
{
    uint64_t input = 0;

    for (int i = 0; i < 8; i++)
        input = input << 8 | sha256[i];
    return input;
}

/* The id may be of another report. */
static as_code check_input(const struct search *s, as_err *err)
{
    uint64_t input = input_of(s->sha256);

    if (!s->ref.has_input || s->ref.input == input)
        return AS_OK;
    return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                   "this is not the report of that evidence: its SHA-256 begins with "
                   "%016llx, the id with %016llx",
                   (unsigned long long)input, (unsigned long long)s->ref.input);
}

/* The range may lie outside of it. */
static as_code check_range(const struct search *s, as_err *err)
{
    if (s->ref.end <= s->size)
        return AS_OK;
    return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                   "no evidence at bytes %llu to %llu: the report has %llu bytes",
                   (unsigned long long)s->ref.begin, (unsigned long long)s->ref.end,
                   (unsigned long long)s->size);
}

static as_code take_input(struct search *s, const as_input *input, as_err *err)
{
    uint8_t *chunk = as_mem_get(READ_CHUNK);
    as_code rc;

    as_spool_done(&s->copy);
    as_spool_done(&s->value);
    as_buf_reset(&s->name);
    as_buf_text(&s->name, as_source_name(input->source));
    as_buf_byte(&s->name, '\0');
    s->direct = input->direct;
    if (!chunk || s->name.failed) {
        as_mem_free(chunk);
        return as_fail_nomem(err, "reading");
    }
    s->progress = as_progress_start(as_input_name(name_of(s)), as_source_size(input->source),
                                    as_args_has(s->args, AS_OPT_QUIET));
    rc = first_loop(s, input->source, chunk, err);
    as_progress_end(&s->progress);
    as_source_sha256(input->source, s->sha256);
    s->size = as_source_at(input->source);
    as_mem_free(chunk);
    return rc;
}

/* A short id says nothing of the report, so there must be only one to choose from. */
static as_code look_at(void *ctx, as_input *input, as_err *err)
{
    struct search *s = ctx;
    as_code rc;

    if (s->hit) {
        input->stop = true;
        return as_fail(&s->fault, AS_USAGE, AS_NO_OFFSET,
                       "'%s' holds more than one report, so the whole id is needed", s->path);
    }
    rc = take_input(s, input, err);
    if (rc)
        return rc;
    rc = check_input(s, err);
    if (rc && input->found) {
        s->others++;
        return AS_OK;
    }
    s->hit = !rc;
    input->stop = !rc && s->ref.has_input;
    return rc;
}

/* What cannot be read may be the one that is looked for. */
static void passed_over(void *ctx, as_skip why, const char *name, const as_err *err)
{
    struct search *s = ctx;

    if (why == AS_SKIP_PASSWORD || why == AS_SKIP_UNSUPPORTED)
        as_log(AS_LOG_WARN, "%s", err->msg);
    else if (why == AS_SKIP_FAILED)
        (void)as_say_input(name, err);
    else
        return;
    s->unread = true;
}

static as_code first_pass(struct search *s, as_err *err)
{
    as_inputs_options options = {.on_skip = passed_over, .skip_ctx = s};
    as_passwords passwords;
    as_code rc = as_passwords_find(s->args, &passwords, err);

    if (rc)
        return rc;
    options.passwords = passwords.p;
    options.n_passwords = passwords.n;
    rc = as_inputs_each(s->path, &options, look_at, s, err);
    as_passwords_done(&passwords);
    if (!rc && s->fault.code) {
        *err = s->fault;
        return s->fault.code;
    }
    if (!rc && !s->hit)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                       "the report of that evidence is not in it: %llu others are%s",
                       (unsigned long long)s->others,
                       s->unread ? ", and something that cannot be read" : "");
    return rc;
}

static as_code look_at_stored(void *ctx, const as_document *doc, as_err *err)
{
    struct search *s = ctx;

    if (input_of(doc->sha256) != s->ref.input)
        return AS_OK;
    s->hit = true;
    s->doc = doc->id;
    s->size = doc->size;
    memcpy(s->sha256, doc->sha256, AS_SHA256_SIZE);
    as_buf_add(&s->name, doc->name);
    as_buf_byte(&s->name, '\0');
    as_buf_add(&s->format, doc->format);
    as_buf_byte(&s->format, '\0');
    if (s->name.failed || s->format.failed)
        return as_fail_nomem(err, "the name of a report");
    return AS_STORE_STOP;
}

static as_code stored_range(struct search *s, as_err *err)
{
    uint8_t *chunk = as_mem_get(READ_CHUNK);
    as_code rc = chunk ? AS_OK : as_fail_nomem(err, "reading");

    for (uint64_t at = s->ref.begin; !rc && at < s->ref.end;) {
        uint64_t left = s->ref.end - at;
        size_t n = left < READ_CHUNK ? (size_t)left : READ_CHUNK;

        rc = as_store_bytes(s->store, s->doc, at, chunk, n, err);
        if (!rc)
            rc = as_spool_add(&s->value, (as_bytes){chunk, n}, err);
        at += n;
    }
    as_mem_free(chunk);
    return rc;
}

static as_code first_look(struct search *s, as_err *err)
{
    as_code rc = as_store_here(s->args, AS_STORE_READ, &s->store, err);

    if (!rc)
        rc = as_store_documents(s->store, 0, look_at_stored, s, err);
    if (!rc && !s->hit)
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET,
                     "no report in the store has a SHA-256 that begins with %016llx; "
                     "--in REPORT reads another",
                     (unsigned long long)s->ref.input);
    return rc;
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
    as_code rc = AS_OK;

    if (s->store)
        return as_store_open_document(s->store, s->doc, ret, err);
    if (s->direct)
        return as_source_open(name_of(s), NULL, ret, err);
    if (!s->copied.p)
        rc = as_spool_view(&s->copy, &s->copied, err);
    return rc ? rc : as_source_open_bytes(s->copied, NULL, ret, err);
}

static as_code check_unchanged(const struct search *s, const uint8_t sha256[AS_SHA256_SIZE],
                               as_err *err)
{
    if (memcmp(sha256, s->sha256, AS_SHA256_SIZE) == 0)
        return AS_OK;
    return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "the report changed while it was read");
}

static as_code find_value(struct search *s, bool *ret_found, as_err *err)
{
    uint8_t sha256[AS_SHA256_SIZE];
    as_source *source = NULL;
    as_json *j = NULL;
    as_code rc = open_again(s, &source, err);

    if (!rc)
        rc = as_json_new(source, NULL, &j, err);
    if (!rc)
        rc = walk(s, j, ret_found, err);
    if (!rc) {
        as_source_sha256(source, sha256);
        rc = check_unchanged(s, sha256, err);
    }
    as_json_free(j);
    as_source_free(source);
    return rc;
}

static as_code look_at_call(void *ctx, const as_call *call, as_err *err)
{
    struct search *s = ctx;

    (void)err;
    if (call->begin == s->ref.begin && call->end == s->ref.end)
        s->is_call = true;
    return AS_OK;
}

static bool look_at_fact(struct search *s, const as_facts *f, const as_fact *fact)
{
    const as_evidence *e = as_fact_evidence(f, fact);

    for (size_t i = 0; i < fact->n_evidence; i++) {
        if (e[i].begin == s->ref.begin && e[i].end == s->ref.end) {
            as_facts_pointer(f, &e[i], &s->pointer);
            return true;
        }
    }
    return false;
}

static as_code look_at_facts(void *ctx, const as_analysis *a, as_err *err)
{
    struct search *s = ctx;

    for (size_t i = 0; !s->is_fact && i < as_facts_count(a->facts); i++) {
        const as_fact *fact = as_facts_get(a->facts, i);

        s->is_fact = !(fact->flags & AS_FACT_GONE) && look_at_fact(s, a->facts, fact);
    }
    return s->pointer.failed ? as_fail_nomem(err, "a pointer") : AS_OK;
}

static as_code find_evidence(struct search *s, bool *ret_found, as_err *err)
{
    as_read_options options = {
        .on_call = look_at_call, .call_ctx = s, .on_portion = look_at_facts, .portion_ctx = s};
    as_source *source = NULL;
    as_analysis *a = NULL;
    as_code rc = open_again(s, &source, err);

    if (s->store)
        options.format = (const char *)s->format.p;
    if (!rc)
        rc = as_analysis_read(source, &options, &a, err);
    if (!rc)
        rc = check_unchanged(s, a->sha256, err);
    if (!rc)
        rc = look_at_facts(s, a, err);
    s->is_call = s->is_call && !s->is_fact;
    *ret_found = s->is_fact || s->is_call;
    as_analysis_free(a);
    as_source_free(source);
    return rc;
}

/* Of what is neither, the fault of the JSON is what is told. */
static as_code second_pass(struct search *s, as_err *err)
{
    bool found = false;
    as_code rc = find_value(s, &found, err);

    if (rc == AS_INVALID && !find_evidence(s, &found, NULL)) {
        s->no_json = true;
        rc = AS_OK;
    }
    if (!rc && !found)
        rc = as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "no evidence at bytes %llu to %llu: %s",
                     (unsigned long long)s->ref.begin, (unsigned long long)s->ref.end,
                     s->no_json ? "nothing that assay tells begins and ends there"
                                : "no JSON value begins and ends there");
    return rc;
}

/* Whether the bytes are one JSON value, which --json can then hold as it stands. */
static bool is_json(as_bytes value)
{
    as_source *source = NULL;
    as_json *j = NULL;
    as_json_tok t = {0};
    bool good = !as_source_open_bytes(value, NULL, &source, NULL);

    if (good)
        as_source_hash(source, false);
    good = good && !as_json_new(source, NULL, &j, NULL);
    do {
        good = good && !as_json_next(j, &t, NULL);
    } while (good && t.type != AS_JSON_END);
    as_json_free(j);
    as_source_free(source);
    return good;
}

static void put_header(const struct search *s, as_buf *out)
{
    char id[AS_EVIDENCE_ID_MAX];

    as_evidence_id(s->sha256, s->ref.begin, s->ref.end, id);
    as_buf_printf(out, "id: %s\nfile: ", id);
    as_escape_visible(out, as_bytes_of(as_input_name(name_of(s))));
    as_buf_text(out, "\npointer: ");
    if (s->is_call)
        as_buf_text(out, "(an API call)");
    else if (s->pointer.n > 0)
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
    as_jsonw_text(&w, name_of(s));
    as_jsonw_key(&w, "pointer");
    if (s->is_call)
        as_jsonw_null(&w);
    else
        as_jsonw_str(&w, as_buf_bytes(&s->pointer));
    as_jsonw_key(&w, "begin");
    as_jsonw_u64(&w, s->ref.begin);
    as_jsonw_key(&w, "end");
    as_jsonw_u64(&w, s->ref.end);
    as_jsonw_key(&w, "value");
    if (s->no_json && !is_json(value)) {
        as_jsonw_str(&w, value);
        rc = AS_OK;
    } else {
        as_jsonw_number(&w, AS_LITERAL("")); /* its place; the bytes may be many */
        rc = put_json_value(out, value, err);
    }
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
    if (as_args_has(args, AS_OPT_RAW) && as_args_has(args, AS_OPT_JSON))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'--raw' and '--json' contradict each other; try 'assay help evidence'");
    if (as_evidence_parse(as_bytes_of(args->operands[0]), ret))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'%s' is no evidence id, such as 3391c4e3bafe761a-4f3a21-2c or 4f3a21-2c; "
                       "try 'assay help evidence'",
                       args->operands[0]);
    if (!ret->has_input && !as_args_has(args, AS_OPT_IN))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'%s' does not say which report it is of: that needs --in REPORT; "
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
    rc = s.path ? first_pass(&s, &err) : first_look(&s, &err);
    if (!rc)
        rc = check_range(&s, &err);
    if (!rc && s.store)
        rc = stored_range(&s, &err);
    if (!rc)
        rc = second_pass(&s, &err);
    if (rc && !s.path && !s.hit)
        status = as_say_error(&err);
    else
        status = rc ? as_say_input(s.hit ? name_of(&s) : s.path, &err) : print_value(&s);
    as_store_close(s.store);
    as_spool_done(&s.copy);
    as_spool_done(&s.value);
    as_buf_done(&s.pointer);
    as_buf_done(&s.name);
    as_buf_done(&s.format);
    return status;
}
