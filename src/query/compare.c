#include "query/query_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Two samples that the question names, side by side. */
typedef struct side {
    int64_t id;
    as_bytes name, sha256;
    finds finds;
    double number;
    bool known;
} side;

typedef struct taker {
    job *j;
    side *side;
} taker;

static as_code take_side(void *ctx, const as_sample *s, as_err *err)
{
    taker *t = ctx;

    (void)err;
    t->side->id = s->id;
    if (as_arena_copy(t->j->arena, s->name, &t->side->name) ||
        as_arena_copy(t->j->arena, s->sha256.n ? s->sha256 : s->md5, &t->side->sha256))
        return as_fail_nomem(t->j->err, "the samples");
    return AS_STORE_STOP;
}

static as_code find_sides(job *j, side sides[2], size_t *ret_n)
{
    as_code rc = AS_OK;

    *ret_n = 0;
    for (size_t i = 0; !rc && i < j->plan.n_filters && *ret_n < 2; i++) {
        as_samples_query q = {.named = j->plan.filters[i]->norm};
        taker t = {j, &sides[*ret_n]};

        rc = as_store_samples(j->store, &q, take_side, &t, j->err);
        if (!rc && t.side->id)
            ++*ret_n;
    }
    return rc;
}

static bool speaks_of_size(const as_reading *r)
{
    return as_bytes_has_nocase(r->folded, "bigger") || as_bytes_has_nocase(r->folded, "larger") ||
           as_bytes_has_nocase(r->folded, "smaller") || as_bytes_has_nocase(r->folded, "大") ||
           as_bytes_has_nocase(r->folded, "小");
}

/* What the sample has of the attribute or the topic; its number is the attribute or how many. */
static as_code measure_side(job *j, side *s)
{
    as_plan p = j->plan;
    as_code rc;

    p.n_filters = 0;
    p.many = false;
    j->sample = s->id;
    j->have_processes = false;
    if (p.topic == TOPIC_NONE || p.topic == TOPIC_SAMPLE)
        p.topic = p.select != SELECT_NONE ? select_home(p.select) : TOPIC_RUN;
    if (p.topic == TOPIC_RUN && p.select == SELECT_NONE) {
        p.select = speaks_of_size(&j->reading) ? SELECT_SIZE : SELECT_DURATION;
        p.topic = select_home(p.select);
    }
    if (p.select == SELECT_NONE) {
        rc = gather(j, &p, &s->finds);
        s->number = (double)s->finds.n;
        s->known = true;
    } else {
        rc = select_rows(j, &p, &s->finds);
        s->known = !rc && s->finds.n > 0 && number_of_text(s->finds.p[0].value, &s->number);
    }
    j->sample = 0;
    return rc;
}

static as_code add_side(job *j, finds *f, const side *s)
{
    as_buf text = {0};
    const as_row *row = s->finds.n > 0 && s->finds.p[0].n_rows > 0 ? s->finds.p[0].rows[0] : NULL;

    as_buf_add(&text, s->name.n > 0 ? s->name : s->sha256);
    if (s->known)
        as_buf_printf(&text, j->lang == AS_LANG_ZH ? "（%g）" : " (%g)", s->number);
    return finds_add(j, f, row, s->sha256, say_done(j, &text), s->sha256, 1);
}

static as_code conclude_more(job *j, const side sides[2])
{
    bool zh = j->lang == AS_LANG_ZH, first = sides[0].number > sides[1].number;
    as_buf out = {0};
    finds f = {0};
    as_code rc;

    if (!sides[0].known || !sides[1].known) {
        j->answer->answerable = false;
        as_buf_text(&out, zh ? "无法回答：两个样本的报告没有都给出这个数。"
                             : "It cannot be told: the reports do not give that of both samples.");
        j->answer->text = say_done(j, &out);
        return AS_OK;
    }
    if (j->plan.more_or_less < 0)
        first = sides[0].number < sides[1].number;
    if (sides[0].number >= sides[1].number && sides[0].number <= sides[1].number) {
        as_buf_text(&out, zh ? "两者相同：" : "Both the same: ");
        rc = add_side(j, &f, &sides[0]);
        rc = rc ? rc : add_side(j, &f, &sides[1]);
    } else {
        rc = add_side(j, &f, &sides[first ? 0 : 1]);
    }
    if (rc) {
        as_buf_done(&out);
        return rc;
    }
    say_list(j, &out, &f, 0);
    as_buf_printf(&out, zh ? "；另一个为 %g。" : "; the other has %g.",
                  sides[first ? 1 : 0].number);
    j->answer->text = say_done(j, &out);
    return cite_finds(j, &f);
}

static bool is_among(const finds *f, as_bytes key)
{
    for (size_t i = 0; i < f->n; i++) {
        if (as_bytes_eq(f->p[i].key, key))
            return true;
    }
    return false;
}

/* What both have, or what the first has and the second has not. */
static as_code conclude_sets(job *j, const side sides[2])
{
    bool zh = j->lang == AS_LANG_ZH,
         common = !reading_has(&j->reading, SIGN_DIFFER) && !j->plan.negated;
    as_buf out = {0};
    finds f = {0};
    as_code rc = AS_OK;

    for (size_t s = 0; !rc && s < (common || j->plan.negated ? 1u : 2u); s++) {
        for (size_t i = 0; !rc && i < sides[s].finds.n; i++) {
            const find *x = &sides[s].finds.p[i];

            if (is_among(&sides[1 - s].finds, x->key) == common)
                rc = finds_add(j, &f, x->n_rows ? x->rows[0] : NULL, x->value, x->text, x->key,
                               x->count);
        }
    }
    if (rc)
        return rc;
    as_buf_printf(&out,
                  zh ? (common ? "两个样本共有 %zu 项" : "两个样本有 %zu 项不同")
                     : (common ? "Both samples have %zu " : "The samples differ in %zu "),
                  f.n);
    say_topic(j, &out, &j->plan, f.n != 1);
    as_buf_text(&out, f.n > 0 ? (zh ? "：" : ": ") : (zh ? "。" : "."));
    if (f.n > 0)
        say_list(j, &out, &f, 0);
    if (j->plan.yes_no)
        j->answer->truth = f.n > 0 ? AS_TRUTH_YES : AS_TRUTH_NO;
    j->answer->has_count = true;
    j->answer->count = f.n;
    j->answer->text = say_done(j, &out);
    return cite_finds(j, &f);
}

as_code answer_compare(job *j)
{
    side sides[2] = {{0}};
    size_t n = 0;
    as_buf out = {0};
    as_code rc = find_sides(j, sides, &n);

    if (rc)
        return rc;
    if (n < 2) {
        j->answer->answerable = false;
        as_buf_text(&out, j->lang == AS_LANG_ZH
                              ? "库中没有问题所说的两个样本。"
                              : "The store does not hold both samples of the question.");
        j->answer->text = say_done(j, &out);
        return AS_OK;
    }
    rc = measure_side(j, &sides[0]);
    rc = rc ? rc : measure_side(j, &sides[1]);
    if (rc)
        return rc;
    return j->plan.more_or_less ? conclude_more(j, sides) : conclude_sets(j, sides);
}
