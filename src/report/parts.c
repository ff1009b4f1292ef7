#include "report/report_priv.h"

#include "base/escape.h"
#include "base/utf8.h"

#include <string.h>

#include "base/banned.h"

static const char hex_digits[] = "0123456789abcdef";

/* Lower case, no leading zeros; returns the length (1..16). */
static size_t put_hex(char *dst, uint64_t value)
{
    size_t n = value ? (size_t)(67 - __builtin_clzll(value)) / 4 : 1;

    for (size_t i = n; i-- > 0; value >>= 4)
        dst[i] = hex_digits[value & 15];
    return n;
}

static size_t put_range(char *dst, const as_evidence *e)
{
    size_t n = put_hex(dst, e->begin);

    dst[n++] = '-';
    return n + put_hex(dst + n, e->end - e->begin);
}

void as_part_prefix(const as_analysis *a, char prefix[AS_PREFIX_SIZE + 1])
{
    for (size_t i = 0; i < 8; i++) {
        prefix[2 * i] = hex_digits[a->sha256[i] >> 4];
        prefix[2 * i + 1] = hex_digits[a->sha256[i] & 15];
    }
    if (a->unhashed)
        memset(prefix, AS_REPORT_NO_HASH, 16);
    prefix[16] = '-';
    prefix[17] = '\0';
}

void as_report_hash(const as_analysis *a, uint8_t *text, size_t n)
{
    char prefix[AS_PREFIX_SIZE + 1];
    uint8_t *end = text + n, *at = text;

    as_part_prefix(a, prefix);
    while ((at = memchr(at, AS_REPORT_NO_HASH, (size_t)(end - at)))) {
        if (end - at < 16)
            return;
        memcpy(at, prefix, 16);
        at += 16;
    }
}

as_evidence as_part_local(const as_analysis *a, const as_evidence *e)
{
    uint64_t base = as_analysis_part_base(a, as_analysis_part(a, e->begin));

    return (as_evidence){e->begin - base, e->end - base, e->node, e->last};
}

size_t as_part_id(const as_analysis *a, const as_evidence *e, char id[AS_EVIDENCE_ID_MAX])
{
    as_evidence local = as_part_local(a, e);
    size_t n;

    as_part_prefix(as_analysis_part_get(a, as_analysis_part(a, e->begin)), id);
    n = AS_PREFIX_SIZE + put_range(id + AS_PREFIX_SIZE, &local);
    id[n] = '\0';
    return n;
}

void as_part_short_id(as_buf *out, const as_analysis *a, const as_evidence *e)
{
    as_evidence local = as_part_local(a, e);
    char id[AS_EVIDENCE_ID_MAX];

    if (a->n_parts > 1) {
        as_buf_byte(out, (uint8_t)('A' + as_analysis_part(a, e->begin)));
        as_buf_byte(out, ':');
    }
    as_buf_add(out, (as_bytes){(const uint8_t *)id, put_range(id, &local)});
}

as_proofs as_proofs_of(const as_analysis *a, const as_sentence *s)
{
    return (as_proofs){.analysis = a, .sentence = s};
}

/* The next evidence of the fact in hand that lies in a part of which none was given yet. */
static const as_evidence *next_part(as_proofs *p, const as_fact *fact)
{
    const as_evidence *e = as_fact_evidence(p->analysis->facts, fact);

    while (p->in_fact < fact->n_evidence) {
        const as_evidence *one = &e[p->in_fact++];
        uint32_t part = 1u << as_analysis_part(p->analysis, one->begin);

        if (p->parts & part)
            continue;
        p->parts |= part;
        return one;
    }
    return NULL;
}

const as_evidence *as_proofs_next(as_proofs *p)
{
    while (p->at < p->sentence->n_facts) {
        const as_fact *fact = as_facts_get(p->analysis->facts, p->sentence->facts[p->at]);
        const as_evidence *e = next_part(p, fact);

        if (!e) {
            p->at++;
            p->in_fact = 0;
            p->parts = 0;
        } else if (!p->last || p->last->begin != e->begin || p->last->end != e->end) {
            p->last = e;
            return e;
        }
    }
    return NULL;
}

size_t as_proofs_pick(const as_analysis *a, const as_sentence *s,
                      const as_evidence *shown[AS_PROOFS_SHOWN], size_t *ret_shown)
{
    as_proofs p = as_proofs_of(a, s);
    const as_evidence *e;
    uint32_t parts = 0;
    size_t n = 0;

    *ret_shown = 0;
    while ((e = as_proofs_next(&p))) {
        uint32_t part = 1u << as_analysis_part(a, e->begin);

        n++;
        if (*ret_shown < AS_PROOFS_SHOWN && !(parts & part))
            shown[(*ret_shown)++] = e;
        parts |= part;
    }
    return n - *ret_shown;
}

size_t as_proofs_count(const as_analysis *a, const as_sentence *s)
{
    as_proofs p = as_proofs_of(a, s);
    size_t n = 0;

    while (as_proofs_next(&p))
        n++;
    return n;
}

bool as_runs_next(as_runs *runs, as_run *ret)
{
    while (runs->rest.n > 0) {
        size_t n = 0;
        uint8_t c = runs->rest.p[0];

        if (c == AS_VALUE_OPEN || c == AS_VALUE_CLOSE) {
            runs->in_value = c == AS_VALUE_OPEN;
            runs->rest = (as_bytes){runs->rest.p + 1, runs->rest.n - 1};
            continue;
        }
        while (n < runs->rest.n && runs->rest.p[n] != AS_VALUE_OPEN &&
               runs->rest.p[n] != AS_VALUE_CLOSE)
            n++;
        *ret = (as_run){{runs->rest.p, n}, runs->in_value};
        runs->rest = (as_bytes){runs->rest.p + n, runs->rest.n - n};
        return true;
    }
    return false;
}

bool as_part_sample(as_buf *out, const as_analysis *a, as_attr_name name)
{
    as_value v;

    if (a->sample == AS_NO_FACT ||
        !as_fact_attr(a->facts, as_facts_get(a->facts, a->sample), name, &v) || v.text.n == 0)
        return false;
    as_escape_visible(out, v.text);
    return true;
}

/* The last part of a Windows or POSIX path. */
static as_bytes base_name(as_bytes path)
{
    size_t at = path.n;

    while (at > 0 && path.p[at - 1] != '\\' && path.p[at - 1] != '/')
        at--;
    return (as_bytes){path.p + at, path.n - at};
}

as_bytes as_part_process_name(const as_facts *f, const as_fact *process)
{
    static const as_attr_name names[] = {AS_ATTR_PROCESS_NAME, AS_ATTR_NAME};
    static const as_attr_name paths[] = {AS_ATTR_PROCESS_PATH, AS_ATTR_MODULE_PATH, AS_ATTR_PATH};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        as_bytes text = as_fact_text(f, process, names[i]);

        if (text.n > 0)
            return text;
    }
    for (size_t i = 0; i < AS_COUNT(paths); i++) {
        as_bytes text = base_name(as_fact_text(f, process, paths[i]));

        if (text.n > 0)
            return text;
    }
    return AS_LITERAL("?");
}

as_bytes as_part_run_name(const as_facts *f, uint32_t process)
{
    uint32_t run = as_fact_run(f, process);
    as_bytes name;

    if (run == AS_NO_FACT)
        return (as_bytes){0};
    name = as_fact_text(f, as_facts_get(f, run), AS_ATTR_ENVIRONMENT);
    return name.n > 0 ? name : as_fact_text(f, as_facts_get(f, run), AS_ATTR_ID);
}

void as_part_fit(as_buf *out, as_bytes visible, size_t columns, bool *ret_cut)
{
    size_t at = 0, used = 0, keep = 0;

    while (at < visible.n) {
        size_t n;
        int32_t cp = as_utf8_next((as_bytes){visible.p + at, visible.n - at}, &n);
        size_t wide = cp < 0 ? 1 : (size_t)as_utf8_width_of((uint32_t)cp);

        if (used + wide > columns)
            break;
        used += wide;
        at += n;
        if (used < columns)
            keep = at; /* here an ellipsis still fits */
    }
    *ret_cut = at < visible.n;
    as_buf_add(out, (as_bytes){visible.p, *ret_cut ? keep : at});
    if (*ret_cut)
        as_buf_text(out, "\xe2\x80\xa6");
}

uint64_t as_part_permille(uint64_t part, uint64_t whole)
{
    /* Sizes stay far below 2^54, so that the product cannot overflow. */
    return whole ? (part * 1000 + whole / 2) / whole : 1000;
}

void as_part_percent(as_buf *out, uint64_t part, uint64_t whole)
{
    uint64_t permille = as_part_permille(part, whole);

    as_buf_u64(out, permille / 10);
    as_buf_byte(out, '.');
    as_buf_u64(out, permille % 10);
    as_buf_text(out, " %");
}
