#include "query/query_priv.h"

#include "base/escape.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- conclusions ------------------------------------------------------------------------- */

static const struct {
    topic_area area;
    const char *words;
} abilities[] = {
    {AREA_NETWORK, "socket|tcp|udp|http|communicat|dns|network"},
    {AREA_FILES, "file|directory"},
    {AREA_REGISTRY, "registry"},
    {AREA_PROCESSES, "process|thread"},
    {AREA_SYSTEM, "mutex|service|task"},
};

static bool has_kinds(job *j, const as_plan *p)
{
    as_kind_count counts[AS_KIND_COUNT];
    as_kind kinds[TOPIC_KINDS];
    size_t n = plan_kinds(p, kinds);

    if (as_store_kinds(j->store, j->sample, counts, NULL))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (counts[kinds[i]].facts > 0)
            return true;
    }
    return false;
}

/* What tools say in signatures and techniques where they list no such fact. */
static const struct {
    topic_id topic;
    const char *words;
} signs_of[] = {
    {TOPIC_INJECTION, "inject|T1055|hollow|writeprocessmemory"},
    {TOPIC_TASK, "scheduled task|schtask|T1053"},
    {TOPIC_SERVICE_CREATED, "creates a service|create service"},
    {TOPIC_DRIVER, "loads a driver|kernel driver|T1014"},
    {TOPIC_CREDENTIAL, "credential|T1003|T1555|steal"},
};

static bool has_signs(topic_id id)
{
    for (size_t i = 0; i < AS_COUNT(signs_of); i++) {
        if (signs_of[i].topic == id)
            return true;
    }
    return false;
}

static as_code gather_capable(job *j, finds *ret)
{
    as_plan p = {.want = WANT_LIST, .topic = TOPIC_CAPABILITY, .lang = j->lang, .protocol = -1};
    topic_area a = topic_get(j->plan.topic)->area;
    as_code rc;

    for (size_t i = 0; i < AS_COUNT(abilities); i++) {
        if (abilities[i].area == a)
            p.behaviour = abilities[i].words;
    }
    for (size_t i = 0; i < AS_COUNT(signs_of); i++) {
        if (signs_of[i].topic == j->plan.topic) {
            p.behaviour = signs_of[i].words;
            p.topic = TOPIC_BEHAVIOUR;
        }
    }
    if (j->plan.protocol >= 0)
        p.behaviour = j->plan.protocol == 6 ? "tcp" : "udp";
    if (!p.behaviour || j->plan.n_filters > 0)
        return AS_OK;
    j->sought_abilities = has_kinds(j, &(as_plan){.topic = TOPIC_CAPABILITY});
    rc = gather(j, &p, ret);
    if (!rc && ret->n > 0) {
        job_trace(j, "no such fact is there; what follows is what the tool recognised");
        j->plan.behaviour_name = as_bytes_of(topic_noun(j, &j->plan, 2));
        j->plan.topic = p.topic;
        j->plan.behaviour = p.behaviour;
    }
    return rc;
}

static as_code conclude_list(job *j, const finds *f);
static bool says_any(const job *j, const char *const *words, size_t n);

/* A tool that looks for abilities found none of the kind: that is an answer. */
static as_code conclude_unable(job *j)
{
    as_buf out = {0};

    as_buf_text(&out, is_zh(j)
                          ? "否。已识别的能力中没有与此相关的："
                          : "No. Of the capabilities that were found none has to do with it: ");
    say_topic(j, &out, &j->plan, true);
    as_buf_text(&out, is_zh(j) ? "。" : ".");
    if (j->plan.want == WANT_EXISTS)
        j->answer->truth = AS_TRUTH_NO;
    j->answer->text = say_done(j, &out);
    return AS_OK;
}

/* Nothing of the topic is there: because there is none, or because nobody looked. */
static as_code conclude_nothing(job *j)
{
    const as_plan *p = &j->plan;
    topic_area a = topic_get(p->topic)->area;
    recorded r = recorded_in(j->docs, j->n_docs, a);
    static const char *const can[] = {"can ", "able", "capab", "could", "能", "可以"};
    as_buf out = {0};
    finds able = {0};

    if ((r == RECORDED_NO_TOOL || has_signs(p->topic)) &&
        (p->want == WANT_EXISTS || p->want == WANT_LIST)) {
        /* What a tool did not watch it may still have recognised, or found the code for. */
        as_code rc = gather_capable(j, &able);

        if (rc)
            return rc;
        if (able.n > 0)
            return conclude_list(j, &able);
        if (r == RECORDED_NO_TOOL && j->sought_abilities && says_any(j, can, AS_COUNT(can)))
            return conclude_unable(j);
    }
    if (r != RECORDED_YES && has_kinds(j, p))
        r = RECORDED_YES; /* there are such facts, though none that fits */
    if (r != RECORDED_YES) {
        j->answer->answerable = false;
        say_unrecorded(j, &out, a, r);
    } else if (is_zh(j)) {
        if (p->want == WANT_EXISTS)
            as_buf_text(&out, p->negated ? "是的，确实没有。" : "否。");
        as_buf_text(&out, "报告中没有");
        say_topic(j, &out, p, true);
        say_conditions(j, &out, p);
        as_buf_text(&out, "。");
    } else {
        if (p->want == WANT_EXISTS)
            as_buf_text(&out, p->negated ? "Yes, that is so. " : "No. ");
        as_buf_text(&out, "The report holds no ");
        say_topic(j, &out, p, true);
        say_conditions(j, &out, p);
        as_buf_byte(&out, '.');
    }
    if (r == RECORDED_YES && p->want == WANT_EXISTS)
        j->answer->truth = p->negated ? AS_TRUTH_YES : AS_TRUTH_NO;
    if (r == RECORDED_YES && p->want == WANT_COUNT)
        j->answer->has_count = true;
    j->answer->text = say_done(j, &out);
    return AS_OK;
}

/* "The report holds 4 dropped files: ..." */
static as_code conclude_list(job *j, const finds *f)
{
    const as_plan *p = &j->plan;
    const char *verb = topic_get(p->topic)->verb_zh;
    as_buf out = {0};

    if (is_zh(j)) {
        if (p->want == WANT_EXISTS)
            as_buf_text(&out, p->negated ? "否，并非没有。" : "是。");
        as_buf_text(&out, verb && !p->actor ? "样本" : "报告中有 ");
        if (verb && !p->actor)
            as_buf_printf(&out, "%s ", verb);
    } else {
        if (p->want == WANT_EXISTS)
            as_buf_text(&out, p->negated ? "No, that is not so. " : "Yes. ");
        as_buf_text(&out, "The report holds ");
    }
    say_number(j, &out, p, f->n);
    say_conditions(j, &out, p);
    as_buf_text(&out, is_zh(j) ? "：" : ": ");
    say_list(j, &out, f, 0);
    as_buf_text(&out, is_zh(j) ? "。" : ".");
    if (p->want == WANT_EXISTS)
        j->answer->truth = p->negated ? AS_TRUTH_NO : AS_TRUTH_YES;
    j->answer->has_count = p->want == WANT_COUNT;
    j->answer->count = f->n;
    j->answer->text = say_done(j, &out);
    return cite_finds(j, f);
}

/* --- is there any, which, how many ------------------------------------------------------- */

static bool says_any(const job *j, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (as_bytes_has_nocase(j->reading.folded, words[i]))
            return true;
    }
    return false;
}

/* Rules that hit the sample itself before those that hit what it left behind. */
static as_code own_first(job *j, finds *f)
{
    static const char *const anywhere[] = {"anywhere", "any file", "report", "payload", "dump",
                                           "dropped",  "报告",     "载荷",   "转储",    "内存"};
    static const char *const itself[] = {"itself", "sample file", "本身", "自身"};
    finds own = {0};
    as_code rc = AS_OK;

    bool strictly = says_any(j, itself, AS_COUNT(itself));

    if (j->plan.topic != TOPIC_YARA || j->plan.n_filters > 0 ||
        (!strictly && says_any(j, anywhere, AS_COUNT(anywhere))))
        return AS_OK;
    for (size_t i = 0; !rc && i < f->n; i++) {
        for (size_t k = 0; !rc && k < f->p[i].n_rows; k++) {
            as_bytes file = as_row_text(f->p[i].rows[k], AS_ATTR_FILE);

            if (file.n > 0 && !as_bytes_eq_nocase(file, j->sample_sha256))
                continue;
            rc = finds_add(j, &own, f->p[i].rows[k], f->p[i].value, f->p[i].text, f->p[i].key, 1);
        }
    }
    if (!rc && (own.n > 0 || strictly)) {
        job_trace(j, "%zu of %zu rules match the sample itself; the rest other files", own.n, f->n);
        *f = own;
    }
    return rc;
}

/* "How many API calls" is how often; "how many APIs" how many different. */
static bool counts_calls(const job *j)
{
    as_bytes q = j->reading.folded;

    return j->plan.topic == TOPIC_API && j->plan.want == WANT_COUNT &&
           (as_bytes_has_nocase(q, "call") || as_bytes_has_nocase(q, "调用")) &&
           !as_bytes_has_nocase(q, "differ") && !as_bytes_has_nocase(q, "distinct") &&
           !as_bytes_has_nocase(q, "不同") && !as_bytes_has_nocase(q, "种");
}

static as_code conclude_calls(job *j, const finds *f)
{
    as_buf out = {0};
    uint64_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        n += f->p[i].count;
    as_buf_printf(
        &out, is_zh(j) ? "共 %llu 次 API 调用，涉及 %zu 个 API：" : "%llu API calls of %zu APIs: ",
        (unsigned long long)n, f->n);
    say_list(j, &out, f, 0);
    as_buf_text(&out, is_zh(j) ? "。" : ".");
    j->answer->has_count = true;
    j->answer->count = n;
    j->answer->text = say_done(j, &out);
    return cite_finds(j, f);
}

static bool passed_over(const as_plan *p)
{
    for (size_t i = 0; i < p->n_filters; i++) {
        if (p->filters[i]->ignored)
            return true;
    }
    return false;
}

typedef struct hashes {
    job *j;
    as_bytes *p;
    size_t n, cap;
} hashes;

static as_code take_file(void *ctx, const as_row *row, as_err *err)
{
    hashes *h = ctx;
    as_bytes text = as_row_text(row, AS_ATTR_FILE);

    (void)err;
    if (text.n == 0)
        return AS_OK;
    if (!as_mem_room((void **)&h->p, &h->cap, h->n, sizeof(*h->p)))
        return as_fail_nomem(h->j->err, "the rows of an answer");
    return as_arena_copy(h->j->arena, text, &h->p[h->n++]);
}

/* "Which dropped files hit a YARA rule": the rules' facts name the files. */
static as_code join_yara(job *j)
{
    static const as_kind kinds[] = {AS_KIND_YARA};
    as_rows_query q = {.sample = j->sample, .kinds = kinds, .n_kinds = 1};
    hashes h = {.j = j};
    topic_id t = j->plan.topic;
    as_code rc;

    if (j->plan.other != TOPIC_YARA ||
        (t != TOPIC_DROPPED && t != TOPIC_PAYLOAD && t != TOPIC_DUMP && t != TOPIC_EXTRACTED))
        return AS_OK;
    rc = as_store_rows(j->store, &q, take_file, &h, j->err);
    if (rc) {
        as_mem_free(h.p);
        return rc;
    }
    j->plan.hit_by = as_arena_keep(j->arena, h.p, h.n, sizeof(*h.p));
    if (!j->plan.hit_by)
        return as_fail_nomem(j->err, "the rows of an answer");
    j->plan.n_hit_by = h.n;
    return AS_OK;
}

static as_code answer_list(job *j)
{
    finds f = {0};
    as_code rc = join_yara(j);

    if (!rc && finally_joined(&j->plan, &j->reading))
        rc = gather_contacted(j, &f);
    else if (!rc)
        rc = gather(j, &j->plan, &f);

    rc = rc ? rc : own_first(j, &f);
    if (rc)
        return rc;
    if (f.n == 0)
        return conclude_nothing(j);
    if (j->plan.want == WANT_EXISTS && passed_over(&j->plan)) {
        /* To say yes would be to answer another question. */
        job_trace(j, "a word of the question is in no fact, so neither yes nor no can be said");
        return answer_search(j);
    }
    return counts_calls(j) ? conclude_calls(j, &f) : conclude_list(j, &f);
}

/* --- an attribute
 * ------------------------------------------------------------------------------------ */

static void put_unit(const job *j, as_buf *out, select_id s, as_bytes v)
{
    uint64_t n = 0, whole = 0;
    char moment[AS_TIME_SIZE];
    int64_t us;

    if ((s == SELECT_STARTED || s == SELECT_ENDED || s == SELECT_TIME || s == SELECT_COMPILED) &&
        as_time_parse(v, &us)) {
        as_buf_printf(out, is_zh(j) ? "（%s）" : " (%s)", as_time_text(us, moment));
        return;
    }

    for (; whole < v.n && v.p[whole] >= '0' && v.p[whole] <= '9'; whole++)
        n = n * 10 + (uint64_t)(v.p[whole] - '0');
    if (whole == 0 || whole > 15)
        return;
    if (s == SELECT_SIZE && whole == v.n) {
        as_buf_text(out, is_zh(j) ? " 字节" : " bytes");
        if (n >= 1024)
            as_buf_printf(out, is_zh(j) ? "（%.1f KiB）" : " (%.1f KiB)", (double)n / 1024.0);
    } else if (s == SELECT_DURATION) {
        as_buf_text(out, is_zh(j) ? " 秒" : " seconds");
        if (n >= 60)
            as_buf_printf(out, is_zh(j) ? "（%llu 分 %llu 秒）" : " (%llu min %llu s)",
                          (unsigned long long)(n / 60), (unsigned long long)(n % 60));
    }
}

static as_bytes selected_text(job *j, select_id s, as_bytes v, const as_row *row)
{
    const as_plan *p = &j->plan;
    as_buf out = {0};
    bool named = p->topic != TOPIC_SAMPLE && p->topic != TOPIC_RUN && p->topic != TOPIC_PE &&
                 p->topic != TOPIC_COMMAND;

    as_buf_add(&out, v);
    put_unit(j, &out, s, v);
    if (named && row) {
        as_bytes of = row_value(j, topic_get(p->topic), row);

        if (of.n > 0 && !as_bytes_eq(of, v)) {
            as_buf_text(&out, is_zh(j) ? "（" : " (");
            as_escape_visible_cut(&out, of, 160);
            as_buf_text(&out, is_zh(j) ? "）" : ")");
        }
    }
    return say_done(j, &out);
}

static as_code add_hashes(job *j, finds *f, const as_row *row)
{
    static const as_attr_name names[] = {AS_ATTR_MD5,    AS_ATTR_SHA1,     AS_ATTR_SHA256,
                                         AS_ATTR_SHA512, AS_ATTR_SHA3_384, AS_ATTR_SSDEEP,
                                         AS_ATTR_TLSH};
    static const char *const said[] = {"MD5 ",      "SHA-1 ",  "SHA-256 ", "SHA-512 ",
                                       "SHA3-384 ", "ssdeep ", "TLSH "};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        as_bytes v = as_row_text(row, names[i]);
        as_buf out = {0};
        as_code rc;

        if (v.n == 0)
            continue;
        as_buf_text(&out, said[i]);
        as_buf_add(&out, v);
        rc = finds_add(j, f, row, v, say_done(j, &out), v, 1);
        if (rc)
            return rc;
    }
    return AS_OK;
}

bool number_of_text(as_bytes text, double *ret)
{
    char buf[40], *end;

    if (text.n == 0 || text.n >= sizeof(buf))
        return false;
    memcpy(buf, text.p, text.n);
    buf[text.n] = '\0';
    *ret = strtod(buf, &end);
    return *end == '\0';
}

bool moment_of(as_bytes text, double *ret)
{
    int64_t us;

    if (as_time_parse(text, &us)) {
        *ret = (double)us / 1e6;
        return true;
    }
    return number_of_text(text, ret);
}

/* Seconds that a process or a run lasted, by its own times or by those of its calls. */
static bool lasted(job *j, const as_row *row, double *ret)
{
    as_bytes begin = as_row_text(row, AS_ATTR_STARTED), end = as_row_text(row, AS_ATTR_ENDED);
    double from, to;

    if (number_of_text(as_row_text(row, AS_ATTR_DURATION), ret))
        return true;
    if (begin.n == 0)
        begin = as_row_text(row, AS_ATTR_FIRST_SEEN);
    if (begin.n == 0)
        begin = as_row_text(row, AS_ATTR_TIME);
    if (end.n == 0)
        end = as_row_text(row, AS_ATTR_LAST_SEEN);
    if (moment_of(begin, &from) && moment_of(end, &to)) {
        *ret = to - from;
        return to >= from;
    }
    return trace_lasted(j, row, ret);
}

static as_bytes number_text(job *j, double n)
{
    as_buf out = {0};

    as_buf_printf(&out, "%.3f", n);
    while (out.n > 1 && out.p[out.n - 1] == '0')
        out.n--;
    if (out.n > 1 && out.p[out.n - 1] == '.')
        out.n--;
    return say_done(j, &out);
}

static as_code select_row(job *j, select_id s, finds *f, const as_row *row)
{
    as_buf list = {0};
    as_code rc;
    double n;

    if (s == SELECT_HASHES)
        return add_hashes(j, f, row);
    rc = select_values(s, row, j->arena, &list);
    if (!rc && list.n == 0 && s == SELECT_DURATION && lasted(j, row, &n)) {
        as_bytes v = number_text(j, n);

        rc = finds_add(j, f, row, v, selected_text(j, s, v, row), v, 1);
    }
    for (size_t i = 0; !rc && i < list.n; i += sizeof(as_bytes)) {
        as_bytes v;

        memcpy(&v, list.p + i, sizeof(v));
        rc = finds_add(j, f, row, v, selected_text(j, s, v, row), v, 1);
    }
    as_buf_done(&list);
    return rc;
}

as_code select_rows(job *j, const as_plan *p, finds *f)
{
    as_row *rows = NULL;
    size_t n = 0;
    as_code rc = gather_rows(j, p, &rows, &n);

    for (size_t i = 0; !rc && i < n; i++) {
        rc = select_row(j, p->select, f, &rows[i]);
        for (size_t k = 0; !rc && k < p->n_more; k++)
            rc = select_row(j, p->more[k], f, &rows[i]);
    }
    return rc;
}

static as_code select_tool(job *j, finds *f)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < j->n_docs; i++) {
        const as_document *d = &j->docs[i];
        as_buf out = {0};
        as_bytes v = j->plan.select == SELECT_TOOL ? d->tool : d->tool_version;

        if (v.n == 0)
            continue;
        as_buf_add(&out, d->tool);
        if (d->tool_version.n > 0) {
            as_buf_byte(&out, ' ');
            as_buf_add(&out, d->tool_version);
        }
        rc = finds_add(j, f, NULL, v, say_done(j, &out), v, 1);
    }
    return rc;
}

static as_code conclude_selected(job *j, const finds *f)
{
    const as_plan *p = &j->plan;
    as_buf out = {0};
    const char *name = select_name(p->select, j->lang);
    bool own = p->topic == TOPIC_SAMPLE || p->topic == TOPIC_PE;

    if (f->n == 0) {
        recorded r = recorded_in(j->docs, j->n_docs, topic_get(p->topic)->area);

        j->answer->answerable = false;
        if (r != RECORDED_YES)
            say_unrecorded(j, &out, topic_get(p->topic)->area, r);
        else if (is_zh(j)) {
            as_buf_text(&out, "无法回答：报告没有给出");
            say_topic(j, &out, p, true);
            say_conditions(j, &out, p);
            as_buf_printf(&out, "的%s。", name);
        } else {
            as_buf_printf(&out, "It cannot be told: the report does not give the %s of ", name);
            say_topic(j, &out, p, true);
            say_conditions(j, &out, p);
            as_buf_byte(&out, '.');
        }
        j->answer->text = say_done(j, &out);
        return AS_OK;
    }
    if (is_zh(j)) {
        as_buf_text(&out, own ? "样本" : "");
        if (!own)
            say_topic(j, &out, p, true);
        say_conditions(j, &out, p);
        as_buf_printf(&out, "的%s：", name);
    } else {
        as_buf_printf(&out, "The %s of ", name);
        as_buf_text(&out, own ? "the sample" : "the ");
        if (!own)
            say_topic(j, &out, p, f->n > 1);
        say_conditions(j, &out, p);
        as_buf_text(&out, ": ");
    }
    say_list(j, &out, f, 0);
    as_buf_text(&out, is_zh(j) ? "。" : ".");
    j->answer->text = say_done(j, &out);
    return cite_finds(j, f);
}

/* What one tool tells of the sample another tells of the run. */
static as_code answer_select(job *j)
{
    static const topic_id homes[] = {TOPIC_RUN, TOPIC_SAMPLE, TOPIC_PE};
    static const topic_id files[] = {TOPIC_DROPPED, TOPIC_PROCESS,   TOPIC_MODULE,
                                     TOPIC_PAYLOAD, TOPIC_EXTRACTED, TOPIC_SIGNATURE};
    as_plan p = j->plan;
    finds f = {0};
    as_code rc = AS_OK;
    bool own = p.topic == TOPIC_SAMPLE || p.topic == TOPIC_RUN;

    if (p.select == SELECT_TOOL || p.select == SELECT_VERSION)
        rc = select_tool(j, &f);
    if (!rc && f.n == 0)
        rc = select_rows(j, &p, &f);
    /* "the hash of x.exe": of a file that the report knows. */
    for (size_t i = 0; own && p.n_filters > 0 && !rc && f.n == 0 && i < AS_COUNT(files); i++) {
        p.topic = j->plan.topic = files[i];
        rc = select_rows(j, &p, &f);
    }
    for (size_t i = 0; own && p.n_filters == 0 && !rc && f.n == 0 && i < AS_COUNT(homes); i++) {
        p.topic = homes[i];
        rc = select_rows(j, &p, &f);
    }
    return rc ? rc : conclude_selected(j, &f);
}

/* --- superlatives
 * --------------------------------------------------------------------------------------- */

static bool size_of(const as_row *row, double *ret)
{
    static const as_attr_name names[] = {AS_ATTR_SIZE, AS_ATTR_RAW_SIZE, AS_ATTR_VIRTUAL_SIZE};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        as_bytes text = as_row_text(row, names[i]);

        if (number_of_text(text, ret))
            return true; /* also hexadecimal: strtod reads it */
    }
    return false;
}

static bool grade_of(const as_row *row, double *ret)
{
    static const as_attr_name names[] = {AS_ATTR_SEVERITY,   AS_ATTR_SCORE, AS_ATTR_ENTROPY,
                                         AS_ATTR_CONFIDENCE, AS_ATTR_DPORT, AS_ATTR_COUNT};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (number_of_text(as_row_text(row, names[i]), ret))
            return true;
    }
    return false;
}

static bool time_of(const as_row *row, double *ret)
{
    static const as_attr_name names[] = {AS_ATTR_FIRST_SEEN, AS_ATTR_STARTED, AS_ATTR_TIME};

    if (row->has_time) {
        *ret = (double)row->time_us / 1e6;
        return true;
    }
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (moment_of(as_row_text(row, names[i]), ret))
            return true;
    }
    return false;
}

/* The number that the superlative compares. */
static bool measure(job *j, const as_plan *p, const find *f, double *ret)
{
    const as_row *row = f->n_rows > 0 ? f->rows[0] : NULL;

    if (!row)
        return false;
    switch ((int)p->super) {
    case SUPER_MOST:
    case SUPER_LEAST:
        *ret = (double)f->count;
        return true;
    case SUPER_LONGEST:
    case SUPER_SHORTEST:
        if (p->topic == TOPIC_PROCESS || p->topic == TOPIC_RUN)
            return lasted(j, row, ret);
        *ret = (double)f->value.n;
        return true;
    case SUPER_BIGGEST:
    case SUPER_SMALLEST:
        for (size_t i = 0; i < f->n_rows; i++) {
            if (size_of(f->rows[i], ret))
                return true;
        }
        return grade_of(row, ret);
    case SUPER_HIGHEST:
    case SUPER_LOWEST:
        return grade_of(row, ret) || size_of(row, ret);
    default:
        return time_of(row, ret);
    }
}

static bool wants_least(super_id s)
{
    return s == SUPER_LEAST || s == SUPER_SHORTEST || s == SUPER_SMALLEST || s == SUPER_FIRST ||
           s == SUPER_LOWEST;
}

/* Calls are counted by their traces, which are whole. */
static as_code group_by_process(job *j, const as_plan *p, finds *to)
{
    as_plan rows_of = *p;
    as_row *rows = NULL;
    size_t n = 0;
    as_code rc;

    if (p->topic == TOPIC_API) {
        rows_of.topic = TOPIC_KIND;
        rows_of.kind = AS_KIND_API_TRACE;
    }
    rc = gather_rows(j, &rows_of, &rows, &n);
    if (!rc && n == 0 && p->topic == TOPIC_API)
        rc = gather_rows(j, p, &rows, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        uint64_t weight = 1;

        if (p->topic == TOPIC_API)
            (void)as_bytes_u64(as_row_text(&rows[i], AS_ATTR_COUNT), &weight);
        rc = actor_add(j, to, &rows[i], weight);
    }
    return rc;
}

/* Groups: things by an attribute, files by extension. */
static as_code regroup(job *j, const as_plan *p, const finds *from, finds *to)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < from->n; i++) {
        const find *f = &from->p[i];
        as_buf list = {0};

        if (f->n_rows == 0)
            continue;
        for (size_t k = 0; !rc && list.n == 0 && k < f->n_rows; k++)
            rc = select_values(p->select, f->rows[k], j->arena, &list);
        for (size_t k = 0; !rc && k < list.n; k += sizeof(as_bytes)) {
            as_bytes v;
            double size = 0;
            find *group;

            memcpy(&v, list.p + k, sizeof(v));
            rc = finds_add(j, to, f->rows[0], v, v, v, 1);
            for (size_t r = 0; !rc && r < f->n_rows && !size_of(f->rows[r], &size); r++)
                ;
            group = rc ? NULL : finds_find(to, j, v);
            if (group)
                group->size += size;
        }
        as_buf_done(&list);
    }
    return rc;
}

static int by_size(const void *a, const void *b)
{
    const find *x = a, *y = b;

    return x->size > y->size ? -1 : x->size < y->size;
}

/* Of things that are equally many, the one with the most bytes is it; the rest are told. */
static void part_equals(job *j, finds *best)
{
    qsort(best->p, best->n, sizeof(*best->p), by_size);
    if (best->p[0].size > best->p[1].size) {
        j->equals = (finds){.p = best->p + 1, .n = best->n - 1};
        best->n = 1;
    }
}

static const struct {
    const char *en, *zh;
} supers[] = {
    [SUPER_NONE] = {"", ""},
    [SUPER_MOST] = {"most common", "最常见的"},
    [SUPER_LEAST] = {"least common", "最少见的"},
    [SUPER_LONGEST] = {"longest", "最长的"},
    [SUPER_SHORTEST] = {"shortest", "最短的"},
    [SUPER_BIGGEST] = {"biggest", "最大的"},
    [SUPER_SMALLEST] = {"smallest", "最小的"},
    [SUPER_FIRST] = {"first", "最早的"},
    [SUPER_LAST] = {"last", "最后的"},
    [SUPER_HIGHEST] = {"highest", "最高的"},
    [SUPER_LOWEST] = {"lowest", "最低的"},
};

static void put_measure(const job *j, as_buf *out, const as_plan *p, double n, size_t total)
{
    bool zh = is_zh(j);

    if (p->super == SUPER_MOST || p->super == SUPER_LEAST)
        as_buf_printf(out,
                      zh ? "（%.0f 次，共 %zu 项不同的值）" : " (%.0f times; %zu different values)",
                      n, total);
    else if ((p->super == SUPER_LONGEST || p->super == SUPER_SHORTEST) &&
             (p->topic == TOPIC_PROCESS || p->topic == TOPIC_RUN))
        as_buf_printf(out, zh ? "（%.3f 秒）" : " (%.3f seconds)", n);
    else if (p->super == SUPER_BIGGEST || p->super == SUPER_SMALLEST)
        as_buf_printf(out, zh ? "（%.0f）" : " (%.0f)", n);
}

static as_code conclude_top(job *j, const as_plan *p, finds *best, double n, size_t total,
                            bool order)
{
    as_buf out = {0};
    bool zh = is_zh(j);

    if (zh) {
        as_buf_text(&out, supers[p->super].zh);
        if (p->select != SELECT_NONE && p->select != SELECT_SIZE && p->select != SELECT_DURATION)
            as_buf_text(&out, select_name(p->select, j->lang));
        else
            say_topic(j, &out, p, true);
        say_conditions(j, &out, p);
        as_buf_text(&out, best->n > 1 ? "有并列：" : "是：");
    } else {
        as_buf_printf(&out, "The %s ", supers[p->super].en);
        if (p->select != SELECT_NONE && p->select != SELECT_SIZE && p->select != SELECT_DURATION)
            as_buf_printf(&out, "%s of ", select_name(p->select, j->lang));
        say_topic(j, &out, p, p->select != SELECT_NONE || best->n > 1);
        say_conditions(j, &out, p);
        as_buf_text(&out, best->n > 1 ? ", equal to each other: " : ": ");
    }
    say_list(j, &out, best, 0);
    put_measure(j, &out, p, n, total);
    if (j->equals.n > 0) {
        as_buf_text(&out, zh ? "；同样多但字节数较少的还有：" : "; as often, with fewer bytes: ");
        say_list(j, &out, &j->equals, 0);
    }
    if (order)
        as_buf_text(&out, zh ? "（报告没有时间，按其列出的顺序）"
                             : " (the report gives no times: in its own order)");
    as_buf_text(&out, zh ? "。" : ".");
    j->answer->text = say_done(j, &out);
    return cite_finds(j, best);
}

static as_code conclude_unmeasured(job *j)
{
    as_buf out = {0};

    j->answer->answerable = false;
    if (is_zh(j)) {
        as_buf_text(&out, "无法回答：报告没有给出");
        say_topic(j, &out, &j->plan, true);
        as_buf_text(&out, "的大小、时间或次数，无从比较。");
    } else {
        as_buf_text(&out, "It cannot be told: the report does not give what would compare the ");
        say_topic(j, &out, &j->plan, true);
        as_buf_byte(&out, '.');
    }
    j->answer->text = say_done(j, &out);
    return AS_OK;
}

/* A most common one of many that are all as common is none. */
static as_code conclude_even(job *j, const as_plan *p, const finds *f)
{
    as_buf out = {0};

    as_buf_text(&out, is_zh(j) ? "没有哪一个最多：" : "None stands out: all ");
    say_number(j, &out, p, f->n);
    as_buf_text(&out, is_zh(j) ? "出现的次数都相同。" : " are equally common.");
    j->answer->text = say_done(j, &out);
    return cite_finds(j, f);
}

static as_code pick(job *j, const as_plan *p, const finds *f, finds *best, double *top,
                    size_t *known)
{
    bool least = wants_least(p->super);
    as_code rc = AS_OK;

    *known = 0;
    for (size_t i = 0; i < f->n; i++) {
        double n;

        f->p[i].has_number = measure(j, p, &f->p[i], &n);
        f->p[i].number = f->p[i].has_number ? n : 0;
        if (!f->p[i].has_number)
            continue;
        if ((*known)++ == 0 || (least ? n < *top : n > *top))
            *top = n;
    }
    for (size_t i = 0; !rc && i < f->n; i++) {
        const find *x = &f->p[i];

        if (!x->has_number || x->number < *top || x->number > *top)
            continue;
        rc = finds_add(j, best, x->n_rows ? x->rows[0] : NULL, x->value, x->text, x->key, x->count);
        if (!rc)
            best->p[best->n - 1].size = x->size;
    }
    return rc;
}

static as_code pick_by_order(job *j, const as_plan *p, const finds *f, finds *best)
{
    const find *x = &f->p[wants_least(p->super) ? 0 : f->n - 1];

    return finds_add(j, best, x->n_rows ? x->rows[0] : NULL, x->value, x->text, x->key, x->count);
}

/* What the best has of the attribute that was asked for: "the path of the biggest file". */
static as_code select_of_best(job *j, const as_plan *p, finds *best)
{
    finds f = {0};
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < best->n; i++) {
        if (best->p[i].n_rows > 0)
            rc = select_row(j, p->select, &f, best->p[i].rows[0]);
    }
    if (!rc && f.n > 0)
        *best = f;
    return rc;
}

static as_code answer_top(job *j)
{
    as_plan p = j->plan;
    finds f, grouped = {0}, best = {0};
    bool group = p.super == SUPER_MOST || p.super == SUPER_LEAST;
    bool ordered = p.super == SUPER_FIRST || p.super == SUPER_LAST, order = false;
    double top = 0;
    size_t known = 0;
    as_code rc;

    if (p.topic == TOPIC_CONNECTION && p.finally)
        p.topic = TOPIC_IP;
    rc = gather(j, &p, &f);
    if (rc)
        return rc;
    if (f.n == 0)
        return conclude_nothing(j);
    if (group && reading_has(&j->reading, SIGN_WHO)) {
        rc = group_by_process(j, &p, &grouped);
        f = grouped;
    } else if (group && p.select != SELECT_NONE) {
        rc = regroup(j, &p, &f, &grouped);
        f = grouped;
    }
    rc = rc ? rc : pick(j, &p, &f, &best, &top, &known);
    if (!rc && known == 0 && ordered && f.n > 0) {
        order = true;
        rc = pick_by_order(j, &p, &f, &best);
    }
    if (!rc && best.n == 0)
        return conclude_unmeasured(j);
    if (!rc && !group && p.select != SELECT_NONE && p.select != SELECT_SIZE &&
        p.select != SELECT_DURATION && p.select != SELECT_TIME && p.select != SELECT_SEVERITY)
        rc = select_of_best(j, &p, &best);
    if (!rc && best.n > 1)
        part_equals(j, &best);
    if (!rc && group && best.n > 3 && best.n == f.n)
        return conclude_even(j, &p, &f);
    return rc ? rc : conclude_top(j, &p, &best, top, f.n, order);
}

as_code answer_one(job *j)
{
    switch ((int)j->plan.want) {
    case WANT_EXISTS:
    case WANT_LIST:
    case WANT_COUNT:
        return answer_list(j);
    case WANT_SELECT:
        return answer_select(j);
    case WANT_TOP:
        return answer_top(j);
    case WANT_WHO:
    case WANT_PARENT:
    case WANT_CHILD:
        return answer_actor(j);
    case WANT_SUMMARY:
    case WANT_TIMELINE:
        return answer_story(j);
    default:
        return answer_search(j);
    }
}
