#include "query/query_priv.h"

#include "base/escape.h"

#include <string.h>

#include "base/banned.h"

/* --- which sample ------------------------------------------------------------------------ */

typedef struct choice {
    job *j;
    int64_t ids[16];
    as_bytes names[16], sha256[16];
    size_t n; /* may be more than have room */
} choice;

static as_code take_choice(void *ctx, const as_sample *s, as_err *err)
{
    choice *c = ctx;

    (void)err;
    if (c->n < AS_COUNT(c->ids)) {
        c->ids[c->n] = s->id;
        if (as_arena_copy(c->j->arena, s->name, &c->names[c->n]) ||
            as_arena_copy(c->j->arena, s->sha256.n ? s->sha256 : s->md5, &c->sha256[c->n]))
            return as_fail_nomem(c->j->err, "the samples");
    }
    c->n++;
    return AS_OK;
}

static as_code look_up(job *j, as_bytes named, choice *ret)
{
    as_samples_query q = {.named = named, .limit = named.n > 0 ? 0 : 2};

    *ret = (choice){.j = j};
    return as_store_samples(j->store, &q, take_choice, ret, j->err);
}

static bool may_name_sample(const value *v)
{
    if (v->how == VALUE_QUOTED || (v->how == VALUE_WORD && v->firm))
        return true;
    return v->how == VALUE_IOC &&
           (v->type <= AS_IOC_SHA512 || v->type == AS_IOC_HEX || v->type == AS_IOC_FILE);
}

/* "sample ffff...": what stands behind the word is a sample, or nothing here. */
static bool named_as_sample(const as_reading *r, const value *v)
{
    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];

        if (s->id == SIGN_SAMPLE && v->begin >= s->end && v->begin - s->end <= 3 &&
            v->how == VALUE_IOC && v->type <= AS_IOC_SHA512)
            return true;
    }
    return false;
}

/* A value of the question that names a sample is no condition any more. */
static as_code sample_of_question(job *j, choice *ret)
{
    as_plan *p = &j->plan;

    if (p->actor && may_name_sample(p->actor)) {
        as_code rc = look_up(j, p->actor->norm, ret);

        if (rc || ret->n > 0)
            return rc;
    }
    for (size_t i = 0; i < p->n_filters; i++) {
        as_code rc;

        if (!may_name_sample(p->filters[i]))
            continue;
        rc = look_up(j, p->filters[i]->norm, ret);
        if (rc)
            return rc;
        if (ret->n == 0 && named_as_sample(&j->reading, p->filters[i]))
            return AS_OK; /* none: and that is said */
        if (ret->n == 0)
            continue;
        plan_drop_filter(p, i);
        return AS_OK;
    }
    return look_up(j, (as_bytes){0}, ret);
}

static as_code note_term(void *ctx, const as_term *term, as_err *err)
{
    (void)term;
    (void)err;
    *(bool *)ctx = true;
    return AS_STORE_STOP;
}

/* Whether a value is but another name of the sample, and of no process in it. */
static as_code is_sample_alone(job *j, const value *v, bool *ret)
{
    as_terms_query q = {.type = AS_TERM_PROCESS, .norm = v->norm, .sample = j->sample, .limit = 1};
    bool process = false;
    choice c;
    as_code rc;

    *ret = false;
    if (!may_name_sample(v))
        return AS_OK;
    rc = look_up(j, v->norm, &c);
    if (rc || c.n == 0)
        return rc;
    for (size_t i = 0; i < c.n && i < AS_COUNT(c.ids); i++)
        *ret = *ret || c.ids[i] == j->sample;
    if (*ret)
        rc = as_store_terms(j->store, &q, note_term, &process, j->err);
    *ret = *ret && !process;
    return rc;
}

/* "what did a.exe do", of the sample a.exe, whose process has another name. */
static as_code drop_sample_names(job *j)
{
    as_plan *p = &j->plan;
    bool drop = false;
    as_code rc = p->actor ? is_sample_alone(j, p->actor, &drop) : AS_OK;

    if (drop)
        p->actor = NULL;
    for (size_t i = 0; !rc && i < p->n_filters;) {
        rc = is_sample_alone(j, p->filters[i], &drop);
        if (!drop) {
            i++;
            continue;
        }
        plan_drop_filter(p, i);
    }
    return rc;
}

static as_code conclude_ambiguous(job *j, const choice *c, as_bytes named)
{
    finds f = {0};
    as_buf out = {0};
    bool zh = j->lang == AS_LANG_ZH;
    size_t n = c->n < AS_COUNT(c->ids) ? c->n : AS_COUNT(c->ids);

    j->answer->intent = c->n == 0 ? "no_sample" : "which_sample";
    j->answer->answerable = false;
    if (c->n == 0 && named.n == 0)
        as_buf_text(&out, zh ? "库中没有样本：先用 assay add 加入报告。"
                             : "The store holds no samples: 'assay add' puts reports into it.");
    else if (c->n == 0)
        as_buf_text(&out, zh ? "库中没有这个样本。assay samples 列出所有样本。"
                             : "The store holds no such sample. 'assay samples' lists all.");
    else {
        as_buf_text(&out, zh ? "问的是哪个样本？请用 --sample 指定其中之一："
                             : "Which sample is meant? Name one with --sample: ");
        for (size_t i = 0; i < n; i++) {
            as_code rc = finds_add(j, &f, NULL, c->sha256[i].n ? c->sha256[i] : c->names[i],
                                   c->names[i].n ? c->names[i] : c->sha256[i],
                                   c->sha256[i].n ? c->sha256[i] : c->names[i], 1);

            if (rc) {
                as_buf_done(&out);
                return rc;
            }
        }
        say_list(j, &out, &f, 0);
        if (c->n > n || named.n == 0)
            as_buf_text(&out, zh ? " ……" : " ...");
    }
    j->answer->text = say_done(j, &out);
    return cite_finds(j, &f);
}

/* --- its documents
 * ---------------------------------------------------------------------------------- */

typedef struct docs {
    job *j;
    as_document *p;
    size_t n, cap;
} docs;

static as_code take_doc(void *ctx, const as_document *d, as_err *err)
{
    docs *all = ctx;
    as_document *x;
    as_arena *a = all->j->arena;

    (void)err;
    if (!as_mem_room((void **)&all->p, &all->cap, all->n, sizeof(*all->p)))
        return as_fail_nomem(all->j->err, "the documents");
    x = &all->p[all->n++];
    *x = *d;
    if (as_arena_copy(a, d->name, &x->name) || as_arena_copy(a, d->format, &x->format) ||
        as_arena_copy(a, d->tool, &x->tool) ||
        as_arena_copy(a, d->tool_version, &x->tool_version) ||
        as_arena_copy(a, d->outline, &x->outline))
        return as_fail_nomem(all->j->err, "the documents");
    return AS_OK;
}

static as_code load_docs(job *j)
{
    docs all = {.j = j};
    as_code rc = as_store_documents(j->store, j->sample, take_doc, &all, j->err);
    as_document *copy = rc ? NULL : as_arena_take(j->arena, all.n + 1, sizeof(*copy));

    if (!rc && !copy)
        rc = as_fail_nomem(j->err, "the documents");
    for (size_t i = 0; !rc && i < all.n; i++) {
        copy[i] = all.p[i];
        if (all.p[i].gaps & ~(uint32_t)(AS_GAP_EMPTY | AS_GAP_NOTHING) || all.p[i].bad_lines > 0)
            j->answer->complete = false;
    }
    if (!rc) {
        j->docs = copy;
        j->n_docs = all.n;
        j->is_log = all.n > 0;
        for (size_t i = 0; i < all.n; i++)
            j->is_log = j->is_log && (as_bytes_is(copy[i].format, "winevent") ||
                                      as_bytes_is(copy[i].format, "evtx"));
    }
    as_mem_free(all.p);
    return rc;
}

/* --- one question
 * -------------------------------------------------------------------------------------- */

static void trace_plan(job *j)
{
    const as_plan *p = &j->plan;
    char shown[96];

    job_trace(j, "read as: %s of %s%s%s", want_name(p->want),
              p->topic == TOPIC_KIND ? as_kind_get(p->kind)->name : topic_get(p->topic)->name,
              p->select != SELECT_NONE ? ", " : "",
              p->select != SELECT_NONE ? select_name(p->select, AS_LANG_EN) : "");
    for (size_t i = 0; i < j->reading.n_signs; i++) {
        const sign *s = &j->reading.signs[i];

        if (s->guessed)
            job_trace(j, "taken for a misspelt word: %s",
                      as_bytes_show((as_bytes){j->reading.folded.p + s->begin, s->end - s->begin},
                                    shown, sizeof(shown)));
    }
    for (size_t i = 0; i < p->n_filters; i++)
        job_trace(j, "condition: %s", as_bytes_show(p->filters[i]->text, shown, sizeof(shown)));
    if (p->actor)
        job_trace(j, "by process: %s", as_bytes_show(p->actor->text, shown, sizeof(shown)));
}

/* "What do a.exe and b.exe share": two values that name a sample each. */
static as_code find_compared(job *j)
{
    as_plan *p = &j->plan;
    size_t n = 0;
    as_code rc = AS_OK;

    if (p->n_filters < 2 ||
        !(reading_has(&j->reading, SIGN_COMMON) || reading_has(&j->reading, SIGN_DIFFER) ||
          p->more_or_less || reading_has(&j->reading, SIGN_NOT)))
        return AS_OK;
    for (size_t i = 0; !rc && i < p->n_filters; i++) {
        choice c;

        if (!may_name_sample(p->filters[i]))
            continue;
        rc = look_up(j, p->filters[i]->norm, &c);
        n += !rc && c.n == 1;
    }
    if (n >= 2) {
        p->want = WANT_COMPARE;
        p->many = true;
    }
    return rc;
}

static as_code fill_slots(job *j)
{
    const as_plan *p = &j->plan;
    as_slot *slots = as_arena_take(j->arena, p->n_filters + 8, sizeof(*slots));
    size_t n = 0;
    static const char *const severities[] = {"", "high", "suspicious", "normal"};

    if (!slots)
        return as_fail_nomem(j->err, "an answer");
    if (p->topic != TOPIC_NONE)
        slots[n++] =
            (as_slot){"topic", as_bytes_of(p->topic == TOPIC_KIND ? as_kind_get(p->kind)->name
                                                                  : topic_get(p->topic)->name)};
    if (p->select != SELECT_NONE)
        slots[n++] = (as_slot){"attribute", as_bytes_of(select_name(p->select, AS_LANG_EN))};
    if (p->severity != SEVERITY_ANY)
        slots[n++] = (as_slot){"severity", as_bytes_of(severities[p->severity])};
    if (p->actor)
        slots[n++] = (as_slot){"process", p->actor->text};
    if (p->negated)
        slots[n++] = (as_slot){"negated", as_bytes_of("true")};
    if (j->sample_sha256.n > 0)
        slots[n++] = (as_slot){"sample", j->sample_sha256};
    for (size_t i = 0; i < p->n_filters; i++) {
        if (!p->filters[i]->ignored)
            slots[n++] = (as_slot){"value", p->filters[i]->text};
    }
    j->answer->slots = slots;
    j->answer->n_slots = n;
    return AS_OK;
}

static as_code fill_trace(job *j)
{
    as_bytes all = say_done(j, &j->trace);
    size_t n = 0;
    as_bytes *lines;

    for (size_t i = 0; i < all.n; i++)
        n += all.p[i] == '\n';
    lines = as_arena_take(j->arena, n + 1, sizeof(*lines));
    if (!lines)
        return as_fail_nomem(j->err, "an answer");
    n = 0;
    for (size_t at = 0; at < all.n;) {
        const uint8_t *end = memchr(all.p + at, '\n', all.n - at);
        size_t length = end ? (size_t)(end - all.p) - at : all.n - at;

        lines[n++] = (as_bytes){all.p + at, length};
        at += length + 1;
    }
    j->answer->trace = lines;
    j->answer->n_trace = n;
    return AS_OK;
}

/* A bare word acted only if there is a process of that name; else it says nothing here. */
static as_code check_actor(job *j)
{
    value *v = j->plan.actor;
    as_buf name = {0};
    bool found = false;
    as_terms_query q = {.type = AS_TERM_PROCESS, .sample = j->sample};
    as_code rc = AS_OK;

    load_processes(j);
    for (size_t i = 0; !found && i < j->n_processes; i++)
        found = is_process(j, &j->processes[i], v);
    if (!found) {
        as_buf_add(&name, v->norm);
        as_buf_text(&name, ".exe");
        q.norm = as_buf_bytes(&name);
        rc = name.failed ? as_fail_nomem(j->err, "a name")
                         : as_store_terms(j->store, &q, note_term, &found, j->err);
        as_buf_done(&name);
    }
    if (!found) {
        job_trace(j, "no process has that name: the word is a condition on what is asked for");
        j->plan.filters[j->plan.n_filters++] = v;
        j->plan.actor = NULL;
    }
    return rc;
}

static as_code answer_about_one(job *j, const as_ask_options *o)
{
    choice c;
    as_code rc = o->sample.n > 0 ? look_up(j, o->sample, &c) : sample_of_question(j, &c);

    if (rc)
        return rc;
    if (c.n != 1 && !(j->plan.want == WANT_SEARCH && o->sample.n == 0))
        return conclude_ambiguous(j, &c, o->sample);
    if (c.n == 1) {
        j->sample = c.ids[0];
        j->sample_sha256 = c.sha256[0];
        rc = drop_sample_names(j);
        if (!rc)
            rc = load_docs(j);
    }
    if (!rc && j->plan.actor && j->plan.actor->how == VALUE_WORD)
        rc = check_actor(j);
    return rc ? rc : answer_one(j);
}

/*
 * What the question says and no fact could be asked by: the answer is to the rest of it, and
 * says so.
 */
static void note_ignored(job *j)
{
    bool zh = j->lang == AS_LANG_ZH;
    as_buf out = {0};
    size_t n = 0;

    as_buf_add(&out, j->answer->text);
    for (size_t i = 0; i < j->reading.n_values; i++) {
        const value *v = &j->reading.values[i];

        if (!v->ignored)
            continue;
        as_buf_text(&out, n++ > 0 ? (zh ? "、" : ", ")
                          : zh    ? "（问题中未能理解、未作为条件的词："
                                  : " (Not understood, and no condition of this answer: ");
        as_escape_visible_cut(&out, v->text, 60);
    }
    as_buf_text(&out, zh ? "）" : ")");
    if (n > 0) {
        j->answer->text = say_done(j, &out);
        j->answer->complete = false;
    } else {
        as_buf_done(&out);
    }
}

static as_code answer(job *j, const as_ask_options *o)
{
    as_code rc = reading_make(o->question, j->arena, &j->reading, j->err);

    if (rc)
        return rc;
    j->question = o->question;
    plan_make(&j->reading, o->sample.n > 0, &j->plan);
    j->lang = o->lang >= 0 ? (as_lang)o->lang : j->reading.lang;
    j->answer->lang = j->lang;
    j->answer->intent = want_name(j->plan.want);
    rc = o->sample.n > 0 ? AS_OK : find_compared(j);
    if (rc)
        return rc;
    j->answer->intent = want_name(j->plan.want);
    trace_plan(j);
    rc = j->plan.many ? answer_many(j) : answer_about_one(j, o);
    if (!rc && j->answer->answerable && !j->answer->extractive)
        note_ignored(j);
    rc = rc ? rc : fill_slots(j);
    return rc ? rc : fill_trace(j);
}

as_code as_ask(as_store *s, const as_ask_options *options, as_answer **ret, as_err *err)
{
    as_err mine = {0};
    as_arena *a;
    job *j;
    as_code rc;

    if (options->question.n == 0)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "there is no question");
    if (options->question.n > AS_ASK_QUESTION_MAX)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "a question of %zu bytes; at most %zu are read",
                       options->question.n, AS_ASK_QUESTION_MAX);
    a = as_arena_new(AS_ASK_MEMORY);
    j = a ? as_arena_take(a, 1, sizeof(*j)) : NULL;
    if (j)
        j->answer = as_arena_take(a, 1, sizeof(*j->answer));
    if (!j || !j->answer) {
        as_arena_free(a);
        return as_fail_nomem(err, "an answer");
    }
    j->store = s;
    j->arena = a;
    j->err = err ? err : &mine;
    *j->answer = (as_answer){
        .tier = "none", .answerable = true, .truth = AS_TRUTH_NONE, .complete = true, .arena = a};
    rc = answer(j, options);
    if ((!rc && j->starved) || (rc == AS_NOMEM && j->err->code == AS_OK))
        rc = as_fail_nomem(j->err, "an answer");
    as_buf_done(&j->trace);
    if (rc) {
        as_arena_free(a);
        return rc;
    }
    *ret = j->answer;
    return AS_OK;
}

void as_answer_free(as_answer *a)
{
    if (a)
        as_arena_free(a->arena);
}
