#include "query/query_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- the samples of the store ------------------------------------------------------------ */

#define PROVED_MAX 100u /* values and samples that are cited; the rest are listed and counted */

typedef struct listed {
    int64_t id;
    as_bytes name, sha256;
    uint64_t size;
    int64_t seen_us;
    uint64_t count; /* facts that fit */
    double number;
    double seconds; /* of its longest run */
    int64_t first;  /* of them: a fact's id */
    as_row *row;    /* that, where it is cited */
    bool lacks;     /* nothing records what is asked for */
} listed;

typedef struct samples {
    job *j;
    listed *p;
    size_t n, cap;
} samples;

static as_code take_sample(void *ctx, const as_sample *s, as_err *err)
{
    samples *all = ctx;
    listed *x;

    (void)err;
    if (!as_mem_room((void **)&all->p, &all->cap, all->n, sizeof(*all->p)))
        return as_fail_nomem(all->j->err, "the samples");
    x = &all->p[all->n++];
    *x = (listed){.id = s->id, .size = s->size, .seen_us = s->seen_us};
    if (as_arena_copy(all->j->arena, s->name, &x->name) ||
        as_arena_copy(all->j->arena, s->sha256.n ? s->sha256 : s->md5, &x->sha256))
        return as_fail_nomem(all->j->err, "the samples");
    return AS_OK;
}

static as_code load_samples(job *j, samples *all)
{
    as_samples_query q = {0};

    *all = (samples){.j = j};
    return as_store_samples(j->store, &q, take_sample, all, j->err);
}

static listed *sample_by_id(const samples *all, int64_t id)
{
    size_t low = 0, high = all->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (all->p[mid].id == id)
            return &all->p[mid];
        if (all->p[mid].id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static as_bytes sample_text(job *j, const listed *x)
{
    as_buf out = {0};
    as_bytes name = x->name.n > 0 ? x->name : x->sha256;

    as_buf_add(&out, name);
    if (x->sha256.n > 0 && !as_bytes_eq(x->sha256, name)) {
        as_buf_text(&out, is_zh(j) ? "（" : " (");
        as_buf_add(&out, x->sha256);
        as_buf_text(&out, is_zh(j) ? "）" : ")");
    }
    return say_done(j, &out);
}

/* --- which samples have it
 * ------------------------------------------------------------------------ */

typedef struct counting {
    job *j;
    samples *all;
    const as_plan *plan;
} counting;

/* Of a fact the citation needs its row. */
static as_code first_row(void *ctx, const as_row *row, as_err *err)
{
    listed *x = ((listed **)ctx)[0];
    job *j = ((job **)ctx)[1];

    (void)err;
    x->row = as_arena_take(j->arena, 1, sizeof(*x->row));
    return !x->row || as_row_copy(j->arena, row, x->row) ? AS_NOMEM : AS_OK;
}

static as_code cite_first(job *j, listed *x, int64_t fact)
{
    as_rows_query q = {.id = fact};
    void *ctx[2] = {x, j};

    return fact ? as_store_rows(j->store, &q, first_row, ctx, j->err) : AS_OK;
}

static as_code add_sample(job *j, finds *f, listed *x)
{
    as_buf key = {0};
    as_code rc = f->n < PROVED_MAX && !x->row ? cite_first(j, x, x->first) : AS_OK;

    if (rc)
        return rc;
    as_buf_printf(&key, "%lld", (long long)x->id);
    rc = finds_add(j, f, x->row, x->sha256.n > 0 ? x->sha256 : x->name, sample_text(j, x),
                   say_done(j, &key), x->count ? x->count : 1);
    if (!rc)
        f->p[f->n - 1].number = x->number;
    return rc;
}

static as_code tally_kinds(void *ctx, int64_t sample, uint64_t facts, int64_t first, as_err *err)
{
    counting *c = ctx;
    listed *x = sample_by_id(c->all, sample);

    (void)err;
    if (!x)
        return AS_OK;
    x->count += facts;
    if (!x->first)
        x->first = first;
    return AS_OK;
}

static as_code tally_row(void *ctx, const as_row *row, as_err *err)
{
    counting *c = ctx;
    listed *x = sample_by_id(c->all, row->sample);

    (void)err;
    if (!x || !plan_passes(c->j, c->plan, row) ||
        (c->plan->topic != TOPIC_KIND && row_lacks_value(topic_get(c->plan->topic), row)))
        return AS_OK;
    x->count++;
    if (!x->first)
        x->first = row->id;
    return AS_OK;
}

/* Whether a look at the summary of kinds is enough. */
static bool is_plain(const as_plan *p)
{
    static const topic_id sieved[] = {
        TOPIC_C2,      TOPIC_PERSISTENCE, TOPIC_ANTIVIRUS, TOPIC_IP,    TOPIC_BEHAVIOUR,
        TOPIC_FAMILY,  TOPIC_TECHNIQUE,   TOPIC_COMMAND,   TOPIC_USER,  TOPIC_SCORE,
        TOPIC_VERDICT, TOPIC_TASK,        TOPIC_URL,       TOPIC_TACTIC};

    for (size_t i = 0; i < AS_COUNT(sieved); i++) {
        if (p->topic == sieved[i])
            return false;
    }
    return p->n_filters == 0 && p->severity == SEVERITY_ANY && p->protocol < 0 && !p->behaviour &&
           !p->actor;
}

/* --- by a value that has an index
 * --------------------------------------------------------------------- */

typedef struct term_ids {
    int64_t ids[64];
    size_t n;
} term_ids;

static as_code take_term(void *ctx, const as_term *term, as_err *err)
{
    term_ids *t = ctx;

    (void)err;
    if (t->n < AS_COUNT(t->ids))
        t->ids[t->n++] = term->id;
    return AS_OK;
}

/* Rows with a value of the question, of the topic's kinds if it has any. */
static as_code count_by_term(counting *c, value *v, bool *found)
{
    as_kind kinds[TOPIC_KINDS];
    size_t n_kinds = c->plan->topic == TOPIC_NONE || c->plan->topic == TOPIC_SAMPLE
                         ? 0
                         : plan_kinds(c->plan, kinds);
    as_terms_query q = {.type = -1, .norm = v->norm};
    term_ids terms = {.n = 0};
    as_code rc = as_store_terms(c->j->store, &q, take_term, &terms, c->j->err);

    for (size_t i = 0; !rc && i < terms.n; i++) {
        as_rows_query rows = {.term = terms.ids[i], .kinds = kinds, .n_kinds = n_kinds};

        rc = as_store_rows(c->j->store, &rows, tally_row, c, c->j->err);
    }
    *found = terms.n > 0;
    return rc;
}

static as_code count_by_rows(counting *c)
{
    as_kind kinds[TOPIC_KINDS];
    as_rows_query q = {.kinds = kinds, .n_kinds = plan_kinds(c->plan, kinds)};

    if (c->plan->topic == TOPIC_NONE || c->plan->topic == TOPIC_SAMPLE)
        q.n_kinds = 0;
    return as_store_rows(c->j->store, &q, tally_row, c, c->j->err);
}

/* One condition: the samples that have it. */
static as_code count_one(job *j, samples *all, const as_plan *p)
{
    counting c = {j, all, p};
    as_kind kinds[TOPIC_KINDS];
    bool found = false;
    as_code rc = AS_OK;

    if (is_plain(p))
        return as_store_samples_of_kinds(j->store, kinds, plan_kinds(p, kinds), tally_kinds, &c,
                                         j->err);
    for (size_t i = 0; !rc && !found && i < p->n_filters; i++)
        rc = count_by_term(&c, p->filters[i], &found);
    return rc || found ? rc : count_by_rows(&c);
}

/*
 * Several values are several conditions, each of which another fact may meet: a sample must
 * have each, and none of those that are denied.
 */
static as_code count_topics(job *j, samples *all)
{
    as_plan one = j->plan;
    as_code rc = AS_OK;
    uint64_t *fits = as_arena_take(j->arena, all->n + 1, sizeof(*fits));

    if (!fits)
        return as_fail_nomem(j->err, "the samples");
    for (size_t i = 0; !rc && i < j->plan.n_topics; i++) {
        for (size_t k = 0; k < all->n; k++)
            all->p[k].count = 0;
        one.topic = j->plan.topics[i].topic;
        rc = count_one(j, all, &one);
        for (size_t k = 0; k < all->n; k++) {
            bool fit = (all->p[k].count > 0) != j->plan.topics[i].denied;

            fits[k] = i == 0 ? (uint64_t)fit : fits[k] && fit;
        }
    }
    for (size_t k = 0; k < all->n; k++)
        all->p[k].count = fits[k];
    return rc;
}

static as_code count_samples(job *j, samples *all)
{
    uint64_t *counts = as_arena_take(j->arena, all->n + 1, sizeof(*counts));
    as_plan one = j->plan;
    as_code rc = AS_OK;

    if (!counts)
        return as_fail_nomem(j->err, "the samples");
    if (j->plan.n_filters == 0 && j->plan.n_topics > 1)
        return count_topics(j, all);
    if (j->plan.n_filters < 2)
        return count_one(j, all, &j->plan);
    for (size_t i = 0; !rc && i < j->plan.n_filters; i++) {
        bool denied = j->plan.filters[i]->denied;

        for (size_t k = 0; k < all->n; k++)
            all->p[k].count = 0;
        j->plan.filters[i]->denied = false;
        one.filters[0] = j->plan.filters[i];
        one.n_filters = 1;
        rc = count_one(j, all, &one);
        j->plan.filters[i]->denied = denied;
        for (size_t k = 0; k < all->n; k++) {
            bool fits = (all->p[k].count > 0) != denied;

            counts[k] = i == 0 ? (uint64_t)fits : counts[k] && fits ? counts[k] : 0;
        }
    }
    for (size_t k = 0; k < all->n; k++)
        all->p[k].count = counts[k];
    return rc;
}

/* --- whether a sample's tools could have said it
 * --------------------------------------------------------- */

typedef struct recording {
    samples *all;
    topic_area area;
} recording;

static as_code note_recorded(void *ctx, const as_document *doc, as_err *err)
{
    recording *r = ctx;
    listed *x = sample_by_id(r->all, doc->sample);

    (void)err;
    if (x && recorded_in(doc, 1, r->area) == RECORDED_YES)
        x->lacks = false;
    return AS_OK;
}

static as_code mark_unrecorded(job *j, samples *all)
{
    recording r = {all, topic_get(j->plan.topic)->area};

    if (j->plan.topic == TOPIC_NONE || j->plan.topic == TOPIC_SAMPLE || j->plan.topic == TOPIC_KIND)
        return AS_OK;
    for (size_t i = 0; i < all->n; i++)
        all->p[i].lacks = true;
    return as_store_documents(j->store, 0, note_recorded, &r, j->err);
}

static void say_what(job *j, as_buf *out)
{
    for (size_t i = 0; j->plan.n_topics > 1 && i < j->plan.n_topics; i++) {
        as_plan one = j->plan;

        one.topic = j->plan.topics[i].topic;
        as_buf_text(out, i == 0 ? "" : is_zh(j) ? "，" : ", ");
        if (j->plan.topics[i].denied)
            as_buf_text(out, is_zh(j) ? "没有" : "no ");
        say_topic(j, out, &one, true);
    }
    if (j->plan.n_topics > 1)
        return;
    if (j->plan.topic != TOPIC_NONE && j->plan.topic != TOPIC_SAMPLE)
        say_topic(j, out, &j->plan, true);
    else
        as_buf_text(out, is_zh(j) ? "相关内容" : "a fact");
    say_conditions(j, out, &j->plan);
}

static as_code conclude_samples(job *j, const samples *all, const finds *f, size_t unrecorded)
{
    as_buf out = {0};
    bool zh = is_zh(j), no = j->plan.negated;

    if (zh) {
        as_buf_printf(&out, "%zu 个样本（共 %zu 个）%s", f->n, all->n, no ? "没有" : "有");
        say_what(j, &out);
    } else {
        as_buf_printf(&out, "%zu of %zu samples %s ", f->n, all->n,
                      no ? (f->n == 1 ? "has no" : "have no") : (f->n == 1 ? "has" : "have"));
        say_what(j, &out);
    }
    if (f->n > 0) {
        as_buf_text(&out, zh ? "：" : ": ");
        say_list(j, &out, f, 0);
    }
    as_buf_text(&out, zh ? "。" : ".");
    if (unrecorded > 0 && no)
        as_buf_printf(&out,
                      zh ? "另有 %zu 个样本的报告不记录此项，不能判断。"
                         : " Of %zu more it cannot be told: their reports do not record it.",
                      unrecorded);
    if (j->plan.yes_no)
        j->answer->truth = f->n > 0 ? AS_TRUTH_YES : AS_TRUTH_NO;
    j->answer->has_count = true;
    j->answer->count = f->n;
    j->answer->text = say_done(j, &out);
    return cite_finds(j, f);
}

static as_code answer_samples_with(job *j, samples *all)
{
    finds f = {0};
    size_t unrecorded = 0;
    as_code rc = count_samples(j, all);

    if (!rc && j->plan.negated)
        rc = mark_unrecorded(j, all);
    for (size_t i = 0; !rc && i < all->n; i++) {
        bool has = all->p[i].count > 0;

        if (!has && all->p[i].lacks) {
            unrecorded++;
            continue;
        }
        if (has != j->plan.negated)
            rc = add_sample(j, &f, &all->p[i]);
    }
    if (f.n > PROVED_MAX)
        job_trace(j, "the first %u of %zu samples are cited", PROVED_MAX, f.n);
    return rc ? rc : conclude_samples(j, all, &f, unrecorded);
}

/* --- values across samples
 * ----------------------------------------------------------------------------------- */

typedef struct term_list {
    job *j;
    finds *f;
    size_t max;
} term_list;

static as_code list_term(void *ctx, const as_term *term, as_err *err)
{
    term_list *l = ctx;
    as_buf text = {0};
    as_bytes norm, said;

    (void)err;
    if (as_arena_copy(l->j->arena, term->norm, &norm))
        return as_fail_nomem(l->j->err, "terms");
    as_buf_add(&text, norm);
    as_buf_printf(&text,
                  is_zh(l->j)          ? "（%llu 个样本）"
                  : term->samples == 1 ? " (%llu sample)"
                                       : " (%llu samples)",
                  (unsigned long long)term->samples);
    said = say_done(l->j, &text);
    if (l->f->n >= l->max)
        return AS_STORE_STOP;
    if (finds_add(l->j, l->f, NULL, norm, said, norm, term->samples))
        return AS_NOMEM;
    l->f->p[l->f->n - 1].term = term->id;
    l->f->p[l->f->n - 1].number = (double)term->samples;
    return AS_OK;
}

/* Evidence of a term: the first fact of each of some samples. */
typedef struct proof {
    job *j;
    find *f;
} proof;

static as_code prove(void *ctx, int64_t sample, uint64_t facts, int64_t first, as_err *err)
{
    proof *p = ctx;
    listed x = {.id = sample, .count = facts};
    as_code rc;

    (void)err;
    if (p->f->n_rows == AS_COUNT(p->f->rows))
        return AS_STORE_STOP;
    rc = cite_first(p->j, &x, first);
    if (!rc && x.row)
        p->f->rows[p->f->n_rows++] = x.row;
    return rc;
}

#define VALUES_LISTED 100000u

static as_code prove_all(job *j, finds *f)
{
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < f->n && i < PROVED_MAX; i++) {
        proof p = {j, &f->p[i]};

        if (f->p[i].term)
            rc = as_store_samples_of_term(j->store, f->p[i].term, prove, &p, j->err);
    }
    if (f->n > PROVED_MAX)
        job_trace(j, "the first %u of %zu values are cited", PROVED_MAX, f->n);
    return rc;
}

static as_code conclude_no_terms(job *j)
{
    as_buf out = {0};

    j->answer->answerable = false;
    as_buf_text(&out, is_zh(j) ? "无法回答：这一类内容不能跨样本比较："
                               : "It cannot be told: this cannot be compared across samples: ");
    say_topic(j, &out, &j->plan, true);
    as_buf_text(&out, is_zh(j) ? "。" : ".");
    j->answer->text = say_done(j, &out);
    return AS_OK;
}

static as_code conclude_terms(job *j, finds *f, size_t n_samples, uint64_t least)
{
    const as_plan *p = &j->plan;
    as_buf out = {0};
    bool zh = is_zh(j);
    as_code rc = prove_all(j, f);

    if (rc)
        return rc;
    if (zh) {
        if (p->want == WANT_UNIQUE)
            as_buf_text(&out, "只在一个样本中出现的");
        else if (p->want == WANT_TOP_VALUE)
            as_buf_text(&out, p->super == SUPER_LEAST ? "样本数最少的" : "样本数最多的");
        else if (p->every)
            as_buf_text(&out, "所有样本中出现过的");
        else
            as_buf_printf(&out, p->all ? "全部 %llu 个样本共有的" : "至少 %llu 个样本共有的",
                          (unsigned long long)least);
        say_topic(j, &out, p, true);
        as_buf_printf(&out, f->n > 0 ? "有 %zu %s：" : "：没有。", f->n, topic_get(p->topic)->unit);
    } else {
        as_buf_printf(&out, "%zu ", f->n);
        say_topic(j, &out, p, f->n != 1);
        if (p->want == WANT_UNIQUE)
            as_buf_text(&out, " in one sample alone");
        else if (p->want == WANT_TOP_VALUE)
            as_buf_text(&out, p->super == SUPER_LEAST ? " in the fewest samples"
                                                      : " in the most samples");
        else if (p->every)
            as_buf_printf(&out, " in any of %zu samples", n_samples);
        else
            as_buf_printf(&out, p->all ? " in all %llu samples" : " in at least %llu samples",
                          (unsigned long long)least);
        as_buf_text(&out, f->n > 0 ? ": " : ".");
    }
    if (f->n > 0) {
        say_list(j, &out, f, 0);
        as_buf_text(&out, zh ? "。" : ".");
    }
    if (p->yes_no)
        j->answer->truth = f->n > 0 ? AS_TRUTH_YES : AS_TRUTH_NO;
    j->answer->has_count = true;
    j->answer->count = f->n;
    j->answer->text = say_done(j, &out);
    return cite_finds(j, f);
}

static as_code take_id(void *ctx, const as_sample *sample, as_err *err)
{
    (void)err;
    *(int64_t *)ctx = sample->id;
    return AS_STORE_STOP;
}

/* 0: no sample is named so. */
static as_code look_up_id(job *j, const value *v, int64_t *ret)
{
    as_samples_query q = {.named = v->norm};

    *ret = 0;
    return as_store_samples(j->store, &q, take_id, ret, j->err);
}

/* Terms carry no kind; those that no fact of the topic's kinds has are of another topic. */
static as_code answer_terms(job *j, samples *all)
{
    const as_plan *p = &j->plan;
    int type = topic_get(p->topic)->term;
    finds f = {0};
    term_list l = {j, &f, VALUES_LISTED};
    as_terms_query q = {.type = type, .by_samples = true};
    bool hashes = false;
    as_code rc;

    if (p->select == SELECT_EXTENSION)
        q.type = type = AS_TERM_EXTENSION;
    if (p->topic == TOPIC_NONE && p->select >= SELECT_MD5 && p->select <= SELECT_HASHES)
        hashes = true;
    if (p->select == SELECT_PORT)
        q.type = type = AS_TERM_PORT;
    if (p->topic == TOPIC_NONE || p->topic == TOPIC_NETWORK)
        q.type = type = p->topic == TOPIC_NONE ? -2 : AS_TERM_DOMAIN;
    if (hashes)
        q.type = type = AS_TERM_HASH;
    if (type < 0)
        return conclude_no_terms(j);
    q.least = p->every || p->want == WANT_UNIQUE || p->want == WANT_TOP_VALUE ? 1
              : p->all                                                        ? all->n
                                                                              : 2;
    q.most = p->want == WANT_UNIQUE ? 1 : 0;
    if (p->want == WANT_UNIQUE && p->n_filters == 1) {
        rc = look_up_id(j, p->filters[0], &q.sample);
        if (rc)
            return rc;
    }
    if (p->want == WANT_TOP_VALUE && p->super == SUPER_MOST)
        l.max = 20;
    rc = as_store_terms(j->store, &q, list_term, &l, j->err);
    if (!rc && p->want == WANT_TOP_VALUE) {
        size_t n = 0;
        double best = f.n > 0 ? f.p[p->super == SUPER_LEAST ? f.n - 1 : 0].number : 0;

        for (size_t i = 0; i < f.n; i++) {
            if (f.p[i].number >= best && f.p[i].number <= best)
                f.p[n++] = f.p[i];
        }
        f.n = n;
    }
    return rc ? rc : conclude_terms(j, &f, all->n, q.least);
}

/* --- superlatives of samples
 * ------------------------------------------------------------------------------------ */

static bool sample_number(const job *j, const listed *x, double *ret)
{
    super_id s = j->plan.super;

    if (j->plan.topic != TOPIC_NONE && j->plan.topic != TOPIC_SAMPLE) {
        *ret = (double)x->count;
        return true;
    }
    if (s == SUPER_BIGGEST || s == SUPER_SMALLEST) {
        *ret = (double)x->size;
        return x->size > 0;
    }
    if (s == SUPER_LONGEST || s == SUPER_SHORTEST) {
        *ret = x->seconds;
        return x->seconds > 0;
    }
    *ret = (double)x->seen_us;
    return x->seen_us != 0;
}

static as_code take_duration(void *ctx, const as_row *row, as_err *err)
{
    listed *x = sample_by_id(ctx, row->sample);
    double n;

    (void)err;
    if (x && number_of_text(as_row_text(row, AS_ATTR_DURATION), &n) && n > x->seconds)
        x->seconds = n;
    return AS_OK;
}

static as_code load_durations(job *j, samples *all)
{
    static const as_kind kinds[] = {AS_KIND_ANALYSIS};
    as_rows_query q = {.kinds = kinds, .n_kinds = 1};

    return as_store_rows(j->store, &q, take_duration, all, j->err);
}

static as_code answer_top_sample(job *j, samples *all)
{
    super_id s = j->plan.super;
    bool least = s == SUPER_LEAST || s == SUPER_SMALLEST || s == SUPER_FIRST ||
                 s == SUPER_SHORTEST || s == SUPER_LOWEST;
    bool about = j->plan.topic != TOPIC_NONE && j->plan.topic != TOPIC_SAMPLE, any = false;
    finds f = {0};
    double best = 0;
    as_buf out = {0};
    as_code rc = about ? count_samples(j, all) : AS_OK;

    if (!rc && !about && (s == SUPER_LONGEST || s == SUPER_SHORTEST))
        rc = load_durations(j, all);
    for (size_t i = 0; !rc && i < all->n; i++) {
        listed *x = &all->p[i];

        x->lacks = !sample_number(j, x, &x->number);
        if (!x->lacks && (!any || (least ? x->number < best : x->number > best)))
            best = x->number;
        any = any || !x->lacks;
    }
    for (size_t i = 0; !rc && i < all->n; i++) {
        listed *x = &all->p[i];

        if (!x->lacks && x->number >= best && x->number <= best)
            rc = add_sample(j, &f, x);
    }
    if (rc)
        return rc;
    j->answer->answerable = f.n > 0;
    as_buf_text(&out, is_zh(j) ? "" : f.n == 1 ? "The sample: " : "The samples: ");
    say_list(j, &out, &f, 0);
    if (about) {
        as_buf_text(&out, is_zh(j) ? "，" : ", with ");
        say_number(j, &out, &j->plan, (uint64_t)best);
    } else if (s == SUPER_BIGGEST || s == SUPER_SMALLEST) {
        as_buf_printf(&out, is_zh(j) ? "，%.0f 字节" : ", %.0f bytes", best);
    }
    as_buf_text(&out, is_zh(j) ? "。" : ".");
    j->answer->text = say_done(j, &out);
    return cite_finds(j, &f);
}

/* --- all samples ------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
    const listed *x = a, *y = b;

    if (x->seen_us != y->seen_us)
        return x->seen_us < y->seen_us ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static as_code answer_samples(job *j, samples *all)
{
    finds f = {0};
    as_buf out = {0};
    as_code rc = AS_OK;

    if (j->plan.want == WANT_TIMELINE && all->n > 1)
        qsort(all->p, all->n, sizeof(*all->p), by_time);
    for (size_t i = 0; !rc && i < all->n; i++)
        rc = add_sample(j, &f, &all->p[i]);
    if (rc)
        return rc;
    as_buf_printf(&out,
                  is_zh(j)   ? "共有 %zu 个样本"
                  : f.n == 1 ? "%zu sample"
                             : "%zu samples",
                  f.n);
    as_buf_text(&out, f.n > 0 ? (is_zh(j) ? "：" : ": ") : "");
    say_list(j, &out, &f, 0);
    as_buf_text(&out, is_zh(j) ? "。" : ".");
    j->answer->has_count = true;
    j->answer->count = f.n;
    j->answer->text = say_done(j, &out);
    return cite_finds(j, &f);
}

as_code answer_many(job *j)
{
    samples all;
    as_code rc = load_samples(j, &all);

    if (!rc && all.n == 0) {
        j->answer->text = as_bytes_of(is_zh(j) ? "库中没有样本。" : "The store holds no samples.");
        j->answer->has_count = true;
    } else if (!rc) {
        switch ((int)j->plan.want) {
        case WANT_SAMPLES_WITH:
        case WANT_SAMPLES_COUNT:
            rc = j->plan.topic == TOPIC_NONE && j->plan.n_filters == 0
                     ? answer_samples(j, &all)
                     : answer_samples_with(j, &all);
            break;
        case WANT_SHARED:
        case WANT_UNIQUE:
        case WANT_TOP_VALUE:
            rc = answer_terms(j, &all);
            break;
        case WANT_COMPARE:
            rc = answer_compare(j);
            break;
        case WANT_TOP_SAMPLE:
            rc = answer_top_sample(j, &all);
            break;
        default:
            rc = answer_samples(j, &all);
            break;
        }
    }
    as_mem_free(all.p);
    return rc;
}
