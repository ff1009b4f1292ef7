#include "formats/strace_priv.h"

#include "base/hash.h"

#include <string.h>

#include "base/banned.h"

/*
 * A log of strace, line by line. A call that another thread's line parted in two is joined
 * again; each call is told and counted, and what it says beyond that becomes facts.
 */

#define TEXT_MAX ((size_t)1 << 20) /* of the first half of a call that waits for its end */

#define BREAKS_MAX 64u /* of one line by notes: each time it is read anew */

/* The table of -c: what its columns are called. */
#define COLUMNS_MAX 16u

struct summary {
    bool open;
    size_t n;
    as_attr_name columns[COLUMNS_MAX];
    bool optional[COLUMNS_MAX]; /* "errors": empty where there were none */
};

struct reader {
    as_strace s;
    as_lines lines;
    struct summary summary;
    /* A line that a note of strace broke in two: the next line goes on. */
    as_buf broken;
    as_evidence broken_at;
    unsigned breaks; /* of that one line */
    as_buf clean;
    as_strace_line l;
};

/* --- calls ------------------------------------------------------------------------------ */

static const as_linux_call *call_of(as_strace *s, as_bytes name)
{
    as_strace_name *n = &s->names[as_hash64(name, 0) & (AS_STRACE_NAMES - 1)];

    if (name.n > sizeof(n->text))
        return NULL;
    if (n->n == name.n && !memcmp(n->text, name.p, name.n))
        return n->call;
    memcpy(n->text, name.p, name.n);
    n->n = name.n;
    n->call = as_linux_call_of(name);
    return n->call;
}

static void fill_args(as_call *c, const as_strace_line *l)
{
    c->n_args = l->n_args;
    c->args_left_out = l->args_left_out;
    for (size_t i = 0; i < l->n_args; i++) {
        c->args[i] = (as_call_arg){0};
        (void)as_strace_named(l->args[i], &c->args[i].name, &c->args[i].value);
    }
}

/* The call in `l`, whose name and arguments are whole. `also`: the line on which it began. */
static as_code finish(as_strace *s, as_strace_task *t, const as_strace_line *l,
                      const as_evidence *also, const as_evidence *at, as_err *err)
{
    const as_linux_call *call = call_of(s, l->name);
    as_call *c = &s->call;
    as_walk *w = s->w;
    as_code rc = AS_OK;

    if (call && call->role == AS_LINUX_EXEC && !l->failed)
        rc = as_strace_tell(s, t, call, l, also, err); /* the call is the new program's first */
    if (rc)
        return rc;
    c->process = t->process->fact;
    c->index = w->analysis->calls++;
    c->api = l->name;
    c->category = as_bytes_of(call ? call->category : "");
    c->time = s->time;
    c->thread = l->pid;
    c->caller = l->address;
    c->ret = l->ret;
    c->pretty_ret = l->ret_text.n ? l->ret_text : l->ret_path;
    c->failed = l->failed;
    c->begin = at->begin;
    c->end = at->end;
    if (w->options->on_call) {
        fill_args(c, l);
        rc = w->options->on_call(w->options->call_ctx, c, err);
    }
    if (!rc)
        rc = as_counts_add(w, c, at, err);
    if (rc || !call || call->role == AS_LINUX_COUNTED ||
        (call->role == AS_LINUX_EXEC && !l->failed))
        return rc;
    return as_strace_tell(s, t, call, l, also, err);
}

static void stop_waiting(as_strace *s, as_strace_task *t)
{
    as_strace_set_forking(s, t, false);
    t->waiting = false;
    t->child = 0;
}

/* A call whose end the log does not have. */
static as_code give_up(as_strace *s, as_strace_task *t, as_err *err)
{
    as_evidence now = s->at;
    as_strace_line l;
    as_code rc;

    if (!t->waiting)
        return AS_OK;
    s->at = t->at; /* what is told of it stands there */
    (void)as_strace_parse_rest(as_buf_bytes(&t->text), &l);
    l.name = (as_bytes){t->name, t->name_n};
    l.ret = AS_LITERAL("?");
    l.ret_text = l.ret_path = l.pid = l.address = (as_bytes){0};
    l.failed = false;
    rc = finish(s, t, &l, NULL, &t->at, err);
    s->at = now;
    stop_waiting(s, t);
    return rc;
}

static as_code begin_call(as_strace *s, as_strace_task *t, const as_strace_line *l, as_err *err)
{
    as_code rc = give_up(s, t, err);

    if (rc)
        return rc;
    t->name_n = l->name.n < sizeof(t->name) ? l->name.n : sizeof(t->name);
    memcpy(t->name, l->name.p, t->name_n);
    as_buf_reset(&t->text);
    as_buf_add(&t->text, as_linux_cut(l->text, TEXT_MAX));
    if (t->text.failed)
        return as_fail_nomem(err, "a call of a log");
    t->call = call_of(s, l->name);
    t->at = s->at;
    t->waiting = true;
    t->child = 0;
    as_strace_set_forking(s, t, t->call && t->call->role == AS_LINUX_FORK);
    return AS_OK;
}

/* False in *ret_known: its end alone says nothing, or is none. */
static as_code resume_call(as_strace *s, as_strace_task *t, as_strace_line *l, bool *ret_known,
                           as_err *err)
{
    as_bytes name = l->name, pid = l->pid, address = l->address;
    as_evidence also = t->at;
    bool joined = t->waiting && as_bytes_eq((as_bytes){t->name, t->name_n}, name);
    as_code rc;

    as_buf_reset(&s->joined);
    if (joined)
        as_buf_add(&s->joined, as_buf_bytes(&t->text));
    as_buf_add(&s->joined, l->text);
    if (s->joined.failed)
        return as_fail_nomem(err, "a call of a log");
    *ret_known = as_strace_parse_rest(as_buf_bytes(&s->joined), l);
    if (!*ret_known) /* nor may the next such line join the first half once more */
        return joined ? give_up(s, t, err) : AS_OK;
    l->name = name;
    l->pid = pid;
    l->address = address;
    rc = finish(s, t, l, joined ? &also : NULL, &s->at, err);
    stop_waiting(s, t);
    return rc;
}

/* --- what is no call --------------------------------------------------------------------- */

static as_draft draft_of(as_strace *s, as_strace_task *t, as_kind kind)
{
    as_draft d;

    as_draft_init(&d, kind);
    d.parent = t ? t->process->fact : AS_NO_FACT;
    d.evidence[d.n_evidence++] = s->at;
    return d;
}

static as_code add(as_strace *s, as_draft *d, as_err *err)
{
    as_code rc = as_linux_put(s->w, d, AS_ATTR_TIME, s->time, err);

    if (rc)
        return rc;
    rc = as_facts_add(s->w->facts, d, NULL);
    return rc ? as_walk_facts_failed(s->w, rc, err) : AS_OK;
}

/* Once for a process and a cause; that a child ended, its own last line tells. */
static as_code read_signal(as_strace *s, as_strace_task *t, const as_strace_line *l, as_err *err)
{
    as_bytes code = as_strace_field(l->text, "si_code"), from = as_strace_field(l->text, "si_pid");
    uint64_t seed = as_hash64(code, s->seed ^ t->process->serial), pid;
    as_draft d = draft_of(s, t, AS_KIND_SIGNAL);
    as_code rc;

    if (as_bytes_is(l->name, "SIGCHLD") || !as_strace_first_time(s, as_hash64(l->name, seed)))
        return AS_OK;
    rc = as_linux_put(s->w, &d, AS_ATTR_NAME, l->name, err);
    if (!rc)
        rc = as_linux_put(s->w, &d, AS_ATTR_CODE, code, err);
    if (!rc && as_bytes_u64(from, &pid))
        rc = as_linux_put(s->w, &d, AS_ATTR_FROM, from, err);
    if (!rc)
        rc = as_linux_put(s->w, &d, AS_ATTR_CONTENT, l->text, err);
    return rc ? rc : add(s, &d, err);
}

/* Of the last thread of a process: the process is over. */
static as_code read_end(as_strace *s, as_strace_task *t, const as_strace_line *l, as_err *err)
{
    as_draft d = draft_of(s, t, AS_KIND_PROCESS_ENDED);
    as_code rc = give_up(s, t, err);

    if (!rc && t->process->tasks == 1) {
        if (t->process->pid)
            rc = as_linux_put_u64(s->w, &d, AS_ATTR_PID, t->process->pid, err);
        if (!rc)
            rc = as_linux_put(s->w, &d, AS_ATTR_STATUS, l->text, err);
        if (!rc)
            rc = add(s, &d, err);
    }
    return rc ? rc : as_strace_end_task(s, t, err);
}

static as_code read_known(struct reader *r, const char *what, size_t n, as_err *err)
{
    as_place root = {0}, place = {.up = &root, .begin = r->s.at.begin};
    as_code rc = as_facts_intern(r->s.w->facts, as_bytes_of(what), &place.step);

    if (rc)
        return as_walk_facts_failed(r->s.w, rc, err);
    place.step |= AS_STEP_KEY;
    return as_paths_add(r->s.w, &place, n, true, err);
}

/* What strace says of itself: errors are no part of what it saw. */
static as_code read_note(as_strace *s, as_bytes line, as_err *err)
{
    as_draft d = draft_of(s, NULL, AS_KIND_TOOL_LOG);
    as_code rc = as_linux_put(s->w, &d, AS_ATTR_TEXT, line, err);

    return rc ? rc : add(s, &d, err);
}

/* --- the table of -c --------------------------------------------------------------------- */

/* The next word of `b`, which it leaves; {0}: none. */
static as_bytes word(as_bytes *b)
{
    size_t n = 0;
    as_bytes w;

    while (b->n && b->p[0] == ' ')
        *b = (as_bytes){b->p + 1, b->n - 1};
    while (n < b->n && b->p[n] != ' ')
        n++;
    w = (as_bytes){b->p, n};
    *b = (as_bytes){b->p + n, b->n - n};
    return w;
}

static bool is_header(as_bytes line)
{
    as_bytes rest = line, first = word(&rest);

    return (as_bytes_is(first, "%") || as_bytes_is(first, "calls") ||
            as_bytes_is(first, "seconds") || as_bytes_is(first, "syscall")) &&
           as_bytes_has_nocase(line, "calls") && as_bytes_has_nocase(line, "syscall") &&
           !memchr(line.p, '(', line.n);
}

static void open_summary(struct summary *t, as_bytes line)
{
    as_bytes w;

    *t = (struct summary){.open = true};
    while ((w = word(&line)).n && t->n < COLUMNS_MAX) {
        as_attr_name attr = AS_NO_ATTR;

        if (as_bytes_is(w, "%"))
            (void)word(&line); /* "% time" */
        else if (as_bytes_is(w, "seconds"))
            attr = AS_ATTR_DURATION;
        else if (as_bytes_is(w, "calls"))
            attr = AS_ATTR_COUNT;
        else if (as_bytes_is(w, "errors"))
            attr = AS_ATTR_FAILED;
        else if (as_bytes_is(w, "syscall"))
            attr = AS_ATTR_API;
        t->optional[t->n] = attr == AS_ATTR_FAILED;
        t->columns[t->n++] = attr;
    }
}

static bool is_number(as_bytes b)
{
    size_t i = 0;

    while (i < b.n && ((b.p[i] >= '0' && b.p[i] <= '9') || b.p[i] == '.'))
        i++;
    return b.n && i == b.n;
}

/* " 26.36    0.000189          94         2         1 clone"; false: it is none. */
static bool split_row(const struct summary *t, as_bytes line, as_bytes *ret)
{
    size_t n = 0, missing;
    as_bytes words[COLUMNS_MAX + 1], w;

    while ((w = word(&line)).n && n <= COLUMNS_MAX)
        words[n++] = w;
    if (n > t->n || n + 1 < t->n || !n)
        return false;
    missing = t->n - n;
    for (size_t i = 0, k = 0; i < t->n; i++) {
        bool skipped = missing && t->optional[i];

        if (!skipped && k == n)
            return false;
        ret[i] = skipped ? (as_bytes){0} : words[k++];
        if (ret[i].n && t->columns[i] != AS_ATTR_API && !is_number(ret[i]))
            return false;
    }
    return true;
}

/* A row counts one system call over all processes; the last, "total", all of them. */
static as_code read_row(as_strace *s, struct summary *t, as_bytes line, bool *ret_known,
                        as_err *err)
{
    as_bytes cells[COLUMNS_MAX];
    bool total = false;
    as_draft d;
    as_code rc = AS_OK;

    *ret_known = line.n >= 2 && line.p[0] == '-' && line.p[1] == '-';
    if (*ret_known)
        return AS_OK;
    if (!split_row(t, line, cells)) {
        t->open = false;
        return AS_OK;
    }
    *ret_known = true;
    for (size_t i = 0; i < t->n; i++)
        total |= t->columns[i] == AS_ATTR_API && as_bytes_is(cells[i], "total");
    d = draft_of(s, NULL, total ? AS_KIND_API_TRACE : AS_KIND_API_USE);
    for (size_t i = 0; !rc && i < t->n; i++) {
        if (t->columns[i] != AS_NO_ATTR && !(total && t->columns[i] == AS_ATTR_API))
            rc = as_linux_put(s->w, &d, t->columns[i], cells[i], err);
    }
    t->open &= !total;
    s->any = true;
    if (rc || !d.n_attrs)
        return rc;
    rc = as_draft_text(&d, s->w->facts, AS_ATTR_SYSTEM_CALL, AS_FORM_TRUE, AS_LITERAL("true"));
    if (!rc)
        rc = as_facts_add(s->w->facts, &d, NULL);
    return rc ? as_walk_facts_failed(s->w, rc, err) : AS_OK;
}

/* --- lines ---------------------------------------------------------------------------------- */

static size_t line_length(const struct reader *r)
{
    return (size_t)(r->s.at.end - r->s.at.begin);
}

static as_code read_bad(struct reader *r, as_err *err)
{
    return as_lines_bad(r->s.w, &r->lines, line_length(r), "no line that strace writes", err);
}

/* The line that a note broke, and this one that goes on with it, are one call. */
static as_code mend(struct reader *r, as_bytes *line, bool *ret_mended, as_err *err)
{
    *ret_mended = false;
    if (!r->broken.n)
        return AS_OK;
    as_strace_parse(*line, &r->l);
    if (r->l.what == AS_STRACE_BAD || r->l.what == AS_STRACE_BROKEN) {
        as_buf_add(&r->broken, *line);
        if (r->broken.failed)
            return as_fail_nomem(err, "a line");
        *line = as_buf_bytes(&r->broken);
        *ret_mended = true;
    } else {
        as_buf_reset(&r->broken);
    }
    return AS_OK;
}

/* What stands before the note is the start of a call; the note names a new thread. */
static as_code read_broken(struct reader *r, as_strace_task *t, as_bytes line, as_err *err)
{
    const as_strace_line *l = &r->l;
    size_t n = (size_t)(l->text.p + l->text.n - line.p), digits = 0;
    as_bytes rest = {line.p + n + 16, line.n - n - 16}; /* behind "strace: Process " */
    uint64_t tid;
    as_code rc = begin_call(&r->s, t, l, err);

    if (rc)
        return rc;
    while (digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '9')
        digits++;
    if (as_bytes_u64((as_bytes){rest.p, digits}, &tid) && tid && tid < UINT32_MAX)
        rc = as_strace_attached(&r->s, (uint32_t)tid, err);
    if (line.p == r->broken.p) { /* broken again */
        r->broken.n = ++r->breaks < BREAKS_MAX ? n : 0;
        return rc;
    }
    r->breaks = 0;
    as_buf_reset(&r->broken);
    as_buf_add(&r->broken, (as_bytes){line.p, n});
    r->broken_at = r->s.at;
    return rc ? rc : r->broken.failed ? as_fail_nomem(err, "a line") : AS_OK;
}

static as_code read_call_line(struct reader *r, as_bytes line, const as_evidence *also, as_err *err)
{
    as_strace_line *l = &r->l;
    as_strace *s = &r->s;
    as_strace_task *t = NULL;
    bool known = true;
    as_code rc = as_strace_task_of(s, l, &t, err);

    if (rc)
        return rc;
    s->any = true;
    switch (l->what) {
    case AS_STRACE_CALL:
        if (also) { /* it began on the line that the note broke */
            rc = finish(s, t, l, also, &s->at, err);
            stop_waiting(s, t);
            return rc;
        }
        rc = give_up(s, t, err);
        return rc ? rc : finish(s, t, l, NULL, &s->at, err);
    case AS_STRACE_UNFINISHED:
        if (also) {
            uint32_t child = t->child;

            t->waiting = false; /* the half that is known is a part of this one */
            rc = begin_call(s, t, l, err);
            t->child = child;
            if (child)
                as_strace_set_forking(s, t, false);
            t->at = *also;
            return rc;
        }
        return begin_call(s, t, l, err);
    case AS_STRACE_BROKEN:
        return read_broken(r, t, line, err);
    case AS_STRACE_RESUMED:
        rc = resume_call(s, t, l, &known, err);
        return rc || known ? rc : read_bad(r, err);
    case AS_STRACE_SIGNAL:
        return read_signal(s, t, l, err);
    default:
        return read_end(s, t, l, err);
    }
}

static as_code read_parsed(struct reader *r, as_bytes line, const as_evidence *also, as_err *err)
{
    as_strace_line *l = &r->l;
    uint64_t tid;

    as_strace_parse(line, l);
    r->s.time = l->time;
    switch (l->what) {
    case AS_STRACE_BAD:
        return read_bad(r, err);
    case AS_STRACE_STACK:
        return read_known(r, "stack", line_length(r), err);
    case AS_STRACE_NOTE:
        return read_note(&r->s, line, err);
    case AS_STRACE_ATTACHED:
        if (as_bytes_u64(l->name, &tid) && tid && tid < UINT32_MAX)
            return as_strace_attached(&r->s, (uint32_t)tid, err);
        return read_bad(r, err);
    default:
        return read_call_line(r, line, also, err);
    }
}

static as_code read_line(struct reader *r, as_bytes line, as_err *err)
{
    as_evidence also = r->broken_at;
    bool known = false, mended = false;
    as_code rc;

    as_walk_tick(r->s.w);
    if (!line.n)
        return AS_OK;
    r->s.at = as_lines_evidence(&r->lines, line.n);
    r->s.time = (as_bytes){0};
    line = as_linux_clean(line, &r->clean);
    if (r->clean.failed)
        return as_fail_nomem(err, "a line");
    if (r->summary.open) {
        rc = read_row(&r->s, &r->summary, line, &known, err);
        if (rc || known)
            return rc;
    }
    if (is_header(line)) {
        open_summary(&r->summary, line);
        return AS_OK;
    }
    rc = mend(r, &line, &mended, err);
    if (rc)
        return rc;
    rc = read_parsed(r, line, mended ? &also : NULL, err);
    if (mended && r->l.what != AS_STRACE_BROKEN)
        as_buf_reset(&r->broken);
    return rc;
}

static as_code read_lines(struct reader *r, as_err *err)
{
    for (;;) {
        as_bytes line;
        size_t n = 0;
        as_code rc = as_lines_next(&r->lines, &line, &n, err);

        if (rc || !n)
            return rc;
        rc = read_line(r, line, err);
        if (!rc && as_walk_portion_due(r->s.w))
            rc = as_strace_portion(&r->s, err);
        if (rc)
            return rc;
    }
}

static as_code give_up_all(as_strace *s, as_err *err)
{
    as_code rc = AS_OK;

    for (as_strace_task *t = s->first; !rc && t; t = t->behind)
        rc = give_up(s, t, err);
    return rc;
}

static as_code read_all(struct reader *r, as_walk *w, as_err *err)
{
    as_code rc = as_strace_begin(&r->s, w, err);

    r->lines.source = w->source;
    w->analysis->tool = "strace";
    as_facts_number_records(w->facts);
    w->system_calls = true;
    if (!rc)
        rc = as_counts_begin(w, err);
    if (!rc)
        rc = read_lines(r, err);
    r->s.time = (as_bytes){0};
    if (!rc)
        rc = give_up_all(&r->s, err);
    if (!rc)
        rc = as_strace_end_all(&r->s, err);
    if (!rc && !r->s.any)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no line of the input is one of strace");
    return rc ? rc : as_counts_put(w, NULL, err);
}

static as_code read_strace(as_walk *w, as_err *err)
{
    struct reader *r = as_mem_zero(1, sizeof(*r));
    as_code rc = r ? read_all(r, w, err) : as_fail_nomem(err, "a log of strace");

    if (!r)
        return rc;
    as_strace_done(&r->s);
    as_lines_done(&r->lines);
    as_buf_done(&r->broken);
    as_buf_done(&r->clean);
    as_mem_free(r);
    return rc;
}

/* --- recognition ---------------------------------------------------------------------------- */

#define PROBED_LINES 64u

/*
 * Lines of C look like calls too: a line counts where it has a result, or a form that only
 * strace has, and a name that is a system call's.
 */
static as_sure probe_strace(const as_head *h)
{
    as_bytes rest = h->bytes;
    size_t calls = 0, others = 0;
    as_strace_line l;

    /* A number or a bracket at the start of a line may pass for JSON. */
    for (size_t i = 0; i < PROBED_LINES && rest.n; i++) {
        as_bytes line;
        bool whole = as_line_of(&rest, &line);

        if (!line.n || !whole)
            continue;
        as_strace_parse(line, &l);
        if ((l.what == AS_STRACE_CALL || l.what == AS_STRACE_UNFINISHED ||
             l.what == AS_STRACE_RESUMED) &&
            as_linux_call_of(l.name))
            calls++;
        else if (is_header(line) && line.p[0] == '%')
            calls += 2;
        else if (l.what == AS_STRACE_BAD || l.what == AS_STRACE_CALL)
            others++;
    }
    if (!calls)
        return AS_SURE_NO;
    return calls > others ? AS_SURE_YES : AS_SURE_MAYBE;
}

/* Checked on logs that strace 6.1 wrote of real programs, with every option named here. */
const as_reader as_reader_strace = {
    .about = {.id = "strace",
              .name = "strace",
              .versions = "text of strace 4 to 6 (checked on 6.1): -f, -ff, -o, -t, -tt, -ttt, -r, "
                          "-T, -i, -n, -k, -y, -yy, -Y, -x, -xx, -X, -v, -s, -c, -C",
              .maps = "system calls by process and thread, processes with command lines and "
                      "who started them, files, folders, modules, sockets, signals, noteworthy "
                      "calls as they stand, counts of -c",
              .seen = true},
    .probe = probe_strace,
    .read = read_strace,
};
