#include "report/report_priv.h"

#include "base/jsonw.h"

#include "base/banned.h"

/* Where one document is being written to. */
struct sink {
    as_jsonw w;
    const as_doc *doc;
    const as_analysis *a;
    as_buf scratch; /* a text without its marks */
};

static void put_text(struct sink *s, as_bytes marked)
{
    as_runs runs = {.rest = marked};
    as_run run;

    as_buf_reset(&s->scratch);
    while (as_runs_next(&runs, &run))
        as_buf_add(&s->scratch, run.text);
    s->w.out->failed |= s->scratch.failed;
    as_jsonw_str(&s->w, as_buf_bytes(&s->scratch));
}

static void put_id(struct sink *s, const as_evidence *e)
{
    char id[AS_EVIDENCE_ID_MAX];
    size_t n = as_part_id(s->a, e, id);

    as_jsonw_str(&s->w, (as_bytes){(const uint8_t *)id, n});
}

static void put_number(struct sink *s, const char *key, uint64_t value)
{
    as_jsonw_key(&s->w, key);
    as_jsonw_u64(&s->w, value);
}

static void put_sample(struct sink *s)
{
    static const struct {
        const char *key;
        as_attr_name name;
    } rows[] = {
        {"md5", AS_ATTR_MD5},   {"sha1", AS_ATTR_SHA1}, {"sha256", AS_ATTR_SHA256},
        {"name", AS_ATTR_NAME}, {"type", AS_ATTR_TYPE}, {"size", AS_ATTR_SIZE},
    };
    const as_fact *fact =
        s->a->sample == AS_NO_FACT ? NULL : as_facts_get(s->a->facts, s->a->sample);

    as_jsonw_key(&s->w, "sample");
    as_jsonw_object(&s->w);
    for (size_t i = 0; i < AS_COUNT(rows); i++) {
        as_value v;
        uint64_t size;

        as_jsonw_key(&s->w, rows[i].key);
        if (!fact || !as_fact_attr(s->a->facts, fact, rows[i].name, &v))
            as_jsonw_null(&s->w);
        else if (rows[i].name != AS_ATTR_SIZE)
            as_jsonw_str(&s->w, v.text);
        else if (as_bytes_u64(v.text, &size))
            as_jsonw_u64(&s->w, size);
        else
            as_jsonw_null(&s->w);
    }
    as_jsonw_end(&s->w);
}

static void put_gaps(struct sink *s)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } gaps[] = {
        {AS_GAP_ERRORS, "tool_errors"},    {AS_GAP_NOTHING, "no_process"},
        {AS_GAP_NO_END, "no_end_time"},    {AS_GAP_STATUS, "failed_status"},
        {AS_GAP_UNTOLD, "too_many_facts"}, {AS_GAP_EMPTY, "empty_output"},
    };

    as_jsonw_key(&s->w, "partial");
    as_jsonw_bool(&s->w, as_analysis_partial(s->a));
    as_jsonw_key(&s->w, "gaps");
    as_jsonw_array(&s->w);
    for (size_t i = 0; i < AS_COUNT(gaps); i++) {
        if (s->a->gaps & gaps[i].bit)
            as_jsonw_text(&s->w, gaps[i].name);
    }
    as_jsonw_end(&s->w);
}

static void put_coverage(struct sink *s)
{
    const as_coverage *c = &s->a->coverage;

    as_jsonw_key(&s->w, "coverage");
    as_jsonw_object(&s->w);
    put_number(s, "mapped_bytes", c->mapped_bytes);
    put_number(s, "total_bytes", c->total_bytes);
    as_jsonw_key(&s->w, "unmapped");
    as_jsonw_array(&s->w);
    for (size_t i = 0; i < c->n; i++) {
        as_jsonw_object(&s->w);
        as_jsonw_key(&s->w, "path");
        as_jsonw_str(&s->w, as_facts_text(s->a->facts, c->rows[i].path));
        put_number(s, "count", c->rows[i].count);
        put_number(s, "bytes", c->rows[i].bytes);
        as_jsonw_key(&s->w, "known");
        as_jsonw_bool(&s->w, c->rows[i].known);
        as_jsonw_end(&s->w);
    }
    as_jsonw_end(&s->w);
    as_jsonw_end(&s->w);
}

static void put_doubts(struct sink *s)
{
    const as_json_doubts *d = &s->a->doubts;

    as_jsonw_key(&s->w, "doubts");
    as_jsonw_object(&s->w);
    put_number(s, "duplicate_keys", d->duplicate_keys);
    if (d->duplicate_keys > 0)
        put_number(s, "first_duplicate", d->first_duplicate);
    put_number(s, "lone_surrogates", d->lone_surrogates);
    if (d->lone_surrogates > 0)
        put_number(s, "first_surrogate", d->first_surrogate);
    as_jsonw_end(&s->w);
}

/* Of a log: what could not be read, and what a digest put together or had no room for. */
static void put_log(struct sink *s)
{
    const as_analysis *a = s->a;

    as_jsonw_key(&s->w, "log");
    as_jsonw_object(&s->w);
    put_number(s, "bad_lines", a->bad_lines);
    if (a->bad_lines > 0)
        put_number(s, "first_bad_line", a->first_bad_line);
    put_number(s, "facts_repeated", a->digested);
    put_number(s, "facts_left_out", a->untold);
    as_jsonw_end(&s->w);
}

static void put_facts(struct sink *s)
{
    uint64_t by_kind[AS_KIND_COUNT] = {0}, count = 0;
    size_t n = as_facts_count(s->a->facts);

    for (size_t i = 0; i < n; i++) {
        const as_fact *fact = as_facts_get(s->a->facts, i);

        if (fact->flags & AS_FACT_GONE)
            continue;
        by_kind[fact->kind]++;
        count++;
    }
    as_jsonw_key(&s->w, "facts");
    as_jsonw_object(&s->w);
    put_number(s, "count", count);
    as_jsonw_key(&s->w, "by_kind");
    as_jsonw_object(&s->w);
    for (size_t i = 0; i < AS_KIND_COUNT; i++) {
        if (by_kind[i] > 0)
            put_number(s, as_kind_get((as_kind)i)->name, by_kind[i]);
    }
    as_jsonw_end(&s->w);
    as_jsonw_end(&s->w);
}

static void put_items(struct sink *s, const as_sentence *sentence)
{
    as_jsonw_key(&s->w, "items");
    as_jsonw_array(&s->w);
    for (size_t i = 0; i < sentence->n_items; i++) {
        const as_item *item = &sentence->items[i];
        const as_fact *fact = as_facts_get(s->a->facts, item->fact);
        const as_evidence *e = as_fact_evidence(s->a->facts, fact);

        as_jsonw_object(&s->w);
        as_jsonw_key(&s->w, "text");
        put_text(s, item->text);
        as_jsonw_key(&s->w, "evidence");
        as_jsonw_array(&s->w);
        for (size_t k = 0; k < fact->n_evidence; k++)
            put_id(s, &e[k]);
        as_jsonw_end(&s->w);
        as_jsonw_end(&s->w);
    }
    as_jsonw_end(&s->w);
}

static void put_sentence(struct sink *s, const as_sentence *sentence)
{
    static const char *const weights[] = {"plain", "low", "medium", "high"};
    as_proofs proofs = as_proofs_of(s->a, sentence);
    const as_evidence *e;

    as_jsonw_object(&s->w);
    as_jsonw_key(&s->w, "text");
    put_text(s, sentence->text);
    as_jsonw_key(&s->w, "weight");
    as_jsonw_text(&s->w, weights[sentence->weight]);
    as_jsonw_key(&s->w, "evidence");
    as_jsonw_array(&s->w);
    while ((e = as_proofs_next(&proofs)) != NULL)
        put_id(s, e);
    as_jsonw_end(&s->w);
    put_number(s, "folded", sentence->folded);
    if (s->doc->options.full)
        put_items(s, sentence);
    as_jsonw_end(&s->w);
}

static void put_sections(struct sink *s)
{
    as_jsonw_key(&s->w, "sections");
    as_jsonw_array(&s->w);
    for (size_t i = 0; i < s->doc->n; i++) {
        const as_doc_section *section = &s->doc->sections[i];

        as_jsonw_object(&s->w);
        as_jsonw_key(&s->w, "name");
        as_jsonw_text(&s->w, as_section_name(section->section));
        as_jsonw_key(&s->w, "title");
        as_jsonw_str(&s->w, section->title);
        as_jsonw_key(&s->w, "sentences");
        as_jsonw_array(&s->w);
        for (size_t k = 0; k < section->n; k++)
            put_sentence(s, &section->sentences[k]);
        as_jsonw_end(&s->w);
        as_jsonw_end(&s->w);
    }
    as_jsonw_end(&s->w);
}

/* One report; of a joined one, which of the samples has its sentences. */
static void put_analysis(struct sink *s, const uint64_t *joined)
{
    char digest[AS_SHA256_HEX + 1];

    as_sha256_text(s->a->sha256, digest);
    as_jsonw_object(&s->w);
    as_jsonw_key(&s->w, "id");
    as_jsonw_text(&s->w, digest);
    as_jsonw_key(&s->w, "source");
    as_jsonw_text(&s->w, s->a->source);
    as_jsonw_key(&s->w, "tool");
    as_jsonw_text(&s->w, s->a->tool);
    as_jsonw_key(&s->w, "tool_version");
    if (s->a->tool_version)
        as_jsonw_str(&s->w, as_facts_text(s->a->facts, s->a->tool_version));
    else
        as_jsonw_null(&s->w);
    as_jsonw_key(&s->w, "title");
    put_text(s, s->doc->title);
    put_sample(s);
    put_gaps(s);
    put_coverage(s);
    put_number(s, "calls", s->a->calls);
    put_doubts(s);
    put_log(s);
    put_facts(s);
    if (joined) {
        put_number(s, "told_in_sample", *joined);
        as_jsonw_key(&s->w, "sections");
        as_jsonw_array(&s->w);
        as_jsonw_end(&s->w);
    } else {
        put_sections(s);
    }
    as_jsonw_end(&s->w);
}

/* The reports that each document is of, and how many samples are told by several. */
static uint64_t put_analyses(struct sink *s, const as_report_job *job)
{
    uint64_t joined = 0;

    for (size_t i = 0; i < job->n; i++) {
        const as_analysis *a = job->docs[i]->analysis;

        s->doc = job->docs[i];
        for (size_t k = 0; k < as_analysis_n_parts(a); k++) {
            s->a = as_analysis_part_get(a, k);
            put_analysis(s, a->n_parts > 1 ? &joined : NULL);
        }
        joined += a->n_parts > 1;
    }
    return joined;
}

/* A sample that several tools saw. */
static void put_joined(struct sink *s)
{
    char digest[AS_SHA256_HEX + 1];

    as_jsonw_object(&s->w);
    as_jsonw_key(&s->w, "title");
    put_text(s, s->doc->title);
    put_sample(s);
    as_jsonw_key(&s->w, "analyses");
    as_jsonw_array(&s->w);
    for (size_t i = 0; i < s->a->n_parts; i++) {
        as_sha256_text(s->a->parts[i].analysis->sha256, digest);
        as_jsonw_text(&s->w, digest);
    }
    as_jsonw_end(&s->w);
    put_facts(s);
    put_sections(s);
    as_jsonw_end(&s->w);
}

as_code as_report_json(const as_report_job *job)
{
    struct sink s = {.w = as_jsonw_to(job->out, 0)};
    as_lang lang = job->n > 0 ? job->docs[0]->options.lang : AS_LANG_EN;
    uint64_t joined;

    as_jsonw_object(&s.w);
    as_jsonw_key(&s.w, "schema");
    as_jsonw_text(&s.w, "assay/analyze/1");
    as_jsonw_key(&s.w, "assay");
    as_jsonw_text(&s.w, AS_VERSION);
    as_jsonw_key(&s.w, "lang");
    as_jsonw_text(&s.w, lang == AS_LANG_ZH ? "zh" : "en");
    as_jsonw_key(&s.w, "analyses");
    as_jsonw_array(&s.w);
    joined = put_analyses(&s, job);
    as_jsonw_end(&s.w);
    if (joined > 0) {
        as_jsonw_key(&s.w, "samples");
        as_jsonw_array(&s.w);
        for (size_t i = 0; i < job->n; i++) {
            s.doc = job->docs[i];
            s.a = s.doc->analysis;
            if (s.a->n_parts > 1)
                put_joined(&s);
        }
        as_jsonw_end(&s.w);
    }
    as_jsonw_end(&s.w);
    as_buf_byte(job->out, '\n');
    as_buf_done(&s.scratch);
    return AS_OK;
}
