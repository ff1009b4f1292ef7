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
    {AS_GAP_ERRORS,
     {"The tool reported errors of its own, so the report may be incomplete.",
      "工具自身报告了错误，报告可能不完整。"}},
};

/* What a sentence about the report as a whole rests on: the first fact about the run. */
static uint32_t basis(const as_teller *t)
{
    if (t->list_at[AS_KIND_ANALYSIS] < t->list_at[AS_KIND_ANALYSIS + 1])
        return t->list[t->list_at[AS_KIND_ANALYSIS]];
    return t->list_at[AS_KIND_COUNT] > 0 ? t->list[0] : AS_NO_FACT;
}

static void close_note(as_teller *t)
{
    as_sentence head = {.fact = AS_NO_FACT, .process = AS_NO_FACT};
    uint32_t fact = basis(t);

    if (fact != AS_NO_FACT)
        as_buf_add(&t->used, (as_bytes){(const uint8_t *)&fact, sizeof(fact)});
    as_say_close(t, head, true);
}

static void say_note(as_teller *t, const char *const said[AS_SAY_LANGS])
{
    as_buf_reset(&t->text);
    as_buf_text(&t->text, said[t->options.lang]);
    close_note(t);
}

static void say_gaps(as_teller *t)
{
    static const char *const one_of_them[AS_SAY_LANGS] = {
        "The tool itself calls at least one of the runs failed or aborted.",
        "工具将其中至少一次运行标记为失败或中止。"};

    for (size_t i = 0; i < AS_COUNT(gaps); i++) {
        if (t->analysis->gaps & gaps[i].bit)
            say_note(t, t->many_runs && gaps[i].bit == AS_GAP_STATUS ? one_of_them : gaps[i].said);
    }
}

/* "<n> <one or many>": of a doubt about the input. */
static void say_count(as_teller *t, uint64_t n, const char *one, const char *many, const char *zh)
{
    char number[32];

    if (n == 0)
        return;
    (void)as_thousands(n, number);
    as_buf_reset(&t->text);
    if (t->options.lang == AS_LANG_ZH)
        as_buf_printf(&t->text, "输入中有 %s %s。", number, zh);
    else
        as_buf_printf(&t->text, "The input has %s %s.", number, n == 1 ? one : many);
    close_note(t);
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

static void say_coverage(as_teller *t)
{
    const as_coverage *c = &t->analysis->coverage;
    unsigned permille = permille_of(c->mapped_bytes, c->total_bytes);
    unsigned left_out = permille_of(left_out_bytes(c), c->total_bytes);
    size_t paths = unmapped_paths(c);
    char number[32];

    (void)as_thousands(paths, number);
    as_buf_reset(&t->text);
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
    close_note(t);
}

void as_say_run(as_teller *t)
{
    const as_json_doubts *d = &t->analysis->doubts;

    as_say_kind(t, AS_KIND_ANALYSIS);
    say_gaps(t);
    as_say_kind(t, AS_KIND_TOOL_ERROR);
    as_say_kind(t, AS_KIND_OPTION);
    say_count(t, d->duplicate_keys, "key that stands twice in one object; both values were read",
              "keys that stand twice in one object; all values were read",
              "个键在同一对象中重复出现，各值均已读取");
    say_count(t, d->lone_surrogates,
              "escape of half a surrogate pair, which is no character; it is shown as U+FFFD",
              "escapes of half a surrogate pair, which are no characters; they are shown as U+FFFD",
              "处不成对的代理项转义，不是合法字符，显示为 U+FFFD");
    say_coverage(t);
}
