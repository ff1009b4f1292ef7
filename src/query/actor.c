#include "query/query_priv.h"

#include "base/escape.h"

#include <string.h>

#include "base/banned.h"

/* --- how long a process lived, by its calls ---------------------------------------------- */

typedef struct span {
    job *j;
    bool found;
    double from, to;
} span;

static as_code widen(void *ctx, const as_row *row, as_err *err)
{
    span *s = ctx;
    double from, to;

    (void)err;
    if (!moment_of(as_row_text(row, AS_ATTR_STARTED), &from) ||
        !moment_of(as_row_text(row, AS_ATTR_ENDED), &to))
        return AS_OK;
    s->from = s->found && s->from < from ? s->from : from;
    s->to = s->found && s->to > to ? s->to : to;
    s->found = true;
    return AS_OK;
}

bool trace_lasted(job *j, const as_row *row, double *ret)
{
    static const as_kind kinds[] = {AS_KIND_API_TRACE};
    as_rows_query q = {.doc = row->doc, .process = row->id, .kinds = kinds, .n_kinds = 1};
    span s = {.j = j};

    if (as_store_rows(j->store, &q, widen, &s, j->err) || !s.found)
        return false;
    *ret = s.to - s.from;
    return s.to >= s.from;
}

/* --- the process of a row ---------------------------------------------------------------- */

static as_bytes with_pid(job *j, as_bytes name, as_bytes pid)
{
    as_buf out = {0};

    as_buf_add(&out, name);
    if (pid.n > 0) {
        as_buf_text(&out, j->lang == AS_LANG_ZH ? "（进程号 " : " (pid ");
        as_buf_add(&out, pid);
        as_buf_text(&out, j->lang == AS_LANG_ZH ? "）" : ")");
    }
    return say_done(j, &out);
}

as_code actor_add(job *j, finds *f, const as_row *row, uint64_t weight)
{
    const as_row *process = row_process(j, row);
    as_bytes name, pid, text;
    as_buf key = {0};

    if (process && row->kind != AS_KIND_PROCESS) {
        name = process_name(j, process);
        pid = as_row_text(process, AS_ATTR_PID);
    } else {
        name = as_row_text(row, AS_ATTR_PROCESS_NAME);
        if (name.n == 0)
            name = as_path_file(as_row_text(row, AS_ATTR_PROCESS_PATH));
        if (name.n == 0)
            name = as_path_file(as_row_text(row, AS_ATTR_MODULE_PATH));
        pid = as_row_text(row, AS_ATTR_PID);
    }
    if (name.n == 0 && pid.n == 0)
        return AS_OK;
    text = with_pid(j, name.n > 0 ? name : pid, name.n > 0 ? pid : (as_bytes){0});
    as_buf_add(&key, name);
    as_buf_byte(&key, ' ');
    as_buf_add(&key, pid);
    return finds_add(j, f, row, name.n > 0 ? name : pid, text, say_done(j, &key), weight);
}

static as_code add_process(job *j, finds *f, const as_row *process, const as_row *proof)
{
    as_bytes name = process_name(j, process), pid = as_row_text(process, AS_ATTR_PID);
    as_buf key = {0};

    as_buf_printf(&key, "%lld", (long long)process->id);
    return finds_add(j, f, proof ? proof : process, name, with_pid(j, name, pid), say_done(j, &key),
                     1);
}

/* --- who did it
 * ----------------------------------------------------------------------------------- */

static as_code others_than(job *j, const finds *did, finds *ret)
{
    as_code rc = AS_OK;

    load_processes(j);
    for (size_t i = 0; !rc && i < j->n_processes; i++) {
        bool found = j->is_log && !was_started(&j->processes[i]);

        for (size_t k = 0; !found && k < did->n; k++) {
            for (size_t r = 0; !found && r < did->p[k].n_rows; r++)
                found = did->p[k].rows[r]->process == j->processes[i].id;
        }
        if (!found)
            rc = add_process(j, ret, &j->processes[i], NULL);
    }
    return rc;
}

static as_code find_actors(job *j, finds *ret)
{
    as_plan p = j->plan;
    as_row *rows = NULL;
    size_t n = 0;
    as_code rc;

    /* An address or a domain is known by its connection; the process stands there. */
    if (p.topic == TOPIC_IP || p.topic == TOPIC_NETWORK)
        p.topic = TOPIC_CONNECTION;
    rc = gather_rows(j, &p, &rows, &n);
    for (topic_id id = next_best(j, p.topic); !rc && n == 0 && id != TOPIC_NONE;
         id = next_best(j, id)) {
        p.topic = id;
        rc = gather_rows(j, &p, &rows, &n);
    }
    if (!rc && n == 0 && p.topic == TOPIC_CONNECTION) {
        p.topic = TOPIC_NETWORK;
        rc = gather_rows(j, &p, &rows, &n);
    }
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; !rc && i < n; i++)
        rc = actor_add(j, ret, &rows[i], 1);
    if (!rc && n > 0 && ret->n == 0)
        job_trace(j, "%zu facts fit, and none of them names a process", n);
    j->fitting = n;
    return rc;
}

/* --- parents and children
 * -------------------------------------------------------------------------- */

static bool any_value_is(job *j, const as_row *process)
{
    for (size_t i = 0; i < j->plan.n_filters; i++) {
        if (is_process(j, process, j->plan.filters[i]))
            return true;
    }
    return j->plan.n_filters == 0;
}

static const as_row *parent_of(job *j, const as_row *child)
{
    as_bytes ppid = as_row_text(child, AS_ATTR_PPID);

    for (size_t i = 0; i < j->n_processes; i++) {
        const as_row *x = &j->processes[i];

        if (x == child || x->doc != child->doc || x->run != child->run)
            continue;
        if (x->id == child->parent)
            return x;
        if (ppid.n > 0 && as_bytes_eq(as_row_text(x, AS_ATTR_PID), ppid))
            return x;
    }
    return NULL;
}

/* Some tools name the parent beside its number. */
static as_bytes parent_name(const as_row *child)
{
    static const char *const fields[] = {"ParentImage", "ParentProcessName", "pcommand_line",
                                         "ParentName", "Parent"};

    for (size_t i = 0; i + 1 < child->n_attrs; i++) {
        if (child->attrs[i].name != AS_ATTR_FIELD ||
            child->attrs[i + 1].name != AS_ATTR_FIELD_VALUE)
            continue;
        for (size_t k = 0; k < AS_COUNT(fields); k++) {
            if (as_bytes_is(child->attrs[i].text, fields[k]))
                return as_path_file(child->attrs[i + 1].text);
        }
    }
    return as_path_file(as_row_text(child, AS_ATTR_MODULE_PATH));
}

static as_code add_parent(job *j, finds *ret, const as_row *child)
{
    const as_row *parent = parent_of(j, child);
    as_bytes name = parent_name(child), ppid = as_row_text(child, AS_ATTR_PPID);
    as_buf key = {0};

    if (parent)
        return add_process(j, ret, parent, child);
    if (name.n == 0 && ppid.n == 0)
        return AS_OK;
    as_buf_add(&key, name);
    as_buf_byte(&key, ' ');
    as_buf_add(&key, ppid);
    return finds_add(j, ret, child, name.n > 0 ? name : ppid,
                     with_pid(j, name.n > 0 ? name : ppid, name.n > 0 ? ppid : (as_bytes){0}),
                     say_done(j, &key), 1);
}

static as_code find_family(job *j, finds *ret)
{
    as_code rc = AS_OK;

    memset(ret, 0, sizeof(*ret));
    load_processes(j);
    j->fitting = 0;
    for (size_t i = 0; !rc && i < j->n_processes; i++) {
        const as_row *x = &j->processes[i], *parent;

        if (j->plan.want == WANT_PARENT) {
            if (!any_value_is(j, x))
                continue;
            j->fitting++;
            rc = add_parent(j, ret, x);
            continue;
        }
        if (any_value_is(j, x))
            j->fitting++;
        parent = parent_of(j, x);
        if (parent && any_value_is(j, parent))
            rc = add_process(j, ret, x, NULL);
    }
    return rc;
}

/* --- answers
 * ------------------------------------------------------------------------------------------ */

static void say_nobody(job *j, as_buf *out)
{
    bool zh = j->lang == AS_LANG_ZH;

    if (j->plan.want == WANT_WHO && j->fitting > 0) {
        j->answer->answerable = false;
        as_buf_text(
            out,
            zh ? "无法回答：报告有此事实，但没有记下是哪个进程所为。"
               : "It cannot be told: the report has it, and does not say which process did it.");
    } else if (j->plan.want == WANT_WHO) {
        as_buf_text(out, zh ? "没有进程：报告中没有" : "No process: the report holds no ");
        say_topic(j, out, &j->plan, true);
        say_conditions(j, out, &j->plan);
        as_buf_text(out, zh ? "。" : ".");
    } else if (j->fitting == 0) {
        as_buf_text(out, zh ? "报告中没有这个进程" : "The report holds no such process");
        say_conditions(j, out, &j->plan);
        as_buf_text(out, zh ? "。" : ".");
    } else {
        as_buf_text(out,
                    j->plan.want == WANT_PARENT
                        ? (zh ? "报告没有给出它的父进程。" : "The report does not give its parent.")
                        : (zh ? "报告中它没有子进程。" : "It has no child process in the report."));
    }
}

/* Of whom: the values that the question names. */
static void say_names(const job *j, as_buf *out)
{
    bool zh = j->lang == AS_LANG_ZH;

    if (j->plan.n_filters == 0)
        as_buf_text(out, zh ? "样本进程" : "the processes");
    for (size_t i = 0; i < j->plan.n_filters; i++) {
        as_buf_text(out, i == 0 ? "" : zh ? "、" : ", ");
        as_escape_visible_cut(out, j->plan.filters[i]->text, 120);
    }
}

static void say_actors(const job *j, as_buf *out, const finds *f)
{
    bool zh = j->lang == AS_LANG_ZH;

    if (j->plan.want == WANT_PARENT || j->plan.want == WANT_CHILD) {
        bool parent = j->plan.want == WANT_PARENT;

        if (!zh && parent)
            as_buf_text(out, "The parent of ");
        say_names(j, out);
        if (zh)
            as_buf_printf(out, parent ? " 的父进程" : " 的子进程有 %zu 个", f->n);
        else if (!parent)
            as_buf_printf(out, f->n == 1 ? " has %zu child process" : " has %zu child processes",
                          f->n);
        as_buf_text(out, zh ? "：" : ": ");
    } else {
        if (j->plan.negated)
            as_buf_printf(out, zh ? "没有这样做的进程有 %zu 个" : "%zu processes that did not",
                          f->n);
        else {
            as_buf_printf(out,
                          zh          ? "%zu 个进程（"
                          : f->n == 1 ? "%zu process ("
                                      : "%zu processes (",
                          f->n);
            say_topic(j, out, &j->plan, true);
            as_buf_text(out, zh ? "）" : ")");
        }
        say_conditions(j, out, &j->plan);
        as_buf_text(out, zh ? "：" : ": ");
    }
    say_list(j, out, f, 0);
    as_buf_text(out, zh ? "。" : ".");
}

as_code answer_actor(job *j)
{
    finds f, rest = {0};
    as_buf out = {0};
    topic_area a = topic_get(j->plan.topic)->area;
    recorded r = recorded_in(j->docs, j->n_docs, j->plan.want == WANT_WHO ? a : AREA_PROCESSES);
    as_code rc = j->plan.want == WANT_WHO ? find_actors(j, &f) : find_family(j, &f);

    if (!rc && j->plan.want == WANT_WHO && j->plan.negated) {
        rc = others_than(j, &f, &rest);
        f = rest;
    }
    if (rc)
        return rc;
    if (f.n == 0 && r != RECORDED_YES) {
        j->answer->answerable = false;
        say_unrecorded(j, &out, j->plan.want == WANT_WHO ? a : AREA_PROCESSES, r);
    } else if (f.n == 0) {
        say_nobody(j, &out);
    } else {
        say_actors(j, &out, &f);
    }
    j->answer->text = say_done(j, &out);
    return cite_finds(j, &f);
}

/* --- addresses that were resolved and then spoken to ------------------------------------------ */

bool finally_joined(const as_plan *p, const as_reading *r)
{
    bool connects = false, resolved = p->topic == TOPIC_DNS_ANSWER;

    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];

        connects = connects || (s->id == SIGN_VERB && s->arg == VERB_CONNECT) ||
                   (s->id == SIGN_TOPIC && s->arg == TOPIC_CONNECTION);
        resolved = resolved || s->id == SIGN_RESOLVE || s->id == SIGN_FINALLY;
    }
    return connects && resolved &&
           (p->topic == TOPIC_DNS_ANSWER || p->topic == TOPIC_IP || p->topic == TOPIC_DOMAIN ||
            p->topic == TOPIC_CONNECTION || p->topic == TOPIC_DNS);
}

static bool was_contacted(const as_row *rows, size_t n, as_bytes ip)
{
    for (size_t i = 0; i < n; i++) {
        if (as_bytes_eq(as_row_text(&rows[i], AS_ATTR_DST), ip))
            return true;
    }
    return false;
}

/* Answers of DNS to which there is a connection; the names, where names are asked for. */
as_code gather_contacted(job *j, finds *ret)
{
    as_plan answers = j->plan, connections = {.topic = TOPIC_CONNECTION, .protocol = -1};
    bool names = j->plan.topic == TOPIC_DOMAIN || j->plan.topic == TOPIC_DNS ||
                 (has_topic(&j->reading, TOPIC_DOMAIN) && !has_topic(&j->reading, TOPIC_IP));
    as_row *rows = NULL;
    size_t n = 0;
    finds all = {0};
    as_code rc;

    answers.topic = TOPIC_DNS_ANSWER;
    answers.select = SELECT_NONE;
    rc = gather(j, &answers, &all);
    rc = rc ? rc : gather_rows(j, &connections, &rows, &n);
    for (size_t i = 0; !rc && i < all.n; i++) {
        const find *x = &all.p[i];
        as_bytes name;

        if (x->n_rows == 0 || !was_contacted(rows, n, x->value))
            continue;
        name = as_row_text(x->rows[0], AS_ATTR_REQUEST);
        if (name.n == 0)
            name = as_row_text(x->rows[0], AS_ATTR_DOMAIN);
        if (names && name.n > 0)
            rc = finds_add(j, ret, x->rows[0], name, name, name, 1);
        else
            rc = finds_add(j, ret, x->rows[0], x->value, x->text, x->key, x->count);
    }
    if (!rc && ret->n == 0 && all.n == 0) {
        /* No answers are known: what was connected to is all there is. */
        connections = j->plan;
        connections.topic = names ? TOPIC_DOMAIN : TOPIC_IP;
        rc = gather(j, &connections, ret);
    }
    j->plan.topic = names ? TOPIC_DOMAIN : TOPIC_IP;
    return rc;
}
