#include "query/query_priv.h"

#include "base/escape.h"
#include "base/hash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

void job_trace(job *j, const char *fmt, ...)
{
    char line[256];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    as_buf_text(&j->trace, line);
    as_buf_byte(&j->trace, '\n');
}

/* --- who did it -------------------------------------------------------------------------- */

typedef struct keep {
    job *j;
    as_row *rows;
    size_t n, cap;
} keep;

static as_code keep_row(void *ctx, const as_row *row, as_err *err)
{
    keep *k = ctx;

    (void)err;
    if (!as_mem_room((void **)&k->rows, &k->cap, k->n, sizeof(*k->rows)))
        return as_fail_nomem(k->j->err, "the rows of an answer");
    return as_row_copy(k->j->arena, row, &k->rows[k->n++]);
}

/* Moves what was kept into the arena. */
static as_code keep_done(keep *k, as_row **ret, size_t *ret_n)
{
    as_row *rows = as_arena_keep(k->j->arena, k->rows, k->n, sizeof(*rows));

    if (!rows)
        return as_fail_nomem(k->j->err, "the rows of an answer");
    *ret = rows;
    *ret_n = k->n;
    return AS_OK;
}

static int by_id(const void *a, const void *b)
{
    const as_row *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

/* The processes of the sample, read when one is first asked for; in the order of their ids. */
void load_processes(job *j)
{
    static const as_kind kinds[] = {AS_KIND_PROCESS, AS_KIND_ENTRY_POINT, AS_KIND_PROCESS_RUNNING};
    as_rows_query q = {.sample = j->sample, .kinds = kinds, .n_kinds = AS_COUNT(kinds)};
    keep k = {.j = j};

    if (j->have_processes)
        return;
    j->have_processes = true;
    if (as_store_rows(j->store, &q, keep_row, &k, j->err) ||
        keep_done(&k, &j->processes, &j->n_processes)) {
        j->n_processes = 0;
        j->starved = true; /* who did it would be told as nobody */
    }
}

const as_row *row_process(job *j, const as_row *row)
{
    as_row key = {.id = row->process};

    if (row->process == 0)
        return NULL;
    load_processes(j);
    if (j->n_processes == 0)
        return NULL;
    return bsearch(&key, j->processes, j->n_processes, sizeof(key), by_id);
}

as_bytes process_name(job *j, const as_row *process)
{
    static const as_attr_name names[] = {AS_ATTR_NAME,         AS_ATTR_PROCESS_NAME, AS_ATTR_PATH,
                                         AS_ATTR_PROCESS_PATH, AS_ATTR_TYPE,         AS_ATTR_PID};

    (void)j;
    for (size_t i = 0; i < AS_COUNT(names); i++) {
        as_bytes text = as_row_text(process, names[i]);

        if (text.n == 0)
            continue;
        if (names[i] == AS_ATTR_PATH || names[i] == AS_ATTR_PROCESS_PATH)
            text = as_path_file(text);
        if (text.n > 0)
            return text;
    }
    return (as_bytes){0};
}

/* --- rows -------------------------------------------------------------------------------- */

size_t plan_kinds(const as_plan *p, as_kind kinds[TOPIC_KINDS])
{
    const topic *t = topic_get(p->topic);
    size_t n = 0;

    if (p->topic == TOPIC_KIND) {
        kinds[0] = p->kind;
        return 1;
    }
    while (t->kinds[n] >= 0) {
        kinds[n] = (as_kind)t->kinds[n];
        n++;
    }
    return n;
}

typedef struct sieve {
    keep keep;
    const as_plan *plan;
} sieve;

static as_code take_row(void *ctx, const as_row *row, as_err *err)
{
    sieve *s = ctx;

    return plan_passes(s->keep.j, s->plan, row) ? keep_row(&s->keep, row, err) : AS_OK;
}

static as_code sift(job *j, const as_plan *p, as_row **ret, size_t *ret_n)
{
    as_kind kinds[TOPIC_KINDS];
    as_rows_query q = {.sample = j->sample, .kinds = kinds, .n_kinds = plan_kinds(p, kinds)};
    sieve s = {{.j = j}, p};
    as_code rc = as_store_rows(j->store, &q, take_row, &s, j->err);

    if (rc) {
        as_mem_free(s.keep.rows);
        return rc;
    }
    return keep_done(&s.keep, ret, ret_n);
}

/*
 * A bare word may be a name that the question means or a word that the lexicon lacks. It
 * counts as a condition if any row meets it, or if it is written as a name.
 */
static bool drop_words(const as_plan *p)
{
    bool any = false;

    for (size_t i = 0; i < p->n_filters; i++) {
        if (p->filters[i]->how == VALUE_WORD && !p->filters[i]->ignored && !p->filters[i]->firm) {
            p->filters[i]->ignored = true;
            any = true;
        }
    }
    return any;
}

as_code gather_rows(job *j, const as_plan *p, as_row **ret, size_t *ret_n)
{
    as_code rc = sift(j, p, ret, ret_n);

    if (!rc && *ret_n == 0 && drop_words(p)) {
        job_trace(j, "no fact has the words that are not known; asked again without them");
        rc = sift(j, p, ret, ret_n);
    }
    return rc;
}

/* --- finds
 * ---------------------------------------------------------------------------------------- */

static uint32_t *find_slot(finds *f, as_bytes key)
{
    size_t i = (size_t)as_hash64(key, f->seed) & (f->n_slots - 1);

    while (f->slots[i] && !as_bytes_eq(f->p[f->slots[i] - 1].key, key))
        i = (i + 1) & (f->n_slots - 1);
    return &f->slots[i];
}

static bool grow_slots(finds *f, as_arena *a)
{
    size_t n = f->n_slots ? f->n_slots * 2 : 256;
    uint32_t *slots = as_arena_take(a, n, sizeof(*slots));

    if (!slots)
        return false;
    f->slots = slots;
    f->n_slots = n;
    f->seed = f->seed ? f->seed : (uint64_t)(uintptr_t)slots; /* not the attacker's to know */
    for (size_t i = 0; i < f->n; i++)
        *find_slot(f, f->p[i].key) = (uint32_t)i + 1;
    return true;
}

static bool grow_finds(finds *f, as_arena *a)
{
    size_t cap = f->cap ? f->cap * 2 : 64;
    find *p = as_arena_take(a, cap, sizeof(*p));

    if (!p)
        return false;
    if (f->n > 0)
        memcpy(p, f->p, f->n * sizeof(*p));
    f->p = p;
    f->cap = cap;
    return true;
}

find *finds_find(finds *f, job *j, as_bytes key)
{
    uint32_t slot = f->n_slots > 0 ? *find_slot(f, text_folded(j, key)) : 0;

    return slot ? &f->p[slot - 1] : NULL;
}

static as_code visible(job *j, as_bytes raw, as_bytes *ret)
{
    as_buf b = {0};
    as_code rc;

    as_escape_visible(&b, raw);
    rc = b.failed ? AS_NOMEM : as_arena_copy(j->arena, as_buf_bytes(&b), ret);
    as_buf_done(&b);
    return rc ? as_fail_nomem(j->err, "an answer") : AS_OK;
}

as_code finds_add(job *j, finds *f, const as_row *row, as_bytes value_, as_bytes text, as_bytes key,
                  uint64_t weight)
{
    uint32_t *slot;
    find *x;

    if (f->n * 2 >= f->n_slots && !grow_slots(f, j->arena))
        return as_fail_nomem(j->err, "an answer");
    if (f->n == f->cap && !grow_finds(f, j->arena))
        return as_fail_nomem(j->err, "an answer");
    key = text_folded(j, key);
    slot = find_slot(f, key);
    if (!*slot) {
        x = &f->p[f->n++];
        *x = (find){.key = key};
        *slot = (uint32_t)f->n;
        if (visible(j, value_, &x->value) || visible(j, text, &x->text))
            return AS_NOMEM;
    }
    x = &f->p[*slot - 1];
    /* Of two spellings the one that says more: an own name beside a folded one. */
    if (text.n > x->text.n && visible(j, text, &x->text))
        return AS_NOMEM;
    x->count += weight;
    if (row && x->n_rows < AS_COUNT(x->rows)) {
        as_row *copy = as_arena_take(j->arena, 1, sizeof(*copy));

        if (!copy)
            return as_fail_nomem(j->err, "an answer");
        *copy = *row;
        x->rows[x->n_rows++] = copy;
    }
    return AS_OK;
}

/* --- values and texts of rows
 * ---------------------------------------------------------------------- */

static as_bytes endpoint(job *j, as_bytes host, as_bytes port)
{
    as_buf b = {0};
    bool v6 = host.n > 0 && memchr(host.p, ':', host.n) != NULL;

    if (port.n == 0)
        return host;
    as_buf_text(&b, v6 ? "[" : "");
    as_buf_add(&b, host);
    as_buf_text(&b, v6 ? "]:" : ":");
    as_buf_add(&b, port);
    return say_done(j, &b);
}

static as_bytes url_of(job *j, const as_row *row)
{
    as_bytes url = as_row_text(row, AS_ATTR_URL), uri = as_row_text(row, AS_ATTR_URI);
    as_bytes host = as_row_text(row, AS_ATTR_HOSTNAME), port = as_row_text(row, AS_ATTR_DPORT);
    as_buf b = {0};

    if (as_bytes_has_nocase(url, "://"))
        return url;
    if (uri.n == 0)
        uri = url; /* some tools write the path alone there */
    if (host.n == 0)
        host = as_row_text(row, AS_ATTR_DST);
    if (as_bytes_has_nocase(uri, "://") || host.n == 0)
        return uri;
    as_buf_text(&b, as_bytes_is(port, "443") ? "https://" : "http://");
    as_buf_add(&b, host);
    if (port.n > 0 && !as_bytes_is(port, "80") && !as_bytes_is(port, "443") &&
        !memchr(host.p, ':', host.n)) {
        as_buf_byte(&b, ':');
        as_buf_add(&b, port);
    }
    as_buf_add(&b, uri);
    return say_done(j, &b);
}

static as_bytes key_value(job *j, const as_row *row)
{
    as_bytes key = as_row_text(row, AS_ATTR_KEY), name = as_row_text(row, AS_ATTR_NAME);
    as_buf b = {0};

    if (name.n == 0 || key.n == 0)
        return key;
    as_buf_add(&b, key);
    as_buf_byte(&b, '\\');
    as_buf_add(&b, name);
    return say_done(j, &b);
}

as_bytes row_value(job *j, const topic *t, const as_row *row)
{
    as_bytes host;

    switch ((int)row->kind) {
    case AS_KIND_HTTP:
        return url_of(j, row);
    case AS_KIND_CONNECTION:
        host = as_row_text(row, AS_ATTR_DST);
        if (t == topic_get(TOPIC_CONNECTION) || t == topic_get(TOPIC_NETWORK))
            return endpoint(j, host, as_row_text(row, AS_ATTR_DPORT));
        return host;
    case AS_KIND_KEY_WRITTEN:
    case AS_KIND_KEY_READ:
    case AS_KIND_KEY_DELETED:
        return key_value(j, row);
    case AS_KIND_PROCESS:
        if (t == topic_get(TOPIC_PROCESS))
            return process_name(j, row);
        break;
    default:
        break;
    }
    for (size_t i = 0; t->value[i] >= 0; i++) {
        as_bytes text = as_row_text(row, (as_attr_name)t->value[i]);

        if (text.n > 0)
            return text;
    }
    return row->value;
}

static const struct {
    as_attr_name attr;
    const char *en, *zh; /* before the value */
    const char *en_after, *zh_after;
} labels[] = {
    {AS_ATTR_PID, "pid ", "进程号 ", "", ""},
    {AS_ATTR_SIZE, "", "", " bytes", " 字节"},
    {AS_ATTR_RAW_SIZE, "size ", "大小 ", "", ""},
    {AS_ATTR_SHA256, "SHA-256 ", "SHA-256 ", "", ""},
    {AS_ATTR_SEVERITY, "severity ", "严重程度 ", "", ""},
    {AS_ATTR_COUNT, "", "", " times", " 次"},
    {AS_ATTR_DPORT, "port ", "端口 ", "", ""},
    {AS_ATTR_STATUS, "status ", "状态 ", "", ""},
    {AS_ATTR_TOTAL, "of ", "共 ", "", ""},
    {AS_ATTR_DURATION, "", "耗时 ", " seconds", " 秒"},
    {AS_ATTR_SERIAL, "serial ", "序列号 ", "", ""},
    {AS_ATTR_ENTROPY, "entropy ", "熵 ", "", ""},
    {AS_ATTR_TARGET_PID, "pid ", "进程号 ", "", ""},
    {AS_ATTR_SID, "sid ", "sid ", "", ""},
    {AS_ATTR_TO, "to ", "到 ", "", ""},
    {AS_ATTR_FROM, "from ", "来自 ", "", ""},
    {AS_ATTR_SRC, "from ", "来自 ", "", ""},
    {AS_ATTR_REQUEST, "for ", "域名 ", "", ""},
    {AS_ATTR_DOMAIN, "for ", "域名 ", "", ""},
    {AS_ATTR_ISSUER, "issued by ", "颁发者 ", "", ""},
};

#define DETAIL_MAX 400u

static void put_detail(job *j, as_buf *b, as_attr_name name, as_bytes text)
{
    bool zh = j->lang == AS_LANG_ZH;

    for (size_t i = 0; i < AS_COUNT(labels); i++) {
        if (labels[i].attr != name)
            continue;
        as_buf_text(b, zh ? labels[i].zh : labels[i].en);
        as_escape_visible_cut(b, text, DETAIL_MAX);
        as_buf_text(b, zh ? labels[i].zh_after : labels[i].en_after);
        return;
    }
    as_escape_visible_cut(b, text, DETAIL_MAX);
}

as_bytes item_text(job *j, const topic *t, const as_row *row, as_bytes value_)
{
    as_buf b = {0};
    bool zh = j->lang == AS_LANG_ZH;
    size_t n = 0;

    as_buf_add(&b, value_);
    for (size_t i = 0; t->detail[i] >= 0; i++) {
        as_bytes text = as_row_text(row, (as_attr_name)t->detail[i]);

        if (text.n == 0 || as_bytes_eq(text, value_))
            continue;
        as_buf_text(&b, n++ == 0 ? (zh ? "（" : " (") : zh ? "，" : ", ");
        put_detail(j, &b, (as_attr_name)t->detail[i], text);
    }
    if (n > 0)
        as_buf_text(&b, zh ? "）" : ")");
    return say_done(j, &b);
}

/* --- gathering
 * --------------------------------------------------------------------------------------- */

/* Lists that a row may have of one attribute: every one is an item ("tactic": "A, B"). */
static as_code add_parts(job *j, finds *f, const as_row *row, as_bytes text)
{
    while (text.n > 0) {
        const uint8_t *comma = memchr(text.p, ',', text.n);
        size_t n = comma ? (size_t)(comma - text.p) : text.n;
        as_bytes part = {text.p, n};
        as_code rc;

        while (part.n > 0 && part.p[0] == ' ') {
            part.p++;
            part.n--;
        }
        rc = part.n > 0 ? finds_add(j, f, row, part, part, part, 1) : AS_OK;
        if (rc)
            return rc;
        text.p += n + (comma != NULL);
        text.n -= n + (comma != NULL);
    }
    return AS_OK;
}

/* Sysmon's "type:  5 a.example;::ffff:192.0.2.1;": names on the way, then addresses. */
static as_code add_answers(job *j, finds *f, const topic *t, const as_row *row, as_bytes text)
{
    if (!memchr(text.p, ';', text.n))
        return finds_add(j, f, row, text, item_text(j, t, row, text), text, 1);
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, ';', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        as_bytes part = {text.p, n};
        as_code rc;

        if (n > 7 && memcmp(part.p, "::ffff:", 7) == 0)
            part = (as_bytes){part.p + 7, n - 7};
        if (n > 5 && memcmp(part.p, "type:", 5) == 0)
            part.n = 0;
        rc = part.n > 0 ? finds_add(j, f, row, part, item_text(j, t, row, part), part, 1) : AS_OK;
        if (rc)
            return rc;
        text.p += n + (end != NULL);
        text.n -= n + (end != NULL);
    }
    return AS_OK;
}

static bool filters_address(const as_plan *p)
{
    for (size_t i = 0; i < p->n_filters; i++) {
        if (p->filters[i]->how == VALUE_IOC &&
            (p->filters[i]->type == AS_IOC_IPV4 || p->filters[i]->type == AS_IOC_IPV6))
            return true;
    }
    return false;
}

/* Whose answer it is: "which domain was resolved to this address". */
static as_code add_name(job *j, finds *f, const as_row *row)
{
    as_bytes name = as_row_text(row, AS_ATTR_REQUEST);

    if (name.n == 0)
        name = as_row_text(row, AS_ATTR_DOMAIN);
    return name.n > 0 ? finds_add(j, f, row, name, name, name, 1) : AS_OK;
}

static as_code add_all_of(job *j, finds *f, const topic *t, const as_row *row)
{
    for (size_t i = 0; i < row->n_attrs; i++) {
        as_code rc;

        if ((int)row->attrs[i].name != t->value[0])
            continue;
        rc = finds_add(j, f, row, row->attrs[i].text, item_text(j, t, row, row->attrs[i].text),
                       row->attrs[i].text, 1);
        if (rc)
            return rc;
    }
    return AS_OK;
}

static unsigned long long number_of(as_bytes text)
{
    char a[24];

    if (text.n == 0 || text.n >= sizeof(a))
        return 0;
    memcpy(a, text.p, text.n);
    a[text.n] = '\0';
    return strtoull(a, NULL, 0);
}

/* What happens, and may happen again in the same words; the rest are things. */
bool is_event(topic_id id)
{
    static const topic_id events[] = {TOPIC_CONNECTION,     TOPIC_LOGON,         TOPIC_LOGON_FAILED,
                                      TOPIC_PROCESS_ACCESS, TOPIC_WINDOWS_EVENT, TOPIC_DNS,
                                      TOPIC_REMOTE_THREAD,  TOPIC_KIND,          TOPIC_LOG_CLEARED,
                                      TOPIC_ACCOUNT,        TOPIC_SCRIPT,        TOPIC_WMI};

    for (size_t i = 0; i < AS_COUNT(events); i++) {
        if (events[i] == id)
            return true;
    }
    return false;
}

/* Rows of one thing have one key; of processes and connections each is its own. */
static as_bytes row_key(job *j, const as_plan *p, const as_row *row, as_bytes value_)
{
    const topic *t = topic_get(p->topic);
    as_buf b = {0};

    if (p->super == SUPER_MOST || p->super == SUPER_LEAST)
        return value_;
    if (p->topic == TOPIC_MEMORY_FINDING) {
        as_buf_add(&b, as_row_text(row, AS_ATTR_PID));
        as_buf_byte(&b, ' ');
        as_buf_add(&b, value_);
        return say_done(j, &b);
    }
    if (p->topic == TOPIC_PROCESS && j->is_log) {
        /* Two sources of one log tell one start, each with its own way to write numbers. */
        as_buf_add(&b, as_path_file(value_));
        as_buf_printf(&b, " %llu", number_of(as_row_text(row, AS_ATTR_PID)));
        return say_done(j, &b);
    }
    if (p->topic == TOPIC_PROCESS || p->topic == TOPIC_PROCESS_ENDED ||
        (p->want == WANT_COUNT && !p->distinct && as_row_text(row, AS_ATTR_CHANNEL).n > 0 &&
         is_event(p->topic))) {
        as_buf_printf(&b, "%lld", (long long)row->id);
        return say_done(j, &b);
    }
    if (p->want == WANT_COUNT && p->topic == TOPIC_CONNECTION) {
        as_buf_add(&b, value_);
        as_buf_byte(&b, ' ');
        as_buf_add(&b, as_row_text(row, AS_ATTR_SPORT));
        return say_done(j, &b);
    }
    for (size_t i = 0; t->key[i] >= 0; i++) {
        as_bytes text = as_row_text(row, (as_attr_name)t->key[i]);

        if (text.n > 0)
            return text;
    }
    return value_;
}

static uint64_t row_weight(const as_row *row)
{
    uint64_t n;

    if (row->kind == AS_KIND_API_USE && as_bytes_u64(as_row_text(row, AS_ATTR_COUNT), &n))
        return n;
    if (as_bytes_u64(as_row_text(row, AS_ATTR_REPEATED), &n))
        return n;
    return 1;
}

/* Not every row of several kinds has what the topic is about. */
bool row_lacks_value(const topic *t, const as_row *row)
{
    if (row->kind == AS_KIND_HTTP || t->value[0] < 0)
        return false;
    for (size_t i = 0; t->value[i] >= 0; i++) {
        if (as_row_text(row, (as_attr_name)t->value[i]).n > 0)
            return false;
    }
    return true;
}

static bool is_of_sample(const job *j, const as_row *row)
{
    as_bytes file = as_row_text(row, AS_ATTR_FILE);

    return file.n == 0 || as_bytes_eq_nocase(file, j->sample_sha256);
}

static bool is_answer(const job *j, const as_row *row)
{
    (void)j;
    return row->kind != AS_KIND_DOMAIN;
}

/* A task itself, before the command that made it. */
static bool is_task(const job *j, const as_row *row)
{
    (void)j;
    return row->kind != AS_KIND_COMMAND && row->kind != AS_KIND_PROCESS;
}

/* Where some rows pass, those that do not are of something else. */
static size_t keep_better(const job *j, as_row *rows, size_t n,
                          bool (*better)(const job *j, const as_row *row))
{
    size_t kept = 0;
    bool any = false;

    for (size_t i = 0; i < n; i++)
        any = any || better(j, &rows[i]);
    for (size_t i = 0; any && i < n; i++) {
        if (better(j, &rows[i]))
            rows[kept++] = rows[i];
    }
    return any ? kept : n;
}

/*
 * Sections and imports are the sample's own before those of what it left behind; what a
 * name was resolved to is what it was answered before what the sandbox looked up later.
 */
static size_t prefer(const job *j, const as_plan *p, as_row *rows, size_t n)
{
    if (topic_get(p->topic)->area == AREA_STATIC && p->n_filters == 0)
        return keep_better(j, rows, n, is_of_sample);
    if (p->topic == TOPIC_DNS_ANSWER && p->n_filters > 0)
        return keep_better(j, rows, n, is_answer);
    if (p->topic == TOPIC_TASK)
        return keep_better(j, rows, n, is_task);
    return n;
}

static as_code gather_topic(job *j, const as_plan *p, finds *ret)
{
    const topic *t = topic_get(p->topic);
    as_row *rows = NULL;
    size_t n = 0;
    as_code rc = gather_rows(j, p, &rows, &n);

    memset(ret, 0, sizeof(*ret));
    n = rc ? 0 : prefer(j, p, rows, n);
    for (size_t i = 0; !rc && i < n; i++) {
        as_bytes v = row_value(j, t, &rows[i]);

        if (v.n == 0 || (p->topic != TOPIC_KIND && row_lacks_value(t, &rows[i])))
            continue;
        if (p->topic == TOPIC_DNS_ANSWER && filters_address(p))
            rc = add_name(j, ret, &rows[i]);
        else if (p->topic == TOPIC_DNS_ANSWER)
            rc = add_answers(j, ret, t, &rows[i], v);
        else if (p->topic == TOPIC_TACTIC)
            rc = add_parts(j, ret, &rows[i], v);
        else if (p->topic == TOPIC_TECHNIQUE || p->topic == TOPIC_FAMILY)
            rc = add_all_of(j, ret, t, &rows[i]);
        else
            rc = finds_add(j, ret, &rows[i], v, item_text(j, t, &rows[i], v),
                           row_key(j, p, &rows[i], v), row_weight(&rows[i]));
    }
    return rc;
}

/* What one tool calls a write another calls a creation. */
topic_id next_best(const job *j, topic_id id)
{
    switch ((int)id) {
    case TOPIC_FILE_WRITTEN:
        return TOPIC_FILE_CREATED;
    case TOPIC_FILE_MODIFIED:
        return TOPIC_FILE_WRITTEN;
    case TOPIC_DROPPED:
        return j->is_log ? TOPIC_FILE_CREATED : TOPIC_NONE;
    case TOPIC_SERVICE_STARTED:
        return TOPIC_SERVICE;
    default:
        return TOPIC_NONE;
    }
}

as_code gather(job *j, as_plan *p, finds *ret)
{
    as_code rc = gather_topic(j, p, ret);

    for (topic_id id = next_best(j, p->topic); !rc && ret->n == 0 && id != TOPIC_NONE;
         id = next_best(j, id)) {
        as_plan other = *p;

        other.topic = id;
        rc = gather_topic(j, &other, ret);
        if (!rc && ret->n > 0) {
            job_trace(j, "no %s; what follows are %s", topic_get(p->topic)->many,
                      topic_get(id)->many);
            p->topic = id;
        }
    }
    return rc;
}
