#include "query/query_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- what happened when ------------------------------------------------------------------ */

#define MOMENTS_MAX 400u

typedef struct moments {
    job *j;
    finds finds;
} moments;

static as_code add_moment(void *ctx, const as_row *row, as_err *err)
{
    moments *m = ctx;
    as_buf text = {0}, key = {0};
    as_row *copy;
    as_bytes said;
    double n;
    as_code rc;

    (void)err;
    if (!row->has_time && !moment_of(as_row_text(row, AS_ATTR_TIME), &n))
        return AS_OK;
    if (m->finds.n >= MOMENTS_MAX)
        return AS_STORE_STOP;
    copy = as_arena_take(m->j->arena, 1, sizeof(*copy));
    if (!copy || as_row_copy(m->j->arena, row, copy))
        return as_fail_nomem(m->j->err, "a timeline");
    if (row->has_time) {
        char moment[AS_TIME_SIZE];

        as_buf_text(&text, as_time_text(row->time_us, moment));
        as_buf_byte(&text, ' ');
    }
    as_buf_text(&text, as_describe_noun(m->j->lang, row->kind));
    as_buf_text(&text, m->j->lang == AS_LANG_ZH ? "：" : ": ");
    as_buf_add(&text, row->kind == AS_KIND_PROCESS ? process_name(m->j, copy) : row->value);
    as_buf_printf(&key, "%lld", (long long)row->id);
    said = say_done(m->j, &text);
    rc = finds_add(m->j, &m->finds, copy, row->value.n ? row->value : said, said,
                   say_done(m->j, &key), 1);
    if (!rc)
        m->finds.p[m->finds.n - 1].number = row->has_time ? (double)row->time_us / 1e6 : n;
    return rc;
}

static int by_number(const void *a, const void *b)
{
    const find *x = a, *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

static as_code answer_timeline(job *j)
{
    static const as_kind kinds[] = {
        AS_KIND_ANALYSIS,     AS_KIND_PROCESS,       AS_KIND_FILE_CREATED, AS_KIND_FILE_DELETED,
        AS_KIND_KEY_WRITTEN,  AS_KIND_DNS,           AS_KIND_CONNECTION,   AS_KIND_HTTP,
        AS_KIND_TLS,          AS_KIND_LOGON,         AS_KIND_LOGON_FAILED, AS_KIND_SERVICE_CREATED,
        AS_KIND_TASK_CREATED, AS_KIND_REMOTE_THREAD, AS_KIND_LOG_CLEARED,  AS_KIND_IDS_ALERT};
    as_rows_query q = {.sample = j->sample, .kinds = kinds, .n_kinds = AS_COUNT(kinds)};
    moments m = {.j = j};
    as_buf out = {0};
    bool zh = j->lang == AS_LANG_ZH;
    as_code rc = as_store_rows(j->store, &q, add_moment, &m, j->err);

    if (rc)
        return rc;
    if (m.finds.n == 0) {
        j->answer->answerable = false;
        as_buf_text(&out, zh ? "无法回答：报告没有给出事件的时间。"
                             : "It cannot be told: the report gives no times of events.");
    } else {
        qsort(m.finds.p, m.finds.n, sizeof(*m.finds.p), by_number);
        as_buf_printf(&out, zh ? "按时间共 %zu 个事件：" : "%zu events in time: ", m.finds.n);
        say_list(j, &out, &m.finds, 0);
        as_buf_text(&out, zh ? "。" : ".");
        j->answer->complete = j->answer->complete && m.finds.n < MOMENTS_MAX;
    }
    j->answer->text = say_done(j, &out);
    return cite_finds(j, &m.finds);
}

/* --- all in brief
 * ----------------------------------------------------------------------------------- */

static const struct part {
    topic_id topic;
    severity_id severity;
    const char *en, *zh;
} parts[] = {
    {TOPIC_FAMILY, SEVERITY_ANY, "Family: ", "家族："},
    {TOPIC_SIGNATURE, SEVERITY_HIGH, "High-risk behaviour: ", "高危行为："},
    {TOPIC_SIGNATURE, SEVERITY_SUSPICIOUS, "Suspicious behaviour: ", "可疑行为："},
    {TOPIC_CAPABILITY, SEVERITY_ANY, "Capabilities: ", "能力："},
    {TOPIC_TECHNIQUE, SEVERITY_ANY, "Techniques: ", "攻击技术："},
    {TOPIC_PROCESS, SEVERITY_ANY, "Processes: ", "进程："},
    {TOPIC_DROPPED, SEVERITY_ANY, "Dropped files: ", "释放的文件："},
    {TOPIC_PERSISTENCE, SEVERITY_ANY, "Persistence: ", "持久化："},
    {TOPIC_DOMAIN, SEVERITY_ANY, "Domains: ", "域名："},
    {TOPIC_IP, SEVERITY_ANY, "Addresses: ", "IP 地址："},
    {TOPIC_IDS, SEVERITY_ANY, "IDS alerts: ", "IDS 告警："},
    {TOPIC_C2, SEVERITY_ANY, "C2 addresses: ", "C2 地址："},
};

#define PART_MAX 6u /* items of one part; the rest is counted */

static as_code add_part(job *j, const struct part *part, finds *all, as_buf *out)
{
    as_plan p = {.want = WANT_LIST,
                 .topic = part->topic,
                 .severity = part->severity,
                 .lang = j->lang,
                 .protocol = -1};
    bool zh = j->lang == AS_LANG_ZH;
    finds f;
    as_code rc = gather(j, &p, &f);

    if (rc || f.n == 0)
        return rc;
    as_buf_text(out, all->n > 0 ? "\n" : "");
    as_buf_text(out, zh ? part->zh : part->en);
    for (size_t i = 0; !rc && i < f.n && i < PART_MAX; i++) {
        const find *x = &f.p[i];
        as_buf key = {0};

        as_buf_text(out, i == 0 ? "" : zh ? "；" : "; ");
        as_buf_add(out, x->text);
        as_buf_printf(&key, "%d ", (int)part->topic);
        as_buf_add(&key, x->key);
        rc = finds_add(j, all, x->n_rows ? x->rows[0] : NULL, x->value, x->text, say_done(j, &key),
                       x->count);
    }
    if (f.n > PART_MAX)
        as_buf_printf(out, zh ? "；等共 %zu 项" : "; %zu in all", f.n);
    return rc;
}

static as_code answer_summary(job *j)
{
    finds all = {0};
    as_buf out = {0};
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < AS_COUNT(parts); i++)
        rc = add_part(j, &parts[i], &all, &out);
    if (rc) {
        as_buf_done(&out);
        return rc;
    }
    if (all.n == 0)
        as_buf_text(&out, j->lang == AS_LANG_ZH
                              ? "报告中没有检出、进程、文件或网络方面的记录。"
                              : "The report holds no detections, processes, files or traffic.");
    j->answer->complete = false; /* a choice of what there is */
    j->answer->text = say_done(j, &out);
    return cite_finds(j, &all);
}

as_code answer_story(job *j)
{
    return j->plan.want == WANT_TIMELINE ? answer_timeline(j) : answer_summary(j);
}
