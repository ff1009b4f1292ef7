#include "query/query_priv.h"

#include "base/escape.h"

#include <string.h>

#include "base/banned.h"

#define SAID_MAX 30u /* items that a sentence spells out */

/* "A, B and C", "A、B 和 C"; many are counted. */
void say_list(const job *j, as_buf *out, const finds *f, size_t from)
{
    bool zh = j->lang == AS_LANG_ZH;
    size_t n = f->n - from, said = n > SAID_MAX ? SAID_MAX : n;

    for (size_t i = 0; i < said; i++) {
        if (i > 0)
            as_buf_text(out, zh ? "；" : "; ");
        as_buf_add(out, f->p[from + i].text);
        if (f->p[from + i].count > 1 && (is_event(j->plan.topic) || j->plan.topic == TOPIC_API))
            as_buf_printf(out, " ×%llu", (unsigned long long)f->p[from + i].count);
    }
    if (said < n)
        as_buf_printf(out, zh ? "；另有 %zu 项，见完整列表" : "; and %zu more in the list",
                      n - said);
}

bool is_zh(const job *j)
{
    return j->lang == AS_LANG_ZH;
}

as_bytes say_done(job *j, as_buf *out)
{
    as_bytes copy = {0};

    if (out->failed || as_arena_copy(j->arena, as_buf_bytes(out), &copy)) {
        copy = (as_bytes){0};
        j->starved = true;
    }
    as_buf_done(out);
    return copy;
}

static void put_tools(const job *j, as_buf *out)
{
    for (size_t i = 0; i < j->n_docs; i++) {
        bool said = false;

        for (size_t k = 0; k < i && !said; k++)
            said = as_bytes_eq(j->docs[k].tool, j->docs[i].tool);
        if (said)
            continue;
        as_buf_text(out, i == 0 ? "" : j->lang == AS_LANG_ZH ? "、" : ", ");
        as_escape_visible_cut(out, j->docs[i].tool, 64);
    }
}

void say_unrecorded(const job *j, as_buf *out, topic_area a, recorded why)
{
    bool zh = j->lang == AS_LANG_ZH;
    const char *name = area_name(a, j->lang);

    if (why == RECORDED_NO_SECTION) {
        as_buf_printf(out,
                      zh ? "无法回答：报告中没有“%s”这一部分，因此既不能说有，也不能说没有。"
                         : "It cannot be told: the report has no part for %s, so it says "
                           "neither that there are any nor that there are none.",
                      name);
        return;
    }
    as_buf_text(out, zh ? "无法回答：" : "It cannot be told: ");
    put_tools(j, out);
    as_buf_printf(out, zh ? " 的输出不记录%s。" : " does not record %s.", name);
}

void say_conditions(const job *j, as_buf *out, const as_plan *p)
{
    bool zh = j->lang == AS_LANG_ZH;
    size_t n = 0;

    if (p->actor) {
        as_buf_text(out, zh ? "（进程 " : " by ");
        as_escape_visible_cut(out, p->actor->text, 120);
        as_buf_text(out, zh ? "）" : "");
    }
    if (p->behaviour) {
        as_buf_text(out, zh ? "（" : " (");
        as_escape_visible_cut(out, p->behaviour_name, 120);
        as_buf_text(out, zh ? "）" : ")");
    }
    for (size_t i = 0; i < p->n_filters; i++) {
        if (p->filters[i]->ignored)
            continue;
        as_buf_text(out, n++ ? (zh ? "、" : ", ") : (zh ? "（含 " : " with "));
        as_escape_visible_cut(out, p->filters[i]->text, 120);
    }
    if (n > 0 && zh)
        as_buf_text(out, "）");
}

static const struct {
    const char *en, *zh;
} severities[] = {{"", ""}, {"high-risk ", "高危"}, {"suspicious ", "可疑"}, {"normal ", "普通"}};

const char *topic_noun(const job *j, const as_plan *p, uint64_t n)
{
    const topic *t = topic_get(p->topic);

    if (p->topic == TOPIC_KIND)
        return as_describe_noun(j->lang, p->kind);
    if (p->topic == TOPIC_SIGNATURE && p->severity != SEVERITY_ANY)
        return j->lang == AS_LANG_ZH ? "行为" : n == 1 ? "behaviour" : "behaviours";
    return j->lang == AS_LANG_ZH ? t->zh : n == 1 ? t->one : t->many;
}

/* "3 high-risk behaviours", "3 个高危行为". */
/* "shi fang le" before a noun is "shi fang de". */
static void put_verb_of(as_buf *out, const char *verb)
{
    size_t n = strlen(verb);

    if (n > 3 && memcmp(verb + n - 3, "了", 3) == 0)
        n -= 3;
    as_buf_add(out, (as_bytes){(const uint8_t *)verb, n});
    as_buf_text(out, "的");
}

/* A blank between Chinese and a noun that begins with Latin letters. */
static void put_noun_zh(as_buf *out, const char *noun)
{
    bool latin = (noun[0] >= 'A' && noun[0] <= 'Z') || (noun[0] >= 'a' && noun[0] <= 'z');

    if (latin && out->n > 0 && out->p[out->n - 1] != ' ')
        as_buf_byte(out, ' ');
    as_buf_text(out, noun);
}

/* "3 high-risk behaviours", "3 个高危行为". */
void say_number(const job *j, as_buf *out, const as_plan *p, uint64_t n)
{
    if (j->lang == AS_LANG_ZH) {
        as_buf_printf(out, "%llu %s%s", (unsigned long long)n, topic_get(p->topic)->unit,
                      severities[p->severity].zh);
        put_noun_zh(out, topic_noun(j, p, n));
    } else {
        as_buf_printf(out, "%llu %s%s", (unsigned long long)n, severities[p->severity].en,
                      topic_noun(j, p, n));
    }
}

void say_topic(const job *j, as_buf *out, const as_plan *p, bool many)
{
    const char *verb = topic_get(p->topic)->verb_zh;

    if (j->lang != AS_LANG_ZH) {
        as_buf_text(out, severities[p->severity].en);
        as_buf_text(out, topic_noun(j, p, many ? 2 : 1));
        return;
    }
    if (verb)
        put_verb_of(out, verb);
    as_buf_text(out, severities[p->severity].zh);
    put_noun_zh(out, topic_noun(j, p, 1));
}
