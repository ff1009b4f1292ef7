#include "cli/cli_priv.h"

#include "base/jsonw.h"
#include "report/report.h"

#include <string.h>

#include "base/banned.h"

/*
 * A call is spooled as a `head`, then the lengths of its texts, then the texts. Two
 * things that a line needs are known only at the end of the report: the hash in the
 * evidence id and, where the trace comes before it, the process. The spool has no name
 * and is read back by this process alone, so its integers keep the machine's own form.
 */
enum { ID, API, CATEGORY, TIME, THREAD, CALLER, STATUS, RET, PRETTY_RET, FIELDS };

#define PER_ARG   3 /* name, value, pretty */
#define TEXTS_MAX (FIELDS + PER_ARG * AS_CALL_ARGS_MAX)
#define ABSENT    UINT32_MAX

struct head {
    uint64_t index, repeated, begin, end, args_left_out;
    uint64_t text_bytes;
    uint32_t process;
    uint32_t n_args;
    bool failed;
};

/* A call read back: the texts are views of `bytes`. */
struct line {
    struct head head;
    as_buf bytes;
    as_bytes texts[TEXTS_MAX];
};

struct calls {
    as_spool spool; /* those whose lines are not written yet */
    as_lines_out lines;
};

static size_t gather(const as_call *c, as_bytes texts[TEXTS_MAX])
{
    size_t n = FIELDS;

    texts[ID] = c->id;
    texts[API] = c->api;
    texts[CATEGORY] = c->category;
    texts[TIME] = c->time;
    texts[THREAD] = c->thread;
    texts[CALLER] = c->caller;
    texts[STATUS] = c->status;
    texts[RET] = c->ret;
    texts[PRETTY_RET] = c->pretty_ret;
    for (size_t i = 0; i < c->n_args; i++) {
        texts[n++] = c->args[i].name;
        texts[n++] = c->args[i].value;
        texts[n++] = c->args[i].pretty;
    }
    return n;
}

static as_code spool_call(void *ctx, const as_call *c, as_err *err)
{
    as_spool *spool = &((struct calls *)ctx)->spool;
    as_bytes texts[TEXTS_MAX];
    uint32_t lengths[TEXTS_MAX];
    size_t n = gather(c, texts);
    struct head head;
    as_code rc;

    memset(&head, 0, sizeof(head)); /* the padding goes to the spool too */
    head.index = c->index;
    head.repeated = c->repeated;
    head.begin = c->begin;
    head.end = c->end;
    head.args_left_out = c->args_left_out;
    head.process = c->process;
    head.n_args = (uint32_t)c->n_args;
    head.failed = c->failed;
    for (size_t i = 0; i < n; i++) {
        if (texts[i].n >= ABSENT)
            return as_fail(err, AS_LIMIT, (size_t)c->begin, "a text of a call is too long");
        lengths[i] = texts[i].p ? (uint32_t)texts[i].n : ABSENT;
        head.text_bytes += texts[i].n;
    }
    rc = as_spool_add(spool, (as_bytes){(const uint8_t *)&head, sizeof(head)}, err);
    if (!rc)
        rc = as_spool_add(spool, (as_bytes){(const uint8_t *)lengths, n * sizeof(lengths[0])}, err);
    for (size_t i = 0; !rc && i < n; i++)
        rc = as_spool_add(spool, texts[i], err);
    return rc;
}

static as_code take_call(as_spool *spool, struct line *line, as_err *err)
{
    uint32_t lengths[TEXTS_MAX];
    uint8_t head[sizeof(line->head)];
    const uint8_t *at;
    size_t n;
    as_code rc = as_spool_take(spool, head, sizeof(head), err);

    if (rc)
        return rc;
    memcpy(&line->head, head, sizeof(head));
    n = FIELDS + PER_ARG * (size_t)line->head.n_args;
    rc = as_spool_take(spool, (uint8_t *)lengths, n * sizeof(lengths[0]), err);
    if (rc)
        return rc;
    as_buf_reset(&line->bytes);
    if (!as_buf_room(&line->bytes, (size_t)line->head.text_bytes))
        return as_fail_nomem(err, "a call");
    rc = as_spool_take(spool, line->bytes.p, (size_t)line->head.text_bytes, err);
    at = line->bytes.p;
    for (size_t i = 0; !rc && i < n; i++) {
        bool absent = lengths[i] == ABSENT;

        line->texts[i] = absent ? (as_bytes){0} : (as_bytes){at, lengths[i]};
        at += absent ? 0 : lengths[i];
    }
    return rc;
}

static void put_text(as_jsonw *w, const char *key, as_bytes text)
{
    as_jsonw_key(w, key);
    if (text.p)
        as_jsonw_str(w, text);
    else
        as_jsonw_null(w);
}

static void put_process(as_jsonw *w, const as_facts *facts, uint32_t number)
{
    const as_fact *fact = number < as_facts_count(facts) ? as_facts_get(facts, number) : NULL;
    as_value v;

    as_jsonw_key(w, "process");
    as_jsonw_object(w);
    as_jsonw_key(w, "pid");
    if (!fact || !as_fact_attr(facts, fact, AS_ATTR_PID, &v))
        as_jsonw_null(w);
    else if (v.form == AS_FORM_NUMBER)
        as_jsonw_number(w, v.text);
    else
        as_jsonw_str(w, v.text);
    /* An emulator names what ran by its sort: "module_entry". */
    if (fact && as_fact_attr(facts, fact,
                             fact->kind == AS_KIND_ENTRY_POINT ? AS_ATTR_TYPE : AS_ATTR_NAME, &v))
        put_text(w, "name", v.text);
    as_jsonw_end(w);
}

static void put_args(as_jsonw *w, const struct line *line)
{
    as_jsonw_key(w, "args");
    as_jsonw_array(w);
    for (uint32_t i = 0; i < line->head.n_args; i++) {
        const as_bytes *arg = &line->texts[FIELDS + PER_ARG * i];

        as_jsonw_object(w);
        as_jsonw_key(w, "name");
        as_jsonw_str(w, arg[0]);
        as_jsonw_key(w, "value");
        as_jsonw_str(w, arg[1]);
        if (arg[2].p)
            put_text(w, "pretty", arg[2]);
        as_jsonw_end(w);
    }
    as_jsonw_end(w);
    if (line->head.args_left_out > 0) {
        as_jsonw_key(w, "args_left_out");
        as_jsonw_u64(w, line->head.args_left_out);
    }
}

static void put_evidence(as_jsonw *w, const as_analysis *a, const struct head *head, as_buf *out)
{
    char id[AS_EVIDENCE_ID_MAX];
    size_t n;

    as_evidence_id(a->sha256, head->begin, head->end, id);
    as_jsonw_key(w, "evidence");
    as_jsonw_object(w);
    as_jsonw_key(w, "id");
    as_jsonw_text(w, id);
    n = strlen(id) + 1; /* and the quote behind it */
    if (a->unhashed && out->n >= n)
        memset(out->p + out->n - n, AS_REPORT_NO_HASH, 16);
    as_jsonw_key(w, "begin");
    as_jsonw_u64(w, head->begin);
    as_jsonw_key(w, "end");
    as_jsonw_u64(w, head->end);
    as_jsonw_end(w);
}

static void put_call(as_jsonw *w, const as_analysis *a, const struct line *line, as_buf *out)
{
    const as_bytes *t = line->texts;

    as_jsonw_object(w);
    put_process(w, a->facts, line->head.process);
    as_jsonw_key(w, "index");
    as_jsonw_u64(w, line->head.index);
    put_text(w, "id", t[ID]);
    put_text(w, "api", t[API]);
    put_text(w, "category", t[CATEGORY]);
    put_text(w, "time", t[TIME]);
    put_text(w, "thread", t[THREAD]);
    put_text(w, "caller", t[CALLER]);
    put_args(w, line);
    put_text(w, "ret", t[RET]);
    if (t[PRETTY_RET].p)
        put_text(w, "pretty_ret", t[PRETTY_RET]);
    put_text(w, "status", t[STATUS]);
    as_jsonw_key(w, "failed");
    as_jsonw_bool(w, line->head.failed);
    as_jsonw_key(w, "repeated");
    as_jsonw_u64(w, line->head.repeated);
    put_evidence(w, a, &line->head, out);
    as_jsonw_end(w);
}

/* The calls since the last portion; their processes are among the facts that `a` has now. */
static as_code print_calls(void *ctx, const as_analysis *a, as_err *err)
{
    struct calls *c = ctx;
    struct line line = {0};
    uint64_t size = as_spool_size(&c->spool);
    as_code rc = AS_OK;

    while (!rc && c->spool.read_at < size) {
        rc = take_call(&c->spool, &line, err);
        if (rc)
            break;
        as_jsonw w = as_jsonw_to(&c->lines.buf, 0);

        put_call(&w, a, &line, &c->lines.buf);
        as_buf_byte(&c->lines.buf, '\n');
        rc = as_lines_out_relieve(&c->lines, a, err);
    }
    as_spool_done(&c->spool);
    as_buf_done(&line.bytes);
    return rc;
}

static as_code calls_of(void *ctx, const as_input *input, as_out *out, as_err *err)
{
    const as_args *args = ctx;
    struct calls c = {.lines = {.out = out}};
    as_read_options options = {
        .on_call = spool_call, .call_ctx = &c, .on_portion = print_calls, .portion_ctx = &c};
    as_analysis *a = NULL;
    as_code rc = as_report_read(args, input, &options, &a, err);

    if (!rc)
        rc = print_calls(&c, a, err);
    if (!rc)
        rc = as_lines_out_end(&c.lines, a, err);
    as_analysis_free(a);
    as_spool_done(&c.spool);
    as_lines_out_done(&c.lines);
    return rc;
}

int as_cmd_calls(const as_args *args)
{
    as_args copy = *args;
    as_job job = {.each = calls_of, .ctx = &copy};

    return as_each_report(args, &job);
}
