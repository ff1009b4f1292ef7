#include "report/report_priv.h"

#include <assert.h>

#include "base/banned.h"

/* English, Chinese. A '#' stands for a number. */
static const char *const words[AS_FRAME_WORDS][2] = {
    [AS_FRAME_LANG_TAG] = {"en", "zh-CN"},
    [AS_FRAME_SAMPLE] = {"Sample", "样本"},
    [AS_FRAME_TYPE] = {"Type", "类型"},
    [AS_FRAME_SIZE] = {"Size", "大小"},
    [AS_FRAME_REPORT] = {"Report", "报告"},
    [AS_FRAME_INPUT_HASH] = {"SHA-256 of the report", "报告的 SHA-256"},
    [AS_FRAME_BYTES_N] = {"# bytes", "# 字节"},
    [AS_FRAME_EVIDENCE_PREFIX] = {"evidence ids begin", "证据编号的前缀为"},
    [AS_FRAME_INCOMPLETE] = {"This run is incomplete", "本次运行不完整"},
    [AS_FRAME_GAP_ERRORS] = {"the tool reports errors of its own", "分析工具自身报告了错误"},
    [AS_FRAME_GAP_NOTHING] = {"no process was seen", "没有观察到任何进程"},
    [AS_FRAME_GAP_NO_END] = {"no end of the run is recorded", "没有记录结束时间"},
    [AS_FRAME_GAP_EMPTY] = {"the output lists nothing", "输出中没有任何条目"},
    [AS_FRAME_GAP_STATUS] = {"the tool calls the run failed or aborted",
                             "分析工具将本次运行标记为失败或中止"},
    [AS_FRAME_COLON] = {": ", "："},
    [AS_FRAME_SEMICOLON] = {"; ", "；"},
    [AS_FRAME_STOP] = {".", "。"},
    [AS_FRAME_CONTENTS] = {"Contents", "目录"},
    [AS_FRAME_TREE] = {"Process tree", "进程树"},
    [AS_FRAME_TREE_CUT] = {"The first # of # processes are drawn.",
                           "共 # 个进程，图中画出前 # 个。"},
    [AS_FRAME_TIMELINE] = {"Timeline", "时间线"},
    [AS_FRAME_LANES_CUT] = {"The first # of # processes are drawn.",
                            "共 # 个进程，图中画出前 # 个。"},
    [AS_FRAME_NO_TIMES] = {"The report gives no time for any process, so there is no timeline.",
                           "报告没有给出任何进程的时间，无法绘制时间线。"},
    [AS_FRAME_OUTSIDE] = {"# recorded times lie more than a day from all others and are left out.",
                          "有 # 个时间与其余时间相差一天以上，未画入图中。"},
    [AS_FRAME_TIMELINE_HINT] =
        {"Bars run from the first to the last recorded moment of a "
         "process; darker columns are recorded events.",
         "横条表示进程从首次到最后一次有记录的时段，深色竖条表示单个事件，右侧为 API 调用次数。"},
    [AS_FRAME_NO_PROCESSES] = {"The report names no process.", "报告中没有进程。"},
    [AS_FRAME_EVENTS_N] = {"# events", "# 个事件"},
    [AS_FRAME_CALLS_N] = {"# calls", "# 次调用"},
    [AS_FRAME_UNOWNED] = {"events of no process", "未注明进程的事件"},
    [AS_FRAME_ITEMS_N] = {"Full list (#)", "完整列表（# 项）"},
    [AS_FRAME_COVERAGE] = {"Coverage", "覆盖情况"},
    [AS_FRAME_MAPPED] = {"# of # bytes of the report were read into facts",
                         "报告的 # 字节中有 # 字节已转为事实"},
    [AS_FRAME_ALL_MAPPED] = {"Nothing in the report was passed over.", "报告中没有未读取的内容。"},
    [AS_FRAME_PATH] = {"path", "路径"},
    [AS_FRAME_COUNT] = {"count", "次数"},
    [AS_FRAME_BYTES] = {"bytes", "字节"},
    [AS_FRAME_PERCENT] = {"share", "占比"},
    [AS_FRAME_KNOWN] = {"left out on purpose", "有意略过"},
    [AS_FRAME_DUPLICATES] = {"Keys that stand twice within one object: #, the first at byte #.",
                             "报告中有 # 处对象内的重复键，首处位于第 # 字节。"},
    [AS_FRAME_SURROGATES] = {"Broken character escapes: #, the first at byte #.",
                             "报告中有 # 处残缺的字符转义，首处位于第 # 字节。"},
    [AS_FRAME_LOW] = {"low", "低"},
    [AS_FRAME_MEDIUM] = {"medium", "中"},
    [AS_FRAME_HIGH] = {"high", "高"},
    [AS_FRAME_EVIDENCE] = {"Evidence", "证据"},
    [AS_FRAME_WRITTEN_BY] = {"Written by assay", "由 assay 生成，版本"},
};

/* Where Chinese names the whole before the part. */
static bool is_swapped(as_lang lang, as_frame word)
{
    return lang == AS_LANG_ZH &&
           (word == AS_FRAME_TREE_CUT || word == AS_FRAME_LANES_CUT || word == AS_FRAME_MAPPED);
}

const char *as_frame_word(as_lang lang, as_frame word)
{
    assert(word < AS_FRAME_WORDS);
    return words[word][lang == AS_LANG_ZH];
}

void as_frame_grouped(as_buf *out, uint64_t value)
{
    char digits[32];
    size_t at = sizeof(digits), n = 0;

    do {
        if (n > 0 && n % 3 == 0)
            digits[--at] = ',';
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
        n++;
    } while (value > 0);
    as_buf_add(out, (as_bytes){(const uint8_t *)digits + at, sizeof(digits) - at});
}

void as_frame_say(as_buf *out, as_lang lang, as_frame word, const uint64_t *numbers, size_t n)
{
    bool swapped = is_swapped(lang, word);
    size_t used = 0;

    for (const char *p = as_frame_word(lang, word); *p; p++) {
        if (*p != '#') {
            as_buf_byte(out, (uint8_t)*p);
            continue;
        }
        assert(used < n);
        as_frame_grouped(out, numbers[swapped ? n - 1 - used : used]);
        used++;
    }
}

void as_frame_gaps(as_buf *out, as_lang lang, uint32_t gaps)
{
    static const struct {
        uint32_t bit;
        as_frame word;
    } reasons[] = {
        {AS_GAP_STATUS, AS_FRAME_GAP_STATUS}, {AS_GAP_NOTHING, AS_FRAME_GAP_NOTHING},
        {AS_GAP_ERRORS, AS_FRAME_GAP_ERRORS}, {AS_GAP_NO_END, AS_FRAME_GAP_NO_END},
        {AS_GAP_EMPTY, AS_FRAME_GAP_EMPTY},
    };
    as_frame before = AS_FRAME_COLON;

    as_buf_text(out, as_frame_word(lang, AS_FRAME_INCOMPLETE));
    for (size_t i = 0; i < AS_COUNT(reasons); i++) {
        if (!(gaps & reasons[i].bit))
            continue;
        as_buf_text(out, as_frame_word(lang, before));
        as_buf_text(out, as_frame_word(lang, reasons[i].word));
        before = AS_FRAME_SEMICOLON;
    }
    as_buf_text(out, as_frame_word(lang, AS_FRAME_STOP));
}

const char *as_frame_weight(as_lang lang, as_emphasis weight)
{
    switch (weight) {
    case AS_EMPHASIS_LOW:
        return as_frame_word(lang, AS_FRAME_LOW);
    case AS_EMPHASIS_MEDIUM:
        return as_frame_word(lang, AS_FRAME_MEDIUM);
    case AS_EMPHASIS_HIGH:
        return as_frame_word(lang, AS_FRAME_HIGH);
    case AS_EMPHASIS_PLAIN:
        break;
    }
    return NULL;
}
