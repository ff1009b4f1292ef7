#include "base/escape.h"
#include "base/utf8.h"
#include "describe/describe_priv.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"

/* Times of malware runs as seconds since 1970: 1990 to 2100. Smaller numbers are offsets. */
#define EPOCH_MIN 631152000.0
#define EPOCH_MAX 4102444800.0

#define OFFSET_DIGITS 7 /* a longer number may be a date in digits */

static bool is_zh(const as_render *r)
{
    return r->t->options.lang == AS_LANG_ZH;
}

static bool is_ideograph(int32_t cp)
{
    return (cp >= 0x3400 && cp <= 0x9fff) || (cp >= 0x20000 && cp <= 0x3ffff);
}

static bool is_latin(int32_t cp)
{
    return cp > 0x20 && cp < 0x2e80 && cp != 0x2026 && !(cp >= 0x2018 && cp <= 0x201d);
}

/* Code point of the last character of `out`, value marks passed over; 0 if there is none. */
static int32_t last_char(const as_buf *out)
{
    size_t end = out->n, at, len;

    while (end > 0 && (out->p[end - 1] == AS_VALUE_OPEN || out->p[end - 1] == AS_VALUE_CLOSE))
        end--;
    if (end == 0)
        return 0;
    at = end - 1;
    while (at > 0 && end - at < 4 && (out->p[at] & 0xc0) == 0x80)
        at--;
    return as_utf8_next((as_bytes){out->p + at, end - at}, &len);
}

static void put_gap(as_render *r, as_bytes next)
{
    int32_t a, b;
    size_t len;

    while (next.n > 0 && (next.p[0] == AS_VALUE_OPEN || next.p[0] == AS_VALUE_CLOSE))
        next = (as_bytes){next.p + 1, next.n - 1};
    if (!is_zh(r) || next.n == 0)
        return;
    a = last_char(r->out);
    b = as_utf8_next(next, &len);
    if ((is_ideograph(a) && is_latin(b) && b != ')') ||
        (is_latin(a) && a != '(' && is_ideograph(b)))
        as_buf_byte(r->out, ' ');
}

static void put_comma(as_render *r)
{
    if (r->comma)
        as_buf_text(r->out, is_zh(r) ? "，" : ", ");
    r->comma = false;
}

/* Closing punctuation needs no comma before it. */
static bool closes(as_bytes literal)
{
    static const char *const ends[] = {".", ";", ":", ")", "。", "；", "：", "）"};

    for (size_t i = 0; i < AS_COUNT(ends); i++) {
        size_t n = strlen(ends[i]);

        if (literal.n >= n && memcmp(literal.p, ends[i], n) == 0)
            return true;
    }
    return false;
}

void as_put_text(as_render *r, as_bytes literal)
{
    if (literal.n == 0)
        return;
    if (closes(literal))
        r->comma = false;
    put_comma(r);
    put_gap(r, literal);
    as_buf_add(r->out, literal);
}

size_t as_thousands(uint64_t n, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    size_t at = 0;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = 0;
    return at;
}

void as_put_number(as_render *r, uint64_t n)
{
    char text[32];
    size_t len = as_thousands(n, text);

    as_put_text(r, (as_bytes){(const uint8_t *)text, len});
}

void as_put_value(as_render *r, as_bytes raw)
{
    put_comma(r);
    put_gap(r, raw);
    as_buf_byte(r->out, AS_VALUE_OPEN);
    if (r->max == SIZE_MAX)
        as_escape_visible(r->out, raw);
    else
        as_escape_visible_cut(r->out, raw, r->max);
    as_buf_byte(r->out, AS_VALUE_CLOSE);
}

/* A value that as_escape_visible_cut() leaves whole cannot be longer than this. */
static bool is_cut(const as_render *r, as_bytes raw)
{
    size_t chars = 0;

    if (raw.n <= r->max / 8)
        return false;
    for (size_t at = 0; at < raw.n; chars++) {
        size_t len;
        int32_t cp = as_utf8_next((as_bytes){raw.p + at, raw.n - at}, &len);

        /* The longest replacement, \u{10ffff}, has ten characters. */
        if (cp < 0x20 || as_utf8_is_hidden((uint32_t)cp))
            chars += 9;
        at += len;
        if (chars >= r->max)
            return at < raw.n || chars > r->max;
    }
    return false;
}

void as_render_told(as_render *r, as_attr_name attr)
{
    r->told[attr / 64] |= (uint64_t)1 << (attr % 64);
}

static bool is_told(const as_render *r, unsigned attr)
{
    return (r->told[attr / 64] >> (attr % 64)) & 1;
}

bool as_epoch_text(as_bytes number, char out[40])
{
    char text[32], *end = NULL;
    struct tm tm;
    double seconds;
    time_t whole;

    if (number.n == 0 || number.n >= sizeof(text) || number.p[0] < '0' || number.p[0] > '9')
        return false;
    memcpy(text, number.p, number.n);
    text[number.n] = 0;
    seconds = strtod(text, &end);
    if (!end || *end || !(seconds >= EPOCH_MIN && seconds <= EPOCH_MAX))
        return false;
    whole = (time_t)floor(seconds);
    if (!gmtime_r(&whole, &tm))
        return false;
    return strftime(out, 40, "%Y-%m-%d %H:%M:%S UTC", &tm) > 0;
}

/* Seconds or milliseconds into a run, of which no date can be made. */
static bool is_offset(as_bytes number)
{
    size_t dots = 0;

    for (size_t i = 0; i < number.n; i++) {
        dots += number.p[i] == '.';
        if (number.p[i] != '.' && (number.p[i] < '0' || number.p[i] > '9'))
            return false;
    }
    return number.n > 0 && number.n <= OFFSET_DIGITS && dots <= 1;
}

void as_doc_moment(as_buf *out, as_bytes moment, size_t max)
{
    char date[40];

    as_escape_visible_cut(out, as_epoch_text(moment, date) ? as_bytes_of(date) : moment, max);
}

static void put_size(as_render *r, as_bytes raw)
{
    uint64_t n;

    if (!as_bytes_u64(raw, &n)) {
        as_put_value(r, raw);
        return;
    }
    as_put_number(r, n);
    as_put_text(r, is_zh(r) ? AS_LITERAL("字节")
                   : n == 1 ? AS_LITERAL(" byte")
                            : AS_LITERAL(" bytes"));
}

/* True if the value stands there as the report has it. */
static bool is_address(as_attr_name attr)
{
    return attr == AS_ATTR_ADDRESS || attr == AS_ATTR_ENTRYPOINT || attr == AS_ATTR_IMAGEBASE ||
           attr == AS_ATTR_FUNCTION || attr == AS_ATTR_CALLER || attr == AS_ATTR_TO;
}

/* "[2001:db8::5]": what follows it is the port. */
static void put_host(as_render *r, as_attr_name attr, as_bytes host)
{
    char text[64];
    const uint8_t *colon = host.n > 0 ? memchr(host.p, ':', host.n) : NULL;
    as_attr_name port = attr == AS_ATTR_SRC ? AS_ATTR_SPORT : AS_ATTR_DPORT;

    if (!colon || host.n + 3 > sizeof(text) ||
        !memchr(colon + 1, ':', host.n - (size_t)(colon + 1 - host.p)) || host.p[0] == '[' ||
        !as_has_attr(r, port)) {
        as_put_value(r, host);
        return;
    }
    text[0] = '[';
    memcpy(text + 1, host.p, host.n);
    text[host.n + 1] = ']';
    as_put_value(r, (as_bytes){(const uint8_t *)text, host.n + 2});
}

static bool put_typed(as_render *r, as_attr_name attr, const as_value *v)
{
    char date[40];
    uint64_t n;
    as_attr_type type = as_attr_get(attr)->type;

    if (v->form == AS_FORM_TRUE || v->form == AS_FORM_FALSE) {
        bool yes = v->form == AS_FORM_TRUE;

        as_put_text(r, as_bytes_of(is_zh(r) ? (yes ? "是" : "否") : (yes ? "yes" : "no")));
        return true;
    }
    if (type == AS_TYPE_SIZE) {
        put_size(r, v->text);
        return true;
    }
    if (type == AS_TYPE_TIME && as_epoch_text(v->text, date)) {
        as_put_value(r, as_bytes_of(date));
        return false;
    }
    if (type == AS_TYPE_TIME && is_offset(v->text)) {
        as_put_value(r, v->text);
        as_put_text(r, is_zh(r) ? AS_LITERAL("（工具内部计时）")
                                : AS_LITERAL(" (by the tool's own clock)"));
        return true;
    }
    /* A tool's decimal number; who looks for the place in code needs it in hexadecimal. */
    if (is_address(attr) && v->form == AS_FORM_NUMBER && as_bytes_u64(v->text, &n)) {
        (void)snprintf(date, sizeof(date), "0x%" PRIx64, n);
        as_put_value(r, as_bytes_of(date));
        return false;
    }
    if (attr == AS_ATTR_SRC || attr == AS_ATTR_DST)
        put_host(r, attr, v->text);
    else
        as_put_value(r, v->text);
    return !is_cut(r, v->text);
}

static as_value value_of(const as_render *r, const as_attr *a)
{
    static const char *const flags[] = {[AS_FORM_TRUE] = "true", [AS_FORM_FALSE] = "false"};
    as_value v = {(as_form)a->form, a->str, as_facts_text(r->t->facts, a->str)};

    if (v.form == AS_FORM_TRUE || v.form == AS_FORM_FALSE)
        v.text = as_bytes_of(flags[v.form]);
    return v;
}

size_t as_count_attr(const as_render *r, as_attr_name attr)
{
    const as_fact *f = as_facts_get(r->t->facts, r->fact);
    const as_attr *a = as_fact_attrs(r->t->facts, f);
    size_t n = 0;

    for (size_t i = 0; i < f->n_attrs; i++)
        n += a[i].name == (uint16_t)attr && value_of(r, &a[i]).text.n > 0;
    return n;
}

bool as_has_attr(const as_render *r, as_attr_name attr)
{
    return as_count_attr(r, attr) > 0;
}

/* Several texts of a command line are its arguments: all of them, as they were given. */
static void put_between(as_render *r, as_attr_name attr)
{
    as_buf_text(r->out, attr == AS_ATTR_COMMAND_LINE ? " " : is_zh(r) ? "、" : ", ");
}

static void put_left_out(as_render *r, size_t left)
{
    as_put_text(r, is_zh(r) ? AS_LITERAL("，另有") : AS_LITERAL(" and "));
    as_put_number(r, left);
    as_put_text(r, is_zh(r) ? AS_LITERAL("个") : AS_LITERAL(" more"));
}

/* A path that stands there already in other letter case says nothing new to a reader. */
static bool repeats(const as_render *r, const as_attr *a, size_t at, as_bytes text)
{
    for (size_t i = at > 16 ? at - 16 : 0; i < at; i++) {
        if (a[i].name == a[at].name && as_bytes_eq_nocase(value_of(r, &a[i]).text, text))
            return true;
    }
    return false;
}

bool as_put_attr(as_render *r, as_attr_name attr)
{
    const as_fact *f = as_facts_get(r->t->facts, r->fact);
    const as_attr *a = as_fact_attrs(r->t->facts, f);
    bool all = r->max == SIZE_MAX || attr == AS_ATTR_COMMAND_LINE, whole = true;
    size_t max = all ? SIZE_MAX : AS_SAY_VALUES_MAX, shown = 0, left = 0;

    for (size_t i = 0; i < f->n_attrs; i++) {
        as_value v;

        if (a[i].name != (uint16_t)attr)
            continue;
        v = value_of(r, &a[i]);
        if (v.text.n == 0)
            continue;
        if (!all && repeats(r, a, i, v.text)) {
            whole = false;
            continue;
        }
        if (shown == max) {
            left++;
            continue;
        }
        if (shown++ > 0)
            put_between(r, attr);
        whole &= put_typed(r, attr, &v);
    }
    if (left > 0)
        put_left_out(r, left);
    if (whole && left == 0)
        as_render_told(r, attr);
    return shown > 0;
}

/* "the entry point thread (0x401500)": of several threads the address tells which. */
static void put_entry_point(as_render *r, uint32_t fact)
{
    as_bytes type = as_teller_text(r->t, fact, AS_ATTR_TYPE);
    as_bytes at = as_teller_text(r->t, fact, AS_ATTR_ENTRYPOINT);

    as_put_text(r, is_zh(r) ? AS_LITERAL("入口点") : AS_LITERAL("the entry point"));
    if (type.n > 0 && !is_zh(r))
        as_put_text(r, AS_LITERAL(" "));
    if (type.n > 0)
        as_put_value(r, type);
    if (at.n == 0)
        return;
    as_put_text(r, is_zh(r) ? AS_LITERAL("（") : AS_LITERAL(" ("));
    as_put_value(r, at);
    as_put_text(r, is_zh(r) ? AS_LITERAL("）") : AS_LITERAL(")"));
}

/* "powershell.exe (PID 1136)", as far as it is known. */
void as_doc_part_name(as_buf *out, const as_analysis *a, size_t part)
{
    const char *tool = as_analysis_part_get(a, part)->tool;

    as_buf_text(out, tool);
    for (size_t i = 0; i < a->n_parts; i++) {
        if (i == part || strcmp(as_analysis_part_get(a, i)->tool, tool) != 0)
            continue;
        as_buf_text(out, " (");
        as_buf_byte(out, (uint8_t)('A' + part));
        as_buf_byte(out, ')');
        return;
    }
}

static void put_part_name(as_render *r, size_t part)
{
    as_buf name = {0};

    as_doc_part_name(&name, r->t->analysis, part);
    r->out->failed |= name.failed;
    as_put_text(r, as_buf_bytes(&name));
    as_buf_done(&name);
}

static uint32_t parts_of(const as_teller *t, uint32_t fact)
{
    const as_fact *f = as_facts_get(t->facts, fact);
    const as_evidence *e = as_fact_evidence(t->facts, f);
    uint32_t parts = 0;

    for (size_t i = 0; i < f->n_evidence; i++)
        parts |= 1u << as_analysis_part(t->analysis, e[i].begin);
    return parts;
}

/* The sample of a joined analysis is one fact, but each tool has an opinion of its own on it. */
static uint32_t parts_that_say(const as_teller *t, const as_attr_name *attrs, size_t n_attrs)
{
    uint32_t parts = 0;

    for (size_t i = 0; i < t->analysis->n_parts; i++) {
        const as_analysis *a = as_analysis_part_get(t->analysis, i);
        as_value v;

        for (size_t k = 0; k < n_attrs && a->sample != AS_NO_FACT; k++) {
            if (as_fact_attr(a->facts, as_facts_get(a->facts, a->sample), attrs[k], &v))
                parts |= 1u << i;
        }
    }
    return parts;
}

void as_put_tools(as_render *r, const as_attr_name *attrs, size_t n_attrs)
{
    const as_teller *t = r->t;
    bool zh = t->options.lang == AS_LANG_ZH;
    uint32_t parts = 0;

    if (t->analysis->n_parts < 2) {
        as_put_text(r, as_bytes_of(t->analysis->tool));
        return;
    }
    for (size_t i = 0; r->fold && i < r->fold->n; i++)
        parts |= parts_of(t, r->fold->facts[i]);
    if (!r->fold && r->fact == t->analysis->sample)
        parts = parts_that_say(t, attrs, n_attrs);
    if (!r->fold && !parts)
        parts = parts_of(t, r->fact);
    for (size_t i = 0; parts; i++) {
        if (!(parts & 1u << i))
            continue;
        parts &= ~(1u << i);
        put_part_name(r, i);
        if (parts && (parts & (parts - 1)))
            as_put_text(r, zh ? AS_LITERAL("、") : AS_LITERAL(", "));
        else if (parts)
            as_put_text(r, zh ? AS_LITERAL("和") : AS_LITERAL(" and "));
    }
}

void as_put_run(as_render *r, uint32_t process)
{
    if (r->t->analysis->n_parts < 2)
        return;
    as_put_text(r, is_zh(r) ? AS_LITERAL("，") : AS_LITERAL(", "));
    put_part_name(r, as_teller_part(r->t, process));
}

/* A command line in a name's place: what stands in its first quotes. */
static as_bytes unquoted(as_bytes path)
{
    const uint8_t *end;

    if (path.n < 2 || path.p[0] != '"')
        return path;
    end = memchr(path.p + 1, '"', path.n - 1);
    return end && end > path.p + 1 ? (as_bytes){path.p + 1, (size_t)(end - path.p) - 1} : path;
}

/* The last step of a path, or all of what ends in a slash. "[kworker/0:1]" is no path. */
static as_bytes base_name(as_bytes path)
{
    size_t at;

    path = unquoted(path);
    at = path.n;
    if (path.n > 0 && path.p[0] == '[')
        return path;
    while (at > 0 && path.p[at - 1] != '\\' && path.p[at - 1] != '/')
        at--;
    return at < path.n ? (as_bytes){path.p + at, path.n - at} : path;
}

static const as_attr_name called[] = {AS_ATTR_NAME, AS_ATTR_PROCESS_NAME, AS_ATTR_PATH,
                                      AS_ATTR_MODULE_PATH, AS_ATTR_PROCESS_PATH};
#define CALLED_NAMES 2 /* the others are paths */

bool as_is_called(const as_render *r)
{
    for (size_t i = 0; i < AS_COUNT(called); i++) {
        if (as_has_attr(r, called[i]))
            return true;
    }
    return false;
}

void as_put_called(as_render *r)
{
    size_t i = 0;

    while (i < AS_COUNT(called) && !as_has_attr(r, called[i]))
        i++;
    if (i < CALLED_NAMES)
        (void)as_put_attr(r, called[i]);
    else if (i < AS_COUNT(called))
        as_put_value(r, base_name(as_teller_text(r->t, r->fact, called[i])));
}

void as_put_process(as_render *r, uint32_t process)
{
    static const as_attr_name names[] = {AS_ATTR_PROCESS_NAME, AS_ATTR_PROCESS_PATH, AS_ATTR_NAME,
                                         AS_ATTR_PATH};
    const as_teller *t = r->t;
    as_bytes pid = as_teller_text(t, process, AS_ATTR_PID), name = {0};
    /* NAME and PATH of another fact are its own. */
    size_t n = as_teller_is(t, process, AS_KIND_PROCESS) ? AS_COUNT(names) : 2;

    if (as_teller_is(t, process, AS_KIND_ENTRY_POINT)) {
        put_entry_point(r, process);
        return;
    }
    for (size_t i = 0; i < n && name.n == 0; i++)
        name = as_teller_text(t, process, names[i]);
    if (name.n > 0)
        as_put_value(r, base_name(name));
    if (pid.n == 0)
        return;
    as_put_text(r, name.n == 0 ? (is_zh(r) ? AS_LITERAL("PID 为") : AS_LITERAL("PID "))
                               : (is_zh(r) ? AS_LITERAL("（PID ") : AS_LITERAL(" (PID ")));
    as_put_value(r, pid);
    if (name.n == 0) {
        if (is_zh(r))
            as_put_text(r, AS_LITERAL("的进程"));
        return;
    }
    as_put_run(r, process);
    as_put_text(r, is_zh(r) ? AS_LITERAL("）") : AS_LITERAL(")"));
}

static void put_rest_of(as_render *r, as_attr_name attr, bool *first)
{
    const as_fact *f = as_facts_get(r->t->facts, r->fact);
    const as_attr *a = as_fact_attrs(r->t->facts, f);
    size_t shown = 0;

    for (size_t i = 0; i < f->n_attrs; i++) {
        as_value v;

        if (a[i].name != (uint16_t)attr)
            continue;
        v = value_of(r, &a[i]);
        if (v.text.n == 0)
            continue;
        if (shown++ > 0) {
            put_between(r, attr);
        } else {
            if (!*first)
                as_put_text(r, is_zh(r) ? AS_LITERAL("；") : AS_LITERAL("; "));
            as_put_text(r, as_bytes_of(as_attr_label(r->t->options.lang, attr)));
            as_put_text(r, is_zh(r) ? AS_LITERAL("：") : AS_LITERAL(": "));
        }
        as_put_value(r, v.text); /* as it was written: no date, no separators */
        *first = false;
    }
}

void as_put_fields(as_render *r)
{
    const as_fact *f = as_facts_get(r->t->facts, r->fact);
    const as_attr *a = as_fact_attrs(r->t->facts, f);
    size_t shown = 0, left = 0;

    for (size_t i = 0; i + 1 < f->n_attrs; i++) {
        if (a[i].name != AS_ATTR_FIELD || a[i + 1].name != AS_ATTR_FIELD_VALUE)
            continue;
        if (shown == AS_SAY_VALUES_MAX) {
            left++;
            continue;
        }
        if (shown++ > 0)
            put_between(r, AS_ATTR_FIELD);
        as_put_value(r, as_facts_text(r->t->facts, a[i].str));
        as_put_text(r, AS_LITERAL(" = "));
        as_put_value(r, as_facts_text(r->t->facts, a[i + 1].str));
    }
    if (left > 0)
        put_left_out(r, left);
    r->filled += shown > 0;
}

/* Fields under their own names: "Task = 1; Opcode = 0". */
static void put_pairs(as_render *r, bool *first)
{
    const as_fact *f = as_facts_get(r->t->facts, r->fact);
    const as_attr *a = as_fact_attrs(r->t->facts, f);

    for (size_t i = 0; i + 1 < f->n_attrs; i++) {
        if (a[i].name != AS_ATTR_FIELD || a[i + 1].name != AS_ATTR_FIELD_VALUE)
            continue;
        if (!*first)
            as_put_text(r, is_zh(r) ? AS_LITERAL("；") : AS_LITERAL("; "));
        as_put_value(r, as_facts_text(r->t->facts, a[i].str));
        as_put_text(r, AS_LITERAL(" = "));
        as_put_value(r, as_facts_text(r->t->facts, a[i + 1].str));
        *first = false;
    }
    as_render_told(r, AS_ATTR_FIELD);
    as_render_told(r, AS_ATTR_FIELD_VALUE);
}

void as_put_rest(as_render *r)
{
    const as_fact *f = as_facts_get(r->t->facts, r->fact);
    const as_attr *a = as_fact_attrs(r->t->facts, f);
    bool first = r->filled == 0;

    for (size_t i = 0; i < f->n_attrs; i++) {
        unsigned attr = a[i].name;

        if (attr >= AS_ATTR_NAME_COUNT || is_told(r, attr))
            continue;
        if (attr == AS_ATTR_FIELD) {
            put_pairs(r, &first);
            continue;
        }
        put_rest_of(r, (as_attr_name)attr, &first);
        as_render_told(r, (as_attr_name)attr);
    }
}

/* Of a fact that stands for many of a log. */
void as_put_times(as_render *r)
{
    uint64_t n = as_teller_u64(r->t, r->fact, AS_ATTR_REPEATED);
    bool zh = r->t->options.lang == AS_LANG_ZH;

    if (n == 0)
        return;
    as_put_text(r, zh ? AS_LITERAL("（共") : AS_LITERAL(" ("));
    as_put_number(r, n);
    as_put_text(r, zh ? AS_LITERAL("次") : AS_LITERAL(" times"));
    if (as_has_attr(r, AS_ATTR_LAST_SEEN)) {
        as_put_text(r, zh ? AS_LITERAL("，最后一次") : AS_LITERAL(", last at "));
        (void)as_put_attr(r, AS_ATTR_LAST_SEEN);
    }
    as_put_text(r, zh ? AS_LITERAL("）") : AS_LITERAL(")"));
    as_render_told(r, AS_ATTR_REPEATED);
}

bool as_all_told(const as_render *r)
{
    const as_fact *f = as_facts_get(r->t->facts, r->fact);
    const as_attr *a = as_fact_attrs(r->t->facts, f);

    for (size_t i = 0; i < f->n_attrs; i++) {
        if (a[i].name < AS_ATTR_NAME_COUNT && !is_told(r, a[i].name) &&
            value_of(r, &a[i]).text.n > 0)
            return false;
    }
    return true;
}
