#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/* A report from its first byte to its last, by the reader that its content calls for. */

#define HEAD_SIZE ((size_t)1 << 20)

/* Sandboxes and services, static tools, memory, hosts. */
static const as_reader *const readers[] = {
    &as_reader_cape,         &as_reader_cuckoo,  &as_reader_cuckoo3,        &as_reader_vmray,
    &as_reader_vmray_flog,   &as_reader_drakvuf, &as_reader_drakvuf_report, &as_reader_speakeasy,
    &as_reader_triage,       &as_reader_joe,     &as_reader_virustotal,     &as_reader_hybrid,
    &as_reader_assemblyline, &as_reader_capa,    &as_reader_floss,          &as_reader_bazaar,
    &as_reader_yara,         &as_reader_yara_x,  &as_reader_volatility3,    &as_reader_volatility2,
    &as_reader_winevent,     &as_reader_evtx,    &as_reader_strace,         &as_reader_auditd,
};

const as_format *as_format_get(size_t i)
{
    return i < AS_COUNT(readers) ? &readers[i]->about : NULL;
}

uint32_t as_facts_first(const as_facts *f, as_kind kind)
{
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        if (fact->kind == kind && !(fact->flags & AS_FACT_GONE))
            return i;
    }
    return AS_NO_FACT;
}

static as_code named_reader(const char *id, const as_reader **ret, as_err *err)
{
    for (size_t i = 0; i < AS_COUNT(readers); i++) {
        if (!strcmp(readers[i]->about.id, id)) {
            *ret = readers[i];
            return AS_OK;
        }
    }
    return as_fail(err, AS_USAGE, AS_NO_OFFSET, "no format is called '%s'", id);
}

/*
 * The surest reader; of equals the first in the table. A JSON object that no probe
 * knows goes to the sandbox reader, whose tell-tale keys may come late.
 */
static as_code choose_reader(as_walk *w, const as_reader **ret, as_err *err)
{
    as_head *h = as_mem_get(sizeof(*h));
    as_sure best = AS_SURE_NO;
    as_code rc;

    if (!h)
        return as_fail_nomem(err, "the first bytes of the input");
    rc = as_head_look(w->source, HEAD_SIZE, h, err);
    *ret = &as_reader_cape;
    for (size_t i = 0; !rc && i < AS_COUNT(readers); i++) {
        as_sure sure = readers[i]->probe(h);

        if (sure > best) {
            best = sure;
            *ret = readers[i];
        }
    }
    if (!rc && best == AS_SURE_NO && h->is_json && h->root != AS_JSON_OBJECT)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                     "not a report of a tool that assay reads: it is no JSON object");
    else if (!rc && best == AS_SURE_NO && h->is_lines)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                     "not a report of a tool that assay reads: lines of JSON that no reader knows");
    else if (!rc && best == AS_SURE_NO && !h->is_json && w->options->found)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "not a report of a tool that assay reads");
    as_mem_free(h);
    return rc;
}

static as_code read_all(as_walk *w, as_err *err)
{
    const as_reader *reader = NULL;
    as_code rc = w->options->format ? named_reader(w->options->format, &reader, err)
                                    : choose_reader(w, &reader, err);

    if (!rc) {
        w->analysis->format = reader->about.id;
        rc = as_json_new(w->source, NULL, &w->json, err);
    }
    if (!rc)
        rc = reader->read(w, err);
    if (rc)
        return rc;
    if (w->digest && w->analysis->portions)
        rc = as_digest_finish(w->digest, w, err);
    if (rc)
        return rc;
    w->analysis->doubts = as_json_doubts_so_far(w->json);
    w->analysis->size = as_source_at(w->source);
    as_source_sha256(w->source, w->analysis->sha256);
    w->analysis->unhashed = false;
    return as_paths_finish(w, err);
}

static void walk_done(as_walk *w)
{
    as_json_free(w->json);
    as_tally_free(w->tally);
    as_counts_free(w->counts);
    as_paths_free(w->paths);
    as_digest_free(w->digest);
    as_buf_done(&w->text);
    as_buf_done(&w->path);
    as_buf_done(&w->call);
}

static as_analysis *analysis_new(as_source *source, const as_read_options *options)
{
    as_analysis *a = as_mem_zero(1, sizeof(*a));
    const char *name = as_source_name(source);
    size_t n = strlen(name) + 1;
    char *copy;

    if (!a)
        return NULL;
    copy = as_mem_get(n);
    a->source = copy;
    a->facts = as_facts_new(options->memory);
    a->sample = AS_NO_FACT;
    a->unhashed = true;
    a->packed = as_source_packed(source);
    if (!copy || !a->facts) {
        as_analysis_free(a);
        return NULL;
    }
    memcpy(copy, name, n);
    return a;
}

/* A digest is whoever takes the portions. */
static as_code begin_walk(as_walk *w, as_read_options *own, as_err *err)
{
    size_t portion = own->digest ? AS_DIGEST_FROM : AS_PORTION_MEMORY;

    w->analysis = analysis_new(w->source, own);
    w->tally = as_tally_new();
    w->paths = as_paths_new();
    if (own->digest)
        w->digest = as_digest_new(0);
    if (!w->analysis || !w->tally || !w->paths || (own->digest && !w->digest))
        return as_fail_nomem(err, "reading a report");
    if (own->digest) {
        own->on_portion = as_digest_add;
        own->portion_ctx = w->digest;
    }
    own->portion = own->portion ? own->portion : portion;
    if (own->on_portion)
        w->portion_at = own->portion;
    w->facts = w->analysis->facts;
    return AS_OK;
}

as_code as_analysis_read(as_source *source, const as_read_options *options, as_analysis **ret,
                         as_err *err)
{
    as_read_options own = options ? *options : (as_read_options){0};
    as_walk w = {.options = &own, .source = source};
    as_code rc = begin_walk(&w, &own, err);

    if (!rc)
        rc = read_all(&w, err);
    walk_done(&w);
    if (rc) {
        as_analysis_free(w.analysis);
        return rc;
    }
    *ret = w.analysis;
    return AS_OK;
}

void as_analysis_free(as_analysis *a)
{
    if (!a)
        return;
    as_facts_free(a->facts);
    as_mem_free(a->coverage.rows);
    as_mem_free(a->carried);
    as_mem_free((void *)(uintptr_t)a->source);
    as_mem_free(a->parts);
    as_mem_free(a);
}
