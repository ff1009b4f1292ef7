#include "describe/describe_priv.h"

#include "base/banned.h"

static const struct gap {
    uint32_t bit;
    const char *said[AS_SAY_LANGS];
} gaps[] = {
    {AS_GAP_NOTHING,
     {"No process was seen: the report holds no behaviour, which does not mean that the sample is "
      "harmless.",
      "未观察到任何进程：报告中没有行为数据，但这并不表示样本无害。"}},
    {AS_GAP_NO_END,
     {"The run has no end time, so it may have been broken off.",
      "报告没有记录运行结束时间，运行可能中途中断。"}},
    {AS_GAP_STATUS,
     {"The tool itself calls the run failed or aborted.", "工具将本次运行标记为失败或中止。"}},
    {AS_GAP_UNTOLD,
     {"The log holds more different facts than a description has room for; 'assay facts' lists "
      "them all.",
      "日志中的不同事实过多，描述无法全部容纳；用 assay facts 可逐条列出。"}},
    {AS_GAP_EMPTY,
     {"The output lists nothing: either there was nothing to find, or the tool did not get "
      "through; the output does not say which.",
      "输出中没有任何条目：可能确实没有发现，也可能工具未能成功运行，仅凭输出无法判断。"}},
    {AS_GAP_ERRORS,
     {"The tool reported errors of its own, so the report may be incomplete.",
      "工具自身报告了错误，报告可能不完整。"}},
};

/* One part of a joined analysis, or all there is. */
struct part {
    as_teller *t;
    const as_analysis *a;
    size_t number;
};

/* What a sentence about the report as a whole rests on: the first fact about the run. */
static uint32_t basis(const struct part *p)
{
    const as_teller *t = p->t;

    for (size_t i = t->list_at[AS_KIND_ANALYSIS]; i < t->list_at[AS_KIND_ANALYSIS + 1]; i++) {
        if (as_teller_part(t, t->list[i]) == p->number)
            return t->list[i];
    }
    for (size_t i = 0; i < t->list_at[AS_KIND_COUNT]; i++) {
        if (as_teller_part(t, t->list[i]) == p->number)
            return t->list[i];
    }
    return AS_NO_FACT;
}

/* "CAPE: " where several have something to say. */
static void begin_note(const struct part *p)
{
    as_teller *t = p->t;

    as_buf_reset(&t->text);
    if (t->analysis->n_parts < 2)
        return;
    as_doc_part_name(&t->text, t->analysis, p->number);
    as_buf_text(&t->text, t->options.lang == AS_LANG_ZH ? "：" : ": ");
}

static void close_note(const struct part *p)
{
    as_teller *t = p->t;
    as_sentence head = {.fact = AS_NO_FACT, .process = AS_NO_FACT};
    uint32_t fact = basis(p);

    if (fact != AS_NO_FACT)
        as_buf_add(&t->used, (as_bytes){(const uint8_t *)&fact, sizeof(fact)});
    as_say_close(t, head, true);
}

static void say_gaps(const struct part *p)
{
    static const char *const one_of_them[AS_SAY_LANGS] = {
        "The tool itself calls at least one of the runs failed or aborted.",
        "工具将其中至少一次运行标记为失败或中止。"};

    for (size_t i = 0; i < AS_COUNT(gaps); i++) {
        bool one = p->t->many_runs && gaps[i].bit == AS_GAP_STATUS;

        if (!(p->a->gaps & gaps[i].bit))
            continue;
        begin_note(p);
        as_buf_text(&p->t->text, (one ? one_of_them : gaps[i].said)[p->t->options.lang]);
        close_note(p);
    }
}

/* "<n> <one or many>": of a doubt about the input. */
static void say_count(const struct part *p, uint64_t n, const char *one, const char *many,
                      const char *zh)
{
    as_teller *t = p->t;
    char number[32];

    if (n == 0)
        return;
    (void)as_thousands(n, number);
    begin_note(p);
    if (t->options.lang == AS_LANG_ZH)
        as_buf_printf(&t->text, "输入中有 %s %s。", number, zh);
    else
        as_buf_printf(&t->text, "The input has %s %s.", number, n == 1 ? one : many);
    close_note(p);
}

/* Of a log: what is told once for many, what has no room, what could not be read. */
static void say_log(const struct part *p)
{
    as_teller *t = p->t;
    const as_analysis *a = p->a;
    bool zh = t->options.lang == AS_LANG_ZH;
    char number[32], first[32];

    if (a->digested > 0) {
        begin_note(p);
        (void)as_thousands(a->digested, number);
        as_buf_printf(
            &t->text,
            zh ? "日志很长：仅时间和进程号等编号不同的事实只描述一次并注明次数，因此有 %s "
                 "条未单独描述；用 assay facts 可逐条列出。"
               : "The log is long: facts that differ only in time and in numbers such "
                 "as those of processes are told once, with how often, so that %s are "
                 "not told by themselves; 'assay facts' lists each.",
            number);
        close_note(p);
    }
    if (a->untold > 0) {
        begin_note(p);
        (void)as_thousands(a->untold, number);
        as_buf_printf(&t->text, zh ? "另有 %s 条事实未被描述。" : "%s facts are not told.", number);
        close_note(p);
    }
    if (a->bad_lines > 0) {
        begin_note(p);
        (void)as_thousands(a->bad_lines, number);
        (void)as_thousands(a->first_bad_line, first);
        if (zh)
            as_buf_printf(&t->text, "有 %s %s无法解析，已跳过，首个为第 %s %s。", number,
                          a->has_records ? "条记录" : "行", first, a->has_records ? "条" : "行");
        else if (a->bad_lines == 1)
            as_buf_printf(&t->text, "One %s could not be read and was passed over: number %s.",
                          a->has_records ? "record" : "line", first);
        else
            as_buf_printf(&t->text,
                          "%s %s could not be read and were passed over, the first is number %s.",
                          number, a->has_records ? "records" : "lines", first);
        close_note(p);
    }
}

static size_t unmapped_paths(const as_coverage *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += !c->rows[i].known;
    return n;
}

/* Tenths of a percent, rounded down: what is not whole must not read as whole. */
static unsigned permille_of(uint64_t part, uint64_t total)
{
    uint64_t permille = total == 0 ? 1000 : (uint64_t)((double)part / (double)total * 1000.0);

    return part < total && permille >= 1000 ? 999 : (unsigned)permille;
}

static uint64_t left_out_bytes(const as_coverage *c)
{
    uint64_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += c->rows[i].known ? c->rows[i].bytes : 0;
    return n;
}

static void say_coverage(const struct part *p)
{
    as_teller *t = p->t;
    const as_coverage *c = &p->a->coverage;
    unsigned permille = permille_of(c->mapped_bytes, c->total_bytes);
    unsigned left_out = permille_of(left_out_bytes(c), c->total_bytes);
    size_t paths = unmapped_paths(c);
    char number[32];

    (void)as_thousands(paths, number);
    begin_note(p);
    if (t->options.lang == AS_LANG_ZH)
        as_buf_printf(&t->text, "assay 解析了报告 %u.%u%% 的字节", permille / 10, permille % 10);
    else
        as_buf_printf(&t->text, "Of the report's bytes, assay mapped %u.%u %%", permille / 10,
                      permille % 10);
    if (left_out > 0 && c->total_bytes > 0)
        as_buf_printf(&t->text,
                      t->options.lang == AS_LANG_ZH ? "，另有 %u.%u%% 有意省略"
                                                    : " and left out %u.%u %% on purpose",
                      left_out / 10, left_out % 10);
    if (paths > 0 && t->options.lang == AS_LANG_ZH)
        as_buf_printf(&t->text, "，有 %s 个路径未能映射", number);
    else if (paths > 0)
        as_buf_printf(&t->text, "; %s %s not mapped", number, paths == 1 ? "path is" : "paths are");
    as_buf_text(&t->text, t->options.lang == AS_LANG_ZH ? "。" : ".");
    close_note(p);
}

static void say_doubts(const struct part *p)
{
    const as_json_doubts *d = &p->a->doubts;

    say_count(p, d->duplicate_keys, "key that stands twice in one object; both values were read",
              "keys that stand twice in one object; all values were read",
              "个键在同一对象中重复出现，各值均已读取");
    say_count(p, d->lone_surrogates,
              "escape of half a surrogate pair, which is no character; it is shown as U+FFFD",
              "escapes of half a surrogate pair, which are no characters; they are shown as U+FFFD",
              "处不成对的代理项转义，不是合法字符，显示为 U+FFFD");
}

static void for_parts(as_teller *t, void (*say)(const struct part *p))
{
    for (size_t i = 0; i < as_analysis_n_parts(t->analysis); i++) {
        struct part p = {t, as_analysis_part_get(t->analysis, i), i};

        say(&p);
    }
}

void as_say_run(as_teller *t)
{
    as_say_kind(t, AS_KIND_ANALYSIS);
    as_say_kind(t, AS_KIND_TASK);
    for_parts(t, say_gaps);
    as_say_kind(t, AS_KIND_TOOL_ERROR);
    as_say_kind(t, AS_KIND_OPTION);
    for_parts(t, say_doubts);
    for_parts(t, say_log);
    for_parts(t, say_coverage);
}
