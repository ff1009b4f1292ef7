#include "query/query_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- conditions -------------------------------------------------------------------------- */

as_bytes text_folded(job *j, as_bytes text)
{
    as_buf b = {0};
    as_bytes copy = {0};

    as_fold(text, &b);
    if (b.failed || as_arena_copy(j->arena, as_buf_bytes(&b), &copy)) {
        copy = (as_bytes){0};
        j->starved = true;
    }
    as_buf_done(&b);
    return copy;
}

static bool contains(as_bytes hay, as_bytes needle)
{
    return needle.n > 0 && needle.n <= hay.n && memmem(hay.p, hay.n, needle.p, needle.n) != NULL;
}

/* The same into a buffer of the caller's, used again from row to row; valid until then. */
static as_bytes fold_into(job *j, as_buf *out, as_bytes text)
{
    as_buf_reset(out);
    as_fold(text, out);
    j->starved = j->starved || out->failed;
    return as_buf_bytes(out);
}

/* Blanks and the signs that join words in names are one: "hidden window", "hidden_window". */
static as_bytes loosen_into(job *j, as_buf *out, as_bytes text)
{
    as_bytes folded = fold_into(j, out, text);

    for (size_t i = 0; i < out->n; i++) {
        if (out->p[i] == '_' || out->p[i] == '-')
            out->p[i] = ' ';
    }
    return folded;
}

static bool is_exact(const value *v)
{
    return v->how == VALUE_IOC &&
           (v->type <= AS_IOC_IPV6 || v->type == AS_IOC_TECHNIQUE || v->type == AS_IOC_CVE);
}

/* "4564", also where the tool wrote 0x11d4. */
static bool same_number(as_bytes text, as_bytes number)
{
    char a[24], b[24], *end;
    unsigned long long x, y;

    if (text.n == 0 || text.n >= sizeof(a) || number.n >= sizeof(b))
        return false;
    memcpy(a, text.p, text.n);
    a[text.n] = '\0';
    memcpy(b, number.p, number.n);
    b[number.n] = '\0';
    x = strtoull(a, &end, 0);
    if (*end)
        return false;
    y = strtoull(b, &end, 10);
    return !*end && x == y;
}

/* A number of the question is of the attribute that stands beside it there. */
static bool attr_is_number(const as_plan *p, const as_row *row, value *v)
{
    static const as_attr_name names[] = {AS_ATTR_PID, AS_ATTR_DPORT, AS_ATTR_SPORT,
                                         AS_ATTR_EVENT_ID, AS_ATTR_SID};

    switch ((int)p->numbered) {
    case SELECT_PORT:
        return same_number(as_row_text(row, AS_ATTR_DPORT), v->text);
    case SELECT_SCORE:
        return same_number(as_row_text(row, AS_ATTR_SCORE), v->text);
    case SELECT_SEVERITY:
        return same_number(as_row_text(row, AS_ATTR_SEVERITY), v->text);
    case SELECT_PPID:
        return same_number(as_row_text(row, AS_ATTR_PPID), v->text);
    case SELECT_EVENT_ID:
        return same_number(as_row_text(row, AS_ATTR_EVENT_ID), v->text);
    default:
        break;
    }
    if (p->topic == TOPIC_PROCESS)
        return same_number(as_row_text(row, AS_ATTR_PID), v->text);
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (same_number(as_row_text(row, names[i]), v->text))
            return true;
    }
    return false;
}

static bool has_extension(job *j, const as_row *row, const value *v)
{
    as_buf list = {0};
    bool found = false;

    if (!select_values(SELECT_EXTENSION, row, j->arena, &list)) {
        for (size_t i = 0; !found && i < list.n; i += sizeof(as_bytes)) {
            as_bytes text;

            memcpy(&text, list.p + i, sizeof(text));
            found = as_bytes_eq(text, v->norm);
        }
    }
    as_buf_done(&list);
    return found;
}

static bool reading_says(const as_reading *r, const char *words)
{
    return as_bytes_has_nocase(r->folded, words);
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80;
}

/* As a word, or the beginning of one: "cookie" in "steals cookies", not in "xcookie". */
static bool has_word(as_bytes hay, as_bytes needle)
{
    while (needle.n > 0 && needle.n <= hay.n) {
        const uint8_t *at = memmem(hay.p, hay.n, needle.p, needle.n);
        size_t skip;

        if (!at)
            return false;
        if (at == hay.p || !is_letter(at[-1]))
            return true;
        skip = (size_t)(at - hay.p) + 1;
        hay.p += skip;
        hay.n -= skip;
    }
    return false;
}

/* Whether a value stands in an attribute: as the whole of it, or as a part. */
static bool text_has(const value *v, as_bytes text, as_bytes norm, as_bytes written)
{
    if (is_exact(v) && v->type != AS_IOC_TECHNIQUE && v->type != AS_IOC_IPV4) {
        if (as_bytes_eq(text, norm))
            return true;
    } else if (v->how == VALUE_WORD && !v->firm ? has_word(text, norm) : contains(text, norm)) {
        return true;
    }
    return contains(text, written);
}

static bool row_has(job *j, const as_plan *p, const as_row *row, value *v)
{
    as_buf text = {0}, norm = {0}, written = {0};
    bool ret = false;

    if (v->how == VALUE_NUMBER)
        return attr_is_number(p, row, v);
    if (v->how == VALUE_EXTENSION)
        return has_extension(j, row, v);
    if (row->kind == AS_KIND_CONNECTION && v->how == VALUE_IOC && v->type <= AS_IOC_IPV6 &&
        !reading_says(&j->reading, "from ") && !reading_says(&j->reading, "来自"))
        return as_bytes_eq(text_folded(j, as_row_text(row, AS_ATTR_DST)), v->norm);
    if (p->topic == TOPIC_PROCESS && v->how == VALUE_IOC && v->type == AS_IOC_FILE)
        return is_process(j, row, v);
    (void)loosen_into(j, &norm, v->norm);
    if (v->how == VALUE_IOC && !as_bytes_eq(v->text, v->norm))
        (void)loosen_into(j, &written, v->text);
    for (size_t i = 0; !ret && i < row->n_attrs; i++)
        ret = text_has(v, loosen_into(j, &text, row->attrs[i].text), as_buf_bytes(&norm),
                       as_buf_bytes(&written));
    as_buf_done(&text);
    as_buf_done(&norm);
    as_buf_done(&written);
    return ret;
}

/* "powershell" for powershell.exe */
static bool is_stem(as_bytes file, as_bytes name)
{
    return name.n > 0 && file.n > name.n && file.p[name.n] == '.' &&
           memcmp(file.p, name.p, name.n) == 0;
}

/* By the name of its file or by its path, in any of the attributes. */
static bool names_process(job *j, const as_row *row, const value *v, const as_attr_name *names,
                          size_t n)
{
    as_bytes needle = text_folded(j, v->norm);

    for (size_t i = 0; i < n; i++) {
        as_bytes text = text_folded(j, as_row_text(row, names[i]));
        as_bytes file = as_path_file(text);

        if (text.n == 0)
            continue;
        if (as_bytes_eq(text, needle) || as_bytes_eq(file, needle))
            return true;
        if (v->how != VALUE_IOC && is_stem(file, needle))
            return true;
    }
    return false;
}

/* The process itself: by number, by the name of its file or by its path. */
bool is_process(job *j, const as_row *process, value *v)
{
    static const as_attr_name names[] = {AS_ATTR_NAME, AS_ATTR_PATH, AS_ATTR_PROCESS_NAME,
                                         AS_ATTR_PROCESS_PATH, AS_ATTR_MODULE_PATH};

    if (v->how == VALUE_NUMBER)
        return same_number(as_row_text(process, AS_ATTR_PID), v->text);
    return names_process(j, process, v, names, AS_COUNT(names));
}

static bool done_by(job *j, const as_row *row, value *v)
{
    static const as_attr_name names[] = {AS_ATTR_PROCESS_NAME, AS_ATTR_PROCESS_PATH};
    const as_row *process = row_process(j, row);

    if (row->kind == AS_KIND_PROCESS)
        return is_process(j, row, v); /* its own command line, user ... */
    if (process && is_process(j, process, v))
        return true;
    if (v->how == VALUE_NUMBER)
        return same_number(as_row_text(row, AS_ATTR_PID), v->text);
    return names_process(j, row, v, names, AS_COUNT(names));
}

static bool protocol_is(const as_row *row, int protocol)
{
    as_bytes text = as_row_text(row, AS_ATTR_PROTOCOL);

    if (protocol == 6)
        return as_bytes_is(text, "6") || as_bytes_has_nocase(text, "tcp");
    return as_bytes_is(text, "17") || as_bytes_has_nocase(text, "udp");
}

severity_id row_severity(const as_row *row)
{
    as_bytes level = as_row_text(row, AS_ATTR_LEVEL), score = as_row_text(row, AS_ATTR_SEVERITY);
    uint64_t n;

    if (as_bytes_u64(score, &n)) {
        if (row->kind == AS_KIND_IDS_ALERT)
            return n == 1 ? SEVERITY_HIGH : n == 2 ? SEVERITY_SUSPICIOUS : SEVERITY_NORMAL;
        return n > 2 ? SEVERITY_HIGH : n == 2 ? SEVERITY_SUSPICIOUS : SEVERITY_NORMAL;
    }
    if (as_bytes_has_nocase(level, "high") || as_bytes_has_nocase(level, "critical"))
        return SEVERITY_HIGH;
    if (as_bytes_has_nocase(level, "medium") || as_bytes_has_nocase(level, "suspicious"))
        return SEVERITY_SUSPICIOUS;
    return level.n > 0 ? SEVERITY_NORMAL : SEVERITY_ANY;
}

static bool has_any(as_bytes text, as_bytes words)
{
    while (words.n > 0) {
        const uint8_t *bar = memchr(words.p, '|', words.n);
        size_t n = bar ? (size_t)(bar - words.p) : words.n;

        if (contains(text, (as_bytes){words.p, n}))
            return true;
        n += bar != NULL;
        words = (as_bytes){words.p + n, words.n - n};
    }
    return false;
}

/* Any of the keywords, '|' between, stands in the row. */
static bool has_keyword(job *j, const as_row *row, const char *words)
{
    as_buf text = {0}, folded = {0};
    bool ret = false;

    (void)fold_into(j, &folded, as_bytes_of(words));
    for (size_t i = 0; !ret && i < row->n_attrs; i++)
        ret = has_any(fold_into(j, &text, row->attrs[i].text), as_buf_bytes(&folded));
    as_buf_done(&text);
    as_buf_done(&folded);
    return ret;
}

bool was_started(const as_row *row)
{
    static const as_attr_name names[] = {AS_ATTR_FIRST_SEEN, AS_ATTR_PPID, AS_ATTR_EVENT_ID,
                                         AS_ATTR_COMMAND_LINE, AS_ATTR_STARTED};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        if (as_row_text(row, names[i]).n > 0)
            return true;
    }
    return false;
}

static bool bytes_in(const as_bytes *list, size_t n, as_bytes text)
{
    for (size_t i = 0; i < n; i++) {
        if (text.n > 0 && as_bytes_eq_nocase(list[i], text))
            return true;
    }
    return false;
}

bool plan_passes(job *j, const as_plan *p, const as_row *row)
{
    if (!topic_takes(p->topic, row))
        return false;
    /* A log also mentions processes that it did not see start. */
    if (p->topic == TOPIC_PROCESS && j->is_log && !was_started(row))
        return false;
    if (p->named != SELECT_NONE &&
        !as_bytes_has_nocase(as_row_text(row, AS_ATTR_NAME), select_name(p->named, AS_LANG_EN)))
        return false;
    if (p->hit_by && !bytes_in(p->hit_by, p->n_hit_by, as_row_text(row, AS_ATTR_SHA256)))
        return false;
    if (p->severity != SEVERITY_ANY && row_severity(row) != p->severity)
        return false;
    if (p->protocol >= 0 && as_row_text(row, AS_ATTR_PROTOCOL).n > 0 &&
        !protocol_is(row, p->protocol))
        return false;
    if (p->behaviour && !has_keyword(j, row, p->behaviour))
        return false;
    if (p->actor && !done_by(j, row, p->actor))
        return false;
    for (size_t i = 0; i < p->n_filters; i++) {
        if (!p->filters[i]->ignored && row_has(j, p, row, p->filters[i]) == p->filters[i]->denied)
            return false;
    }
    return true;
}
