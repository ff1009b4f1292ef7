#include "cli/cli_priv.h"

#include "base/escape.h"
#include "base/jsonw.h"
#include "cli/encoder.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define SEARCH_MEMORY  ((size_t)1 << 30)
#define EVIDENCE_SHOWN 3u

#define BOLD  "\x1b[1m"
#define MARK  "\x1b[1;33m"
#define DIM   "\x1b[2m"
#define PLAIN "\x1b[0m"

struct search {
    const as_args *args;
    as_store *s;
    as_arena *arena;
    as_buf text; /* of the question */
    as_retriever_query q;
    as_retrieved *found;
    bool colour;
    as_dense_here dense;
};

/* --- text ------------------------------------------------------------------------------- */

static void set(const struct search *s, as_buf *out, const char *colour)
{
    if (s->colour)
        as_buf_text(out, colour);
}

static void put_ids(as_buf *out, const as_passage *p)
{
    char id[AS_EVIDENCE_ID_MAX];

    size_t shown = p->n_first > 0 && p->n_first < EVIDENCE_SHOWN ? p->n_first : EVIDENCE_SHOWN;

    for (size_t i = 0; i < p->n_evidence && i < shown; i++) {
        as_evidence_id(p->doc_sha256, p->evidence[i].begin, p->evidence[i].end, id);
        as_buf_printf(out, "%s%s", i > 0 ? " " : "", id);
    }
    if (p->n_evidence > shown)
        as_buf_printf(out, " +%zu", p->n_evidence - shown);
}

/* Bytes [from, to) of the body, line breaks with the margin behind them. */
static void put_piece(as_buf *out, const as_passage *p, size_t from, size_t to)
{
    for (size_t at = from; at <= to; at++) {
        if (at < to && p->body.p[at] != '\n')
            continue;
        as_escape_visible(out, (as_bytes){p->body.p + from, at - from});
        if (at < to)
            as_buf_text(out, "\n   ");
        from = at + 1;
    }
}

static void put_snippet(const struct search *s, as_buf *out, const as_passage *p)
{
    size_t at = p->snippet.begin;

    as_buf_text(out, p->snippet.begin > 0 ? "   …" : "   ");
    for (size_t i = 0; i < p->n_marks; i++) {
        as_range m = p->marks[i];

        if (m.begin < at || m.end > p->snippet.end)
            continue;
        put_piece(out, p, at, m.begin);
        set(s, out, MARK);
        put_piece(out, p, m.begin, m.end);
        set(s, out, PLAIN);
        at = m.end;
    }
    put_piece(out, p, at, p->snippet.end);
    as_buf_text(out, p->snippet.end < p->body.n ? "…\n" : "\n");
}

static void put_passage(const struct search *s, as_buf *out, size_t n, const as_passage *p)
{
    set(s, out, BOLD);
    as_buf_printf(out, "%zu. ", n);
    as_escape_visible(out, p->context);
    set(s, out, PLAIN);
    as_buf_byte(out, '\n');
    put_snippet(s, out, p);
    set(s, out, DIM);
    as_buf_printf(out, "   score %.4f: ", p->score);
    as_escape_visible(out, p->reason);
    if (p->n_evidence > 0) {
        as_buf_text(out, "\n   evidence ");
        put_ids(out, p);
    }
    set(s, out, PLAIN);
    as_buf_byte(out, '\n');
}

static void put_trace(const struct search *s, as_buf *out)
{
    const as_retrieved *r = s->found;

    set(s, out, DIM);
    as_buf_printf(out, "route   found  candidates      ms\n");
    for (unsigned i = 0; i < AS_ROUTE_COUNT; i++) {
        const as_route_trace *t = &r->routes[i];

        as_buf_printf(out, "%-6s", as_route_name((as_route)i));
        if (t->ran)
            as_buf_printf(out, "%7zu  %10zu  %6.2f  ", t->found, t->candidates,
                          (double)t->us / 1e3);
        else
            as_buf_printf(out, "%7s  %10s  %6s  ", "-", "-", "-");
        as_escape_visible(out, t->note);
        as_buf_byte(out, '\n');
    }
    as_buf_printf(out, "%zu shown, %zu left out, %.2f ms in all\n", r->n, r->left_out,
                  (double)r->us / 1e3);
    set(s, out, PLAIN);
}

static void put_text(const struct search *s, as_buf *out)
{
    const as_retrieved *r = s->found;

    for (size_t i = 0; i < r->n; i++) {
        if (i > 0)
            as_buf_byte(out, '\n');
        put_passage(s, out, i + 1, &r->passages[i]);
    }
    if (r->n == 0) {
        as_buf_text(out, "nothing found for '");
        as_escape_visible(out, s->q.text);
        as_buf_text(out, "' in ");
        as_buf_add(out, r->scope);
        as_buf_byte(out, '\n');
    }
    if (as_args_has(s->args, AS_OPT_TRACE)) {
        as_buf_byte(out, '\n');
        put_trace(s, out);
    }
}

/* --- JSON ------------------------------------------------------------------------------- */

static void json_text(as_jsonw *w, const char *key, as_bytes text)
{
    as_jsonw_key(w, key);
    as_jsonw_str(w, text);
}

static void json_u64(as_jsonw *w, const char *key, uint64_t n)
{
    as_jsonw_key(w, key);
    as_jsonw_u64(w, n);
}

static void json_real(as_jsonw *w, const char *key, double value)
{
    char text[40];

    (void)snprintf(text, sizeof(text), "%.6f", value);
    as_jsonw_key(w, key);
    as_jsonw_number(w, as_bytes_of(text));
}

static void json_range(as_jsonw *w, as_range r)
{
    as_jsonw_array(w);
    as_jsonw_u64(w, r.begin);
    as_jsonw_u64(w, r.end);
    as_jsonw_end(w);
}

static void json_routes(as_jsonw *w, const as_passage *p)
{
    as_jsonw_key(w, "routes");
    as_jsonw_object(w);
    for (unsigned i = 0; i < AS_ROUTE_COUNT; i++) {
        if (!p->routes[i].rank)
            continue;
        as_jsonw_key(w, as_route_name((as_route)i));
        as_jsonw_object(w);
        json_u64(w, "rank", p->routes[i].rank);
        json_real(w, "score", p->routes[i].score);
        as_jsonw_end(w);
    }
    as_jsonw_end(w);
}

static void json_evidence(as_jsonw *w, const as_passage *p)
{
    char id[AS_EVIDENCE_ID_MAX];

    json_u64(w, "evidence_of_values", p->n_first);
    as_jsonw_key(w, "evidence");
    as_jsonw_array(w);
    for (size_t i = 0; i < p->n_evidence; i++) {
        as_evidence_id(p->doc_sha256, p->evidence[i].begin, p->evidence[i].end, id);
        as_jsonw_text(w, id);
    }
    as_jsonw_end(w);
}

static void json_passage(as_jsonw *w, const as_passage *p)
{
    static const char *const langs[] = {"en", "zh"};
    static const char *const trusts[] = {"own", "tool", "sample"};

    as_jsonw_object(w);
    json_u64(w, "sample", (uint64_t)p->sample);
    json_u64(w, "document", (uint64_t)p->doc);
    json_text(w, "tool", p->tool);
    json_text(w, "section", as_bytes_of(as_section_name(p->section)));
    as_jsonw_key(w, "lang");
    if (p->lang < AS_COUNT(langs))
        as_jsonw_text(w, langs[p->lang]);
    else
        as_jsonw_null(w);
    json_text(w, "words_of",
              as_bytes_of(p->trust < AS_COUNT(trusts) ? trusts[p->trust] : "sample"));
    json_text(w, "context", p->context);
    json_text(w, "text", p->body);
    as_jsonw_key(w, "marks");
    as_jsonw_array(w);
    for (size_t i = 0; i < p->n_marks; i++)
        json_range(w, p->marks[i]);
    as_jsonw_end(w);
    as_jsonw_key(w, "snippet");
    json_range(w, p->snippet);
    json_evidence(w, p);
    json_real(w, "score", p->score);
    as_jsonw_key(w, "pinned");
    as_jsonw_bool(w, p->pinned);
    json_routes(w, p);
    json_text(w, "reason", p->reason);
    as_jsonw_end(w);
}

static void json_trace(as_jsonw *w, const as_retrieved *r)
{
    as_jsonw_key(w, "trace");
    as_jsonw_object(w);
    for (unsigned i = 0; i < AS_ROUTE_COUNT; i++) {
        const as_route_trace *t = &r->routes[i];

        as_jsonw_key(w, as_route_name((as_route)i));
        as_jsonw_object(w);
        as_jsonw_key(w, "ran");
        as_jsonw_bool(w, t->ran);
        json_text(w, "note", t->note);
        json_u64(w, "candidates", t->candidates);
        json_u64(w, "found", t->found);
        json_u64(w, "us", t->us);
        as_jsonw_end(w);
    }
    json_u64(w, "us", r->us);
    as_jsonw_end(w);
}

static void put_json(const struct search *s, as_buf *out)
{
    const as_retrieved *r = s->found;
    as_jsonw w = as_jsonw_to(out, 0);

    as_jsonw_object(&w);
    json_text(&w, "schema", AS_LITERAL("assay/search/1"));
    json_text(&w, "tier", s->q.encoder ? AS_LITERAL("encoder") : AS_LITERAL("none"));
    json_text(&w, "query", s->q.text);
    as_jsonw_key(&w, "passages");
    as_jsonw_array(&w);
    for (size_t i = 0; i < r->n; i++)
        json_passage(&w, &r->passages[i]);
    as_jsonw_end(&w);
    json_u64(&w, "left_out", r->left_out);
    if (r->scope.n > 0)
        json_text(&w, "searched", r->scope);
    if (as_args_has(s->args, AS_OPT_TRACE))
        json_trace(&w, r);
    as_jsonw_end(&w);
    as_buf_byte(out, '\n');
}

/* --- a search ------------------------------------------------------------------------------ */

static unsigned section_of(const char *name)
{
    for (unsigned i = 0; i < AS_SECTION_COUNT; i++) {
        if (strcmp(name, as_section_name((as_section)i)) == 0)
            return i + 1;
    }
    return 0;
}

static as_code read_options(struct search *s, as_err *err)
{
    const as_args *args = s->args;
    const char *since = as_args_get(args, AS_OPT_SINCE),
               *section = as_args_get(args, AS_OPT_SECTION);
    const char *lang = as_args_get(args, AS_OPT_LANG);
    uint64_t limit = AS_RETRIEVE_K;
    as_code rc = as_number_option(args, AS_OPT_LIMIT, 1, AS_RETRIEVE_K_MAX, &limit, err);

    for (int i = 0; i < args->n_operands; i++) {
        as_buf_text(&s->text, i > 0 ? " " : "");
        as_buf_text(&s->text, args->operands[i]);
    }
    s->q.text = as_buf_bytes(&s->text);
    s->q.k = (size_t)limit;
    s->q.tool = as_bytes_of(as_args_get(args, AS_OPT_TOOL));
    s->q.section = section ? section_of(section) : 0;
    if (lang)
        s->q.lang = (strcmp(lang, "zh") == 0 ? AS_LANG_ZH : AS_LANG_EN) + 1u;
    s->colour = as_wants_colour(args);
    if (!rc && since)
        rc = as_since_read(args, since, &s->q.since_us, err);
    if (!rc && s->text.failed)
        rc = as_fail_nomem(err, "a question");
    return rc;
}

static as_code print(const struct search *s, as_err *err)
{
    as_out out = {.fd = STDOUT_FILENO};

    if (as_args_has(s->args, AS_OPT_JSON))
        put_json(s, &out.buf);
    else
        put_text(s, &out.buf);
    return as_out_commit(&out, err);
}

/* The exit status of who names no sample, or several: it was told. 0: go on. */
static int pick_sample(struct search *s)
{
    const char *sample = as_args_get(s->args, AS_OPT_SAMPLE);

    return sample ? as_sample_pick(s->s, sample, &s->q.sample) : 0;
}

static as_code open_dense(struct search *s, as_err *err)
{
    as_dense dense = {0};
    as_code rc = as_dense_open(&s->dense, &dense, err);

    s->q.encoder = dense.encoder;
    s->q.vectors = dense.vectors;
    return rc;
}

int as_cmd_search(const as_args *args)
{
    struct search s = {.args = args, .dense = {.args = args}, .arena = as_arena_new(SEARCH_MEMORY)};
    as_err err = {0};
    int status = 0;
    as_code rc = s.arena ? read_options(&s, &err) : as_fail_nomem(&err, "a search");

    if (!rc)
        rc = as_store_here(args, AS_STORE_READ, &s.s, &err);
    if (!rc)
        status = pick_sample(&s);
    if (!rc && !status)
        rc = open_dense(&s, &err);
    if (!rc && !status) {
        rc = as_retrieve(s.s, &s.q, s.arena, &s.found, &err);
        if (!rc)
            rc = print(&s, &err);
        if (!rc && s.found->n == 0)
            status = as_code_exit(AS_NOT_FOUND);
    }
    as_dense_done(&s.dense);
    as_store_close(s.s);
    as_arena_free(s.arena);
    as_buf_done(&s.text);
    return rc ? as_say_error(&err) : status;
}
