#include "cli/cli_priv.h"

#include "base/buf.h"

#include <string.h>

#include "base/banned.h"

/* The documents of a sample, kept apart from the walk that found them. */
struct show {
    const as_args *args;
    as_store *store;
    as_telling *telling;
    as_arena *arena;
    as_document *docs;
    size_t n, cap;
};

/* Names and formats are some hundred bytes each, and a sample has few documents. */
#define ARENA_MAX ((size_t)64 << 20)

static as_code take_document(void *ctx, const as_document *doc, as_err *err)
{
    struct show *s = ctx;
    as_document copy = *doc;

    if (!as_mem_room((void **)&s->docs, &s->cap, s->n, sizeof(*s->docs)))
        return as_fail_nomem(err, "the reports of a sample");
    if (as_arena_copy(s->arena, doc->name, &copy.name) ||
        as_arena_copy(s->arena, doc->format, &copy.format))
        return as_fail_nomem(err, "the reports of a sample");
    s->docs[s->n++] = copy;
    return AS_OK;
}

/* As a text with a NUL, which a name in the store does not hold. */
static const char *text_of(struct show *s, as_bytes bytes)
{
    char *text = as_arena_take(s->arena, bytes.n + 1, 1);

    if (text && bytes.n > 0)
        memcpy(text, bytes.p, bytes.n);
    return text;
}

static as_code read_document(struct show *s, const as_document *doc, as_out *out, as_err *err)
{
    as_read_options options = {.digest = true, .format = text_of(s, doc->format)};
    as_input input = {.file = text_of(s, doc->name)};
    as_analysis *a = NULL;
    as_code rc;

    if (!options.format || !input.file)
        return as_fail_nomem(err, "the reports of a sample");
    rc = as_store_open_document(s->store, doc->id, &input.source, err);
    if (!rc)
        rc = as_source_rename(input.source, input.file, err);
    if (!rc)
        rc = as_report_read(s->args, &input, &options, &a, err);
    as_source_free(input.source);
    if (!rc)
        rc = as_telling_add(s->telling, a, out, err);
    return rc;
}

/* A report that cannot be read any more costs itself, and the exit status says so. */
static as_code tell_all(struct show *s, as_out *out, int *worst, as_err *err)
{
    size_t good = 0;

    for (size_t i = 0; i < s->n; i++) {
        as_err fault = {0};
        as_code rc = read_document(s, &s->docs[i], out, &fault);
        int status;

        good += !rc;
        if (!rc)
            continue;
        *err = fault;
        if (rc == AS_IO || rc == AS_NOMEM)
            return rc;
        status = as_say_input(text_of(s, s->docs[i].name), &fault);
        *worst = status > *worst ? status : *worst;
    }
    return good > 0 ? as_telling_finish(s->telling, out, err) : AS_OK;
}

static as_code write_out(struct show *s, int *worst, as_err *err)
{
    as_out out;
    as_code rc = as_out_open(&out, as_args_get(s->args, AS_OPT_OUTPUT), err);

    if (rc)
        return rc;
    rc = tell_all(s, &out, worst, err);
    if (rc || (out.buf.n == 0 && *worst > 0))
        as_out_abort(&out);
    else
        rc = as_out_commit(&out, err);
    return rc;
}

static int show_sample(struct show *s)
{
    as_err err = {0};
    int64_t sample;
    int worst = as_sample_pick(s->store, s->args->operands[0], &sample), told;

    if (worst)
        return worst;
    if (as_store_documents(s->store, sample, take_document, s, &err) || write_out(s, &worst, &err))
        return as_say_error(&err);
    told = as_telling_worst(s->telling);
    return told > worst ? told : worst;
}

int as_cmd_show(const as_args *args)
{
    struct show s = {.args = args, .arena = as_arena_new(ARENA_MAX)};
    as_err err = {0};
    as_code rc = s.arena ? AS_OK : as_fail_nomem(&err, "the reports of a sample");
    int status;

    as_signals_install();
    if (!rc)
        rc = as_telling_new(args, &s.telling, &err);
    if (!rc)
        rc = as_store_here(args, AS_STORE_READ, &s.store, &err);
    status = rc ? as_say_error(&err) : show_sample(&s);
    as_store_close(s.store);
    as_telling_free(s.telling);
    as_mem_free(s.docs);
    as_arena_free(s.arena);
    return status;
}
